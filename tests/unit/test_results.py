"""The results of one layer: which is shown next, and where the next one goes."""

from __future__ import annotations

import pytest

from scumble.editing.results import next_shown, results_above


@pytest.mark.parametrize(
    ("visible", "wanted"),
    [
        ([True, False, False], 1),
        ([False, False, True], 3),
        ([False, False, False], 0),
        ([True, True, False], 0),  # as they are painted, one above the other: the newest alone comes first
        ([True], 1),
        ([], 0),
    ],
)
def test_the_next_result_is_the_one_before_and_after_the_oldest_the_layer_itself(visible, wanted):
    assert next_shown(visible) == wanted


def test_a_newer_result_goes_above_those_that_lie_on_their_layer_and_below_anything_else():
    assert results_above([True, True, False, True]) == 2
    assert results_above([False, True]) == 0
    assert results_above(iter(())) == 0
