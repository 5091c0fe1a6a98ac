"""The arithmetic of docs/scale.md."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
from cluster_costs import Rates, gigapixel_seconds, gigapixels, photo_limits, photos, task_count

RATES = Rates(2.0, 1.0, {"paint": 2.0}, 300.0, 400.0, 100.0, 20.0, [1.2, 1.3, 1.4])


def test_twice_the_workers_make_twice_the_photos() -> None:
    rows = {row[0]: row for row in photos(RATES)[1:]}
    assert rows["1"][1] == "600"  # 12 megapixels at 2 a second
    assert rows["10"][1] == "6,000"


def test_a_faster_line_feeds_more_workers() -> None:
    limits = dict(photo_limits(RATES)[1:])
    assert limits["storage on 1 Gbit/s (120 MB/s)"] == "40 workers"
    assert limits["storage on 10 Gbit/s (1,200 MB/s)"] == "400 workers"
    assert limits["the scheduler"] == "1,800 workers"


def test_no_number_of_workers_makes_writing_shorter() -> None:
    one, many = (gigapixel_seconds(RATES, workers, 1200) for workers in (1, 1000))
    assert many["computing"] == pytest.approx(one["computing"] / 1000)
    assert many["client"] == one["client"] > 1000 / RATES.written


def test_storage_costs_only_what_it_takes_longer_than_computing() -> None:
    slow = replace(RATES, parts=0.001)
    assert gigapixel_seconds(slow, 10, 1200)["storage"] == 0
    assert gigapixel_seconds(RATES, 1000, 120)["storage"] > 0


def test_a_picture_has_no_more_tasks_than_patches() -> None:
    assert task_count(1) == task_count(2) < task_count(1000)
    assert task_count(10**6) == 3 * 3815


def test_the_parts_of_a_row_make_its_whole() -> None:
    head, *rows = gigapixels(RATES)
    assert all(len(row) == len(head) for row in rows)
    *seconds, minutes, _ = rows[1][1:]
    assert sum(float(value.split()[0]) for value in seconds) == pytest.approx(
        60 * float(minutes.split()[0]), abs=6
    )
