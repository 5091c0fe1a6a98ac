"""Runs inside GIMP's python-fu-eval and does what the tests say, until they say stop.

The tests connect to two UNIX sockets in the folder that SCUMBLE_TEST_DIR names: `gimp` takes Python code,
which runs on the main thread where Gimp may be used; `shell` takes shell commands (xdotool, import),
which work while a dialog holds the main thread. One JSON object per line each way.
"""

import contextlib
import json
import os
import socket
import subprocess
import threading
import traceback
from pathlib import Path

from gi.repository import Gegl, Gimp, Gio, GLib

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


def run_code(code):
    names = {"Gimp": Gimp, "Gegl": Gegl, "Gio": Gio, "GLib": GLib, "FOLDER": FOLDER, "result": None}
    try:
        exec(compile(code, "<test>", "exec"), names)
        return {"result": names["result"]}
    except BaseException:
        return {"error": traceback.format_exc()}


def run_shell(command):
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    return {"code": done.returncode, "out": done.stdout, "err": done.stderr}


threading.Thread(target=serve, args=("shell", run_shell), daemon=True).start()
serve("gimp", run_code)
for image in Gimp.get_images():
    image.delete()
