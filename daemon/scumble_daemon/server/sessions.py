"""A ROUTER socket and the clients behind it: who they are, what they said, what they are owed.

Nothing that a client does makes this wait: what a client does not take stays in its outbox, and a
client that takes nothing for `STALL_S`, or asks `MAX_ANSWERS` times meanwhile, loses its session.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import zmq

from scumble.errors import ScumbleError
from scumble.pixels.pixels import BytesLike
from scumble.wire import session as wire
from scumble.wire.header import peek
from scumble.wire.messages import Bye, Error, Hello, Message, Progress, Welcome

from ..settings import Limits

STALL_S = 30.0
MAX_ANSWERS = 256  # of up to 64 KiB each, and more as objects
QUEUE_LENGTH = 8
HANDSHAKE_MS = 5000

Payloads = Sequence[BytesLike]


@dataclass
class Session:
    """One client on one socket. `proved` once it has used the session key."""

    peer: bytes
    client: str
    sender: wire.Sender
    receiver: wire.Receiver
    last_seen: float
    proved: bool = False
    outbox: deque[tuple[Message, Payloads]] = field(default_factory=deque)
    answers: int = 0  # in the outbox, results and previews not counted
    unsent: list[BytesLike] | None = None  # sealed, so it must go before anything else
    stalled_since: float | None = None


class Sessions:
    """Greets, authenticates, receives and sends. For one thread.

    `welcome` makes the answer to a hello from the client's nonce; `on_gone` is told of every
    proved session that ends.
    """

    def __init__(
        self,
        socket: zmq.Socket,
        role: str,
        key: bytes,
        limits: Limits,
        idle: float,
        welcome: Callable[[bytes], Welcome],
        on_gone: Callable[[Session], None] = lambda session: None,
    ) -> None:
        self._socket, self._role, self._key = socket, role, key
        self._limits, self._idle = limits, idle
        self._welcome, self._on_gone = welcome, on_gone
        self._greeted: OrderedDict[bytes, Session] = OrderedDict()
        self._clients: dict[bytes, Session] = {}
        self.last_heard = 0.0
        """When a client that holds the key was last heard of."""

    @property
    def client_count(self) -> int:
        """Clients that have proved the key."""
        return len(self._clients)

    def session(self, peer: bytes) -> Session | None:
        """The session of a client that has proved the key."""
        return self._clients.get(peer)

    def receive(self, now: float, most: int = 64) -> Iterator[tuple[Session, Message, wire.Packet]]:
        """The messages that have arrived from clients that hold the key, at most `most`, with their frames.

        Greetings, forgeries and farewells are dealt with here.
        """
        for _ in range(most):
            try:
                frames = self._socket.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            received = self._accept(frames[0].bytes, [f.buffer for f in frames[1:]], now)
            if received is not None:
                yield received

    def send(self, session: Session, message: Message, payloads: Payloads = ()) -> None:
        """Put a message into the client's outbox; progress replaces older progress there."""
        if isinstance(message, Progress) and session.outbox:
            last = session.outbox[-1][0]
            if isinstance(last, Progress) and last.job == message.job:
                session.outbox.pop()
                session.answers -= 1
        session.outbox.append((message, payloads))
        session.answers += not payloads
        if session.answers > MAX_ANSWERS:
            self.forget(session)

    def flush(self, now: float) -> bool:
        """Send what the clients take. True when some of it is left."""
        left = False
        for session in [*self._greeted.values(), *self._clients.values()]:
            while session.unsent is not None or session.outbox:
                if session.unsent is None:
                    message, payloads = session.outbox.popleft()
                    session.answers -= not payloads
                    session.unsent = session.sender.seal(message, payloads)
                try:
                    frames = [session.peer, *session.unsent]
                    self._socket.send_multipart(frames, zmq.NOBLOCK, copy=False)
                except zmq.Again:
                    left = not self._stalled(session, now) or left
                    break
                except zmq.ZMQError:  # the connection is gone
                    self.forget(session)
                    break
                session.unsent, session.stalled_since = None, None
        return left

    def forget(self, session: Session) -> None:
        """End a session; whatever its client sends next is answered with `no-session`."""
        session.outbox.clear()
        session.answers, session.unsent = 0, None
        self._greeted.pop(session.peer, None)
        if self._clients.pop(session.peer, None) is not None:
            self._on_gone(session)

    def _accept(
        self, peer: bytes, frames: Sequence[BytesLike], now: float
    ) -> tuple[Session, Message, wire.Packet] | None:
        session = self._clients.get(peer) or self._greeted.get(peer)
        try:
            packet = wire.parse(frames)
            if session is None:
                self._greet(peer, packet, now)
                return None
            session.receiver.verify(packet)
        except ScumbleError as error:
            if session is not None:
                self.forget(session)
            self._refuse(peer, error)
            return None
        session.last_seen = self.last_heard = now
        if not session.proved and not self._admit(session, now):
            return None
        try:
            message, _ = session.receiver.decode(packet)
        except ScumbleError as error:
            job, request = peek(packet.header)
            self.send(session, Error.of(error, job=job, request=request))
            return None
        if isinstance(message, Bye):
            self.forget(session)
            return None
        return session, message, packet

    def _greet(self, peer: bytes, packet: wire.Packet, now: float) -> None:
        """Answer a hello. That it was not recorded elsewhere only the next message will show."""
        hello = open_hello(self._key, packet)
        if hello.role != self._role:
            raise ScumbleError("bad-message", "This hello is for the daemon's other socket.")
        welcome = self._welcome(hello.nonce)
        keys = wire.session_keys(self._key, self._role, hello.nonce, welcome.nonce)
        while len(self._greeted) >= self._limits.max_greetings:
            self._greeted.popitem(last=False)
        self._greeted[peer] = Session(
            peer, hello.client[:100], wire.Sender(keys.to_client), wire.Receiver(keys.to_daemon), now
        )
        self._send_now(peer, wire.seal_welcome(self._key, welcome))

    def _admit(self, session: Session, now: float) -> bool:
        """Count the session among the clients, in place of one that has long been silent if need be."""
        if len(self._clients) >= self._limits.max_clients:
            quietest = min(self._clients.values(), key=lambda other: other.last_seen)
            if now - quietest.last_seen < self._idle:
                error = ScumbleError(
                    "too-many-clients",
                    "The daemon already serves {count} programs.",
                    hint="Close one of them.",
                    retryable=True,
                    count=len(self._clients),
                )
                self._send_now(session.peer, session.sender.seal(Error.of(error)))
                self._greeted.pop(session.peer, None)
                return False
            self.forget(quietest)
        self._greeted.pop(session.peer, None)
        session.proved = True
        self._clients[session.peer] = session
        return True

    def _stalled(self, session: Session, now: float) -> bool:
        """Whether the client has taken nothing for so long that its session is over."""
        if session.stalled_since is None:
            session.stalled_since = now
        if now - session.stalled_since < STALL_S:
            return False
        self.forget(session)
        return True

    def _refuse(self, peer: bytes, error: ScumbleError) -> None:
        self._send_now(peer, wire.seal_unsigned(error))

    def _send_now(self, peer: bytes, frames: list[BytesLike]) -> None:
        """Send, or let it be: for peers that are owed nothing."""
        try:
            self._socket.send_multipart([peer, *frames], zmq.NOBLOCK)
        except zmq.ZMQError:
            return


def open_hello(key: bytes, packet: wire.Packet) -> Hello:
    """The hello with which a connection begins.

    Raises ScumbleError `no-session` for a message that belongs to a session, which may have been forgotten,
    and what `wire.open_hello` raises.
    """
    if packet.sequence != 0:
        raise ScumbleError("no-session", "The daemon does not know this connection.", retryable=True)
    return wire.open_hello(key, packet)


def new_router(context: zmq.Context) -> zmq.Socket:
    """A ROUTER that refuses large frames before it reads them and never waits for a slow peer."""
    socket = context.socket(zmq.ROUTER)
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
    socket.setsockopt(zmq.MAXMSGSIZE, wire.MAX_PAYLOAD)
    socket.setsockopt(zmq.RCVHWM, QUEUE_LENGTH)
    socket.setsockopt(zmq.SNDHWM, QUEUE_LENGTH)
    socket.setsockopt(zmq.HANDSHAKE_IVL, HANDSHAKE_MS)
    return socket
