"""scumble.wire.msgpack with the package and with our own codec: the same bytes, limits and refusals."""

from __future__ import annotations

import contextlib
import math
import struct
import sys
import tracemalloc

import msgpack as reference
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scumble.wire import msgpack, msgpack_codec
from scumble.wire.msgpack import DEPTH_CEILING, MAX_DEPTH, MAX_ITEMS, MsgpackError, packb, unpackb

pytestmark = pytest.mark.usefixtures("each_codec")

TEXT = st.text(max_size=40)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | TEXT
    | st.binary(max_size=40)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(TEXT, inner, max_size=8),
    max_leaves=20,
)


def read_by_reference(data: bytes) -> object:
    return reference.unpackb(data, raw=False, strict_map_key=True)


@given(VALUES)
def test_the_reference_reads_what_we_pack_and_we_read_what_it_packs(value):
    ours = packb(value)
    assert ours == reference.packb(value, use_bin_type=True)
    assert read_by_reference(ours) == value
    assert unpackb(ours) == value


@pytest.mark.parametrize("size", [0, 1, 15, 16, 31, 32, 255, 256, 65_535, 65_536, 100_000])
@pytest.mark.parametrize("make", ["a".__mul__, b"a".__mul__, [None].__mul__])
def test_every_length_header_matches_the_reference(make, size):
    value = make(size)
    data = packb(value)
    assert data == reference.packb(value, use_bin_type=True)
    assert unpackb(data, max_items=size) == value


@pytest.mark.parametrize("size", [0, 1, 15, 16, 255, 256, 65_535, 65_536])
def test_every_map_header_matches_the_reference(size):
    value = {str(index): index for index in range(size)}
    data = packb(value)
    assert data == reference.packb(value)
    assert unpackb(data, max_items=2 * size) == value


@pytest.mark.parametrize("bits", range(65))
def test_integers_at_every_power_of_two_match_the_reference(bits):
    for value in {2**bits - 1, 2**bits, 2**bits + 1, -(2**bits) - 1, -(2**bits), -(2**bits) + 1}:
        if -(2**63) <= value < 2**64:
            assert packb(value) == reference.packb(value)
            assert unpackb(packb(value)) == value
        else:
            with pytest.raises(MsgpackError):
                packb(value)


def test_special_floats_survive():
    assert math.isnan(unpackb(packb(math.nan)))
    assert unpackb(packb(math.inf)) == math.inf
    assert struct.pack(">d", unpackb(packb(-0.0))) == struct.pack(">d", -0.0)


@given(st.floats(width=32, allow_nan=False))
def test_float32_is_read(value):
    assert unpackb(reference.packb(value, use_single_float=True)) == value


def test_wider_forms_than_needed_are_read():
    assert unpackb(b"\xcf\0\0\0\0\0\0\0\x01") == 1
    assert unpackb(b"\xdb\0\0\0\x01a") == "a"
    assert unpackb(b"\xdd\0\0\0\x01\xc0") == [None]
    assert unpackb(b"\xdf\0\0\0\x01\xd9\x01a\xc0") == {"a": None}


@pytest.mark.parametrize("make", [bytearray, memoryview])
def test_any_bytes_like_is_packed_as_bin_and_read(make):
    assert packb(make(b"abc")) == packb(b"abc")
    assert unpackb(make(packb("abc"))) == "abc"


@pytest.mark.parametrize("value", [object(), {1: 2}, {b"a": 2}, {1, 2}, 1j, "\ud800", {"\udfff": 1}])
def test_what_the_subset_lacks_is_not_packed(value):
    with pytest.raises(MsgpackError):
        packb(value)


def test_nesting_is_bounded_both_ways():
    value: object = None
    for _ in range(MAX_DEPTH):
        value = [value]
    assert unpackb(packb(value)) == value
    with pytest.raises(MsgpackError):
        packb([value])
    with pytest.raises(MsgpackError):
        unpackb(reference.packb([value]))
    with pytest.raises(MsgpackError):
        unpackb(b"\x91" * 1_000_000)
    with pytest.raises(MsgpackError):
        unpackb(b"\x81\xa1a" * 1_000_000, max_depth=DEPTH_CEILING)
    assert unpackb(b"\x05", max_depth=0) == 5
    with pytest.raises(MsgpackError):
        unpackb(b"\x90", max_depth=0)


def test_a_list_that_contains_itself_is_not_packed():
    endless: list = []
    endless.append(endless)
    with pytest.raises(MsgpackError):
        packb(endless)


def test_max_depth_beyond_the_ceiling_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="max_depth"):
        unpackb(b"\xc0", max_depth=DEPTH_CEILING + 1)


def test_a_number_is_not_taken_for_that_many_zero_bytes():
    with pytest.raises(TypeError):
        unpackb(5)  # type: ignore[arg-type]


def test_the_items_of_all_containers_share_one_budget():
    value = [[None] * 3, {"a": None}]
    assert unpackb(packb(value), max_items=7) == value
    with pytest.raises(MsgpackError):
        unpackb(packb(value), max_items=6)
    with pytest.raises(MsgpackError):
        unpackb(packb([None] * (MAX_ITEMS + 1)))


@given(VALUES, st.binary(min_size=1, max_size=5))
def test_trailing_bytes_are_refused(value, tail):
    with pytest.raises(MsgpackError):
        unpackb(packb(value) + tail)


@given(VALUES)
def test_every_truncation_is_refused(value):
    data = packb(value)
    for end in range(len(data)):
        with pytest.raises(MsgpackError):
            unpackb(data[:end])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        b"\xa1\xff",
        b"\xa3\xed\xa0\x80",  # a surrogate
        b"\xa2\xc0\x80",  # an overlong zero
        b"\x81\x01\x01",
        b"\x81\xc4\x01a\x01",
        b"\x81\x90\x01",
        b"\x82\xa1a\x01\xa1a\x02",
        b"\x82\xa1a\x01\xd9\x01a\x02",
        b"\xd4\x01\x00",
        b"\xd6\xff\0\0\0\0",
        b"\xc7\x01\x01\x00",
        b"\xc9\xff\xff\xff\xff\x01",
    ],
    ids=lambda data: data.hex() or "empty",
)
def test_malformed_bytes_are_refused(data):
    with pytest.raises(MsgpackError):
        unpackb(data)


@pytest.mark.parametrize("head", [b"\xdd\0\0\x4e\x20", b"\xdf\0\0\x13\x88\xa1a"], ids=["array", "map"])
def test_containers_in_containers_take_no_room_for_what_they_announce(head):
    """The package makes room for each before it reads the next: up to 160 KB, a thousand times over."""
    data = head * 4000
    tracemalloc.start()
    try:
        with pytest.raises(MsgpackError):
            unpackb(data)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


class Whole(int):
    """A kind of int that only our own codec packs as one."""


def test_kinds_of_our_types_are_packed_as_these(each_codec):
    value = {"a": Whole(5), "b": (1, Whole(7))}
    assert packb(value) == reference.packb({"a": 5, "b": [1, 7]})


def test_the_package_does_what_it_is_there_for(each_codec, monkeypatch):
    if each_codec == "own":
        pytest.skip("without the package")
    value = {"type": "put", "request": 1, "digest": bytes(32), "list": [1.5, None, ["x"]]}
    monkeypatch.setattr(msgpack_codec, "pack", None)
    monkeypatch.setattr(msgpack_codec, "unpack", None)
    assert unpackb(packb(value)) == value


@pytest.mark.parametrize(
    "broken", ["raise ImportError", "raise OSError", "version = (0, 6)", "class Packer: pass"]
)
def test_a_package_that_does_not_load_is_done_without(tmp_path, monkeypatch, broken):
    (tmp_path / "msgpack.py").write_text(broken + "\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "msgpack")
    assert msgpack._compiled_package() is None
    sys.modules.pop("msgpack", None)
    monkeypatch.setitem(sys.modules, "msgpack", reference)


@pytest.mark.parametrize("tag", [0xC6, 0xDB, 0xDD, 0xDF])
def test_a_length_bomb_is_refused_before_anything_is_allocated(tag):
    data = bytes((tag,)) + b"\xff\xff\xff\xff" + bytes(100)
    tracemalloc.start()
    try:
        with pytest.raises(MsgpackError):
            unpackb(data, max_items=2**40)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


@given(st.binary(max_size=400))
def test_random_bytes_give_a_value_or_the_one_error(data):
    try:
        value = unpackb(data)
    except MsgpackError:
        return
    # What we accept, the reference reads to the same; repr, because nan is not equal to itself.
    assert repr(read_by_reference(data)) == repr(value)
    assert repr(unpackb(packb(value))) == repr(value)


@given(VALUES, st.data())
def test_a_changed_byte_gives_a_value_or_the_one_error(value, data):
    packed = bytearray(packb(value))
    at = data.draw(st.integers(0, len(packed) - 1))
    packed[at] = data.draw(st.integers(0, 255))
    with contextlib.suppress(MsgpackError):
        unpackb(packed)
