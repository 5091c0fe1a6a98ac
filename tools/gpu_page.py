#!/usr/bin/env python3
"""The GPU section of docs/performance.md, written from the JSON of tools/gpu_check.sh.

python tools/gpu_page.py out/gpu-check.json [--page docs/performance.md]
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from page import put, table

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
PLACE = "gpu"
#: What the papers say of their own networks on their own cards.
MICROAST_S, STYLEKERNEL_FPS = 0.522, 25
#: Aims on an H100 or H200, in seconds: the network alone and end to end at 4096x2160, and learning a style.
NETWORK_AIM_S, END_TO_END_AIM_S, LEARN_AIM_S = 0.006, 0.030, 5.0
AIMED = (4096, 2160)

Row = dict[str, Any]


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--page", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=PAGE)
def main(file: Path, page: Path) -> None:
    """Write the section from FILE."""
    write_page(json.loads(file.read_text(encoding="utf-8")), page)


def write_page(document: Row, page: Path) -> None:
    """Put the section of a document between the page's markers. Raises click.ClickException without any."""
    put(page, PLACE, section(document))


def section(document: Row) -> str:
    """All parts as Markdown; of those that failed, why, and the rows that they had."""
    command = f"tools/gpu_check.sh --device {document['device']}"
    command += "" if document["scale"] == "full" else f" --{document['scale']}"
    blocks = [f"    {command}\n", _machine(document) + "\n"]
    for part in document["parts"]:
        title, tables = PARTS[part["part"]]
        blocks.append(f"**{title}**\n")
        if part["error"]:
            blocks.append(f"Not whole: {part['error']}.\n")
        if part["rows"]:
            blocks.append(tables(part["rows"]))
        elif not part["error"]:
            blocks.append("Nothing was measured.\n")
    return "\n".join(blocks)


def _machine(document: Row) -> str:
    dry = document["scale"] != "full" or not document["device"].startswith("cuda")
    card = f"{document['name']}, CUDA {document['cuda']}" if document["cuda"] else document["name"]
    text = (
        f"{card}; {document['processor']}, {document['cores']} cores, {document['system']}; "
        f"torch {document['torch']}, Python {document['python']}; "
        f"{document['when']}, {document['seconds']:.0f} s in all."
    )
    return text + (" **A dry run: these are no figures of a GPU.**" if dry else "")


def _parity(rows: list[Row]) -> str:
    cells = [
        [
            f"`{r['engine']}`",
            r["way"],
            *([r["how"], *_levels(r)] if "how" in r else [r["failed"], "", "", ""]),
        ]
        for r in rows
    ]
    return table(["engine", "way", "as computed", "largest", "99.9%", "mean"], cells)


def _half(rows: list[Row]) -> str:
    cells = [[f"`{r['engine']}`", r["style"], *_levels(r)] for r in rows]
    return table(["engine", "style", "largest", "99.9%", "mean"], cells)


def _levels(row: Row) -> list[str]:
    return [str(row["largest"]), str(row["most"]), f"{row['mean']:.3f}"]


def _network(rows: list[Row]) -> str:
    header = ["size", "network alone ms", "of an array ms", "MP/s", "peak MB", "published ms", "published MB",
              "ratio", "ratio with style"]  # fmt: skip
    rates = [r for r in rows if "gemm_gflops" in r]
    cells = [_network_cells(r) for r in rows if "alone" in r]
    text = "".join(
        f"Matrix product {r['gemm_gflops']:,.0f} GFLOP/s (float32), copying {r['copy_gbytes']:,.0f} GB/s.\n\n"
        for r in rates
    )
    aimed = [r["alone"] for r in rows if (r.get("width"), r.get("height")) == AIMED]
    return text + table(header, cells) + _aim("The network alone at 4096x2160", aimed, NETWORK_AIM_S)


def _network_cells(row: Row) -> list[str]:
    pixels = row["width"] * row["height"]
    ours, theirs = row.get("scumble"), row.get("reference")
    cells = [_size(row), _ms(row["alone"])]
    if ours is None:
        return [*cells, "does not fit", *[""] * 6]
    cells += [_ms(ours["seconds"]), f"{pixels / ours['seconds'] / 1e6:,.1f}", _mb(ours["peak"])]
    if theirs is None:
        return [*cells, "does not fit", "", "", ""]
    ratios = [f"{theirs[kind] / ours['seconds']:.2f}x" for kind in ("seconds", "with_style")]
    return [*cells, _ms(theirs["seconds"]), _mb(theirs["peak"]), *ratios]


def _daemon(rows: list[Row]) -> str:
    cells = [[_size(r), _ms(r["seconds"]), _ms(r["wire"]), _ms(r["first"])] for r in rows]
    header = ["size", "end to end ms", "of that the wire ms", "the first one ms"]
    aimed = [r["seconds"] for r in rows if (r["width"], r["height"]) == AIMED]
    return table(header, cells) + _aim("End to end at 4096x2160", aimed, END_TO_END_AIM_S)


def _large(rows: list[Row]) -> str:
    cells = []
    for r in rows:
        card = "" if r["card_peak"] is None else _mb(r["card_peak"])
        cells.append(
            [f"{r['side']}x{r['side']}, {r['way']}", f"{r['seconds']:.2f}", card, _mb(r["host_peak"])]
        )
    return table(["picture", "s", "peak on the card MB", "peak of the process MB"], cells)


def _learn(rows: list[Row]) -> str:
    cells = [
        [r["turn"], r["style"], str(r["steps"]), f"{r['seconds']:.2f}", f"{r['steps_per_second']:.2f}",
         f"{r['loss_before']:.2f}", f"{r['loss_after']:.2f}"]
        for r in rows
    ]  # fmt: skip
    header = ["turn", "style", "steps", "s", "steps/s", "loss before", "loss after"]
    again = [r["seconds"] for r in rows if r["turn"] == "again" and r["steps"] >= 100]
    return table(header, cells) + _aim("Learning a style", again, LEARN_AIM_S)


def _library(rows: list[Row]) -> str:
    seconds = sum(r["seconds"] for r in rows)
    better = sum(r["loss_after"] < r["loss_before"] for r in rows)
    cells = [str(len(rows)), str(rows[0]["of"]), f"{seconds:.1f}", f"{seconds / len(rows):.2f}", str(better)]
    return table(["learned in the time left", "of the library", "s", "s a style", "loss fell in"], [cells])


def _seeds(rows: list[Row]) -> str:
    cells = []
    for r in rows:
        seconds = r["seconds"]
        if r["engine"] == "microast":
            said = f"{MICROAST_S * 1e3:.0f} ms at 4096x2160"
            ratio = f"{MICROAST_S / seconds:.1f}x" if (r["width"], r["height"]) == AIMED else "other size"
        else:
            said = f"{STYLEKERNEL_FPS} frames/s at 512x512"
            same = (r["width"], r["height"]) == (512, 512)
            ratio = f"{1 / seconds / STYLEKERNEL_FPS:.1f}x" if same else "other size"
        cells.append([f"`{r['engine']}`, {_size(r)}", _ms(seconds), f"{1 / seconds:.1f}", said, ratio])
    header = ["engine and size", "ms", "frames/s", "its paper, on its own card", "faster than the paper"]
    return table(header, cells)


def _ways(rows: list[Row]) -> str:
    first = rows[0]["seconds"]
    cells = []
    for r in rows:
        if r["seconds"] is None:
            cells.append([r["way"], "refused", r["refused"].replace("|", "/")])
            continue
        ratio = f"{first / r['seconds']:.2f}x" if first else ""
        cells.append([r["way"], _ms(r["seconds"]), ratio])
    return table(["way", "ms", "faster than float32"], cells)


#: Title and tables of each part.
PARTS: dict[str, tuple[str, Callable[[list[Row]], str]]] = {
    "parity": ("Parity: levels of 255 from the published float32 network on the CPU", _parity),
    "half": ("Half precision: levels of 255 from float32 on the same device", _half),
    "network": ("Network, one pass (with style: the published code encodes it each time)", _network),
    "daemon": ("End to end through the daemon: RGBA bytes there and back, coarse to fine", _daemon),
    "large": ("A large picture", _large),
    "learn": ("Learning a style, from its picture to signals that paint", _learn),
    "library": ("Learning the library", _library),
    "seeds": ("The papers' own rows", _seeds),
    "ways": ("Ways to run the network alone that a trial at start could choose", _ways),
}


def _aim(what: str, seconds: list[float], aim: float) -> str:
    if not seconds:
        return ""
    verdict = "reached" if seconds[0] <= aim else "not reached"
    return f"\n{what}: {_ms(seconds[0])} ms, aim {_ms(aim)} ms: {verdict}.\n"


def _size(row: Row) -> str:
    return f"{row['width']}x{row['height']}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:,.1f}"


def _mb(count: float) -> str:
    return f"{count / 1e6:,.0f}"


if __name__ == "__main__":
    main()
