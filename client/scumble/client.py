"""The client: what plug-ins, scripts and the command line use to reach the daemon.

    with Client.connect() as client:
        result = client.stylize("photo.jpg", style="painting.jpg", weight=0.8)

Threads: a Client may be used from several threads at once. It runs one thread of its own, which
receives and never calls back: progress callbacks run on the thread that waits for the job. No call
waits for ever for a daemon that does not answer.
"""

from __future__ import annotations

import itertools
import threading
import time
import uuid
from typing import Any, Dict, List, Optional, Sequence, Tuple, Type, Union

from .conversion import LayerLike, StyleLike, as_given, as_pixels, as_styles
from .errors import ScumbleError
from .job import Job, OnPreview, OnProgress
from .launch.reach import GREETING_S, find_daemon, open_connection
from .learn_request import LearnRequest
from .learning import LearnedStyle, Learning, OnLearning
from .pending import LOST, AnyPending
from .pending_reply import Reply, Waiter, checked, not_responding
from .request import StylizeRequest
from .reversal import taking_off
from .uploads import ANSWER_S, Uploads
from .wire import messages as m
from .wire.connection import Connection, choose_transport

MODELS_S = 60.0
MAX_RESENDS = 3


class Client:
    """A connection to the daemon. Make one with :meth:`connect`; end it with `close` or `with`."""

    def __init__(self, connection: Connection, *, start: bool, timeout: float, transport: Any) -> None:
        self._start, self._timeout, self._transport = start, timeout, transport
        self._numbers = itertools.count(1)
        self._uploads = Uploads(self._numbers, self._ask, self._expect, self._forget_waiter)
        self._lock = threading.RLock()  # guards what follows
        self._jobs: Dict[str, AnyPending] = {}
        self._waiting: Dict[Union[int, str], Waiter] = {}
        self._closed = False
        self._connection = connection
        self._receiver = self._start_receiver(connection)

    @classmethod
    def connect(cls, start: bool = True, timeout: float = 30.0, transport: str = "auto") -> Client:
        """Connect to the user's daemon; with `start`, start one when none answers.

        `transport` is ``scumble`` (no dependencies; what ``auto`` chooses) or ``pyzmq``.

        Raises ScumbleError `no-daemon`, `daemon-not-installed`, `daemon-not-started`,
        `daemon-not-responding`, `wrong-key`, `protocol-version` or `runtime-dir-unsafe`.
        """
        chosen = choose_transport(transport)
        connection = open_connection(chosen, start, timeout)
        return cls(connection, start=start, timeout=timeout, transport=chosen)

    @property
    def welcome(self) -> m.Welcome:
        """What the daemon said about itself: version, limits, devices."""
        return self._connection.welcome

    def stylize(
        self,
        layer: LayerLike,
        style: Union[StyleLike, Sequence[Tuple[StyleLike, float]]],
        weight: float = 1.0,
        *,
        mask: Optional[bytes] = None,
        references: Sequence[LayerLike] = (),
        on_progress: Optional[OnProgress] = None,
        on_preview: Optional[OnPreview] = None,
        cancel: Optional[threading.Event] = None,
        timeout: Optional[float] = None,
        **options: Any,
    ) -> Any:
        """Stylize a layer and wait for the result: the region's pixels in the layer's own format.

        `layer` is Pixels, a PIL image, a NumPy array (HxW or HxWxC) or a path, and the result an image or
        array of the same kind; Pixels for a path. `style` is a path,
        the bytes of an image file, Pixels, a PIL image, an array, the name of a library style, or a
        list of (style, weight) pairs. A str that is not an existing file and has no separator or
        dot is a library name. `references` are layers too: give all frames of a clip the same ones
        and they do not flicker. `options` are the other fields of StylizeRequest.

        For callbacks, `cancel`, `timeout` and errors see :meth:`Job.result` and StylizeRequest.
        """
        options["references"] = tuple(as_pixels(reference) for reference in references)
        request = StylizeRequest(as_pixels(layer), as_styles(style), weight=weight, mask=mask, **options)
        job = self.submit(request, preview=on_preview is not None)
        try:
            pixels = job.result(timeout, on_progress=on_progress, on_preview=on_preview, cancel=cancel)
        except ScumbleError as error:
            if error.code == "timeout":
                job.cancel()
                self._forget(job)
            raise
        return as_given(layer, pixels)

    def unstyle(
        self,
        layer: LayerLike,
        reversal: Optional[bytes] = None,
        *,
        on_progress: Optional[OnProgress] = None,
        cancel: Optional[threading.Event] = None,
        timeout: Optional[float] = None,
        **options: Any,
    ) -> Any:
        """Take the style off what a reversible engine, such as artflow, has painted, and wait for the result.

        `layer` is the Pixels of a result, or any other layer together with that result's `reversal`, which
        only Pixels have. The result is of the layer's kind, as in :meth:`stylize`.
        `options` are other fields of StylizeRequest.

        Raises ScumbleError `not-reversible`, and as :meth:`Job.result`.
        """
        request = taking_off(as_pixels(layer), reversal, **options)
        job = self.submit(request)
        return as_given(layer, job.result(timeout, on_progress=on_progress, cancel=cancel))

    def submit(self, request: StylizeRequest, *, urgent: bool = False, preview: bool = False) -> Job:
        """Send a job and return once the daemon has accepted it; images it has are not sent again.

        `urgent` jobs go before others: for small previews that someone is waiting for.

        Raises ScumbleError `queue-full`, `daemon-full`, `image-too-large`, `connection-lost` and
        the like.
        """
        job = Job(self, uuid.uuid4().hex, request, {"urgent": urgent, "preview": preview})
        self._submit_twice(job)
        return job

    def learn_style(
        self,
        style: StyleLike,
        *,
        title: Optional[str] = None,
        image: Optional[LayerLike] = None,
        on_progress: Optional[OnLearning] = None,
        on_preview: Optional[OnPreview] = None,
        cancel: Optional[threading.Event] = None,
        timeout: Optional[float] = None,
        **options: Any,
    ) -> LearnedStyle:
        """Learn a style and wait until it is learned: minutes on a CPU, while paintings go before.

        `style` is as in :meth:`stylize`. With a `title` a picture is added to the user's library; without one
        the daemon paints in what it has learned whenever it gets the same picture. `image` is a picture that
        will be painted. `options` are the other fields of LearnRequest: `steps` or `minutes`, `seed`...

        What is stopped halfway, by `cancel` or with the daemon, goes on when the same is asked again. For
        callbacks, `cancel`, `timeout` and errors see :meth:`Learning.result` and LearnRequest.
        """
        source = as_styles(style)[0].style
        picture = None if image is None else as_pixels(image)
        request = LearnRequest(source, title or "", image=picture, **options)
        learning = self.submit_learning(request, preview=on_preview is not None)
        return learning.result(timeout, on_progress=on_progress, on_preview=on_preview, cancel=cancel)

    def submit_learning(self, request: LearnRequest, *, preview: bool = False) -> Learning:
        """Have a style learned and return once that is in the queue; nobody need wait for it.

        Raises ScumbleError `daemon-too-old`, `queue-full` and as :meth:`submit`.
        """
        learning = Learning(self, uuid.uuid4().hex, request, preview=preview)
        self._submit_twice(learning)
        return learning

    def ping(self, timeout: float = GREETING_S) -> float:
        """Seconds that the daemon took to answer.

        Raises ScumbleError `daemon-not-responding` or `connection-lost`.
        """
        started = time.monotonic()
        self._ask(m.Ping(next(self._numbers)), m.Pong, timeout)
        return time.monotonic() - started

    def status(self, timeout: float = GREETING_S) -> Dict[str, Any]:
        """What the daemon is doing: pid, uptime_s, waiting, running, worker, memory, clients."""
        return self._order(m.Status(1), m.Report, timeout).status

    def models(self, timeout: float = MODELS_S) -> List[Dict[str, Any]]:
        """The models that `engine` may name, as dicts; the first call starts the worker."""
        return self._ask(m.Models(next(self._numbers)), m.ModelList, timeout).models

    def styles(self, timeout: float = GREETING_S) -> List[Dict[str, Any]]:
        """The styles of the daemon's library, as dicts; torch is not loaded for it.

        Keys: name (what `style` takes), title, titles (by language, where they differ), artist, year,
        family, mark (of `scumble.marks.MARKS`, or empty), licence, source, tags (a list),
        kind (``builtin``, ``user``, ``watched`` or ``recipe``), builtin, favourite, engines (names
        of those that have its signals), any_engine (whether any other can make them),
        settings (a recipe's fields of StylizeRequest, for the caller to apply), thumbnail (whether
        there is one), and preview (the path of that file on the daemon's machine, or empty).
        """
        found: List[Dict[str, Any]] = []
        while True:
            question = m.Styles(next(self._numbers), len(found))
            answer = self._ask(question, m.StyleList, timeout)
            found += answer.styles
            if not answer.styles or len(found) >= answer.total:
                return found

    def style_thumbnail(self, name: str, timeout: float = GREETING_S) -> bytes:
        """A JPEG of at most 192 pixels a side that shows a style of the library.

        Empty for a style that has none, or none yet: one for a picture that has just appeared in a
        watched folder is being made. Raises ScumbleError `unknown-style`.
        """
        return self._ask(m.Thumbnail(next(self._numbers), name), m.ThumbnailImage, timeout).data

    def unload(self, timeout: float = GREETING_S) -> None:
        """Have the daemon give models and images back to the system, unless a job runs."""
        self._order(m.Unload(1), m.Done, timeout)

    def shutdown(self, timeout: float = GREETING_S) -> None:
        """End the daemon. Its jobs end with an error."""
        self._start = False
        self._order(m.Shutdown(1), m.Done, timeout)

    def close(self) -> None:
        """Leave the daemon; waiting calls get ScumbleError `closed`. May be called repeatedly."""
        with self._lock:
            self._closed = True
            connection, receiver = self._connection, self._receiver
        connection.close()
        if receiver is not threading.current_thread():
            receiver.join()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    # For Job ------------------------------------------------------------------------------------

    def _submit_again(self, job: AnyPending) -> None:
        self._submit(job)

    def _send_cancel(self, job: AnyPending) -> None:
        try:
            if job.connection is not None:
                job.connection.send(m.Cancel(job.id))
        except ScumbleError:
            return  # whoever waits for the job hears of the lost connection as well

    def _send_taken(self, job: AnyPending, offset: int) -> None:
        try:
            if job.connection is not None and "credit" in job.connection.welcome.features:
                job.connection.send(m.Taken(job.id, offset))
        except ScumbleError:
            return  # as for a cancel

    def _send_received(self, job: AnyPending) -> None:
        try:
            self._connection.send(m.Received(job.id))
        except ScumbleError:
            return  # the daemon will forget the result by itself

    def _forget(self, job: AnyPending) -> None:
        with self._lock:
            self._jobs.pop(job.id, None)

    # Sending ------------------------------------------------------------------------------------

    def _submit_twice(self, job: AnyPending) -> None:
        """As `_submit`, and once more on a new connection when the old one turns out to be lost."""
        try:
            try:
                self._submit(job)
                return
            except ScumbleError as error:
                if error.code not in LOST:
                    raise
            self._submit(job)
        except BaseException:
            self._forget(job)
            raise

    def _submit(self, job: AnyPending) -> None:
        contents = job._prepare()
        with self._lock:
            self._jobs[job.id] = job
        for attempt in range(MAX_RESENDS):
            connection = self._connected()
            job._require(connection)
            self._uploads.put_missing(connection, contents)
            job.connection = connection
            accepted = self._expect(job.id, connection)
            try:
                connection.send(job._message(connection))
                accepted.wait(ANSWER_S)
                return
            except ScumbleError as error:
                # Between the question and the job the daemon may have dropped an image.
                if error.code != "image-missing" or attempt == MAX_RESENDS - 1:
                    raise
            finally:
                self._forget_waiter(job.id)

    def _ask(
        self, message: Any, reply: Type[Reply], timeout: float, connection: Optional[Connection] = None
    ) -> Reply:
        """Send a question on the job socket and wait for its answer."""
        connection = connection or self._connected()
        waiter = self._expect(message.request, connection)
        try:
            connection.send(message, timeout=timeout)
            answer = waiter.wait(timeout)
        finally:
            self._forget_waiter(message.request)
        return checked(answer, reply)

    def _order(self, message: m.Message, reply: Type[Reply], timeout: float) -> Reply:
        """Send one message on a control connection of its own and wait for the answer."""
        info = find_daemon()
        if info is None:
            raise ScumbleError("no-daemon", "No daemon is running.", retryable=True)
        deadline = time.monotonic() + timeout
        connection = Connection.open(info, "control", self._transport, timeout=timeout)
        try:
            connection.send(message, timeout=timeout)
            received = connection.receive(max(0.0, deadline - time.monotonic()))
        finally:
            connection.close()
        if received is None:
            raise not_responding()
        return checked(received[0], reply)

    def _expect(self, key: Union[int, str], connection: Connection) -> Waiter:
        waiter = Waiter(connection)
        with self._lock:
            self._waiting[key] = waiter
        if connection.lost is not None:  # its receiver may have told everyone already
            waiter.set(connection.lost)
        return waiter

    def _forget_waiter(self, key: Union[int, str]) -> None:
        with self._lock:
            self._waiting.pop(key, None)

    def _connected(self) -> Connection:
        """The connection, or a new one in place of a lost one."""
        with self._lock:
            if self._closed:
                raise ScumbleError("closed", "The client was closed.")
            if self._connection.lost is not None:
                self._connection = open_connection(self._transport, self._start, self._timeout)
                self._receiver = self._start_receiver(self._connection)
            return self._connection

    # Receiving ----------------------------------------------------------------------------------

    def _start_receiver(self, connection: Connection) -> threading.Thread:
        thread = threading.Thread(
            target=self._receive, args=(connection,), name="scumble-receiver", daemon=True
        )
        thread.start()
        return thread

    def _receive(self, connection: Connection) -> None:
        while True:
            try:
                received = connection.receive(60.0)
                if received is not None:
                    self._dispatch(*received)
            except ScumbleError as error:
                self._fail_all(connection, error)
                return

    def _dispatch(self, message: m.Message, payloads: Tuple[Any, ...]) -> None:
        job_id, number = getattr(message, "job", ""), getattr(message, "request", 0)
        with self._lock:
            job = self._jobs.get(job_id)
            waiter = self._waiting.get(number) if number else self._waiting.get(job_id)
        answers_submit = isinstance(message, (m.Accepted, m.Error)) and job_id
        if waiter is not None and (number or answers_submit) and waiter.set(message):
            return
        if job is not None and not isinstance(message, m.Accepted):
            job._deliver(message, payloads)
        elif isinstance(message, m.Error) and not job_id and not number:
            raise message.to_error()  # about the connection as such

    def _fail_all(self, connection: Connection, error: ScumbleError) -> None:
        """Tell all who wait for something from this connection that it will not come."""
        with self._lock:
            waiters = [waiter for waiter in self._waiting.values() if waiter.connection is connection]
            jobs = [job for job in self._jobs.values() if job.connection is connection]
        for waiter in waiters:
            waiter.set(error)
        for job in jobs:
            job._deliver(error)
