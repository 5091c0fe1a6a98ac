"""An editor that runs while a test drives it: Python inside it, and a mouse and a keyboard before it."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import textwrap
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

WINDOW_S = 60.0
END_S = 30.0
PRESSES = 6
SCREEN = "1280x900"


class EditorSession:
    """A process that serves two sockets in `folder`: one named as `name`, for Python, and `shell`.

    `command` is all of its command line. Ends with `close`.
    """

    start_s = 110.0

    def __init__(self, name: str, folder: Path, command: Sequence[str | Path]) -> None:
        self.name, self.folder = name, folder
        self._log = (folder / f"{name}.log").open("wb")
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            self._python = self._connect(name)
            self._shell = self._connect("shell")
        except BaseException:  # nobody gets a session to close
            self._process.kill()
            self._process.wait()
            self._log.close()
            raise

    def run(self, code: str) -> Any:
        """Run Python inside the editor and return what it leaves in `result` (plain JSON data)."""
        answer = self._ask(self._python, textwrap.dedent(code))
        if "error" in answer:
            raise AssertionError(f"inside {self.name}:\n" + answer["error"])
        return answer["result"]

    def begin(self, code: str) -> Running:
        """The same, without waiting: for code that opens a dialog."""
        return Running(self, code)

    def shell(self, command: str) -> str:
        """The output of a shell command beside the editor, on its screen; it must succeed."""
        answer = self._ask(self._shell, command)
        assert answer["code"] == 0, f"{command}\n{answer['out']}{answer['err']}"
        return answer["out"]

    def window(self, title: str) -> str:
        """Wait for a visible window whose title matches, and return its number."""
        deadline = time.monotonic() + WINDOW_S
        while time.monotonic() < deadline:
            answer = self._ask(self._shell, f"xdotool search --onlyvisible --name '{title}' | tail -1")
            if answer["out"].strip():
                return answer["out"].strip()
            time.sleep(0.1)
        raise AssertionError(f"no window {title!r} came up; {self.log()}")

    def press(self, window: str, key: str) -> None:
        """Press a key that closes the window, again if need be: the first may come before it listens."""
        for _ in range(PRESSES):
            self._ask(self._shell, f"xdotool windowactivate --sync {window} key {key}")
            deadline = time.monotonic() + WINDOW_S / PRESSES
            while time.monotonic() < deadline:
                if (
                    window
                    not in self._ask(self._shell, "xdotool search --onlyvisible --name .")["out"].split()
                ):
                    return
                time.sleep(0.1)
        raise AssertionError(f"{key} did not close the window; {self.log()}")

    def screenshot(self, path: Path, window: str = "root") -> Path:
        """The screen, or one window of it, as a PNG."""
        inside = self.folder / "screenshot.png"
        self.shell(f"import -window {window} {inside}")
        shutil.copy(inside, path)
        return path

    def log(self) -> str:
        """All that the editor and its plug-ins printed."""
        return (self.folder / f"{self.name}.log").read_text(errors="replace")

    def close(self) -> int:
        """Let the editor end by itself and return its exit code; end it if it does not."""
        if self._log.closed:
            return self._process.wait()
        for peer in (self._python, self._shell):
            peer.close()
        try:
            with socket.socket(socket.AF_UNIX) as peer:
                peer.connect(str(self.folder / self.name))
                peer.sendall(b'"stop"\n')
            return self._process.wait(END_S)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            return self._process.wait()
        finally:
            self._log.close()

    def _connect(self, name: str) -> socket.socket:
        deadline = time.monotonic() + self.start_s
        path = self.folder / name
        while not path.exists():
            assert self._process.poll() is None, f"{self.name} ended at once; {self.log()}"
            assert time.monotonic() < deadline, f"{self.name} did not start; {self.log()}"
            time.sleep(0.05)
        peer = socket.socket(socket.AF_UNIX)
        peer.connect(str(path))
        return peer

    def _ask(self, peer: socket.socket, question: str) -> dict[str, Any]:
        peer.sendall(json.dumps(question).encode() + b"\n")
        received = bytearray()
        while not received.endswith(b"\n"):
            piece = peer.recv(1 << 20)
            assert piece, f"{self.name} ended; {self.log()[-4000:]}"
            received += piece
        return json.loads(received)


class Running:
    """Code that runs inside the editor while the test goes on."""

    def __init__(self, session: EditorSession, code: str) -> None:
        self._name = session.name
        self._outcome: list[Any] = []
        self._thread = threading.Thread(target=self._run, args=(session, code), daemon=True)
        self._thread.start()

    @property
    def over(self) -> bool:
        return not self._thread.is_alive()

    def result(self, timeout: float = 60.0) -> Any:
        """What `run` would have returned or raised."""
        self._thread.join(timeout)
        assert self._outcome, f"the code inside {self._name} still runs"
        if isinstance(self._outcome[0], BaseException):
            raise self._outcome[0]
        return self._outcome[0]

    def _run(self, session: EditorSession, code: str) -> None:
        try:
            self._outcome.append(session.run(code))
        except BaseException as error:
            self._outcome.append(error)
