"""Runs inside GIMP's python-fu-eval and does what the tests say, until they say stop.

The tests connect to two UNIX sockets in the folder that SCUMBLE_TEST_DIR names: `gimp` takes Python code,
which runs on the main thread where Gimp may be used; `shell` takes shell commands (xdotool, import),
which work while a dialog holds the main thread. One JSON object per line each way.
"""

import os
import sys
import threading
import traceback

sys.path.insert(0, os.environ["SCUMBLE_TEST_DIR"])

from driver_server import FOLDER, run_shell, serve
from gi.repository import Gegl, Gimp, Gio, GLib


def run_code(code):
    names = {"Gimp": Gimp, "Gegl": Gegl, "Gio": Gio, "GLib": GLib, "FOLDER": FOLDER, "result": None}
    try:
        exec(compile(code, "<test>", "exec"), names)
        return {"result": names["result"]}
    except BaseException:
        return {"error": traceback.format_exc()}


threading.Thread(target=serve, args=("shell", run_shell), daemon=True).start()
serve("gimp", run_code)
for image in Gimp.get_images():
    image.delete()
