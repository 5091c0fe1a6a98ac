"""`tools/cost_curves.py`: what it measures is in the CSV, the plot and the page."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
from cost_curves import main, plot, read_costs, write_costs
from svg_plot import Line, Panel, svg

from scumble_bench.curve import Cost

SVG = "{http://www.w3.org/2000/svg}"
COSTS = [
    Cost(1000, 0.25, 400_000_000, 300_000_000, None, False),
    Cost(10000, 30.0, 10**9, 3 * 10**8, 5, True),
]


@pytest.mark.slow
def test_sizes_are_measured_and_added_to_those_of_an_earlier_run(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("<!-- curves -->\n<!-- end curves -->\n")
    for size in ("0.01", "0.004"):
        options = ["--megapixels", size, "--folder", str(tmp_path / "images"), "--page", str(page)]
        told = CliRunner().invoke(main, options)
        assert told.exit_code == 0, told.output
    file = tmp_path / "images" / "cost-microast-cpu.csv"
    small, large = read_costs(file)
    assert (small.side, large.side) == (63, 100)
    assert min(small.seconds, large.seconds) > 0
    assert large.peak > large.before > 10**8
    assert not large.in_files
    text = page.read_text()
    assert "(images/cost-microast-cpu.svg)" in text
    assert "| 0.01 | 100x100 |" in text
    ElementTree.parse(file.with_suffix(".svg"))


def test_a_csv_gives_back_what_was_written(tmp_path):
    write_costs(tmp_path / "costs.csv", COSTS)
    assert read_costs(tmp_path / "costs.csv") == COSTS


def test_costs_are_for_each_megapixel():
    assert COSTS[1].megapixels == 100
    assert COSTS[1].seconds_per_megapixel == pytest.approx(0.3)
    assert COSTS[1].megabytes_per_megapixel == pytest.approx(10)


def test_a_plot_has_a_line_for_each_and_its_points_inside():
    root = ElementTree.fromstring(plot(COSTS, "microast"))
    width, height = (float(root.attrib[name]) for name in ("width", "height"))
    lines = list(root.iter(f"{SVG}polyline"))
    assert len(lines) == 4
    for line in lines:
        numbers = [float(number) for number in re.findall(r"[-0-9.]+", line.attrib["points"])]
        assert len(numbers) == 2 * len(COSTS)
        assert all(0 < x < width / 2 for x in numbers[::2])
        assert all(0 < y < height for y in numbers[1::2])
    texts = {element.text for element in root.iter(f"{SVG}text")}
    assert {"microast: time", "microast: memory", "megapixels", "for a megapixel"} <= texts


def test_what_is_larger_stands_higher_and_further_right():
    panel = Panel("A & B", "x", "y", [Line("<name>", [(1, 1), (10, 100)])])
    text = svg([panel])
    assert "A &amp; B" in text
    assert "&lt;name&gt;" in text
    (line,) = ElementTree.fromstring(text).iter(f"{SVG}polyline")
    left, low, right, high = (float(number) for number in re.findall(r"[-0-9.]+", line.attrib["points"]))
    assert left < right
    assert low > high


@pytest.mark.parametrize("points", [[], [(0.0, 1.0)]])
def test_what_has_no_logarithm_is_refused(points):
    with pytest.raises(ValueError, match="above 0"):
        svg([Panel("", "", "", [Line("", points)])])


@pytest.mark.parametrize("sizes", ["much", "0", "1,-2"])
def test_sizes_that_are_none_are_refused(sizes):
    told = CliRunner().invoke(main, ["--megapixels", sizes])
    assert told.exit_code == 2
    assert "megapixels" in told.output
