"""Results on their mode to clients: never further ahead of a client than it has said it can take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from scumble.pixels.content import LEAF
from scumble.pixels.pixels import BytesLike
from scumble.pixels.shared_memory import SharedBlock
from scumble.wire.messages import Message, Result

from ..storage.spool import SpoolFile

Send = Callable[[bytes, Message, tuple[BytesLike, ...]], None]


class ResultMode(NamedTuple):
    """How a client wants a result: at most `window` bytes ahead of it, and shown in memory if that can be."""

    window: int  # 0: everything at once
    shared: bool = False


class Strips(Protocol):
    """A whole result, strip by strip."""

    def address(self) -> list[int]:
        """Where the client finds all of it (`scumble.pixels.shared_memory.find_block`); empty for nowhere."""
        ...

    def strip(self, offset: int) -> BytesLike:
        """The strip that begins at `offset`, 0 or where the last one ended."""
        ...

    def close(self) -> None:
        """It is not needed any more."""
        ...


class StripsInMemory:
    """Strips as the worker has sent them, in order."""

    def __init__(self) -> None:
        self._strips: dict[int, BytesLike] = {}
        self.size = 0

    def address(self) -> list[int]:
        """See :class:`Strips`."""
        return []

    def append(self, strip: BytesLike) -> None:
        """Add the next strip."""
        self._strips[self.size] = strip
        self.size += len(strip)

    def strip(self, offset: int) -> BytesLike:
        """See :class:`Strips`."""
        return self._strips[offset]

    def close(self) -> None:
        """See :class:`Strips`."""
        self._strips.clear()


class StripsInBlock:
    """Memory that the worker has filled."""

    def __init__(self, block: SharedBlock) -> None:
        self._block, self._view = block, block.view()

    def address(self) -> list[int]:
        """See :class:`Strips`."""
        try:
            self._block.freeze()
        except OSError:  # the worker has it mapped to write, which it is not asked to
            return []
        return self._block.address()

    def strip(self, offset: int) -> memoryview:
        """See :class:`Strips`."""
        return self._view[offset : offset + LEAF]

    def close(self) -> None:
        """See :class:`Strips`."""
        self._block.close()


class StripsOnDisk:
    """A file, read when a strip's turn has come."""

    def __init__(self, file: SpoolFile) -> None:
        self._file = file

    def address(self) -> list[int]:
        """See :class:`Strips`."""
        return []

    def strip(self, offset: int) -> bytes:
        """See :class:`Strips`."""
        return self._file.read(offset, LEAF)

    def close(self) -> None:
        """See :class:`Strips`."""
        self._file.close()


@dataclass
class _Delivery:
    head: Result  # of the strip at offset 0
    strips: Strips
    window: int
    sent: int = 0
    taken: int = 0

    @property
    def may_send(self) -> bool:
        left = self.sent < self.head.size
        return left and (not self.window or self.sent - self.taken < self.window)


class ResultSender:
    """All results that are being sent. For the broker's thread."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._deliveries: dict[tuple[bytes, str], _Delivery] = {}

    def start(self, peer: bytes, head: Result, strips: Strips, mode: ResultMode) -> None:
        """Send a result to a client from its beginning; `head` describes its first strip."""
        delivery = _Delivery(head, strips, mode.window)
        self._deliveries[peer, head.job] = delivery
        address = strips.address() if mode.shared else []
        if address:
            delivery.sent = head.size  # and not over before the client has looked at it
            self._send(peer, replace(head, memory=address), ())
        else:
            self._advance(peer, delivery)

    def taken(self, peer: bytes, job: str, offset: int) -> None:
        """The client has taken the result up to `offset`; what it says of the unsent is ignored."""
        delivery = self._deliveries.get((peer, job))
        if delivery is not None and delivery.taken < offset <= delivery.sent:
            delivery.taken = offset
            self._advance(peer, delivery)

    def waiting(self, job: str) -> bool:
        """Whether a client has not been sent all of that job's result yet, or is shown it."""
        return any(name == job for _, name in self._deliveries)

    def forget(self, *, peer: bytes | None = None, job: str | None = None) -> None:
        """Send no more to a client, or of a job."""
        for key in [key for key in self._deliveries if peer in (None, key[0]) and job in (None, key[1])]:
            del self._deliveries[key]

    def _advance(self, peer: bytes, delivery: _Delivery) -> None:
        head = delivery.head
        while delivery.may_send:
            strip = delivery.strips.strip(delivery.sent)
            message = Result(
                head.job,
                head.bounds,
                head.dtype,
                head.channels,
                head.size,
                delivery.sent,
                head.seconds,
                head.device,
                reversal=head.reversal,
            )
            self._send(peer, message, (strip,))
            delivery.sent += len(strip)
        if delivery.sent == head.size:
            self._deliveries.pop((peer, head.job), None)
