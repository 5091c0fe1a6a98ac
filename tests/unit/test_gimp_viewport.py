"""Which part of a layer GIMP's preview shows."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scumble import Bounds, Extent
from scumble.editing.estimate import preview_side

PATH = Path(__file__).parents[2] / "plugin_gimp" / "scumble-gimp" / "scumble_gimp" / "viewport.py"


@pytest.fixture(scope="module")
def viewport_module():
    """The module by itself: its package needs GIMP."""
    spec = importlib.util.spec_from_file_location("gimp_viewport", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


SIDES, MOVES = st.integers(1, 5000), st.floats(-1e4, 1e4)


@given(x=SIDES, y=SIDES, width=SIDES, height=SIDES, moves=st.lists(st.tuples(MOVES, MOVES), max_size=4))
def test_however_it_is_dragged_the_part_stays_inside(viewport_module, x, y, width, height, moves):
    area, view = Bounds(x, y, width, height), viewport_module.Viewport()
    for move in [(0.0, 0.0), *moves]:
        view.move(*move)
        part = view.zoomed(area, 1.0)
        assert area.x <= part.x
        assert part.right <= area.right
        assert area.y <= part.y
        assert part.bottom <= area.bottom
        assert part.extent == (min(400, width), min(280, height))


@given(width=SIDES, height=SIDES)
def test_fitted_it_has_room_in_400_by_280(viewport_module, width, height):
    part, side = viewport_module.Viewport().fitted(Bounds(0, 0, width, height))
    factor = side / max(part.width, part.height)
    assert part.extent == (width, height)
    assert width * factor <= 400.5
    assert height * factor <= 280.5


def test_a_drag_moves_by_its_own_length(viewport_module):
    view = viewport_module.Viewport()
    before = view.zoomed(Bounds(0, 0, 2000, 1500), 1.0)
    view.move(30, -20)
    after = view.zoomed(Bounds(0, 0, 2000, 1500), 1.0)
    assert (after.x - before.x, after.y - before.y) == (30, -20)


@given(SIDES, SIDES, st.floats(0.25, 4.0), st.data())
def test_an_area_lies_in_the_small_copy_where_it_lies_in_the_layer(
    viewport_module, width, height, stroke_size, data
):
    whole = Bounds(0, 0, width, height)
    factor = min(1.0, preview_side(stroke_size) / max(width, height))
    extent = Extent(max(1, int(width * factor)), max(1, int(height * factor)))
    left, top = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    right, bottom = data.draw(st.integers(left + 1, width)), data.draw(st.integers(top + 1, height))
    found = viewport_module.within(Bounds(left, top, right - left, bottom - top), whole, extent)
    if (left, top, right, bottom) == (0, 0, width, height):
        assert found is None
    else:
        assert Bounds.of(extent).contains(found)
        assert not found.is_empty
        assert abs(found.x - left * extent.width / width) <= 1
        assert abs(found.bottom - bottom * extent.height / height) <= 1
