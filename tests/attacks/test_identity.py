"""Without the key, or with somebody else's words."""

from __future__ import annotations

import dataclasses
import os

from attackers import answer, raw, record, reply
from daemon_process import Place, code_of

from scumble import Client
from scumble.launch.connection_file import write_connection
from scumble.wire import messages as m
from scumble.wire import session as wire
from scumble.wire.connection import Connection
from scumble.wire.zmtp import Dealer


def test_no_key(serving: Place, record_property):
    """A hello without a signature, on both sockets.

    An empty or zero mac is compared like any other: in constant time, with the one that the key gives.
    """
    for role in ("job", "control"):
        for mac in (b"", bytes(32)):
            with raw(serving, role) as dealer:
                prelude, _, header = wire.seal_hello(bytes(32), m.Hello(wire.new_nonce(), role))
                dealer.send_multipart([prelude, mac, header], 10)
                assert answer(dealer).code == "wrong-key"
    record_property("tries", 4)
    record_property("outcome", "refused: wrong-key")


def test_a_wrong_key(serving: Place, record_property):
    """A hello that is signed with another key, on both sockets.

    The daemon's key is 32 random bytes of its own; another one gives another signature.
    """
    for role in ("job", "control"):
        for key in (bytes(32), os.urandom(32), bytes([serving.info.key[0] ^ 1]) + serving.info.key[1:]):
            stranger = dataclasses.replace(serving.info, key=key)
            assert code_of(
                lambda who=stranger, r=role: Connection.open(who, r, Dealer.connect, timeout=10)
            ) == ("wrong-key")
    record_property("tries", 6)
    record_property("outcome", "refused: wrong-key")


def test_a_daemon_without_the_key(serving: Place, record_property):
    """A false daemon answers in place of the real one, to be sent pixels.

    The client sends nothing but its hello before the daemon has signed a nonce of the client's choosing.
    """
    info = serving.info
    write_connection(serving.runtime, dataclasses.replace(info, key=os.urandom(32)))
    try:
        assert code_of(lambda: Client.connect(start=False)) == "wrong-key"
    finally:
        write_connection(serving.runtime, info)
    record_property("outcome", "the client leaves: wrong-key; no request was sent")


def test_a_stolen_hello(serving: Place, record_property):
    """A recorded hello is sent again, and after it the rest of the recorded session.

    The answer is welcome, but it holds a fresh nonce of the daemon's: the keys of the new session differ from
    those that signed the recorded messages, and only who holds the connection key can compute them.
    """
    connection, recorder = record(serving)
    connection.send(m.Ping(1))
    assert reply(connection) == m.Pong(1)
    with raw(serving) as thief:
        thief.send_multipart(recorder.sent[0], 10)
        welcome = wire.parse(thief.recv_multipart(10))
        assert welcome.frames[1:] != tuple(recorder.received[0][1:])
        thief.send_multipart(recorder.sent[1], 10)
        assert answer(thief).code == "bad-signature"
    connection.close()
    record_property("outcome", "refused: bad-signature")


def test_a_replayed_message(serving: Place, record_property):
    """A message is sent a second time within its own session.

    Every message has a number, and a number is taken once.
    """
    connection, recorder = record(serving)
    connection.send(m.Ping(1))
    assert reply(connection) == m.Pong(1)
    recorder.dealer.send_multipart(recorder.sent[-1], 10)
    assert code_of(lambda: connection.receive(10)) == "bad-signature"
    connection.close()
    record_property("outcome", "refused: bad-signature, session ended")


def test_a_reflected_message(serving: Place, record_property):
    """A message of the daemon's is sent back to it.

    Each direction has a key of its own.
    """
    connection, recorder = record(serving)
    connection.send(m.Ping(1))
    assert reply(connection) == m.Pong(1)
    recorder.dealer.send_multipart(recorder.received[-1], 10)
    assert code_of(lambda: connection.receive(10)) == "bad-signature"
    connection.close()
    record_property("outcome", "refused: bad-signature, session ended")


def test_a_hello_for_the_other_socket(serving: Place, record_property):
    """A hello for the job socket is sent to the control socket.

    The role is in the hello, and it is in the derivation of the session's keys.
    """
    with raw(serving, "control") as dealer:
        hello = m.Hello(wire.new_nonce(), "job")
        dealer.send_multipart(wire.seal_hello(serving.info.key, hello), 10)
        assert answer(dealer).code == "bad-message"
    record_property("outcome", "refused: bad-message")


def test_a_message_without_a_session(serving: Place, record_property):
    """A message that is signed with the connection key itself, without a hello before it.

    The connection key signs hellos and nothing else.
    """
    with raw(serving) as dealer:
        dealer.send_multipart(wire.Sender(serving.info.key).seal(m.Ping(1)), 10)
        assert answer(dealer).code == "no-session"
    record_property("outcome", "refused: no-session")


def test_another_major_version(serving: Place, record_property):
    """A message of another major version, to reach code that was never meant for it.

    The version is looked at before anything else, and the rest is not read.
    """
    with raw(serving) as dealer:
        dealer.send_multipart([b"SCUM\x03\x00 and whatever comes then", b"x"], 10)
        error = answer(dealer)
    assert error.code == "protocol-version"
    assert "3.0" in error.message
    record_property("outcome", "refused: protocol-version")
