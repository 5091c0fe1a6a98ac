"""What a stranger, a liar or a careless client can do to the daemon: nothing but get an answer."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import stat
import struct
from collections.abc import Iterator

import pytest
from daemon_process import Place, code_of, connected, noise

from scumble import Client, ScumbleError, wire, zmtp
from scumble import messages as m
from scumble.connection import FILE_NAME, write_connection
from scumble.jobspec import to_spec
from scumble.layers import as_pixels, as_styles
from scumble.link import Link
from scumble.msgpack import packb
from scumble.request import StylizeRequest

DEALER = zmtp.Dealer.connect


def raw(place: Place, role: str = "job") -> zmtp.Dealer:
    """A bare connection to the daemon."""
    return DEALER(
        place.info.job if role == "job" else place.info.control,
        timeout=10,
        max_frame=1 << 24,
        max_message=1 << 25,
        max_frames=8,
    )


def answer(dealer: zmtp.Dealer) -> ScumbleError:
    """The unsigned error that the daemon sends next."""
    packet = wire.parse(dealer.recv_multipart(10))
    assert packet.mac == b""
    return wire.unsigned_error(packet)


@pytest.fixture
def serving(shared_place: Place) -> Iterator[Place]:
    """A place whose daemon runs; afterwards it must still work."""
    with connected():
        yield shared_place
    with connected(start=False) as client:
        assert client.ping() < 30


@pytest.fixture
def link(serving: Place) -> Iterator[Link]:
    """An authenticated connection to the job socket."""
    link = Link.open(serving.info, "job", DEALER, timeout=10)
    yield link
    link.close()


def reply(link: Link) -> m.Message:
    """The next message on a link."""
    received = link.receive(10)
    assert received is not None
    return received[0]


class Recorder:
    """A dealer that keeps what is sent through it, as a listener on the wire would see it."""

    def __init__(self, *args, **kwargs) -> None:
        self._dealer = DEALER(*args, **kwargs)
        self.sent: list[list[bytes]] = []
        self.received: list[list[bytes]] = []

    def send_multipart(self, frames, timeout=None) -> None:
        self.sent.append([bytes(frame) for frame in frames])
        self._dealer.send_multipart(frames, timeout)

    def recv_multipart(self, timeout=None):
        frames = self._dealer.recv_multipart(timeout)
        self.received.append([bytes(frame) for frame in frames])
        return frames

    def close(self) -> None:
        self._dealer.close()


def record(place: Place) -> tuple[Link, Recorder]:
    """A link and the recording of what went over it."""
    recorders: list[Recorder] = []

    def transport(*args, **kwargs):
        recorders.append(Recorder(*args, **kwargs))
        return recorders[0]

    link = Link.open(place.info, "job", transport, timeout=10)
    return link, recorders[0]


def test_a_wrong_key_is_refused(serving: Place):
    stranger = dataclasses.replace(serving.info, key=bytes(32))
    assert code_of(lambda: Link.open(stranger, "job", DEALER, timeout=10)) == "wrong-key"
    assert code_of(lambda: Link.open(stranger, "control", DEALER, timeout=10)) == "wrong-key"


def test_a_client_does_not_greet_a_daemon_without_the_key(serving: Place):
    """The key in the file is not the daemon's: no request follows, so no pixel is sent."""
    info = serving.info
    write_connection(serving.runtime, dataclasses.replace(info, key=os.urandom(32)))
    try:
        assert code_of(lambda: Client.connect(start=False)) == "wrong-key"
    finally:
        write_connection(serving.runtime, info)


def test_a_replayed_hello_gives_no_session(serving: Place):
    link, recorder = record(serving)
    link.send(m.Ping(1))
    assert reply(link) == m.Pong(1)
    with raw(serving) as thief:
        thief.send_multipart(recorder.sent[0], 10)
        welcome = wire.parse(thief.recv_multipart(10))
        assert welcome.frames[1:] != tuple(recorder.received[0][1:])  # a nonce of its own
        thief.send_multipart(recorder.sent[1], 10)
        assert answer(thief).code == "bad-signature"
    link.close()


def test_a_replayed_message_ends_the_session(serving: Place):
    link, recorder = record(serving)
    link.send(m.Ping(1))
    assert reply(link) == m.Pong(1)
    recorder._dealer.send_multipart(recorder.sent[-1], 10)
    assert code_of(lambda: link.receive(10)) == "bad-signature"
    link.close()


def test_a_reflected_message_ends_the_session(serving: Place):
    link, recorder = record(serving)
    link.send(m.Ping(1))
    assert reply(link) == m.Pong(1)
    recorder._dealer.send_multipart(recorder.received[-1], 10)
    assert code_of(lambda: link.receive(10)) == "bad-signature"
    link.close()


def test_an_altered_payload_ends_the_session(link: Link):
    content = b"some pixels"
    put = m.Put(1, hashlib.sha256(content).digest(), len(content), 0)
    frames = link._sender.seal(put, [content])
    frames[-1] = b"other bytes"
    link._dealer.send_multipart(frames, 10)
    assert code_of(lambda: link.receive(10)) == "bad-signature"


def test_bytes_cannot_move_between_frames(link: Link):
    content = b"some pixels"
    put = m.Put(1, hashlib.sha256(content).digest(), len(content), 0)
    frames = link._sender.seal(put, [content])
    header, payload = bytes(frames[2]), bytes(frames[3])
    link._dealer.send_multipart([*frames[:2], header + payload[:1], payload[1:]], 10)
    assert code_of(lambda: link.receive(10)) == "bad-signature"


def test_a_hello_for_one_socket_is_refused_by_the_other(serving: Place):
    with raw(serving, "control") as dealer:
        hello = m.Hello(wire.new_nonce(), "job")
        dealer.send_multipart(wire.seal_hello(serving.info.key, hello), 10)
        assert answer(dealer).code == "bad-message"


def test_a_session_message_without_a_session_is_refused(serving: Place):
    with raw(serving) as dealer:
        dealer.send_multipart(wire.Sender(serving.info.key).seal(m.Ping(1)), 10)
        assert answer(dealer).code == "no-session"


@pytest.mark.parametrize(
    "frames",
    [
        [b""],
        [b"hello"],
        [b"GET / HTTP/1.1\r\n"],
        [b"SCUM\x01\x00"],
        [b"SCUM\x01\x00" + bytes(8), b"", b""],
        [b"SCUM\x01\x00" + bytes(8), bytes(32), b"\xdf\xff\xff\xff\xff"],
        [b"SCUM\x01\x00" + bytes(8), bytes(32), bytes(65_537)],
        [b"SCUM\x01\x00" + bytes(8), bytes(32), b"\x80"] + [b""] * 5,
        [b""] * 1000,
    ],
    ids=lambda frames: f"{len(frames)} frames, {sum(map(len, frames))} bytes",
)
def test_nonsense_gets_a_typed_error(serving: Place, frames):
    with raw(serving) as dealer:
        dealer.send_multipart(frames, 10)
        assert answer(dealer).code in ("bad-message", "wrong-key")


def test_another_major_version_is_refused_before_the_key_is_looked_at(serving: Place):
    with raw(serving) as dealer:
        dealer.send_multipart([b"SCUM\x02\x00 and whatever comes then", b"x"], 10)
        error = answer(dealer)
        assert error.code == "protocol-version"
        assert "2.0" in error.message


def test_an_unknown_message_is_a_typed_error_and_no_more(link: Link):
    prelude = struct.pack("!4sBBQ", b"SCUM", 1, 9, 1)
    header = packb({"type": "from-the-future", "request": 7})
    mac = wire._mac(link._sender._key, b"", [prelude, header])
    link._sender._sequence = 1
    link._dealer.send_multipart([prelude, mac, header], 10)
    error = reply(link)
    assert isinstance(error, m.Error)
    assert (error.code, error.request) == ("unknown-message", 7)
    link.send(m.Ping(8))
    assert reply(link) == m.Pong(8)


def test_a_message_in_the_wrong_place_is_a_typed_error(link: Link):
    for message in (m.Shutdown(1), m.Pong(2), m.Hello(bytes(32), "job")):
        link.send(message)
        error = reply(link)
        assert isinstance(error, m.Error)
        assert error.code == "unknown-message"
    link.send(m.Ping(3), [b"payload"])
    error = reply(link)
    assert isinstance(error, m.Error)
    assert error.code == "bad-message"


def test_the_limits_are_stated_and_hold_before_a_byte_is_sent(link: Link):
    limits = link.welcome.limits
    size = limits["spool_bytes"] + 1  # large layers go to disk, so that is where the end is
    link.send(m.Put(1, bytes(32), size, 0), [b"x"])
    error = reply(link)
    assert isinstance(error, m.Error)
    assert (error.code, error.request) == ("image-too-large", 1)
    link.send(m.Put(2, bytes(32), size * 1000, 0), [b"x"])
    error = reply(link)
    assert isinstance(error, m.Error)
    assert error.code == "image-too-large"


def test_an_image_that_is_not_what_its_digest_says_is_refused(link: Link):
    link.send(m.Put(1, bytes(32), 3, 0), [b"abc"])
    error = reply(link)
    assert isinstance(error, m.Error)
    assert error.code == "bad-digest"
    link.send(m.Have(2, [bytes(32)]))
    assert reply(link) == m.Missing(2, [bytes(32)])


@pytest.mark.parametrize(("offset", "length"), [(1, 4), (0, 11), (5, 0)])
def test_an_upload_with_a_gap_or_an_overrun_is_refused(link: Link, offset, length):
    link.send(m.Put(1, bytes(32), 10, offset), [bytes(length)])
    error = reply(link)
    assert isinstance(error, m.Error)
    assert error.code == "bad-upload"


def test_a_job_without_its_images_is_refused(link: Link):
    request = StylizeRequest(as_pixels(noise(8, 8)), as_styles(b"style"))
    spec, _ = to_spec(request)
    link.send(m.Submit("0" * 32, spec))
    error = reply(link)
    assert isinstance(error, m.Error)
    assert (error.code, error.job, error.retryable) == ("image-missing", "0" * 32, True)


def test_an_extent_that_disagrees_with_its_bytes_is_refused(link: Link):
    request = StylizeRequest(as_pixels(noise(8, 8)), as_styles(b"style"))
    spec, contents = to_spec(request)
    for digest, content in contents.items():
        link.send(m.Put(1, digest, len(content), 0), [content])
        assert reply(link) == m.Stored(1, digest)
    for extent in ([1 << 62, 1 << 62], [8, 9], [0, 8], [-8, -8], [8], "8x8"):
        link.send(m.Submit("1" * 32, {**spec, "image": {**spec["image"], "extent": extent}}))
        error = reply(link)
        assert isinstance(error, m.Error)
        assert error.code in ("bad-pixels", "image-too-large", "image-empty", "bad-request")


def test_the_same_id_with_another_job_is_refused(link: Link):
    request = StylizeRequest(as_pixels(noise(64, 64)), as_styles(as_pixels(noise(32, 32))))
    spec, contents = to_spec(request)
    for digest, content in contents.items():
        data = memoryview(content).tobytes()
        link.send(m.Put(1, digest, len(data), 0), [data])
        assert reply(link) == m.Stored(1, digest)
    link.send(m.Submit("2" * 32, spec))
    assert reply(link) == m.Accepted("2" * 32, 0)
    link.send(m.Submit("2" * 32, {**spec, "weight": 0.5}))
    seen = []
    while not seen or not isinstance(seen[-1], m.Error):
        seen.append(reply(link))
    assert seen[-1].code == "job-id-in-use"


def test_a_job_sent_twice_runs_once(link: Link, serving: Place):
    request = StylizeRequest(as_pixels(noise(64, 64)), as_styles(as_pixels(noise(32, 32))))
    spec, contents = to_spec(request)
    for digest, content in contents.items():
        data = memoryview(content).tobytes()
        link.send(m.Put(1, digest, len(data), 0), [data])
        assert reply(link) == m.Stored(1, digest)
    for _ in range(2):
        link.send(m.Submit("3" * 32, spec))
        assert reply(link) == m.Accepted("3" * 32, 0)
        while not isinstance(reply(link), m.Result):
            pass
    assert serving.log().count("job " + "3" * 32 + " runs") == 1


def test_names_that_lead_out_of_a_folder_are_refused(link: Link):
    request = StylizeRequest(as_pixels(noise(8, 8)), as_styles("ink"))
    spec, contents = to_spec(request)
    for digest, content in contents.items():
        data = memoryview(content).tobytes()
        link.send(m.Put(1, digest, len(data), 0), [data])
        assert reply(link) == m.Stored(1, digest)
    for name in ("../../etc/passwd", "a/b", "a\0b", "..", "C:\\x", "x" * 5000):
        link.send(m.Submit("4" * 32, {**spec, "styles": [{"weight": 1, "library": name}]}))
        error = reply(link)
        assert isinstance(error, m.Error)
        assert error.code == "bad-style"
        link.send(m.Submit("4" * 32, {**spec, "engine": name}))
        error = reply(link)
        assert isinstance(error, m.Error)
        assert error.code == "bad-engine"


def test_more_jobs_than_the_queue_takes_are_refused(link: Link):
    request = StylizeRequest(as_pixels(noise(512, 512)), as_styles(as_pixels(noise(32, 32))), patch=64)
    spec, contents = to_spec(request)
    for digest, content in contents.items():
        data = memoryview(content).tobytes()
        link.send(m.Put(1, digest, len(data), 0), [data])
        assert reply(link) == m.Stored(1, digest)
    most = link.welcome.limits["max_jobs_per_client"]
    jobs = [f"{number:032x}" for number in range(most + 1)]
    for job in jobs:
        link.send(m.Submit(job, spec))
    refused = []
    while not refused:
        message = reply(link)
        if isinstance(message, m.Error):
            refused.append(message)
    assert (refused[0].code, refused[0].job) == ("queue-full", jobs[-1])
    for job in jobs:
        link.send(m.Cancel(job))


def test_a_hundred_hellos_leave_room_for_a_client(serving: Place):
    key = serving.info.key
    with raw(serving) as dealer:
        for _ in range(100):
            dealer.send_multipart(wire.seal_hello(key, m.Hello(wire.new_nonce(), "job")), 10)
    dealers = [raw(serving) for _ in range(100)]
    for dealer in dealers:
        dealer.send_multipart(wire.seal_hello(key, m.Hello(wire.new_nonce(), "job")), 10)
    with connected(start=False) as client:
        assert client.ping() < 30
    for dealer in dealers:
        dealer.close()


def test_a_frame_over_the_limit_ends_the_connection(serving: Place):
    def send_too_much() -> None:
        dealer.send_multipart([bytes(wire.MAX_PAYLOAD + 1)], 10)
        dealer.recv_multipart(10)

    with raw(serving) as dealer, pytest.raises(zmtp.ConnectionBroken):
        send_too_much()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="POSIX permissions")
def test_runtime_files_that_others_can_read_are_repaired_or_refused(serving: Place):
    serving.runtime.chmod(0o755)
    with connected(start=False):
        assert stat.S_IMODE(serving.runtime.stat().st_mode) == 0o700
    (serving.runtime / FILE_NAME).chmod(0o644)
    try:
        assert code_of(lambda: Client.connect(start=False)) == "connection-file-unsafe"
    finally:
        (serving.runtime / FILE_NAME).chmod(0o600)
