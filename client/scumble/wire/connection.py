"""One authenticated connection to the daemon."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any, Optional, Sequence, Tuple

from ..errors import ScumbleError
from ..pixels.pixels import BytesLike
from ..pixels.shared_memory import FEATURE
from . import session as wire
from . import zmtp
from .curve import curve_transport
from .messages import Bye, Hello, Message, Welcome
from .session import PROTOCOL

SEND_TIMEOUT_S = 30.0
CLIENT_NAME = "scumble"

Received = Tuple[Message, Tuple[BytesLike, ...]]


@dataclass(frozen=True)
class ConnectionInfo:
    """What `daemon.json` says.

    Attributes:
        pid: process id of the daemon.
        started: seconds since the epoch when it started.
        start_ticks: the system's own mark of that process' start, 0 where it has none; together
            with `pid` it tells a process from a later one with the same number.
        job, control: endpoints of the two sockets.
        key: the connection key.
        protocol: ``major.minor``.
        version: of the daemon's package.
        curve: the daemon's public CURVE key when it listens to the network, else empty.
    """

    pid: int
    started: float
    start_ticks: int
    job: str
    control: str
    key: bytes
    protocol: str = PROTOCOL
    version: str = ""
    curve: str = ""

    def __repr__(self) -> str:  # the key must not end up in a log
        return "ConnectionInfo(pid={}, job={!r}, protocol={!r})".format(self.pid, self.job, self.protocol)


class Connection:
    """A socket on which both sides have proved the key. `Connection.open` makes one.

    Any thread may send; one thread at a time may receive. After an error the connection is of no more
    use, and `lost` says so.
    """

    def __init__(self, dealer: Any, keys: wire.SessionKeys, welcome: Welcome) -> None:
        self._dealer = dealer
        self._sender = wire.Sender(keys.to_daemon)
        self._receiver = wire.Receiver(keys.to_client)
        self._sending = threading.Lock()
        self.welcome = welcome
        self.sharing = FEATURE in welcome.features
        """Whether daemon and client look into each other's memory; False once that has failed."""
        self.lost: Optional[ScumbleError] = None

    @classmethod
    def open(cls, info: ConnectionInfo, role: str, transport: Any, *, timeout: float) -> Connection:
        """Connect to the daemon's ``job`` or ``control`` socket and greet it.

        Raises ScumbleError `no-daemon` when nothing answers at the endpoint, what `wire.open_welcome`
        raises when the wrong one does, and for a daemon that listens to the network what
        `remote.curve_transport` raises and `key-refused`.
        """
        deadline = time.monotonic() + timeout
        endpoint = info.job if role == "job" else info.control
        if info.curve:
            transport = curve_transport(info.curve)
        try:
            dealer = transport(
                endpoint,
                timeout=timeout,
                max_frame=wire.MAX_PAYLOAD,
                max_message=wire.MAX_MESSAGE,
                max_frames=wire.MAX_FRAMES,
            )
        except zmtp.Timeout as error:
            raise _silent(error) from error
        except (zmtp.ZmtpError, OSError) as error:
            raise _no_daemon(error) from error
        try:
            hello = Hello(wire.new_nonce(), role, CLIENT_NAME)
            dealer.send_multipart(wire.seal_hello(info.key, hello), _left(deadline))
            packet = wire.parse(dealer.recv_multipart(_left(deadline)))
            welcome = wire.open_welcome(info.key, packet, hello.nonce)
            keys = wire.session_keys(info.key, role, hello.nonce, welcome.nonce)
            return cls(dealer, keys, welcome)
        except BaseException as error:
            dealer.close()
            if isinstance(error, zmtp.Timeout):
                raise _silent(error) from error
            if isinstance(error, (zmtp.ZmtpError, OSError)):
                raise _no_daemon(error) from error
            raise

    def require(self, feature: str) -> None:
        """Raise ScumbleError `daemon-too-old` unless the daemon has that feature of a minor version."""
        if feature not in self.welcome.features:
            raise ScumbleError(
                "daemon-too-old",
                "The daemon that runs is older than this program and lacks a part of it.",
                hint="Stop it with: scumble daemon stop. It starts again by itself.",
                detail=feature,
            )

    def send(
        self,
        message: Message,
        payloads: Sequence[BytesLike] = (),
        timeout: float = SEND_TIMEOUT_S,
        digests: Optional[Sequence[bytes]] = None,
    ) -> None:
        """Send one message; `digests` are the payloads' own, where they are known.

        Raises ScumbleError `connection-lost`, also when the daemon takes nothing for `timeout`
        seconds.
        """
        with self._sending:
            if self.lost is not None:
                raise self.lost.unraised()
            try:
                self._dealer.send_multipart(self._sender.seal(message, payloads, digests), timeout)
            except (zmtp.ZmtpError, OSError) as error:
                raise self._lose(error) from error

    def receive(self, timeout: float) -> Optional[Received]:
        """The next message, or None when none comes within `timeout` seconds.

        Raises ScumbleError `connection-lost`, or the code of what was wrong with the message.
        """
        try:
            frames = self._dealer.recv_multipart(timeout)
        except zmtp.Timeout:
            return None
        except (zmtp.ZmtpError, OSError) as error:
            raise self._lose(error) from error
        try:
            packet = wire.parse(frames)
            if not packet.mac:
                raise wire.unsigned_error(packet)
            self._receiver.verify(packet)
            return self._receiver.decode(packet)
        except ScumbleError as error:
            self.lost = error.unraised()
            self._dealer.close()
            raise

    def close(self) -> None:
        """Say goodbye if that takes no time, and end the connection."""
        if self.lost is None:
            try:
                self.send(Bye(), timeout=0.5)
            except ScumbleError:
                pass
        if self.lost is None:
            self.lost = ScumbleError("closed", "The connection to the daemon was closed.")
        self._dealer.close()

    def _lose(self, error: BaseException) -> ScumbleError:
        if self.lost is None:
            self.lost = ScumbleError(
                "connection-lost",
                "The connection to the daemon was lost.",
                hint="Try again.",
                retryable=True,
                detail="{}: {}".format(type(error).__name__, error),
            )
        self._dealer.close()
        return self.lost.unraised()


def _left(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic())


def _silent(error: BaseException) -> ScumbleError:
    return ScumbleError(
        "daemon-not-responding",
        "The daemon does not respond.",
        hint="Stop it with: scumble daemon stop",
        retryable=True,
        detail=str(error),
    )


def _no_daemon(error: BaseException) -> ScumbleError:
    return ScumbleError(
        "no-daemon",
        "No daemon is running.",
        hint="Start it with: scumble daemon start",
        retryable=True,
        detail=str(error),
    )


def choose_transport(name: str) -> Any:
    """A function that connects to an endpoint, with the signature of `zmtp.Dealer.connect`.

    Raises ScumbleError `no-transport` for an unknown name, or pyzmq where there is none.
    """
    if name in ("auto", "scumble"):
        return zmtp.Dealer.connect
    if name == "pyzmq":
        try:
            from .transport_pyzmq import connect
        except ImportError as error:
            raise ScumbleError(
                "no-transport", "pyzmq is not installed here.", hint="Use the transport scumble."
            ) from error
        return connect
    raise ScumbleError(
        "no-transport",
        "There is no transport {transport}.",
        hint="Use auto, scumble or pyzmq.",
        transport=repr(name)[:40],
    )
