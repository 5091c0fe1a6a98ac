"""Selections that a painted layer keeps come back as they were, and damaged ones as none."""

from __future__ import annotations

import os

import pytest

from scumble import Bounds
from scumble.editing import Effect, StyleChoice
from scumble.editing.effect import ELSEWHERE
from scumble.editing.kept_selection import (
    MAX_BYTES,
    pack_selection,
    unpack_selection,
    with_kept_selections,
)

AREA = Bounds(-3, 5, 40, 30)


def coverage_of(box: Bounds) -> bytes:
    rows = bytearray(AREA.area)
    for y in range(box.y, box.bottom):
        start = (y - AREA.y) * AREA.width + box.x - AREA.x
        rows[start : start + box.width] = bytes(1 + (x + y) % 255 for x in range(box.width))
    return bytes(rows)


@pytest.mark.parametrize("box", [AREA, Bounds(-3, 5, 1, 1), Bounds(36, 34, 1, 1), Bounds(4, 9, 11, 7)])
def test_what_is_covered_comes_back_by_its_bounding_box(box: Bounds):
    found = unpack_selection(pack_selection(coverage_of(box), AREA))
    assert found is not None
    bounds, data = found
    assert bounds == box
    assert data == bytes(1 + (x + y) % 255 for y in range(box.y, box.bottom) for x in range(box.width))


def test_a_selection_that_misses_the_layer_is_kept_as_empty():
    found = unpack_selection(pack_selection(bytes(AREA.area), AREA))
    assert found is not None
    assert found[0].is_empty


def test_noise_that_takes_too_much_room_is_not_kept():
    side = 1100
    assert side * side > MAX_BYTES
    assert pack_selection(os.urandom(side * side), Bounds(0, 0, side, side)) is None
    assert pack_selection(bytes([255]) * side * side, Bounds(0, 0, side, side)) is not None


@pytest.mark.parametrize(
    "change",
    [
        {"bounds": [0, 0, 1 << 20, 1 << 20]},
        {"bounds": [0, 0, -4, 3]},
        {"bounds": [0, 0, 4.0, 3]},
        {"bounds": "1234"},
        {"bounds": [-3, 5, 41, 30]},
        {"data": "not base64"},
        {"data": "AAAA"},
        {"data": 3},
    ],
)
def test_damaged_data_are_none(change: dict):
    packed = pack_selection(coverage_of(AREA), AREA)
    assert packed is not None
    assert unpack_selection({**packed, **change}) is None
    assert unpack_selection(change) is None
    assert unpack_selection([]) is None


def test_masks_of_an_effect_are_named_after_what_is_kept():
    styles = (
        StyleChoice("library", "a", mask="selection"),
        StyleChoice("library", "b", mask=ELSEWHERE),
        StyleChoice("library", "c", mask="layer 7"),
    )
    effect = Effect(styles, protect_mask="selection")
    lasting, selections = with_kept_selections(effect, {"selection": (coverage_of(AREA), AREA)})
    assert [style.mask for style in lasting.styles] == ["selection 0", ELSEWHERE, "layer 7"]
    assert lasting.protect_mask == "selection 0"
    assert unpack_selection(selections["selection 0"]) == (AREA, coverage_of(AREA))
    noise = (os.urandom(1100 * 1100), Bounds(0, 0, 1100, 1100))
    assert with_kept_selections(effect, {"selection": noise}) == (effect, {})
