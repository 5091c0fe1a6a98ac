#!/usr/bin/env python3
"""Measure with ``scumble bench`` and write the tables of docs/performance.md.

    python tools/performance.py [--part 1]

Takes about twenty minutes on two cores, on which nothing else should run. What stands between the markers of
these parts is replaced; all else in the page stays. A GPU is measured by tools/gpu_check.sh.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
from page import processor, put, table

from scumble_bench.tables import tables

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "performance.md"
SCUMBLE = [sys.executable, "-c", "from scumble_daemon.cli import main; main()", "bench"]
AGAINST = ("--against", "openvino")
RUNS = (
    ["--sizes", "512x512,1024x1024,2048x2048,4096x2160", "--section", "network"],
    ["--sizes", "10000x10000", "--section", "network", "--repeats", "1", "--no-reference"],
    ["--section", "wire", "--section", "preview", "--section", "start"],
    ["--sizes", "2048x2048", "--section", "profile"],
    ["--sizes", "1600x1200,4000x3000,6000x4000", "--section", "cascade", "--repeats", "1"],
    ["--section", "learning", "--repeats", "9"],
    ["--sizes", "1024x768", "--section", "batch", "--pictures", "200", "--repeats", "1"],
    ["--sizes", "512x512,2048x1080,4096x2160", "--section", "network", "--repeats", "3", *AGAINST],
)


@click.command()
@click.option("--part", "chosen", type=click.IntRange(1, len(RUNS)), multiple=True, help="Only this part.")
def main(chosen: tuple[int, ...]) -> None:
    """Run every part and put its tables into the page."""
    for part, arguments in enumerate(RUNS, 1):
        if chosen and part not in chosen:
            continue
        command = ["scumble", "bench", "--device", "cpu", *arguments]
        click.echo(" ".join(command))
        done = subprocess.run([*SCUMBLE, *command[2:], "--json"], stdout=subprocess.PIPE, check=True)
        document = json.loads(done.stdout)
        lines = [f"    {' '.join(command)}\n\n{_machine(document)}\n"]
        put(PAGE, f"cpu {part}", "\n".join([*lines, *(_markdown(*table) for table in tables(document))]))


def _machine(document: dict) -> str:
    machine = f"{document['machine']}, {processor()}, {document['device']}"
    rates = (
        f"matrix product {document['gemm_gflops']:.0f} GFLOP/s, copying {document['copy_gbytes']:.1f} GB/s"
    )
    return f"{machine}; {rates}."


def _markdown(title: str, header: list[str], rows: list[list[str]]) -> str:
    return f"**{title}**\n\n{table(header, rows)}"


if __name__ == "__main__":
    main()
