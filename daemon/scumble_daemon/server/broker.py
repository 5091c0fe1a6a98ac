"""The daemon's main loop: clients on one side, the worker on the other, and neither can stop it."""

from __future__ import annotations

import logging
import os
import queue
import time
from collections.abc import Callable
from typing import Any

import zmq

from scumble.errors import ScumbleError
from scumble.job import REVERSAL
from scumble.learning import FEATURE as LEARNING
from scumble.pixels.shared_memory import AVAILABLE, FEATURE
from scumble.wire.messages import Error, Message, Welcome
from scumble.wire.session import PROTOCOL, new_nonce
from scumble.wire.zmtp_transport import Wakeup

from ..jobs.content_cache import ContentCache
from ..jobs.learning_queue import LearningQueue
from ..jobs.queue import Job, JobTable
from ..jobs.result_sender import ResultSender
from ..jobs.scheduler import Scheduler
from ..jobs.shared_uploads import SharedUploads
from ..settings import Settings
from ..storage.spool import Spool
from ..worker.memory import resident_bytes
from .control import ControlThread
from .request_handler import RequestHandler, orphan
from .sessions import Session, Sessions

TICK_MS = 500
STALLED_TICK_MS = 10
UPLOAD_LIFETIME_S = 60.0
FEATURES = ("preview", "urgent", "credit", "references", REVERSAL, LEARNING)

log = logging.getLogger(__name__)


class Broker:
    """Serves a bound job socket and a bound control socket until it is stopped or idle.

    `stop` and `post` may be called from any thread and from a signal handler; everything else
    happens on the thread that calls `run`. `ports` are those of the job and the control socket. `local`:
    all clients are processes of this computer, whose memory can be shared.
    """

    def __init__(
        self,
        job_socket: zmq.Socket,
        control_socket: zmq.Socket,
        key: bytes,
        settings: Settings,
        version: str,
        *,
        local: bool,
    ) -> None:
        limits = settings.limits
        self._settings, self._version, self._socket = settings, version, job_socket
        self._started = time.monotonic()
        self._stopping = False
        self._waker = Wakeup()
        self._posted: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._spool = Spool(limits.spool_bytes)
        self._store = ContentCache(
            limits.store_bytes, limits.max_image_bytes, limits.client_bytes, self._spool, limits.spool_over
        )
        self._jobs = JobTable(limits)
        self._results = ResultSender(self._answer)
        self._uploads = SharedUploads(local and AVAILABLE, limits, self._store, self._answer, self.post)
        self._learnings = LearningQueue(self._store, self._answer)
        self._scheduler = Scheduler(
            settings,
            self._jobs,
            self._learnings,
            self._store,
            self._spool,
            self._results,
            self._tell,
            self._answer,
            self.post,
        )
        self._sessions = Sessions(
            job_socket, "job", key, limits, settings.session_idle, self._welcome, self._on_gone
        )
        self._status: dict[str, Any] = {}
        self._handler = RequestHandler(
            limits,
            self._sessions,
            self._store,
            self._jobs,
            self._learnings,
            self._scheduler,
            self._results,
            self._uploads,
            lambda: self._status,
        )
        control_sessions = Sessions(
            control_socket, "control", key, limits, settings.session_idle, self._welcome
        )
        self.ports = self._sessions, control_sessions
        self._control = ControlThread(control_socket, control_sessions, lambda: self._status, self._on_order)

    def run(self) -> None:
        """Serve until `stop`, or until no client has been heard of for the idle time."""
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._waker.fileno(), zmq.POLLIN)
        now = self._sessions.last_heard = time.monotonic()
        self._publish_status(now)
        self._control.start()
        stalled, tick = False, now
        try:
            while not self._stopping:
                poller.poll(STALLED_TICK_MS if stalled else TICK_MS)
                self._waker.clear()
                now = time.monotonic()
                for session, message, packet in self._sessions.receive(now):
                    self._handler.handle(session, message, packet, now)
                self._run_posted()
                self._scheduler.pump(now)
                if now - tick >= TICK_MS / 1000:
                    tick = now
                    self._housekeeping(now)
                self._publish_status(now)
                stalled = self._sessions.flush(now)
            self._say_farewell(time.monotonic())
        finally:
            self._control.stop()
            self._handler.close()
            self._scheduler.close()
            self._spool.close()
            self._waker.close()

    def stop(self) -> None:
        """End `run` soon."""
        self._stopping = True
        self._waker.wake()

    def post(self, call: Callable[[], None]) -> None:
        """Run `call` on the broker's thread soon."""
        self._posted.put(call)
        self._waker.wake()

    def _run_posted(self) -> None:
        while True:
            try:
                call = self._posted.get_nowait()
            except queue.Empty:
                return
            call()

    def _housekeeping(self, now: float) -> None:
        settings = self._settings
        self._scheduler.check(now)
        self._jobs.expire(now - settings.result_lifetime, self._results.waiting)
        self._store.abandon_stale(now - UPLOAD_LIFETIME_S)
        for job in self._jobs:
            lost = job.orphaned_at is not None and now - job.orphaned_at > settings.orphan_grace
            if lost and not job.ended:
                log.info("job %s has lost its client", job.id)
                self._scheduler.cancel(job, now)
        heard = max(self._sessions.last_heard, self._control.last_heard)
        busy = self._scheduler.runs or self._jobs.waiting or self._learnings.active
        if not busy and now - heard > settings.idle_exit:
            log.info("no client for %.0f s: the daemon ends", now - heard)
            self._stopping = True

    def _say_farewell(self, now: float) -> None:
        """Tell those who wait that it was on purpose: they must not start the daemon again."""
        error = ScumbleError("daemon-stopped", "The daemon was stopped.", hint="Try again.")
        for job in self._jobs:
            if not job.ended:
                self._tell(job, Error.of(error, job=job.id))
        self._learnings.say_farewell(error)
        self._sessions.flush(now)

    def _tell(self, job: Job, message: Message, payloads: tuple = ()) -> None:
        for peer in list(job.listeners):
            self._answer(peer, message, payloads)

    def _answer(self, peer: bytes, message: Message, payloads: tuple = ()) -> None:
        session = self._sessions.session(peer)
        if session is not None:
            self._sessions.send(session, message, payloads)

    def _on_gone(self, session: Session) -> None:
        self._store.abandon(session.peer)
        self._results.forget(peer=session.peer)
        self._learnings.forget_listener(session.peer)
        orphan(self._jobs, session.peer, time.monotonic())

    def _on_order(self, order: str, job_id: str) -> None:
        """An order from the control thread, on that thread."""
        if order == "shutdown":
            log.info("shutdown was asked for")
            self.stop()
        elif order == "unload":
            self.post(self._unload)
        elif order == "cancel":
            self.post(lambda: self._cancel(job_id))

    def _unload(self) -> None:
        self._scheduler.unload()
        self._store.clear()

    def _cancel(self, job_id: str) -> None:
        self._handler.cancel(job_id, time.monotonic())

    def _welcome(self, client_nonce: bytes) -> Welcome:
        return Welcome(
            client_nonce,
            new_nonce(),
            self._version,
            os.getpid(),
            self._settings.limits.to_dict(),
            [*FEATURES, *([FEATURE] if self._uploads.sharing else [])],
            list(self._scheduler.devices),
            list(self._scheduler.models),
        )

    def _publish_status(self, now: float) -> None:
        """Put a fresh status where the control thread finds it; it never changes an old one."""
        worker, running = self._scheduler.worker, self._scheduler.runs.first
        self._status = {
            "pid": os.getpid(),
            "version": self._version,
            "protocol": PROTOCOL,
            "uptime_s": now - self._started,
            "clients": self._sessions.client_count,
            "waiting": self._jobs.waiting,
            "running": None
            if running is None
            else {
                "job": running.id,
                "size": list(running.bounds.extent),
                "done": running.progress[0],
                "total": running.progress[1],
                "seconds": now - running.started_at,
            },
            "learning": self._learnings.status(),
            "worker": None
            if worker is None
            else {"pid": worker.pid, "ready": worker.ready, "rss_bytes": worker.rss},
            "worker_deaths": self._scheduler.restarts,
            "device": self._settings.device,
            "devices": list(self._scheduler.devices),
            "rss_bytes": resident_bytes(),
            "store_bytes": self._store.bytes_used,
            "lent": self._uploads.taken,
            "spool_bytes": self._spool.bytes_used,
            "result_bytes": self._jobs.result_bytes,
            "last_error": self._scheduler.last_error[:500],
            "idle_unload_s": self._settings.idle_unload,
            "idle_exit_s": self._settings.idle_exit,
        }
