"""The ZMTP state machine alone: every split, every limit, every malformed byte."""

from __future__ import annotations

import struct
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scumble.wire.zmtp import LimitExceeded, PeerError, ProtocolError, ZmtpError
from scumble.wire.zmtp_codec import (
    DIRECT_READ,
    DIRECT_SEND,
    MAX_COMMAND,
    Decoder,
    Event,
    Greeting,
    Limits,
    Message,
    Ping,
    Ready,
    encode_message,
    encode_pong,
    encode_ready,
)
from tests.unit.zmtp.peer import COMMAND, LONG, MORE, command, frame, greeting, message, ping, ready

LIMITS = Limits(max_frame=1 << 20, max_message=1 << 21, max_frames=64)
SIZES = st.one_of(
    st.integers(0, 600),
    st.sampled_from([255, 256, DIRECT_READ - 1, DIRECT_READ, DIRECT_READ + 1, 65_535, 65_536, 70_000]),
)
FRAMES = st.lists(
    st.builds(lambda size, byte: byte * size, SIZES, st.binary(min_size=1, max_size=1)),
    min_size=1,
    max_size=5,
)


def feed(decoder: Decoder, data: bytes) -> list[Event]:
    """Give the decoder all bytes, in as few pieces as it takes, and collect what it says."""
    events: list[Event] = []
    while True:
        while (event := decoder.next_event()) is not None:
            events.append(event)
        if not data:
            return events
        space = decoder.space()
        assert len(space) > 0
        count = min(len(space), len(data))
        space[:count] = data[:count]
        decoder.advance(count)
        data = data[count:]


def ready_decoder(limits: Limits = LIMITS) -> Decoder:
    decoder = Decoder(limits)
    kinds = [type(event) for event in feed(decoder, greeting() + ready())]
    assert kinds == [Greeting, Ready]
    return decoder


@given(FRAMES)
def test_what_is_encoded_is_decoded(frames):
    data = b"".join(encode_message(frames))
    assert data == message(*frames)
    assert feed(ready_decoder(), data) == [Message(frames)]


@given(st.lists(FRAMES, min_size=1, max_size=3), st.lists(st.integers(1, 20_000), max_size=20))
@settings(max_examples=50)
def test_messages_do_not_depend_on_how_the_bytes_are_cut(messages, cuts):
    data = b"".join(message(*frames) for frames in messages)
    decoder = ready_decoder()
    events = []
    for cut in cuts:
        events += feed(decoder, data[:cut])
        data = data[cut:]
    events += feed(decoder, data)
    assert events == [Message(frames) for frames in messages]


def test_every_split_of_the_handshake_and_a_message_is_decoded():
    data = greeting() + ready(Identity=b"") + ping(b"context") + message(b"", b"a", b"b" * 300)
    whole = feed(Decoder(LIMITS), data)
    assert [type(event) for event in whole] == [Greeting, Ready, Ping, Message]
    for at in range(len(data) + 1):
        decoder = Decoder(LIMITS)
        assert feed(decoder, data[:at]) + feed(decoder, data[at:]) == whole
    byte_by_byte = Decoder(LIMITS)
    assert [event for byte in data for event in feed(byte_by_byte, bytes((byte,)))] == whole


def test_a_large_frame_is_read_into_its_own_memory_and_may_be_changed():
    body = b"x" * (DIRECT_READ + 1)
    [event] = feed(ready_decoder(), message(body))
    assert isinstance(event, Message)
    assert isinstance(event.frames[0], bytearray)
    event.frames[0].append(0)  # no view of it is left behind


def test_large_frames_are_sent_from_the_callers_memory():
    body = bytearray(DIRECT_SEND + 1)
    pieces = encode_message([b"small", body, memoryview(body)])
    assert sum(piece.obj is body for piece in pieces) == 2
    assert sum(len(piece) for piece in pieces if piece.obj is not body) < 100
    body[0] = 7
    assert b"".join(pieces) == message(b"small", bytes(body), bytes(body))


def test_frames_of_wider_items_are_sent_as_their_bytes():
    numbers = memoryview(struct.pack("=3000d", *range(3000))).cast("d")
    assert b"".join(encode_message([numbers, numbers[:2], numbers[:0]])) == message(
        numbers.tobytes(), numbers[:2].tobytes(), b""
    )


def test_what_cannot_be_a_message_is_not_encoded():
    with pytest.raises(ValueError, match="at least one frame"):
        encode_message([])
    with pytest.raises(TypeError):
        encode_message([memoryview(b"abcd")[::2]])
    with pytest.raises(TypeError):
        encode_message(["text"])  # type: ignore[list-item]


def test_our_commands_are_those_of_the_specification():
    assert encode_ready(b"me") == ready(b"DEALER", Identity=b"me")
    assert encode_pong(b"context") == command(b"PONG", b"context")


@pytest.mark.parametrize("routing_id", [b"\0", b"\0abc", bytes(256), b"a" * 256])
def test_a_routing_id_that_zeromq_refuses_is_refused(routing_id):
    with pytest.raises(ValueError, match="routing id"):
        encode_ready(routing_id)


# The greeting


@pytest.mark.parametrize("version", [(3, 0), (3, 1), (3, 9), (4, 0), (255, 255)])
def test_this_version_and_later_ones_are_accepted(version):
    assert feed(Decoder(LIMITS), greeting(version)) == [Greeting(version)]


def test_any_signature_padding_is_accepted():
    assert len(feed(Decoder(LIMITS), greeting(padding=b"\0\0\0\0\0\0\0\x01"))) == 1


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 400 Bad Request\r\n",
        b"SSH-2.0",
        b"\x15\x03\x01\x00\x02",  # a TLS alert
        b"\x01\0",  # ZMTP 1.0: an empty identity frame
        b"\xff" + bytes(8) + b"\x7e",
        b"\xff" + bytes(8) + b"\x7f\x00",  # ZMTP 1.0 and 2.0 with a signature
        b"\xff" + bytes(8) + b"\x7f\x01",
        greeting(mechanism=b"PLAIN"),
        greeting(mechanism=b"CURVE"),
        greeting(mechanism=b""),
        greeting(mechanism=b"null"),
        greeting(mechanism=b"NULL\0x"),
    ],
    ids=repr,
)
def test_another_protocol_is_refused_as_soon_as_it_shows(said):
    decoder = Decoder(LIMITS)
    assert feed(decoder, said[:-1] if len(said) == 64 else b"") == []
    with pytest.raises(ProtocolError):
        feed(decoder, said[-1:] if len(said) == 64 else said)


# READY


@pytest.mark.parametrize("socket_type", [b"ROUTER", b"DEALER", b"REP"])
def test_peers_of_a_dealer_are_accepted(socket_type):
    [_, event] = feed(Decoder(LIMITS), greeting() + ready(socket_type, Identity=b"id"))
    assert event == Ready({b"socket-type": socket_type, b"identity": b"id"})


@pytest.mark.parametrize(
    "socket_type",
    [b"REQ", b"PUB", b"SUB", b"XPUB", b"XSUB", b"PUSH", b"PULL", b"PAIR", b"router", b"", b"\xff"],
)
def test_other_peers_are_refused(socket_type):
    with pytest.raises(ProtocolError, match="not a ROUTER"):
        feed(Decoder(LIMITS), greeting() + ready(socket_type))


def test_property_names_have_no_case():
    data = command(b"READY", b"\x0bsOCKET-tYPE\0\0\0\x06ROUTER")
    assert len(feed(Decoder(LIMITS), greeting() + data)) == 2


ONE_PROPERTY = b"\x0bSocket-Type\0\0\0\x06ROUTER"


@pytest.mark.parametrize("end", range(len(ONE_PROPERTY)))
def test_a_truncated_ready_is_refused(end):
    with pytest.raises(ProtocolError):
        feed(Decoder(LIMITS), greeting() + command(b"READY", ONE_PROPERTY[:end]))


@pytest.mark.parametrize(
    "said",
    [
        command(b"READY", ONE_PROPERTY * 2),
        command(b"READY", ONE_PROPERTY + b"\0\0\0\0\0"),
        command(b"READY", ONE_PROPERTY + b"\x01a\xff\xff\xff\xff"),
        command(b"HELLO"),
        command(b"PING", b"\0\0"),
        command(b"ready", ONE_PROPERTY),
        command(b""),
        frame(b"", COMMAND),
        frame(b"\x09READY", COMMAND),
        frame(b"hello"),
        frame(b"\x05READY" + ONE_PROPERTY, COMMAND | MORE),
        frame(b"\x05READY" + ONE_PROPERTY, COMMAND | 8),
    ],
    ids=repr,
)
def test_anything_but_a_proper_ready_is_refused(said):
    with pytest.raises(ProtocolError):
        feed(Decoder(LIMITS), greeting() + said)


@pytest.mark.parametrize("before", [b"", ready()])
def test_the_reason_of_an_error_command_is_told(before):
    with pytest.raises(PeerError, match=r"go away\?\?"):
        feed(Decoder(LIMITS), greeting() + before + command(b"ERROR", b"\x09go away\n\xff"))


@pytest.mark.parametrize("data", [b"", b"\x05abc", b"\x01abc"])
def test_a_malformed_error_command_is_refused(data):
    with pytest.raises(ProtocolError):
        feed(Decoder(LIMITS), greeting() + command(b"ERROR", data))


# Messages and commands


@pytest.mark.parametrize("context", [b"", b"c", b"c" * 16])
def test_a_ping_is_told_with_its_context(context):
    assert feed(ready_decoder(), ping(context, ttl=300)) == [Ping(300, context)]


@pytest.mark.parametrize("data", [b"", b"\0", bytes(2 + 17)])
def test_a_malformed_ping_is_refused(data):
    with pytest.raises(ProtocolError):
        feed(ready_decoder(), command(b"PING", data))


def test_commands_between_and_inside_messages_leave_the_messages_whole():
    said = [
        command(b"PONG", b"x"),
        frame(b"a", MORE),
        ping(b"1"),
        command(b"SUBSCRIBE", b"topic"),
        frame(b"b" * 70_000, MORE),
        ping(b"2"),
        frame(b"c"),
        command(b"X" * 255, b"y" * 10_000),
    ]
    assert feed(ready_decoder(), b"".join(said)) == [
        Ping(0, b"1"),
        Ping(0, b"2"),
        Message([b"a", b"b" * 70_000, b"c"]),
    ]


def test_a_second_ready_is_refused():
    with pytest.raises(ProtocolError):
        feed(ready_decoder(), ready())


@pytest.mark.parametrize("bit", [3, 4, 5, 6, 7])
def test_a_reserved_flag_is_refused_before_its_length_is_read(bit):
    with pytest.raises(ProtocolError, match="reserved"):
        feed(ready_decoder(), bytes((1 << bit,)))


def test_a_short_body_in_the_long_form_is_read():
    data = frame(b"", MORE, long=True) + frame(b"abc", long=True)
    assert feed(ready_decoder(), data) == [Message([b"", b"abc"])]


# Limits


@pytest.mark.parametrize("size", [101, 2**31, 2**32, 2**62, 2**63, 2**64 - 1])
@pytest.mark.parametrize("flags", [LONG, LONG | MORE])
def test_a_frame_over_the_limit_is_refused_at_its_length(size, flags):
    decoder = ready_decoder(Limits(max_frame=100, max_message=1000, max_frames=10))
    tracemalloc.start()
    try:
        with pytest.raises(LimitExceeded):
            feed(decoder, struct.pack(">BQ", flags, size))
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


def test_a_limit_beyond_all_memory_is_a_typed_error_too():
    limits = Limits(max_frame=2**64, max_message=2**64, max_frames=10)
    for size in (2**62, 2**64 - 1):
        with pytest.raises(LimitExceeded, match="no memory"):
            feed(ready_decoder(limits), struct.pack(">BQ", LONG, size))


def test_limits_are_inclusive():
    limits = Limits(max_frame=100, max_message=150, max_frames=3)
    frames = [b"a" * 100, b"b" * 50, b""]
    assert feed(ready_decoder(limits), message(*frames) * 2) == [Message(frames)] * 2
    with pytest.raises(LimitExceeded):
        feed(ready_decoder(limits), message(b"a" * 101))
    with pytest.raises(LimitExceeded):
        feed(ready_decoder(limits), message(b"a" * 100, b"b" * 51))
    with pytest.raises(LimitExceeded):
        feed(ready_decoder(limits), message(b"", b"", b"", b""))


def test_an_endless_message_of_empty_frames_is_refused():
    with pytest.raises(LimitExceeded):
        feed(ready_decoder(), frame(b"", MORE) * 1000)


@pytest.mark.parametrize("before", [b"", ready()])
def test_a_large_command_is_refused_at_its_length(before):
    decoder = Decoder(LIMITS)
    feed(decoder, greeting() + before)
    with pytest.raises(LimitExceeded):
        feed(decoder, struct.pack(">BQ", COMMAND | LONG, MAX_COMMAND + 1))


# Fuzz


PIECES = st.one_of(
    st.binary(max_size=40),
    st.builds(frame, st.binary(max_size=300), st.integers(0, 7)),
    st.builds(command, st.sampled_from([b"READY", b"PING", b"PONG", b"ERROR", b"X"]), st.binary(max_size=30)),
    st.builds(ready, st.sampled_from([b"ROUTER", b"PUB"])),
    st.builds(ping, st.binary(max_size=20)),
)


@given(st.lists(PIECES, max_size=12), st.sampled_from([b"", greeting(), greeting() + ready()]))
@settings(max_examples=300)
def test_no_stream_of_bytes_raises_anything_but_our_errors(pieces, before):
    decoder = Decoder(Limits(max_frame=10_000, max_message=20_000, max_frames=8))
    try:
        events = feed(decoder, before + b"".join(pieces))
    except ZmtpError:
        return
    for event in events:
        if isinstance(event, Message):
            assert 1 <= len(event.frames) <= 8
            assert sum(map(len, event.frames)) <= 20_000
