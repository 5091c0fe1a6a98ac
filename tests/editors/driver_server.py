"""Runs inside an editor under test: takes lines of JSON from a UNIX socket and answers each with one."""

import contextlib
import json
import os
import socket
import subprocess
from pathlib import Path

FOLDER = Path(os.environ["SCUMBLE_TEST_DIR"])


def serve(name, answer):
    """Answer one client after another, each line with one line; a `stop` line ends it."""
    listener = socket.socket(socket.AF_UNIX)
    part = FOLDER / (name + ".part")
    listener.bind(str(part))
    listener.listen()
    part.rename(FOLDER / name)
    while True:
        peer, _ = listener.accept()
        with peer, peer.makefile("rw") as lines:
            for line in lines:
                question = json.loads(line)
                if question == "stop":
                    return
                with contextlib.suppress(BrokenPipeError):
                    lines.write(json.dumps(answer(question)) + "\n")
                    lines.flush()


def run_shell(command):
    """What a shell command printed, and its exit status."""
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    return {"code": done.returncode, "out": done.stdout, "err": done.stderr}
