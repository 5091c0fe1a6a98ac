"""A running GIMP that a test drives: Python inside it, and a mouse and a keyboard before it."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

from editors_root import SETUP, enter

HERE = Path(__file__).parent
START_S = 120.0
END_S = 30.0
SCREEN = "1280x900"
# The first line must be the version that runs, else the Welcome window comes up.
GIMPRC = '(config-version "{}")\n(show-welcome-dialog no)\n(check-updates no)\n(undo-levels 20)\n'


class GimpSession:
    """GIMP with a profile of its own in `folder`, where `plugin` is copied to. Ends with `close`.

    `base` is what has the same path inside and outside; `folder` lies in it.
    """

    def __init__(
        self,
        root: Path,
        base: Path,
        folder: Path,
        plugin: Path,
        environment: dict[str, str],
        *,
        windows: bool,
    ) -> None:
        self.folder = folder
        profile = folder / "profile"
        shutil.copytree(plugin, profile / "plug-ins" / plugin.name)
        version = subprocess.run(
            enter(root, base, "gimp-console", "--version"), capture_output=True, text=True, check=True
        ).stdout.split()[-1]
        (profile / "gimprc").write_text(GIMPRC.format(version))
        shutil.copy(HERE / "gimp_driver.py", folder)
        shutil.copy(SETUP / "with_display.sh", folder)
        driver = folder / "gimp_driver.py"
        program = [folder / "with_display.sh", SCREEN, "gimp", "-ns"] if windows else ["gimp-console", "-is"]
        command = [
            *("env", "-i", "PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8", "NO_AT_BRIDGE=1"),
            *(f"HOME={folder}", f"GIMP3_DIRECTORY={profile}", f"SCUMBLE_TEST_DIR={folder}"),
            *(f"{name}={value}" for name, value in environment.items()),
            *program,
            *("--quit", "--batch-interpreter=python-fu-eval"),
            *("-b", f"exec(compile(open({str(driver)!r}).read(), 'driver', 'exec'))"),
        ]
        self._log = (folder / "gimp.log").open("wb")
        self._process = subprocess.Popen(
            enter(root, base, *command),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._gimp = self._connect("gimp")
        self._shell = self._connect("shell")

    def run(self, code: str) -> Any:
        """Run Python inside GIMP and return what it leaves in `result` (plain JSON data)."""
        answer = self._ask(self._gimp, textwrap.dedent(code))
        if "error" in answer:
            raise AssertionError("inside GIMP:\n" + answer["error"])
        return answer["result"]

    def begin(self, code: str) -> Running:
        """The same, without waiting: for code that opens a dialog."""
        return Running(self, code)

    def shell(self, command: str) -> str:
        """The output of a shell command inside the root, on GIMP's screen; it must succeed."""
        answer = self._ask(self._shell, command)
        assert answer["code"] == 0, f"{command}\n{answer['out']}{answer['err']}"
        return answer["out"]

    def window(self, title: str) -> str:
        """Wait for a visible window whose title matches, and return its number."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            answer = self._ask(self._shell, f"xdotool search --onlyvisible --name '{title}' | tail -1")
            if answer["out"].strip():
                return answer["out"].strip()
            time.sleep(0.1)
        raise AssertionError(f"no window {title!r} came up; {self.log()}")

    def screenshot(self, path: Path, window: str = "root") -> Path:
        """The screen, or one window of it, as a PNG."""
        inside = self.folder / "screenshot.png"
        self.shell(f"import -window {window} {inside}")
        shutil.copy(inside, path)
        return path

    def log(self) -> str:
        """All that GIMP and its plug-ins printed."""
        return (self.folder / "gimp.log").read_text(errors="replace")

    def close(self) -> int:
        """Let GIMP end by itself and return its exit code; end it if it does not."""
        if self._log.closed:
            return self._process.wait()
        for peer in (self._gimp, self._shell):
            peer.close()
        try:
            with socket.socket(socket.AF_UNIX) as peer:
                peer.connect(str(self.folder / "gimp"))
                peer.sendall(b'"stop"\n')
            return self._process.wait(END_S)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            return self._process.wait()
        finally:
            self._log.close()

    def _connect(self, name: str) -> socket.socket:
        deadline = time.monotonic() + START_S
        path = self.folder / name
        while not path.exists():
            assert self._process.poll() is None, f"GIMP ended at once; {self.log()}"
            assert time.monotonic() < deadline, f"GIMP did not start; {self.log()}"
            time.sleep(0.05)
        peer = socket.socket(socket.AF_UNIX)
        peer.connect(str(path))
        return peer

    @staticmethod
    def _ask(peer: socket.socket, question: str) -> dict[str, Any]:
        peer.sendall(json.dumps(question).encode() + b"\n")
        received = bytearray()
        while not received.endswith(b"\n"):
            piece = peer.recv(1 << 20)
            assert piece, "GIMP ended"
            received += piece
        return json.loads(received)


class Running:
    """Code that runs inside GIMP while the test goes on."""

    def __init__(self, session: GimpSession, code: str) -> None:
        self._outcome: list[Any] = []
        self._thread = threading.Thread(target=self._run, args=(session, code), daemon=True)
        self._thread.start()

    @property
    def over(self) -> bool:
        return not self._thread.is_alive()

    def result(self, timeout: float = 60.0) -> Any:
        """What `run` would have returned or raised."""
        self._thread.join(timeout)
        assert self._outcome, "the code inside GIMP still runs"
        if isinstance(self._outcome[0], BaseException):
            raise self._outcome[0]
        return self._outcome[0]

    def _run(self, session: GimpSession, code: str) -> None:
        try:
            self._outcome.append(session.run(code))
        except BaseException as error:
            self._outcome.append(error)
