"""References of a request: pictures that decide for others, on the wire since protocol 1.2."""

from __future__ import annotations

import dataclasses

import pytest

from scumble import Extent, PixelFormat, Pixels, ScumbleError, StyleSource, StyleWeight, StylizeRequest
from scumble.pixels.content import digest_of
from scumble.request import MAX_REFERENCES
from scumble.request_codec import digests_in, from_spec, to_spec
from scumble.wire.connection import Connection
from scumble.wire.messages import Welcome
from scumble.wire.session import session_keys

SMALL = Extent(3, 2)


def picture(value: int, extent: Extent = SMALL) -> Pixels:
    return Pixels(extent, PixelFormat("u8", "RGB"), bytes([value]) * 3 * extent.area)


STYLES = (StyleWeight(StyleSource(library="irises")),)
PLAIN = StylizeRequest(picture(0), STYLES)


def test_references_travel_by_their_digests_and_come_back():
    request = dataclasses.replace(PLAIN, references=(picture(1), picture(2, Extent(5, 4))))
    spec, contents = to_spec(request)
    named = [digest_of(reference.view()) for reference in request.references]
    assert [reference["digest"] for reference in spec["references"]] == named
    assert spec["references"][1]["extent"] == [5, 4]
    assert set(named) <= set(digests_in(spec))
    assert set(named) <= set(contents)
    assert from_spec(spec, lambda digest: contents[digest].data) == request


def test_without_references_a_job_is_what_it_was_in_protocol_1_1():
    spec, _ = to_spec(PLAIN)
    assert "references" not in spec
    assert from_spec(spec, lambda digest: PLAIN.image.data).references == ()


@pytest.mark.parametrize("references", [None, {}, [3], [{"digest": b"short"}], [{}] * (MAX_REFERENCES + 1)])
def test_references_of_the_wrong_shape_are_refused(references):
    spec, contents = to_spec(PLAIN)
    with pytest.raises(ScumbleError) as caught:
        from_spec({**spec, "references": references}, lambda digest: contents[digest].data)
    assert caught.value.code == "bad-request"


@pytest.mark.parametrize("references", [[], ("a",), (picture(1),) * (MAX_REFERENCES + 1)])
def test_a_request_with_impossible_references_does_not_exist(references):
    with pytest.raises(ScumbleError) as caught:
        dataclasses.replace(PLAIN, references=references)
    assert caught.value.code == "bad-request"


def test_an_older_daemon_is_not_asked_for_what_it_would_ignore():
    keys = session_keys(bytes(32), "job", bytes(32), bytes(32))
    link = Connection(None, keys, Welcome(bytes(32), bytes(32), features=["credit"]))
    link.require("credit")
    with pytest.raises(ScumbleError) as caught:
        link.require("references")
    assert caught.value.code == "daemon-too-old"
