"""Measure what one worker of a cluster does, for the cost model of docs/scale.md.

    python tools/cluster_rate.py --write

Starts a scheduler and workers of one thread each on this machine, and measures: megapixels per second of
whole pictures (`scumble batch`) and of one picture in parts (`scumble stylize`), each pass by itself, the
tasks per second that scheduler and client manage when a task does nothing, and what moving and writing
pixels takes. `--write` puts these and the arithmetic of tools/cluster_costs.py into the page; it takes half
a minute on two cores, on which nothing else should run.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import cluster_costs
import numpy as np
from cluster_costs import PATCH, Rates
from distributed import Client, LocalCluster, as_completed
from page import processor, put, table
from PIL import Image

from scumble import Extent, PixelFormat, Pixels, StyleSource, StyleWeight
from scumble_daemon.cluster.parts import paint_spread
from scumble_daemon.cluster.plan import Plan, make_plan
from scumble_daemon.cluster.tasks import completed
from scumble_daemon.cluster.worker import paint_file
from scumble_daemon.images import large
from scumble_models.registry import load_model
from scumble_models.tiling.box import Box

PAGE = Path(__file__).parents[1] / "docs" / "scale.md"
PHOTO = Path(__file__).parents[1] / "examples" / "photos" / "coffee.jpg"
SETTINGS = {
    "engine": "microast",
    "device": "auto",
    "tiling": "auto",
    "patch": None,
    "stroke_size": 1.0,
    "preserve_color": "off",
    "contrast": 1.0,
    "detail": 0.0,
    "weight": 1.0,
}


def photo(width: int, height: int) -> Image.Image:
    """The example photo at another size."""
    with Image.open(PHOTO) as image:
        return image.convert("RGB").resize((width, height), Image.Resampling.BICUBIC)


def whole_pictures(client: Client, plan: Plan, count: int, side: int, workers: int) -> float:
    """MP/s of `scumble batch`: reading, computing and writing JPEG files."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "in.jpg"
        photo(side, side).save(source, quality=92)

        def tasks(first: int, last: int) -> Iterator[tuple[Any, ...]]:
            for index in range(first, last):
                yield paint_file, plan, {"index": index}, source, Path(folder) / f"{index}.jpg", None

        for _, future in completed(client, tasks(0, 2 * workers)):  # models are loaded now
            future.result()
        started = time.monotonic()
        for _, future in completed(client, tasks(2 * workers, 2 * workers + count)):
            future.result()
        seconds = time.monotonic() - started
    return count * side * side / 1e6 / seconds


def one_picture(client: Client, plan: Plan, side: int) -> tuple[float, dict[str, float]]:
    """MP/s of `scumble stylize --scheduler`, and of its passes by themselves."""
    array = np.asarray(photo(side, side))
    pixels = Pixels(Extent(side, side), PixelFormat("u8", "RGB"), array.tobytes())
    ended: dict[str, float] = {}
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        paint_spread(
            client,
            plan,
            pixels,
            None,
            Path(folder),
            lambda progress: ended.update({progress.stage: time.monotonic()}),
        )
    seconds = time.monotonic() - started
    passes, before = {}, started
    for stage, moment in ended.items():
        passes[stage] = side * side / 1e6 / (moment - before)
        before = moment
    return side * side / 1e6 / seconds, passes


def nothing(plan: Plan) -> int:
    """A task that does nothing, with the arguments of one that does."""
    return len(plan.styles)


def empty_tasks(client: Client, plan: Plan, count: int = 3000) -> float:
    """How many tasks per second one client and one scheduler manage: all are sent at once."""
    started = time.monotonic()
    futures = client.map(nothing, [plan] * count, pure=False)
    for future in as_completed(futures):
        future.result()
    return count / (time.monotonic() - started)


def block(side: int) -> np.ndarray:
    """A part of a result, without any computing."""
    return np.zeros((side, side, 3), np.uint8)


def transfer(client: Client, count: int = 64, side: int = 2048) -> float:
    """MP/s that come back from workers on the same machine: parts of a result, one after the other."""
    started = time.monotonic()
    for _, future in completed(client, ((block, side) for _ in range(count))):
        future.result()
    return count * side * side / 1e6 / (time.monotonic() - started)


def files(side: int) -> tuple[float, float]:
    """MP/s of what the machine that gives the command does by itself: decode a TIFF, write a tiled one."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "in.tif"
        photo(side, side).save(source, compression="tiff_adobe_deflate")
        started = time.monotonic()
        pixels, _ = large.read_large(source)
        read = time.monotonic()
        large.write_large(Path(folder) / "out.tif", pixels, source)
        written = time.monotonic()
    size = side * side / 1e6
    return size / (read - started), size / (written - read)


def overlap(engine: str) -> list[float]:
    """For each pass over one picture in parts: pixels that a patch reads for each pixel that it is for."""
    stages = load_model(engine, "cpu").stages()
    grids = [Box(0, 0, 100 * PATCH, 100 * PATCH)]
    for stage in stages:
        grids.append(stage.output_box(grids[-1]))
    factors = []
    for last in range(1, len(stages) + 1):
        patch = PATCH * grids[last].width // grids[0].width
        box = Box(50 * patch, 50 * patch, 51 * patch, 51 * patch)  # far from the border
        for stage, grid in reversed(list(zip(stages[:last], grids, strict=False))):
            box = stage.input_box(box, grid)
        factors.append(box.width * box.height / PATCH**2)
    return factors


def _table(rows: list[cluster_costs.Row]) -> str:
    return table(rows[0], rows[1:])


@click.command()
@click.option("--workers", default=1, show_default=True)
@click.option("--pictures", default=12, show_default=True, help="of 1024x1024, for the rate of a batch")
@click.option("--side", default=3072, show_default=True, help="of the picture in parts")
@click.option("--write", is_flag=True, help="Put the tables into docs/scale.md (with one worker only).")
def main(workers: int, pictures: int, side: int, write: bool) -> None:
    """Measure, and print the tables."""
    if write and workers != 1:
        raise click.UsageError("The page counts with the rates of one worker: leave --workers away.")
    plan = make_plan([(StyleWeight(StyleSource(library="irises")), None)], SETTINGS)
    with (
        LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        Client(cluster, direct_to_workers=True) as client,
    ):
        whole = whole_pictures(client, plan, pictures, 1024, workers) / workers
        parts, passes = one_picture(client, plan, side)
        tasks, returned = empty_tasks(client, plan), transfer(client)
    rates = Rates(whole, parts / workers, passes, tasks, returned, *files(8192), overlap=overlap(plan.engine))
    plural = "" if workers == 1 else "s"
    machine = (
        f"{workers} worker{plural} of one thread on a machine with {os.cpu_count()} cores ({processor()}), "
        "with nothing beside it."
    )
    tables = {
        "measured": f"{machine}\n\n{_table(cluster_costs.measured(rates, side))}",
        "photos": _table(cluster_costs.photos(rates)),
        "photo limits": _table(cluster_costs.photo_limits(rates)),
        "gigapixels": _table(cluster_costs.gigapixels(rates)),
        "many gigapixels": f"{cluster_costs.many_gigapixels(rates)}\n",
    }
    for place, text in tables.items():
        click.echo(text)
        if write:
            put(PAGE, place, text)


if __name__ == "__main__":
    main()
