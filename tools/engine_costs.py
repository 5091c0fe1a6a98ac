#!/usr/bin/env python3
"""Measure what each engine costs beside MicroAST, in one run, and write the table into docs/engines.md.

    python tools/engine_costs.py [--engine wct ...] [--runs 3]

Each engine paints the same photo in patches, as the daemon does, with the style known: the median time of
a few runs, taken by turns, and the largest resident memory of a process that paints one picture.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import click
from page import processor, put, table
from turns import medians

from scumble_bench.memory import peak_memory
from scumble_bench.pictures import photo
from scumble_models.allocation import keep_freed_memory
from scumble_models.registry import StyleModel, list_models, load_model
from scumble_models.signals import StyleSignals
from scumble_models.stylize import encode_style, stylize

PAGE = Path(__file__).parents[1] / "docs" / "engines.md"
FIRST = "microast"
#: Sides of squares of 0.26, 2 and 8 megapixels.
SIDES = (512, 1448, 2896)


@click.command()
@click.option("--engine", "engines", multiple=True, help="May be repeated.  [default: all that ship]")
@click.option("--runs", default=3, show_default=True)
def main(engines: tuple[str, ...], runs: int) -> None:
    """Time all engines by turns, measure their memory, and write the table."""
    keep_freed_memory()
    names = [FIRST, *(n for n in engines or [m.name for m in list_models() if m.builtin] if n != FIRST)]
    models = {name: load_model(name) for name in names}
    styles = {name: encode_style(model, photo(512, 512, 2), "RGB") for name, model in models.items()}
    seconds = {side: _seconds(models, styles, side, runs) for side in SIDES}
    rows = []
    for name in names:
        times = [(seconds[side][name], seconds[side][FIRST]) for side in SIDES]
        cells = [f"{own:.2f} ({own / first:.1f})" for own, first in times]
        peak = peak_memory(name, SIDES[-1], "exact").bytes
        rows.append((f"`{name}`", *cells, f"{peak / 1e6:,.0f} MB" if peak else "does not fit"))
    sizes = [f"{side}x{side}" for side in SIDES]
    machine = f"{processor()}, {os.cpu_count()} cores, no GPU"
    text = f"Seconds, and in brackets times {FIRST}'s, by `python tools/engine_costs.py` on {machine}:\n\n"
    put(PAGE, "costs", text + table(("engine", *sizes, f"memory at {sizes[-1]}"), rows))


def _seconds(
    models: dict[str, StyleModel], styles: dict[str, StyleSignals], side: int, runs: int
) -> dict[str, float]:
    content = photo(side, side, 1)
    ways = {
        name: partial(stylize, model, content, "RGB", [(styles[name], 1.0)]) for name, model in models.items()
    }
    return medians(ways, runs)


if __name__ == "__main__":
    main()
