"""The worker process: everything that touches torch or decodes an image happens here.

A crash, a device fault or the system's out-of-memory killer costs one job, not the daemon. The
process ends when the broker does, because its pipe closes then.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scumble.errors import ScumbleError
from scumble.pixels.content import LEAF
from scumble.pixels.pixels import BytesLike, Pixels
from scumble.pixels.shared_memory import SharedBlock
from scumble.wire.validators import is_int

from ..storage import spool
from . import pipe
from .memory import resident_bytes

if TYPE_CHECKING:
    from .learning_task import LearningTask

ALIVE_S = 1.0
PROGRESS_S = 0.05
#: For which a learning holds back after other work, in case more of it comes.
QUIET_S = 0.5
#: After so long without work freed memory goes back to the system.
REST_S = 5.0
PR_SET_PDEATHSIG = 1


def main(connection: Connection, device: str) -> None:
    """Serve the broker at the other end of `connection` until it is gone.

    `device` is what jobs get that ask for ``auto``.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is for the broker
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _end_with_broker()
    spool.use_for_temporary_files()
    Worker(connection, device).run()


def _end_with_broker() -> None:
    """Have Linux end this process with the broker, even while it is stopped and sees no pipe."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Worker:
    """Jobs run on the main thread; another reads, so that a cancel is seen at once.

    What arrives while a job runs is done between two of its patches: the broker sends only what
    someone is waiting for then. A style is learned when there is nothing else to do, and what arrives
    meanwhile is done between two of its steps.
    """

    def __init__(self, connection: Connection, device: str) -> None:
        self._connection, self._device = connection, device
        self._sending = threading.Lock()
        self._work: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._to_learn: queue.SimpleQueue[pipe.Note] = queue.SimpleQueue()
        self._known: set[str] = set()  # jobs that are to be done or begun
        self._cancelled: set[str] = set()
        self._interrupted = False

    def run(self) -> None:
        """Never returns; the process ends from the reading thread."""
        threading.Thread(target=self._read, name="reader", daemon=True).start()
        threading.Thread(target=self._show_life, name="life", daemon=True).start()
        try:
            from . import stylizer  # imports torch: seconds, so after the first sign of life
        except BaseException as error:
            self._send("broken", {"detail": f"{type(error).__name__}: {error}"})
            raise
        from scumble_models.allocation import give_back_memory, keep_freed_memory

        keep_freed_memory()
        self._stylizer = stylizer.Stylizer(self._device)
        self._send("ready", {"devices": self._stylizer.devices()})
        while True:
            try:
                work = self._work.get(timeout=REST_S)
            except queue.Empty:
                give_back_memory()
                work = self._work.get()
            work()
            self._learn_if_idle()

    def _read(self) -> None:
        try:
            while True:
                self._on_note(pipe.receive(self._connection, blocks=True))
        except (EOFError, OSError):
            os._exit(0)  # the broker is gone: nobody wants what the main thread is doing
        except BaseException:
            traceback.print_exc()
            os._exit(1)

    def _on_note(self, note: pipe.Note) -> None:
        if note.kind == "job":
            self._known.add(note.fields["job"])
            self._work.put(lambda: self._run_job(note))
        elif note.kind == "learn":
            self._known.add(note.fields["job"])
            self._to_learn.put(note)
            self._work.put(_nothing)  # wakes the main thread
        elif note.kind == "cancel":
            if note.fields["job"] in self._known:  # or it comes too late
                self._cancelled.add(note.fields["job"])
                self._work.put(_nothing)  # wakes a learning that waits for quiet
        elif note.kind == "models":
            self._work.put(lambda: self._list_models(note.fields))
        elif note.kind == "exit":
            os._exit(0)

    def _show_life(self) -> None:
        while True:
            self._send("alive", {"rss": resident_bytes()})
            time.sleep(ALIVE_S)

    def _send(self, kind: str, fields: dict[str, Any], contents: list[Any] | None = None) -> None:
        try:
            with self._sending:
                pipe.send(self._connection, kind, fields, contents or [])
        except OSError:
            os._exit(0)

    def _list_models(self, fields: dict[str, Any]) -> None:
        answer = {"peer": fields["peer"], "request": fields["request"]}
        try:
            self._send("models", {**answer, "models": self._stylizer.models()})
        except BaseException as error:
            self._send("models", {**answer, "error": self._explain(error).to_dict()})

    def _run_job(self, note: pipe.Note) -> None:
        fields, blocks = note.fields, list(note.blocks)
        job = fields["job"]
        try:
            room = blocks[-1] if len(blocks) > len(fields["shared"]) else None
            self._stylize(job, fields, _held(note), room)
        except BaseException as error:
            self._say_failed(job, error)
        finally:
            self._end(note)

    def _say_failed(self, job: str, error: BaseException) -> None:
        explained = self._explain(error)
        if explained.code == "cancelled":
            self._send("cancelled", {"job": job})
        else:
            self._send("failed", {"job": job, "error": explained.to_dict()})

    def _end(self, note: pipe.Note) -> None:
        for block in note.blocks:
            block.close()
        self._known.discard(note.fields["job"])
        self._cancelled.discard(note.fields["job"])

    def _learn_if_idle(self) -> None:
        """Learn the style whose turn it is, unless something has arrived that goes before."""
        if not self._work.empty():
            return
        with contextlib.suppress(queue.Empty):
            note = self._to_learn.get_nowait()
            try:
                self._learn(note)
            except BaseException as error:
                self._say_failed(note.fields["job"], error)
            finally:
                self._end(note)

    def _learn(self, note: pipe.Note) -> None:
        from .learning_task import LearningTask

        # Whoever has a style learned is about to paint with it, and to begin takes longer than a step.
        job = note.fields["job"]
        self._between_steps(job, QUIET_S)
        started = time.monotonic()
        task = LearningTask(self._stylizer, note.fields["spec"], _held(note))
        shown = 0.0
        try:
            while not task.over:
                if time.monotonic() - shown > PROGRESS_S:
                    shown = time.monotonic()
                    self._say_learning(job, task)
                self._between_steps(job)
                if task.step() and note.fields["preview"] and (pixels := task.preview()) is not None:
                    self._say_preview(job, pixels)
        except BaseException:
            with contextlib.suppress(Exception):  # what went wrong first is told
                task.stop()
            raise
        seconds = time.monotonic() - started
        self._say_learning(job, task)
        learned = {"job": job, "style": task.style, "steps": task.steps, "seconds": seconds}
        self._send("learned", {**learned, "device": str(task.model.device)})

    def _between_steps(self, job: str, wait: float = 0.0) -> None:
        """Do all that arrives within `wait`, and what comes right after it: an artist at work goes before.

        Raises ScumbleError `cancelled` as soon as the learning is, whatever else arrives.
        """
        with contextlib.suppress(queue.Empty):
            while job not in self._cancelled:
                work = self._work.get(timeout=wait) if wait else self._work.get_nowait()
                work()
                if work is not _nothing:
                    wait = QUIET_S
        if job in self._cancelled:
            raise ScumbleError("cancelled", "The job was cancelled.")

    def _say_learning(self, job: str, task: LearningTask) -> None:
        note = {"job": job, "done": task.done, "total": task.steps, "eta_s": task.eta_s}
        self._send("learning", {**note, "stored": task.stored})

    def _say_preview(self, job: str, pixels: Pixels) -> None:
        note = {
            "job": job,
            "extent": list(pixels.extent),
            "dtype": pixels.format.dtype,
            "channels": pixels.format.channels,
        }
        self._send("preview", note, [pixels.data])

    def _between_patches(self, job: str) -> bool:
        """Do one of the things that have arrived since; whether the job has been cancelled."""
        if not self._interrupted:
            self._interrupted = True
            try:
                with self._stylizer.apart(), contextlib.suppress(queue.Empty):
                    self._work.get_nowait()()
            finally:
                self._interrupted = False
        return job in self._cancelled

    def _stylize(
        self,
        job: str,
        fields: dict[str, Any],
        contents: dict[bytes, BytesLike],
        room: SharedBlock | None,
    ) -> None:
        started = time.monotonic()
        shown = 0.0

        def on_progress(done: int, total: int, stage: str) -> None:
            nonlocal shown
            now = time.monotonic()
            if now - shown < PROGRESS_S and done != total:
                return
            shown = now
            eta = (now - started) / done * max(0, total - done) if done else 0.0
            note = {"job": job, "done": done, "total": total, "stage": stage, "eta_s": eta}
            self._send("progress", note)

        done = self._stylizer.stylize(
            fields["spec"],
            contents,
            on_progress,
            lambda: self._between_patches(job),
            (lambda pixels: self._say_preview(job, pixels)) if fields["preview"] else None,
            Path(fields["output"]) if fields["output"] else None,
        )
        data = memoryview(done.pixels.data)
        result = {
            "job": job,
            "bounds": list(done.bounds),
            "dtype": done.pixels.format.dtype,
            "channels": done.pixels.format.channels,
            "size": data.nbytes,
            "seconds": time.monotonic() - started,
            "device": done.device,
            "reversal": done.reversal,
        }
        if room is not None:
            # Written at the end, and not patch by patch into a map: new pages of one cost more than a copy.
            room.write(0, data)
        if room is not None or fields["output"]:
            self._send("result", {**result, "offset": 0})
            return
        for offset in range(0, data.nbytes, LEAF):
            strip = data[offset : offset + LEAF]
            self._send("result", {**result, "offset": offset}, [strip])

    def _explain(self, error: BaseException) -> ScumbleError:
        """One typed error for whatever was raised; the unexpected also goes to the log."""
        explained = self._stylizer.explain(error)
        if explained.code == "internal-error":
            text = "".join(traceback.format_exception(error))
            self._send("log", {"level": "error", "text": text[-8000:]})
        return explained


def _nothing() -> None:
    """Work that only wakes who waits for some."""


def _held(note: pipe.Note) -> dict[bytes, BytesLike]:
    """The contents that came with a note, by their digests."""
    fields = note.fields
    held: dict[bytes, BytesLike] = dict(zip(fields["digests"], note.contents, strict=True))
    held.update((digest, spool.mapped(Path(path))) for digest, path in fields["files"])
    held.update((d, block.view()) for d, block in zip(fields["shared"], note.blocks, strict=False))
    return held


def check_result(fields: dict[str, Any]) -> bool:
    """Whether a result note from the worker is well formed; for the broker."""
    bounds = fields.get("bounds")
    return (
        isinstance(bounds, list)
        and len(bounds) == 4
        and all(is_int(value) for value in [*bounds, fields.get("size"), fields.get("offset")])
    )
