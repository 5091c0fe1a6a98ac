"""Non-blocking stream sockets for the Dealer: connecting, waiting, gathering writes."""

from __future__ import annotations

import contextlib
import select
import socket
import sys
import threading
import time
from typing import Any, List, Optional

from .zmtp_codec import ConnectFailed, EndpointError, Timeout

Socket = socket.socket

# Hosts that embed Python may leave SIGPIPE at its default, which ends the process.
_SEND_FLAGS = getattr(socket, "MSG_NOSIGNAL", 0)
_SO_NOSIGPIPE = 0x1022  # macOS, which has no MSG_NOSIGNAL
_MAX_PIECES = 16  # per sendmsg; below every system's IOV_MAX, and with MAX_PIECE below 2 GiB
# Windows has neither. poll where there is one: select fails on descriptors above 1023 elsewhere, and
# editors have many.
_HAS_SENDMSG = hasattr(socket.socket, "sendmsg")
_HAS_POLL = hasattr(select, "poll")
_WOULD_BLOCK = (BlockingIOError, InterruptedError)


class Deadline:
    """A point on the monotonic clock, `timeout` seconds from now; None never comes."""

    def __init__(self, timeout: Optional[float]) -> None:
        self._at = None if timeout is None else time.monotonic() + max(0.0, timeout)

    def left(self) -> Optional[float]:
        """Seconds left, 0 when it has passed, None when it never comes."""
        return None if self._at is None else max(0.0, self._at - time.monotonic())

    def expired(self) -> bool:
        """Whether it has passed."""
        return self.left() == 0

    def lock_timeout(self) -> float:
        """Seconds left as `Lock.acquire` wants them."""
        left = self.left()
        return -1 if left is None else min(left, threading.TIMEOUT_MAX)


class Outgoing:
    """Pieces of memory on their way out, and how far they have come."""

    def __init__(self, pieces: List[memoryview]) -> None:
        self._pieces = pieces
        self._index = 0
        self.begun = False

    @property
    def done(self) -> bool:
        """Whether every byte is written."""
        return self._index == len(self._pieces)

    def next_pieces(self) -> List[memoryview]:
        """What to write next, in order."""
        return self._pieces[self._index : self._index + _MAX_PIECES]

    def advance(self, count: int) -> None:
        """`count` bytes of `next_pieces()` were written."""
        self.begun = self.begun or count > 0
        while count:
            piece = self._pieces[self._index]
            if count < len(piece):
                self._pieces[self._index] = piece[count:]
                return
            count -= len(piece)
            self._pieces[self._index] = memoryview(b"")
            self._index += 1


def connect(endpoint: str, deadline: Deadline) -> Socket:
    """A connected, non-blocking socket. Raises EndpointError, ConnectFailed or Timeout.

    A host name is resolved by the system, which knows nothing of the deadline.
    """
    scheme, separator, address = endpoint.partition("://")
    if scheme == "tcp" and separator:
        return _connect_tcp(endpoint, address, deadline)
    if scheme == "ipc" and separator:
        return _connect_ipc(endpoint, address, deadline)
    raise EndpointError("{!r} is neither tcp://host:port nor ipc:///path".format(endpoint))


def wait(sock: Socket, waker: Wakeup, deadline: Deadline, *, read: bool, write: bool) -> None:
    """Return when the socket is ready, the waker woken or the deadline passed; or sooner."""
    left = deadline.left()
    if _HAS_POLL:
        poll = select.poll()
        poll.register(sock, (select.POLLIN if read else 0) | (select.POLLOUT if write else 0))
        poll.register(waker, select.POLLIN)
        # poll counts milliseconds in an int, so the longest wait is a day; the caller waits again.
        ready = poll.poll(None if left is None else min(left * 1000, 86_400_000))
        woken = any(fd == waker.fileno() for fd, _ in ready)
    else:
        readable, _, _ = select.select(
            [sock, waker] if read else [waker], [sock] if write else [], [sock], left
        )
        woken = waker in readable
    if woken:
        waker.clear()


def read(sock: Socket, into: memoryview) -> Optional[int]:
    """Read what is there: how many bytes, 0 at the end of the stream, None when nothing came."""
    try:
        return sock.recv_into(into)
    except _WOULD_BLOCK:
        return None


def write(sock: Socket, outgoing: Outgoing) -> bool:
    """Write what the system takes at once; False when it takes nothing."""
    pieces = outgoing.next_pieces()
    try:
        if _HAS_SENDMSG:
            count = sock.sendmsg(pieces, [], _SEND_FLAGS)
        else:
            count = sock.send(pieces[0], _SEND_FLAGS)
    except _WOULD_BLOCK:
        return False
    outgoing.advance(count)
    return True


def shut_down(sock: Socket) -> None:
    """End both directions, so that whoever waits on the socket, here or there, learns of it."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _connect_tcp(endpoint: str, address: str, deadline: Deadline) -> Socket:
    host, _, port = address.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or not 0 < int(port[:6]) < 65_536:
        raise EndpointError("{!r} is not tcp://host:port".format(endpoint))
    if host[0] == "[" and host[-1] == "]":
        host = host[1:-1]
    try:
        found = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, ValueError) as error:
        raise ConnectFailed("no address for {!r}: {}".format(endpoint, error)) from error
    failure: Optional[ConnectFailed] = None
    for family, _, _, _, target in found:
        try:
            sock = _connected(family, target, endpoint, deadline)
        except ConnectFailed as error:
            failure = error
            continue
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock
    raise failure or ConnectFailed("the host of {!r} has no address".format(endpoint))


def _connect_ipc(endpoint: str, path: str, deadline: Deadline) -> Socket:
    if not hasattr(socket, "AF_UNIX"):
        raise EndpointError("this Python has no unix sockets: use a tcp:// endpoint")
    if not path or "\0" in path:
        raise EndpointError("{!r} is not ipc:///path".format(endpoint))
    if path[0] == "@":
        raise EndpointError("abstract sockets are open to every user: use ipc:///path")
    return _connected(socket.AF_UNIX, path, endpoint, deadline)


def _connected(family: int, target: Any, endpoint: str, deadline: Deadline) -> Socket:
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise ConnectFailed("cannot open a socket for {!r}: {}".format(endpoint, error)) from error
    try:
        _establish(sock, target, deadline)
        sock.setblocking(False)
        if sys.platform == "darwin":
            sock.setsockopt(socket.SOL_SOCKET, _SO_NOSIGPIPE, 1)
    except socket.timeout as error:
        sock.close()
        raise Timeout("{!r} did not answer within the time given".format(endpoint)) from error
    except OSError as error:
        sock.close()
        raise ConnectFailed("cannot connect to {!r}: {}".format(endpoint, error)) from error
    except BaseException:
        sock.close()
        raise
    return sock


def _establish(sock: Socket, target: Any, deadline: Deadline) -> None:
    while True:
        left = deadline.left()
        # A timeout of 0 would mean "do not wait", and the connection would be left half made.
        sock.settimeout(None if left is None else max(left, 0.001))
        try:
            sock.connect(target)
            return
        except _WOULD_BLOCK as error:
            # A unix listener whose backlog is full says so at once and offers nothing to wait on.
            if deadline.expired():
                raise socket.timeout("its backlog is full") from error
            time.sleep(0.01)


class Wakeup:
    """Register `fileno()` for reading; after `wake` it is readable until `clear`."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def fileno(self) -> int:
        """The descriptor to poll."""
        return self._reader.fileno()

    def wake(self) -> None:
        """Make it readable; without effect once closed."""
        with contextlib.suppress(OSError):
            self._writer.send(b"\0")  # full means that it is readable already

    def stay_awake(self) -> None:
        """Make it readable for good."""
        with contextlib.suppress(OSError):
            self._writer.shutdown(socket.SHUT_WR)

    def clear(self) -> None:
        """Make it unreadable again, but for `stay_awake`."""
        with contextlib.suppress(OSError):
            while self._reader.recv(4096):
                pass

    def close(self) -> None:
        """Free the descriptors."""
        self._writer.close()
        self._reader.close()
