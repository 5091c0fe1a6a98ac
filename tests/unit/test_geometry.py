"""Extents, points and bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scumble import Bounds, Extent, Point

numbers = st.integers(-50, 50)
sizes = st.integers(0, 50)
bounds = st.builds(Bounds, numbers, numbers, sizes, sizes)


def pixels(b: Bounds) -> set[tuple[int, int]]:
    return {(x, y) for x in range(b.x, b.right) for y in range(b.y, b.bottom)}


@given(bounds, bounds)
def test_intersection_is_that_of_the_pixel_sets(a: Bounds, b: Bounds):
    assert pixels(a.intersect(b)) == pixels(a) & pixels(b)
    assert a.intersect(b).width >= 0
    assert a.intersect(b).height >= 0


@given(bounds, bounds)
def test_contains_is_the_subset_relation(a: Bounds, b: Bounds):
    assert a.contains(b) == (pixels(b) <= pixels(a))


@given(bounds)
def test_area_counts_the_pixels(b: Bounds):
    assert b.area == len(pixels(b))
    assert b.is_empty == (not pixels(b))


@given(bounds, st.integers(0, 20))
def test_padding_and_shrinking_by_the_same_is_no_change(b: Bounds, n: int):
    assert b.pad(n).pad(-n) == b
    assert b.pad(n).contains(b)


@given(bounds, st.integers(0, 60))
def test_shrinking_leaves_what_is_far_enough_from_the_edge(b: Bounds, n: int):
    inner = b.pad(-n)
    assert pixels(inner) == {
        (x, y) for x, y in pixels(b) if b.x + n <= x < b.right - n and b.y + n <= y < b.bottom - n
    }
    assert inner.width >= 0
    assert inner.height >= 0


@given(bounds, st.builds(Extent, sizes, sizes))
def test_clamp_stays_in_the_extent(b: Bounds, extent: Extent):
    assert Bounds.of(extent).contains(b.clamp(extent))


@given(bounds, st.integers(1, 60))
def test_strips_cover_every_pixel_once(b: Bounds, rows: int):
    strips = list(b.strips(rows))
    assert sum(strip.area for strip in strips) == b.area
    assert set().union(*map(pixels, strips)) == pixels(b)
    assert all(strip.height <= rows for strip in strips)


def test_a_strip_has_at_least_one_row():
    with pytest.raises(ValueError, match="at least one row"):
        list(Bounds(0, 0, 1, 1).strips(0))


def test_translate_moves_and_keeps_the_size():
    assert Bounds(1, 2, 3, 4).translate(Point(-1, 5)) == Bounds(0, 7, 3, 4)


def test_extents_read_like_sizes():
    assert str(Extent(640, 480)) == "640x480"
    assert Extent(640, 480).shorter_side == 480
    assert Extent(-3, -4).area == 0
