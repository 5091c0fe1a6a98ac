"""A plug-in that runs inside Krita and does what the tests say, until they say stop.

The tests connect to two UNIX sockets in the folder that SCUMBLE_TEST_DIR names: `krita` takes Python code,
which runs on the main thread between two events; `shell` takes shell commands (xdotool, import), which
work while the main thread is held. One JSON object per line each way.

Krita would show what a slot raises in a modal box, in which a test hangs: it is kept in `UNCAUGHT` instead.
"""

import faulthandler
import os
import sys
import threading
import traceback

from krita import Extension, InfoObject, Krita, Selection
from PyQt5.QtCore import QByteArray, QObject, QPoint, QTimer, pyqtSignal
from PyQt5.QtWidgets import QApplication

from .driver_server import FOLDER, run_shell, serve

UNCAUGHT = []
NAMES = {}


def close_one():
    """Close the image in front without a question; True when none is left. Ask again until then."""
    app = Krita.instance()
    documents = app.documents()
    for document in documents:
        document.waitForDone()
        document.setModified(False)
    if documents:
        app.action("file_close").trigger()
    return not documents


class Runner(QObject):
    """Carries code from the thread of the socket to the main one."""

    asked = pyqtSignal(str, object)

    def __init__(self):
        super().__init__()
        self.asked.connect(self.run)

    def answer(self, code):
        """On the socket's thread: what the code left in `result`."""
        done = threading.Event()
        answer = {}
        self.asked.emit(code, (answer, done))
        done.wait()
        return answer

    def run(self, code, reply):
        answer, done = reply
        NAMES["result"] = None
        try:
            exec(compile(code, "<test>", "exec"), NAMES)
            answer["result"] = NAMES["result"]
            if UNCAUGHT:
                answer["error"] = "".join(UNCAUGHT)
        except BaseException:
            answer["error"] = traceback.format_exc()
        UNCAUGHT.clear()
        done.set()


def keep(kind, value, where):
    """Takes the place of the hook that shows a box."""
    UNCAUGHT.append("".join(traceback.format_exception(kind, value, where)))


def leave():
    """Close Krita without a question; it then ends with code 0."""
    app = Krita.instance()
    for document in app.documents():
        document.waitForDone()
        document.setModified(False)
    QTimer.singleShot(15000, lambda: os._exit(99))
    app.action("file_quit").trigger()


class Driver(Extension):
    """Begins once the window is there."""

    leaving = pyqtSignal()

    def setup(self):
        """Krita calls this once, at its start."""

    def createActions(self, window):  # noqa: N802 (Krita's name)
        """Krita calls this for each new window."""
        if not NAMES:
            NAMES.update(
                {
                    "Krita": Krita,
                    "app": Krita.instance(),
                    "Selection": Selection,
                    "InfoObject": InfoObject,
                    "QByteArray": QByteArray,
                    "QPoint": QPoint,
                    "QApplication": QApplication,
                    "FOLDER": FOLDER,
                    "UNCAUGHT": UNCAUGHT,
                    "close_one": close_one,
                }
            )
            self.runner = Runner()
            self.leaving.connect(leave)
            QTimer.singleShot(0, self.begin)

    def begin(self):
        """Serve the sockets once Krita has its window, and its own start-up is over."""
        if Krita.instance().activeWindow() is None:
            QTimer.singleShot(50, self.begin)
            return
        sys.excepthook = keep
        Krita.instance().setBatchmode(True)
        threading.Thread(target=serve, args=("shell", run_shell), daemon=True).start()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        """On a thread: code, until the stop."""
        serve("krita", self.runner.answer)
        self.leaving.emit()


faulthandler.enable()  # into the log, should Krita crash
Krita.instance().addExtension(Driver(Krita.instance()))
