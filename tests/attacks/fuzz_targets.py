"""What the fuzzer calls: each target takes any bytes and may raise nothing.

`tools/fuzz.py` searches for bytes that make one raise, hang or allocate; `corpus/` keeps what it found to
reach new code, and test_corpus.py replays that. Standard library and the client only, so that the fuzzer
needs no more.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from scumble.errors import ScumbleError
from scumble.request import StylizeRequest
from scumble.request_codec import digests_in, from_spec, to_spec
from scumble.wire.header import decode_header, encode_header, peek
from scumble.wire.msgpack import MsgpackError, unpackb
from scumble.wire.zmtp_codec import Decoder, Event, Limits, Message, ZmtpError

CORPUS = Path(__file__).parent / "corpus"
LIMITS = Limits(max_frame=1 << 15, max_message=1 << 16, max_frames=4)
LARGEST_CONTENT = 4096


def zmtp(data: bytes) -> None:
    """A peer's bytes into the ZMTP reader, in pieces whose size the first byte gives."""
    piece = data[0] + 1 if data else 1
    decoder = Decoder(LIMITS)
    with contextlib.suppress(ZmtpError):
        for at in range(1, len(data), piece):
            _feed(decoder, data[at : at + piece])


def header(data: bytes) -> None:
    """A header frame; what is taken for a message must come back from its own encoding."""
    peek(data)
    with contextlib.suppress(ScumbleError):
        message = decode_header(data)
        again = encode_header(message)
        assert encode_header(decode_header(again)) == again  # bytes, because NaN is not itself


def request(data: bytes) -> None:
    """The spec of a job; what is taken must come back from its own spec."""
    with contextlib.suppress(MsgpackError, ScumbleError):
        spec = _spec(data)
        assert len(digests_in(spec)) < 4096
    taken = taken_from(data)
    if taken is not None:
        spec, contents = to_spec(taken)
        assert from_spec(spec, lambda digest: contents[digest].data) == taken


def taken_from(data: bytes) -> StylizeRequest | None:
    """The request that these bytes are; None for all others.

    The length of each content is in the first two bytes of its digest.
    """
    try:
        return from_spec(_spec(data), _content)
    except (MsgpackError, ScumbleError):
        return None


TARGETS: dict[str, Callable[[bytes], None]] = {"zmtp": zmtp, "header": header, "request": request}


def _feed(decoder: Decoder, data: bytes) -> None:
    while True:
        event: Event | None = decoder.next_event()
        while event is not None:
            if isinstance(event, Message):
                sizes = [len(frame) for frame in event.frames]
                assert len(sizes) <= LIMITS.max_frames
                assert sum(sizes) <= LIMITS.max_message
            event = decoder.next_event()
        if not data:
            return
        space = decoder.space()
        count = min(len(space), len(data))
        assert count
        space[:count] = data[:count]
        decoder.advance(count)
        data = data[count:]


def _spec(data: bytes) -> dict:
    spec = unpackb(data, max_depth=8, max_items=4096)
    return spec if isinstance(spec, dict) else {}


def _content(digest: bytes) -> bytes:
    return bytes(min(LARGEST_CONTENT, int.from_bytes(digest[:2], "big")))
