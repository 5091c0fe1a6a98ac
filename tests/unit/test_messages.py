"""Message headers: every message there and back, and nothing else in."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scumble import ScumbleError
from scumble.wire import messages as m
from scumble.wire.header import MAX_HEADER, decode_header, encode_header, peek
from scumble.wire.messages import message_types
from scumble.wire.msgpack import packb

pytestmark = pytest.mark.usefixtures("each_codec")

JOB = "0123456789abcdef" * 2
EXAMPLES = [
    m.Hello(bytes(range(32)), "job", "gimp"),
    m.Welcome(bytes(32), bytes(range(32)), "0.1.0", 7, {"max_jobs": 1}, ["a"], ["cpu"], ["microast"]),
    m.Bye(),
    m.Have(1, [bytes(32)]),
    m.Missing(1, []),
    m.Put(2, bytes(32), 10, 0),
    m.Lend(2, bytes(32), 10, [7, 8, 9]),
    m.Stored(2, bytes(32)),
    m.Submit(JOB, {"weight": 0.5}, True, False, 0, True),
    m.Accepted(JOB, 3),
    m.Progress(JOB, 1, 4, "decode", 0.25),
    m.Preview(JOB, [2, 1], "u8", "RGB"),
    m.Result(JOB, [0, 0, 2, 1], "u8", "RGB", 6, 0, 1.5, "cpu", [7, 8, 9], b"\x01\x02"),
    m.Taken(JOB, 6),
    m.Received(JOB),
    m.Cancel(JOB, 4),
    m.Cancelled(JOB),
    m.Learn(JOB, {"steps": 150}, True),
    m.Learning(JOB, 40, 150, 60.5, 37),
    m.Learned(JOB, "ink", 150, 90.5, "cpu"),
    m.Error(
        *("worker-died", "It died.", "Try again.", True, "exit code 9", JOB, 5),
        *("It {what}.", "Try {when}.", {"what": "died", "when": "again"}),
    ),
    m.Ping(6),
    m.Pong(6),
    m.Status(7),
    m.Report(7, {"pid": 1}),
    m.Models(8),
    m.ModelList(8, [{"name": "microast"}]),
    m.Styles(9),
    m.StyleList(9, [{"name": "ink"}]),
    m.Thumbnail(9, "ink"),
    m.ThumbnailImage(9, b"\xff\xd8"),
    m.Unload(10),
    m.Shutdown(11),
    m.Done(11),
]


def code_of(header: bytes) -> str:
    with pytest.raises(ScumbleError) as caught:
        decode_header(header)
    return caught.value.code


def outcome(header: bytes) -> str:
    try:
        decode_header(header)
    except ScumbleError as error:
        return error.code
    return "message"


def test_there_is_an_example_of_every_message():
    assert {type(message) for message in EXAMPLES} == set(message_types())


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: message.type)
def test_a_message_comes_back_as_it_was(message):
    assert decode_header(encode_header(message)) == message


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: message.type)
def test_unknown_keys_are_ignored(message):
    fields = {"type": message.type, **dataclasses.asdict(message), "from_a_later_version": [1, 2]}
    assert decode_header(packb(fields)) == message


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: message.type)
def test_every_field_is_checked(message):
    for item in dataclasses.fields(message):
        fields = {"type": message.type, **dataclasses.asdict(message), item.name: -1.5}
        assert code_of(packb(fields)) == "bad-message"
        fields[item.name] = None
        assert code_of(packb(fields)) == "bad-message"


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: message.type)
def test_a_missing_field_has_its_default_or_is_an_error(message):
    for item in dataclasses.fields(message):
        fields = {"type": message.type, **dataclasses.asdict(message)}
        del fields[item.name]
        required = item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
        if required:
            assert code_of(packb(fields)) == "bad-message"
        else:
            assert isinstance(decode_header(packb(fields)), type(message))


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (b"", "bad-message"),
        (b"\xc0", "bad-message"),
        (packb([]), "bad-message"),
        (packb({}), "bad-message"),
        (packb({"type": 5}), "bad-message"),
        (packb({"type": "from-the-future"}), "unknown-message"),
        (packb({"type": "hello", "nonce": bytes(31), "role": "job"}), "bad-message"),
        (packb({"type": "hello", "nonce": bytes(32), "role": "worker"}), "bad-message"),
        (packb({"type": "hello", "nonce": bytes(32), "role": []}), "bad-message"),
        (packb({"type": "ping", "request": 1 << 63}), "bad-message"),
        (packb({"type": "ping", "request": True}), "bad-message"),
        (packb({"type": "cancel", "job": JOB.upper()}), "bad-message"),
        (packb({"type": "cancel", "job": JOB + "\n"}), "bad-message"),
        (packb({"type": "have", "request": 1, "digests": [bytes(32)] * 65}), "bad-message"),
        (b"\x81" * 100 + b"\xc0", "bad-message"),
        (b"\xdd\xff\xff\xff\xff", "bad-message"),
        (bytes(MAX_HEADER + 1), "bad-message"),
    ],
)
def test_what_is_no_message_is_refused(header, code):
    assert code_of(header) == code


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_typed_error(header):
    assert outcome(header) in ("message", "bad-message", "unknown-message")


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.text(max_size=9)
    | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)


@given(st.sampled_from(EXAMPLES), st.data())
def test_any_value_in_any_field_is_taken_or_refused_with_a_typed_error(message, data):
    fields = {"type": message.type, **dataclasses.asdict(message)}
    name = data.draw(st.sampled_from(sorted(fields)))
    header = packb({**fields, name: data.draw(plain)})
    assert outcome(header) in ("message", "bad-message", "unknown-message")


def test_a_header_over_the_limit_is_not_written():
    with pytest.raises(ScumbleError, match="64 KiB"):
        encode_header(m.Report(1, {"text": "x" * MAX_HEADER}))
    with pytest.raises(ScumbleError, match="cannot be written"):
        encode_header(m.Report(1, {"thing": object()}))


def test_peek_finds_what_an_error_must_refer_to():
    assert peek(packb({"type": "new", "job": JOB, "request": 3})) == (JOB, 3)
    assert peek(packb({"type": "new", "job": "x", "request": -1})) == ("", 0)
    assert peek(b"\xff") == ("", 0)
    assert peek(packb([1])) == ("", 0)
