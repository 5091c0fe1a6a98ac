"""Signed frames: both sides prove the key, and nothing else passes. Golden frames of every protocol."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scumble import ScumbleError
from scumble.wire import messages as m
from scumble.wire import session as wire
from scumble.wire.header import MAX_HEADER, encode_header

from .test_messages import EXAMPLES

pytestmark = pytest.mark.usefixtures("each_codec")

GOLDEN = Path(__file__).parents[1] / "golden"
KEY = bytes(range(32))
CLIENT_NONCE, DAEMON_NONCE = b"c" * 32, b"d" * 32
KEYS = wire.session_keys(KEY, "job", CLIENT_NONCE, DAEMON_NONCE)


def code_of(call, *args) -> str:
    with pytest.raises(ScumbleError) as caught:
        call(*args)
    return caught.value.code


def sealed(message: m.Message, *payloads: bytes, sequence: int = 1) -> list[bytes]:
    sender = wire.Sender(KEYS.to_daemon)
    frames: list = []
    for _ in range(sequence):
        frames = [bytes(frame) for frame in sender.seal(message, payloads)]
    return frames


def opened(frames: list[bytes], receiver: wire.Receiver | None = None):
    receiver = receiver or wire.Receiver(KEYS.to_daemon)
    packet = wire.parse(frames)
    receiver.verify(packet)
    return receiver.decode(packet)


def test_golden_frames_of_this_protocol_are_made():
    """If this fails, the protocol has changed: give it a new version, and keep the old file."""
    golden = json.loads((GOLDEN / f"protocol-{wire.PROTOCOL}.json").read_text())
    made = {name: [frame.hex() for frame in frames] for name, frames in golden_frames().items()}
    assert made == golden


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2"])
def test_golden_frames_of_another_major_version_are_refused_by_name(version):
    golden = json.loads((GOLDEN / f"protocol-{version}.json").read_text())
    for frames in golden.values():
        with pytest.raises(ScumbleError, match=version) as caught:
            wire.parse([bytes.fromhex(frame) for frame in frames])
        assert caught.value.code == "protocol-version"
        assert "scumble daemon stop" in caught.value.hint


#: What later minor versions have added to messages, and what stands there in frames of earlier ones.
PLAIN_ERROR = {m.Error: {"template": "", "hint_template": "", "values": {}}}
NO_REVERSAL = {m.Result: {"reversal": b""}}
ADDED = {
    "2.0": {m.Submit: {"shared": False}, m.Result: {"memory": [], "reversal": b""}, **PLAIN_ERROR},
    "2.1": {**PLAIN_ERROR, **NO_REVERSAL},
    "2.2": {**PLAIN_ERROR, **NO_REVERSAL},
    "2.3": NO_REVERSAL,
    "2.4": {},
}


@pytest.mark.parametrize("version", ADDED)
def test_golden_frames_of_every_minor_version_are_read(version):
    golden = json.loads((GOLDEN / f"protocol-{version}.json").read_text())
    for example in EXAMPLES:
        if example.type not in golden:
            assert version != wire.PROTOCOL
            continue
        message = dataclasses.replace(example, **ADDED[version].get(type(example), {}))
        frames = [bytes.fromhex(frame) for frame in golden[message.type]]
        packet = wire.parse(frames)
        if isinstance(message, m.Hello):
            assert wire.open_hello(KEY, packet) == message
        elif isinstance(message, m.Welcome):
            assert wire.open_welcome(KEY, packet, message.client_nonce) == message
        else:
            assert opened(frames) == (message, packet.payloads)


def golden_frames() -> dict[str, list[bytes]]:
    """The frames of each example: fixed keys, sequence number 1, payload of three bytes."""
    frames: dict[str, list] = {}
    for message in EXAMPLES:
        if isinstance(message, m.Hello):
            frames[message.type] = wire.seal_hello(KEY, message)
        elif isinstance(message, m.Welcome):
            frames[message.type] = wire.seal_welcome(KEY, message)
        else:
            payloads = [b"abc"] if isinstance(message, (m.Put, m.Result, m.Preview)) else []
            frames[message.type] = wire.Sender(KEYS.to_daemon).seal(message, payloads)
    error = ScumbleError("wrong-key", "The two sides do not hold the same key.")
    frames["unsigned error"] = wire.seal_unsigned(error)
    return frames


def test_hello_and_welcome_prove_the_key_to_both_sides():
    hello = m.Hello(CLIENT_NONCE, "job")
    assert wire.open_hello(KEY, wire.parse(wire.seal_hello(KEY, hello))) == hello
    assert code_of(wire.open_hello, bytes(32), wire.parse(wire.seal_hello(KEY, hello))) == "wrong-key"
    welcome = m.Welcome(CLIENT_NONCE, DAEMON_NONCE)
    packet = wire.parse(wire.seal_welcome(KEY, welcome))
    assert wire.open_welcome(KEY, packet, CLIENT_NONCE) == welcome
    assert code_of(wire.open_welcome, bytes(32), packet, CLIENT_NONCE) == "wrong-key"


def test_a_recorded_welcome_does_not_answer_another_hello():
    packet = wire.parse(wire.seal_welcome(KEY, m.Welcome(CLIENT_NONCE, DAEMON_NONCE)))
    assert code_of(wire.open_welcome, KEY, packet, b"x" * 32) == "wrong-key"


def test_a_hello_sent_back_is_no_welcome():
    packet = wire.parse(wire.seal_hello(KEY, m.Hello(CLIENT_NONCE, "job")))
    assert code_of(wire.open_welcome, KEY, packet, CLIENT_NONCE) == "wrong-key"


def test_an_unsigned_message_is_only_ever_an_error():
    error = ScumbleError("wrong-key", "No.")
    packet = wire.parse(wire.seal_unsigned(error))
    assert code_of(wire.open_welcome, KEY, packet, CLIENT_NONCE) == "wrong-key"
    assert code_of(wire.Receiver(KEYS.to_client).verify, packet) == "bad-signature"
    header = encode_header(m.Welcome(CLIENT_NONCE, DAEMON_NONCE))
    forged = wire.parse([bytes(wire.seal_unsigned(error)[0]), b"", header])
    assert code_of(wire.open_welcome, KEY, forged, CLIENT_NONCE) == "wrong-key"


def test_every_nonce_role_and_direction_has_a_key_of_its_own():
    keys = {
        key
        for role in ("job", "control")
        for client in (b"a" * 32, b"b" * 32)
        for daemon in (b"a" * 32, b"b" * 32)
        for key in wire.session_keys(KEY, role, client, daemon)
    }
    assert len(keys) == 16
    assert KEY not in keys


def test_messages_in_order_are_taken_and_each_only_once():
    sender, receiver = wire.Sender(KEYS.to_daemon), wire.Receiver(KEYS.to_daemon)
    first, second, third = (sender.seal(m.Ping(n)) for n in (1, 2, 3))
    assert opened(first, receiver)[0] == m.Ping(1)
    assert code_of(opened, first, receiver) == "bad-signature"
    assert code_of(opened, third, receiver) == "bad-signature"
    assert opened(second, receiver)[0] == m.Ping(2)


def test_a_message_of_the_other_direction_is_refused():
    assert code_of(opened, wire.Sender(KEYS.to_client).seal(m.Ping(1))) == "bad-signature"


@given(st.data())
def test_no_altered_byte_passes(data):
    frames = sealed(m.Put(1, bytes(32), 3, 0), b"abc")
    which = data.draw(st.integers(0, len(frames) - 1))
    where = data.draw(st.integers(0, len(frames[which]) - 1))
    frame = bytearray(frames[which])
    frame[where] ^= 1 << data.draw(st.integers(0, 7))
    frames[which] = bytes(frame)
    assert code_of(opened, frames) in ("bad-signature", "bad-message", "protocol-version")


@given(st.lists(st.binary(max_size=40), min_size=0, max_size=6))
def test_any_frames_are_refused_with_a_typed_error(frames):
    assert code_of(opened, frames) in ("bad-signature", "bad-message", "protocol-version")


def test_no_byte_moves_between_frames():
    prelude, mac, header, payload = sealed(m.Put(1, bytes(32), 3, 0), b"abc")
    for frames in (
        [prelude, mac, header + payload],
        [prelude, mac, header, payload, b""],
        [prelude, mac, header, b"", payload],
        [prelude, mac, header, b"ab", b"c"][:4],
        [prelude, mac, header + b"a", b"bc"],
    ):
        assert code_of(opened, frames) in ("bad-signature", "bad-message")


def test_sizes_are_checked_before_anything_is_computed():
    prelude, mac, header = sealed(m.Ping(1))
    for frames in (
        [],
        [prelude],
        [prelude, mac],
        [prelude, mac[:-1], header],
        [prelude, mac, bytes(MAX_HEADER + 1)],
        [prelude, mac, header, bytes(wire.MAX_PAYLOAD + 1)],
        [prelude, mac, header, b"", b""],
        [prelude + b"x", mac, header],
        [b"MUCS" + prelude[4:], mac, header],
    ):
        assert code_of(wire.parse, frames) == "bad-message"


def test_a_newer_minor_version_is_understood_and_another_major_one_is_not():
    prelude, mac, header = sealed(m.Ping(1))
    assert wire.parse([prelude[:5] + b"\x09" + prelude[6:], mac, header]).minor == 9
    newer = [prelude[:4] + b"\x03" + prelude[5:], b"a mac of another kind"]
    with pytest.raises(ScumbleError, match=r"3\..*2\.") as caught:
        wire.parse(newer)
    assert caught.value.code == "protocol-version"
