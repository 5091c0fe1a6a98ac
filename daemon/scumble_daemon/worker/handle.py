"""The broker's end of the worker process: start it, talk to it, notice when it is gone."""

from __future__ import annotations

import multiprocessing
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from scumble.pixels.pixels import BytesLike
from scumble.pixels.shared_memory import SharedBlock, block_behind

from ..jobs.learning_queue import Learning
from ..jobs.queue import Job
from ..storage.spool import SpoolFile
from . import pipe, process

_SPAWN = multiprocessing.get_context("spawn")
_Letter = tuple[str, dict[str, Any], Sequence[BytesLike], Sequence[SharedBlock]]


class WorkerHandle:
    """One worker process from start to end; a new one needs a new handle.

    `on_note` gets every note from the worker and `on_gone` its exit code, both on a thread of this
    handle. No method waits for the worker.
    """

    def __init__(
        self,
        device: str,
        on_note: Callable[[WorkerHandle, pipe.Note], None],
        on_gone: Callable[[WorkerHandle, int | None], None],
    ) -> None:
        self._on_note, self._on_gone = on_note, on_gone
        self._outgoing: queue.SimpleQueue[_Letter | None] = queue.SimpleQueue()
        ours, theirs = pipe.pair(_SPAWN)
        self._pipe = ours
        self._process = _SPAWN.Process(
            target=process.main, args=(theirs, device), name="scumble-worker", daemon=True
        )
        self._process.start()
        theirs.close()  # or we would never see the end of the pipe
        self.started = self.last_heard = time.monotonic()
        self.ready = False
        self.rss = 0
        self.stopping = False
        self._reader = threading.Thread(target=self._read, name="worker-reader", daemon=True)
        self._writer = threading.Thread(target=self._write, name="worker-writer", daemon=True)
        self._reader.start()
        self._writer.start()

    @property
    def pid(self) -> int:
        """Process id of the worker."""
        return self._process.pid or 0

    def run(
        self,
        job: Job,
        contents: Mapping[bytes, BytesLike],
        files: Mapping[bytes, Path],
        output: SharedBlock | SpoolFile | None,
    ) -> None:
        """Give it a job.

        Each of the job's digests is in `contents` or in `files`. The result goes into `output`, or comes back
        in strips when that is None.
        """
        fields = {
            "job": job.id,
            "spec": job.spec,
            "output": str(output.path) if isinstance(output, SpoolFile) else "",
            "preview": job.preview,
        }
        room = [output] if isinstance(output, SharedBlock) else []
        self._send_work("job", fields, contents, files, room)

    def learn(
        self,
        learning: Learning,
        contents: Mapping[bytes, BytesLike],
        files: Mapping[bytes, Path],
    ) -> None:
        """Give it a style to learn; `contents` and `files` as in `run`."""
        fields = {"job": learning.id, "spec": learning.spec, "preview": learning.preview}
        self._send_work("learn", fields, contents, files, [])

    def _send_work(
        self,
        kind: str,
        fields: dict[str, Any],
        contents: Mapping[bytes, BytesLike],
        files: Mapping[bytes, Path],
        room: Sequence[SharedBlock],
    ) -> None:
        blocks = {digest: block for digest, c in contents.items() if (block := block_behind(c))}
        contents = {digest: content for digest, content in contents.items() if digest not in blocks}
        fields |= {
            "digests": list(contents),
            "shared": list(blocks),
            "files": [[digest, str(path)] for digest, path in files.items()],
        }
        # A descriptor of our own for each: the broker may close a block before it was sent.
        copies = [block.again() for block in (*blocks.values(), *room)]
        self._outgoing.put((kind, fields, list(contents.values()), copies))

    def cancel(self, job: str) -> None:
        """Ask it to stop a job between two patches."""
        self._outgoing.put(("cancel", {"job": job}, (), ()))

    def ask_models(self, peer: bytes, request: int) -> None:
        """Ask for the list of models; the answer is a note with the same peer and request."""
        self._outgoing.put(("models", {"peer": peer, "request": request}, (), ()))

    def stop(self) -> None:
        """Ask it to end; its memory goes back to the system."""
        self.stopping = True
        self._outgoing.put(("exit", {}, (), ()))

    def kill(self) -> None:
        """End it at once, stopped or hung as it may be."""
        self.stopping = True
        self._process.kill()

    def join(self, timeout: float) -> None:
        """Wait for its end, and end it when it takes longer than `timeout` seconds."""
        self._reader.join(timeout)
        if self._reader.is_alive():
            self._process.kill()
            self._reader.join()

    def _read(self) -> None:
        try:
            while True:
                note = pipe.receive(self._pipe)
                self.last_heard = time.monotonic()
                self._on_note(self, note)
        except Exception:  # the end of the pipe, or nonsense from a process that has lost its mind
            self._process.kill()
        self._process.join()
        self._outgoing.put(None)
        self._writer.join()
        self._pipe.close()
        self._on_gone(self, self._process.exitcode)

    def _write(self) -> None:
        while True:
            letter = self._outgoing.get()
            if letter is None:
                return
            try:
                pipe.send(self._pipe, *letter)
            except OSError:
                return  # the reader sees it too
            finally:
                for block in letter[3]:
                    block.close()
