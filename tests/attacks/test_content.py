"""Signed by the key's holder, well formed, and false: contents and jobs that are not what they say."""

from __future__ import annotations

import pytest
from attackers import MIB, error_on, linux, peak_rss, reply, uploaded
from daemon_process import Place, noise

from scumble.conversion import as_pixels, as_styles
from scumble.pixels.content import LEAF, digest_of
from scumble.request import StylizeRequest
from scumble.request_codec import to_spec
from scumble.wire import messages as m
from scumble.wire.connection import Connection

STYLE = as_styles(as_pixels(noise(32, 32)))
SMALL = StylizeRequest(as_pixels(noise(8, 8)), STYLE)
WRONG_NAMES = (
    "../../etc/passwd",
    "..",
    "/etc/passwd",
    "a/b",
    "a\\b",
    "a\0b",
    "irises\0",
    "C:\\x",
    "\u202etxt",
    "irises\n",
    " irises",
    ".hidden",
    "",
    "x" * 5000,
    None,
    7,
    ["irises"],
)


@linux
@pytest.mark.parametrize("size", [1, 1000, 1 << 32, 1 << 50])
def test_an_upload_over_the_limit(connection: Connection, serving: Place, size, record_property):
    """An upload is announced that is larger than the daemon takes, by a byte and by 2^50 bytes.

    The size is held against the limits of memory and disk before a byte is reserved.
    """
    before = peak_rss(serving.info.pid)
    connection.send(m.Put(1, bytes(32), connection.welcome.limits["spool_bytes"] + size, 0), [b"x"])
    error = error_on(connection)
    assert (error.code, error.request) == ("image-too-large", 1)
    assert peak_rss(serving.info.pid) - before < 8 * MIB
    record_property("outcome", "refused: image-too-large; memory unchanged")


@pytest.mark.parametrize("size", [-(1 << 63), -1, (1 << 53) + 1, (1 << 64) - 1])
def test_a_size_that_is_none(connection: Connection, size, record_property):
    """An upload of less than nothing or of up to 2^64 bytes is announced, to make a sum overflow.

    Numbers are whole, from 0 to 2^53.
    """
    connection.send(m.Put(1, bytes(32), size, 0), [b"x"])
    assert error_on(connection).code == "bad-message"
    connection.send(m.Put(1, bytes(32), 10, size), [b"x"])
    assert error_on(connection).code == "bad-message"
    record_property("tries", 2)
    record_property("outcome", "refused: bad-message")


def test_an_image_that_is_not_what_its_digest_says(connection: Connection, record_property):
    """Other pixels are uploaded under the digest of pixels that a later job will name.

    The digest is computed here, and what differs from it is thrown away.
    """
    connection.send(m.Put(1, bytes(32), 3, 0), [b"abc"])
    assert error_on(connection).code == "bad-digest"
    connection.send(m.Have(2, [bytes(32)]))
    assert reply(connection) == m.Missing(2, [bytes(32)])
    record_property("outcome", "refused: bad-digest")


@pytest.mark.parametrize(("offset", "length"), [(1, 4), (0, 11), (0, 9), (5, 0), (1 << 53, 1)])
def test_an_upload_with_a_gap_or_an_overrun(connection: Connection, offset, length, record_property):
    """Pieces of an upload that leave a gap, reach over its end or are too short.

    A piece must begin where the last one ended and be as long as a leaf, or as what is left.
    """
    connection.send(m.Put(1, bytes(32), 10, offset), [bytes(length)])
    assert error_on(connection).code == "bad-upload"
    record_property("outcome", "refused: bad-upload")


@linux
def test_uploads_that_are_never_finished(connection: Connection, serving: Place, record_property):
    """One client announces upload after upload of the largest size and finishes none, to fill the memory.

    What is announced counts against the client's share, and memory is taken as bytes arrive.
    """
    before = peak_rss(serving.info.pid)
    limits = connection.welcome.limits
    size = min(limits["max_image_bytes"], limits["spool_over"])
    tries = limits["client_bytes"] // size + 1
    connection.send(m.Ping(0))  # on tcp a stranger's first message is a small one
    assert reply(connection) == m.Pong(0)
    for number in range(tries):
        connection.send(m.Put(number, digest_of(bytes([number])), size, 0), [bytes(LEAF)])
    error = error_on(connection)
    assert (error.code, error.request) == ("daemon-full", tries - 1)
    assert peak_rss(serving.info.pid) - before < tries * LEAF + 24 * MIB  # and what is in the queues
    record_property("tries", tries)
    record_property("outcome", "refused: daemon-full, for this client; memory as much as was sent")


@pytest.mark.parametrize(
    "extent",
    [[1 << 62, 1 << 62], [1 << 32, 1 << 32], [1 << 31, 2], [8, 9], [0, 8], [-8, -8], [8], [8.0, 8.0], "8x8"],
    ids=str,
)
def test_an_extent_that_disagrees_with_the_pixels(connection: Connection, extent, record_property):
    """A job whose extent does not fit its bytes: 2^62 x 2^62, a product that overflows, a row too many, none.

    Width, height, channels and depth are multiplied without overflow and must give the bytes that are there.
    """
    spec = uploaded(connection, SMALL)
    connection.send(m.Submit("1" * 32, {**spec, "image": {**spec["image"], "extent": extent}}))
    assert error_on(connection).code in ("bad-pixels", "image-too-large", "image-empty", "bad-request")
    record_property("outcome", "refused: bad-pixels, image-too-large, image-empty or bad-request")


@pytest.mark.parametrize(
    "change", [{"dtype": "float32"}, {"dtype": "object"}, {"channels": "rgba"}, {"dtype": 1}]
)
def test_a_format_that_disagrees_with_the_pixels(connection: Connection, change, record_property):
    """A job whose depth or channels do not fit its bytes, or name a type that runs code when it is read.

    Formats are taken from a list of a few, and the product must give the bytes that are there.
    """
    spec = uploaded(connection, SMALL)
    connection.send(m.Submit("1" * 32, {**spec, "image": {**spec["image"], **change}}))
    assert error_on(connection).code in ("bad-pixels", "bad-request", "unsupported-format")
    record_property("outcome", "refused: bad-pixels")


@pytest.mark.parametrize("name", WRONG_NAMES, ids=lambda name: repr(name)[:20])
def test_names_that_lead_out_of_a_folder(connection: Connection, name, record_property):
    """A style or a model whose name is a path, holds NUL or a line end, or is no text at all.

    A name begins with a letter or digit and has no separator; it is looked up in a list and never opened.
    """
    spec = uploaded(connection, SMALL)
    connection.send(m.Submit("4" * 32, {**spec, "styles": [{"weight": 1, "library": name}]}))
    assert error_on(connection).code == "bad-style"
    connection.send(m.Submit("4" * 32, {**spec, "engine": name}))
    assert error_on(connection).code == "bad-engine"
    connection.send(m.Thumbnail(9, name if isinstance(name, str) else repr(name)))
    answer = reply(connection)
    assert isinstance(answer, m.Error)
    assert answer.code in ("unknown-style", "bad-style", "bad-message")
    record_property("tries", 3)
    record_property("outcome", "refused: bad-style, bad-engine, unknown-style")


def test_a_job_without_its_images(connection: Connection, record_property):
    """A job names images that nobody has uploaded, to get at those of others or at leftovers in memory.

    Contents are found by their SHA-256 alone: who can name one has seen it.
    """
    spec, _ = to_spec(StylizeRequest(as_pixels(noise(8, 8, seed=99)), as_styles(b"nobody's style")))
    connection.send(m.Submit("0" * 32, spec))
    error = error_on(connection)
    assert (error.code, error.job, error.retryable) == ("image-missing", "0" * 32, True)
    record_property("outcome", "refused: image-missing")


def test_another_job_under_the_same_id(connection: Connection, record_property):
    """A second job takes the id of the first, to put its result in the other's place.

    An id belongs to the job that came first.
    """
    spec = uploaded(connection, StylizeRequest(as_pixels(noise(64, 64)), STYLE))
    connection.send(m.Submit("2" * 32, spec))
    assert reply(connection) == m.Accepted("2" * 32, 0)
    connection.send(m.Submit("2" * 32, {**spec, "weight": 0.5}))
    seen = []
    while not seen or not isinstance(seen[-1], m.Error):
        seen.append(reply(connection))
    assert seen[-1].code == "job-id-in-use"
    record_property("outcome", "refused: job-id-in-use")


def test_the_same_job_twice(connection: Connection, serving: Place, record_property):
    """A job is submitted twice, as a client does that has lost its connection.

    The second one joins the first: it is computed once, and both get the result.
    """
    spec = uploaded(connection, StylizeRequest(as_pixels(noise(64, 64)), STYLE))
    for _ in range(2):
        connection.send(m.Submit("3" * 32, spec))
        assert reply(connection) == m.Accepted("3" * 32, 0)
        while not isinstance(reply(connection), m.Result):
            pass
    assert serving.log().count("job " + "3" * 32 + " runs") == 1
    record_property("outcome", "computed once")


def test_more_jobs_than_the_queue_takes(connection: Connection, record_property):
    """One client submits more jobs than it may have waiting.

    Each client has a share of the queue, and clients take turns.
    """
    spec = uploaded(connection, StylizeRequest(as_pixels(noise(512, 512)), STYLE, patch=64))
    most = connection.welcome.limits["max_jobs_per_client"]
    jobs = [f"{number:032x}" for number in range(most + 1)]
    for job in jobs:
        connection.send(m.Submit(job, spec))
    refused = []
    while not refused:
        message = reply(connection)
        if isinstance(message, m.Error):
            refused.append(message)
    assert (refused[0].code, refused[0].job) == ("queue-full", jobs[-1])
    for job in jobs:
        connection.send(m.Cancel(job))
    record_property("outcome", "refused: queue-full")
