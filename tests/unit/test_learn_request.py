"""Requests to learn a style: there and back as a spec, and nothing odd gets in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scumble import Extent, LearnRequest, PixelFormat, Pixels, ScumbleError, StyleSource
from scumble.learn_request import learn_digests, learn_request, learn_spec

PICTURE = Pixels(Extent(2, 1), PixelFormat("u8", "RGB"), bytes(range(6)))
OTHER = Pixels(Extent(1, 1), PixelFormat("u16", "GRAY"), bytes(2))
REQUESTS = [
    LearnRequest(StyleSource(library="irises")),
    LearnRequest(StyleSource(file=b"jpeg"), "A title", steps=4, seed=7, only_new=True, device="cpu"),
    LearnRequest(StyleSource(pixels=PICTURE), minutes=2.5, engine="adain", image=OTHER),
]


def code_of(call, *args, **options) -> str:
    with pytest.raises(ScumbleError) as caught:
        call(*args, **options)
    return caught.value.code


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_request_comes_back_from_its_spec(request_):
    spec, contents = learn_spec(request_)
    assert set(learn_digests(spec)) == set(contents)
    held = {digest: bytes(content.data) for digest, content in contents.items()}
    assert learn_request(spec, held.__getitem__) == request_
    assert learn_request({**spec, "from_a_later_version": 1}, held.__getitem__) == request_


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"steps": 0}, "bad-request"),
        ({"steps": 5001}, "bad-request"),
        ({"steps": True}, "bad-request"),
        ({"steps": 2.0}, "bad-request"),
        ({"seed": -1}, "bad-request"),
        ({"seed": 1 << 31}, "bad-request"),
        ({"minutes": 0}, "bad-request"),
        ({"minutes": float("nan")}, "bad-request"),
        ({"only_new": 1}, "bad-request"),
        ({"device": "gpu"}, "bad-request"),
        ({"engine": "../x"}, "bad-engine"),
        ({"title": "x" * 201}, "bad-style"),
        ({"image": b"png"}, "bad-request"),
    ],
)
def test_what_cannot_be_is_refused(options, code):
    assert code_of(LearnRequest, StyleSource(library="ink"), **options) == code


def test_a_style_is_needed():
    assert code_of(LearnRequest, "irises") == "bad-style"


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=8,
)


@given(st.sampled_from(REQUESTS), st.data())
def test_any_value_in_a_spec_is_taken_or_a_typed_error(request_, data):
    spec, contents = learn_spec(request_)
    spec[data.draw(st.sampled_from(sorted(spec)))] = data.draw(plain)

    def content(digest: bytes) -> bytes:
        if digest not in contents:
            raise ScumbleError("image-missing", "not here")
        return bytes(contents[digest].data)

    try:
        learn_digests(spec)
        learn_request(spec, content)
    except ScumbleError:
        pass
