#!/usr/bin/env python3
"""Measure time and memory over the size of the picture: as CSV, a plot, and a table in the docs.

    python tools/cost_curves.py                          # 0.26 to 100 megapixels, about three minutes
    python tools/cost_curves.py --megapixels 0.26,1,1000 # a billion pixels: ten minutes more, 45 GB of disk

Each size is painted as the daemon does it, coarse to fine, in a process of its own. Nothing else should run.
Rows of sizes that the CSV has from an earlier run stay; with --again it begins empty.
"""

from __future__ import annotations

import csv
import os
import platform
from collections.abc import Callable, Iterable
from dataclasses import asdict, fields
from pathlib import Path

import click
import torch
from page import processor, put, table
from svg_plot import Line, Panel, svg

from scumble_bench.curve import Cost, measure_cost

ROOT = Path(__file__).parents[1]
IMAGES, PAGE, PLACE = ROOT / "docs" / "images", ROOT / "docs" / "performance.md", "curves"
SIZES = (0.262144, 1.0, 2.0, 4.0, 12.0, 24.0, 50.0, 100.0)


@click.command()
@click.option("--megapixels", help="Sizes, such as 0.26,1,1000.  [default: 0.26 to 100]")
@click.option("--engine", default="microast", show_default=True)
@click.option("--device", default="cpu", show_default=True)
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), default=IMAGES, show_default=True)
@click.option("--page", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=PAGE)
@click.option("--again", is_flag=True, help="Do not keep what an earlier run has measured.")
def main(megapixels: str | None, engine: str, device: str, folder: Path, page: Path, again: bool) -> None:
    """Measure every size, the smallest first; what is measured is written after each."""
    try:
        sizes = [float(size) for size in megapixels.split(",")] if megapixels else list(SIZES)
    except ValueError:
        raise click.BadParameter("These are no sizes in megapixels, such as 0.26,1,100.") from None
    if min(sizes) < 0.001:
        raise click.BadParameter("A picture has at least 0.001 megapixels.")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"cost-{engine}-{device.partition(':')[0]}.csv"
    costs = {} if again or not file.exists() else {cost.side: cost for cost in read_costs(file)}
    for size in sorted(sizes):
        side = round((size * 1e6) ** 0.5)
        costs[side] = cost = measure_cost(engine, side, device)
        click.echo(f"{cost.megapixels:.2f} megapixels: {cost.seconds:.2f} s, {cost.peak / 1e6:,.0f} MB")
        rows = [costs[side] for side in sorted(costs)]
        write_costs(file, rows)
        file.with_suffix(".svg").write_text(plot(rows, engine), encoding="utf-8")
    put(page, PLACE, _section(rows, engine, device, file, page))


def write_costs(file: Path, costs: Iterable[Cost]) -> None:
    """One row for each size; the first row names the columns."""
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, [field.name for field in fields(Cost)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(cost) for cost in costs)


def read_costs(file: Path) -> list[Cost]:
    """What :func:`write_costs` has written."""
    with file.open(newline="", encoding="utf-8") as stream:
        return [
            Cost(
                int(row["side"]),
                float(row["seconds"]),
                int(row["peak"]),
                int(row["before"]),
                int(row["card_peak"]) if row["card_peak"] else None,
                row["in_files"] == "True",
            )
            for row in csv.DictReader(stream)
        ]


def plot(costs: list[Cost], engine: str) -> str:
    """Two panels: seconds and megabytes, each for a megapixel and in all, as SVG."""

    def line(name: str, value: Callable[[Cost], float]) -> Line:
        return Line(name, [(cost.megapixels, value(cost)) for cost in costs])

    seconds = [line("in all", lambda cost: cost.seconds)]
    seconds.append(line("for a megapixel", lambda cost: cost.seconds_per_megapixel))
    memory = [line("in all", lambda cost: cost.peak / 1e6)]
    memory.append(line("for a megapixel", lambda cost: cost.megabytes_per_megapixel))
    if all(c.card_peak for c in costs):
        memory.append(line("on the card", lambda cost: (cost.card_peak or 0) / 1e6))
    x = "megapixels"
    return svg([Panel(f"{engine}: time", x, "seconds", seconds), Panel(f"{engine}: memory", x, "MB", memory)])


def _section(costs: list[Cost], engine: str, device: str, file: Path, page: Path) -> str:
    rows = []
    for c in costs:
        side, where = f"{c.side}x{c.side}", "files" if c.in_files else "memory"
        times = [f"{c.seconds:.2f}", f"{c.seconds_per_megapixel:.3f}"]
        memory = [f"{c.peak / 1e6:,.0f}", f"{c.megabytes_per_megapixel:,.0f}"]
        card = [f"{c.card_peak / 1e6:,.0f}"] if c.card_peak else []
        rows.append([f"{c.megapixels:,.2f}", side, *times, *memory, *card, where])
    header = ["megapixels", "size", "s", "s per MP", "peak MB", "MB per MP"]
    header += (["on the card MB"] if costs[0].card_peak else []) + ["picture in"]
    place = torch.cuda.get_device_name(device) if device.startswith("cuda") else "no GPU"
    machine = f"{platform.machine()}, {os.cpu_count()} cores, {processor()}, {place}"
    picture = Path(os.path.relpath(file.with_suffix(".svg"), page.parent)).as_posix()
    return (
        f"    python tools/cost_curves.py --engine {engine} --device {device}\n\n{machine}; "
        f"the figures: [{file.name}]({Path(picture).with_suffix('.csv').as_posix()}).\n\n"
        f"![Time and memory of {engine} over the size of the picture]({picture})\n\n{table(header, rows)}"
    )


if __name__ == "__main__":
    main()
