"""What clients ask on the job socket, answered one message at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from scumble.errors import ScumbleError
from scumble.learn_request import learn_digests, learn_request
from scumble.pixels.pixels import Pixels
from scumble.request import StylizeRequest
from scumble.request_codec import digests_in, from_spec
from scumble.wire import messages as m
from scumble.wire.msgpack import packb
from scumble.wire.session import Packet

from ..jobs.content_cache import ContentCache, memory_as_error
from ..jobs.learning_queue import Learning, LearningQueue
from ..jobs.queue import Job, JobTable
from ..jobs.result_sender import ResultMode, ResultSender
from ..jobs.scheduler import Scheduler
from ..jobs.shared_uploads import SharedUploads
from ..settings import Limits
from .library_handler import LibraryHandler
from .sessions import Session, Sessions


class RequestHandler:
    """Handles the messages of clients that hold the key. For the broker's thread."""

    def __init__(
        self,
        limits: Limits,
        sessions: Sessions,
        store: ContentCache,
        jobs: JobTable,
        learnings: LearningQueue,
        scheduler: Scheduler,
        results: ResultSender,
        uploads: SharedUploads,
        status: Callable[[], dict[str, Any]],
    ) -> None:
        self._limits, self._sessions, self._store = limits, sessions, store
        self._jobs, self._learnings = jobs, learnings
        self._scheduler, self._status = scheduler, status
        self._results, self._uploads = results, uploads
        self._library = LibraryHandler()

    def handle(self, session: Session, message: m.Message, packet: Packet, now: float) -> None:
        """Answer one message; what is wrong with it becomes a typed error to its sender."""
        try:
            self._handle(session, message, packet, now)
        except (ScumbleError, MemoryError) as error:
            job, request = getattr(message, "job", ""), getattr(message, "request", 0)
            self._sessions.send(session, m.Error.of(memory_as_error(error), job=job, request=request))

    def cancel(self, job_id: str, now: float) -> None:
        """End a job or a learning, if there is one of that id."""
        job, learning = self._jobs.get(job_id), self._learnings.get(job_id)
        if job is not None:
            self._scheduler.cancel(job, now)
        elif learning is not None:
            self._scheduler.cancel_learning(learning, now)

    def close(self) -> None:
        """End what it has started."""
        self._uploads.close()
        self._library.close()

    def _handle(self, session: Session, message: m.Message, packet: Packet, now: float) -> None:
        if isinstance(message, m.Put):
            if len(packet.payloads) != 1:
                raise ScumbleError("bad-message", "A piece of an image comes in one frame.")
            self._put(session, message, packet, now)
            return
        if packet.payloads:
            raise ScumbleError("bad-message", "Only put carries a payload.")
        if isinstance(message, m.Ping):
            self._sessions.send(session, m.Pong(message.request))
        elif isinstance(message, m.Have):
            self._scheduler.warm_up(now)
            missing = [digest for digest in message.digests if digest not in self._store]
            self._sessions.send(session, m.Missing(message.request, missing))
        elif isinstance(message, m.Lend):
            self._uploads.take(session.peer, message, now)
        elif isinstance(message, m.Submit):
            self._submit(session, message, now)
        elif isinstance(message, m.Cancel):
            self.cancel(message.job, now)
        elif isinstance(message, m.Learn):
            self._learn(session, message)
        elif isinstance(message, m.Taken):
            self._results.taken(session.peer, message.job, message.offset)
        elif isinstance(message, m.Received):
            self._received(session, message.job, now)
        elif isinstance(message, m.Status):
            self._sessions.send(session, m.Report(message.request, self._status()))
        elif isinstance(message, m.Models):
            self._scheduler.ask_models(session.peer, message.request, now)
        elif isinstance(message, m.Styles):
            self._sessions.send(session, self._library.page(message))
        elif isinstance(message, m.Thumbnail):
            self._sessions.send(session, self._library.thumbnail(message))
        elif isinstance(message, m.Unload):
            self._scheduler.unload()
            self._sessions.send(session, m.Done(message.request))
        else:
            raise ScumbleError(
                "unknown-message", "A {type} message has no place on the job socket.", type=message.type
            )

    def _put(self, session: Session, message: m.Put, packet: Packet, now: float) -> None:
        leaf, digest = packet.payloads[0], packet.digests[0]
        complete = self._store.put(
            session.peer, message.digest, message.size, message.offset, leaf, digest, now
        )
        if complete:
            self._sessions.send(session, m.Stored(message.request, message.digest))

    def _submit(self, session: Session, message: m.Submit, now: float) -> None:
        fingerprint = hashlib.sha256(packb(message.spec)).digest()
        job, mode = (
            self._jobs.get(message.job),
            ResultMode(message.window, message.shared and self._uploads.sharing),
        )
        if job is not None:
            self._join(session, job, fingerprint, mode)
            return
        if self._learnings.get(message.job) is not None:
            raise _id_in_use()
        digests = digests_in(message.spec)
        request = from_spec(message.spec, self._store.get)
        self._check_limits(request)
        size, spool_over = request.image.byte_count, self._limits.spool_over
        job = Job(
            message.job,
            session.peer,
            message.spec,
            digests,
            request.bounds,
            request.image.format,
            0 if size > spool_over else size,
            fingerprint,
            message.urgent,
            message.preview,
            {session.peer},
            {session.peer: mode},
        )
        job.on_disk = job.result_bytes > spool_over
        _check_window(job, message.window)
        uploads = self._store.uploads_of(session.peer)
        self._jobs.check_room(session.peer, job.input_bytes, job.held_bytes, uploads)
        self._store.pin(digests)
        position = self._jobs.add(job)
        self._sessions.send(session, m.Accepted(job.id, position))

    def _join(self, session: Session, job: Job, fingerprint: bytes, mode: ResultMode) -> None:
        """A job that was submitted before: by a client that has lost its connection since."""
        if job.fingerprint != fingerprint:
            raise _id_in_use()
        _check_window(job, mode.window)
        job.listeners.add(session.peer)
        job.modes[session.peer] = mode
        job.orphaned_at = None
        self._sessions.send(session, m.Accepted(job.id, 0))
        if job.outcome is not None:
            self._sessions.send(session, job.outcome)
        elif job.result is not None:
            self._results.start(session.peer, *job.result, mode)

    def _learn(self, session: Session, message: m.Learn) -> None:
        fingerprint = hashlib.sha256(packb(message.spec)).digest()
        learning, position = self._learnings.get(message.job), 0
        if self._jobs.get(message.job) is not None or (
            learning is not None and learning.fingerprint != fingerprint
        ):
            raise _id_in_use()
        if learning is None:
            digests = learn_digests(message.spec)
            request = learn_request(message.spec, self._store.get)
            self._check_sizes([request.image, request.style.pixels], [request.style.file])
            learning = Learning(message.job, message.spec, digests, fingerprint, message.preview)
            position = self._learnings.add(learning)
        learning.listeners.add(session.peer)
        self._sessions.send(session, m.Accepted(learning.id, position))
        if learning.outcome is not None:
            self._sessions.send(session, learning.outcome)

    def _received(self, session: Session, job_id: str, now: float) -> None:
        job = self._jobs.get(job_id)
        if job is None or not job.ended:
            return
        job.listeners.discard(session.peer)
        self._results.forget(peer=session.peer, job=job_id)
        if not job.listeners:
            self._jobs.remove(job)

    def _check_limits(self, request: StylizeRequest) -> None:
        styles = [style.style for style in request.styles]
        images = [request.image, *request.references, *(style.pixels for style in styles)]
        self._check_sizes(images, [style.file for style in styles])

    def _check_sizes(self, images: Sequence[Pixels | None], files: Sequence[bytes | None]) -> None:
        for image in images:
            if image is not None and image.extent.area > self._limits.max_image_pixels:
                raise ScumbleError(
                    "image-too-large",
                    "An image of {extent} has more pixels than this daemon takes.",
                    hint="Select a part of the layer.",
                    extent=image.extent,
                )
        for file in files:
            if file is not None and len(file) > self._limits.max_style_bytes:
                raise ScumbleError("image-too-large", "The style's file is larger than the limit.")


def _id_in_use() -> ScumbleError:
    return ScumbleError("job-id-in-use", "Another job has this id already.")


def _check_window(job: Job, window: int) -> None:
    """A result that is not in memory is not sent all at once either."""
    if job.on_disk and not window:
        raise ScumbleError(
            "image-too-large",
            "The layer is too large for this version of the plug-in.",
            hint="Update the plug-in, or select a part of the layer.",
        )


def orphan(jobs: JobTable, peer: bytes, now: float) -> None:
    """Note that a client is gone: its jobs go on for a while in case it comes back."""
    for job in jobs:
        job.listeners.discard(peer)
        if not job.listeners and job.orphaned_at is None:
            job.orphaned_at = now
