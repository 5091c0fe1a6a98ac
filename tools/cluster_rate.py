"""Measure what one worker of a cluster does, for the cost model of docs/scale.md.

    python tools/cluster_rate.py --workers 1 --side 3072

Starts a scheduler and workers of one thread each on this machine, and prints: pictures and megapixels
per second of whole pictures (`scumble batch`), megapixels per second of one picture in parts
(`scumble stylize`), each pass by itself, the tasks per second that scheduler and client manage when a task
does nothing, and what moving and writing pixels takes.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
from distributed import Client, LocalCluster, as_completed
from PIL import Image

from scumble import Extent, PixelFormat, Pixels, StyleSource, StyleWeight
from scumble_daemon.cluster.parts import paint_spread
from scumble_daemon.cluster.plan import Plan, make_plan
from scumble_daemon.cluster.tasks import completed
from scumble_daemon.cluster.worker import paint_file
from scumble_daemon.images import large

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


def whole_pictures(client: Client, plan: Plan, count: int, side: int, workers: int) -> str:
    """Rate of `scumble batch`: reading, computing and writing JPEG files."""
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
    rate = count / seconds
    return f"{rate:.3f} pictures of {side}x{side} per second ({rate * side * side / 1e6:.3f} MP/s)"


def one_picture(client: Client, plan: Plan, side: int) -> str:
    """Rate of `scumble stylize --scheduler`, and of its passes."""
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
    passes, before = [], started
    for stage, moment in ended.items():
        passes.append(f"{stage} {side * side / 1e6 / (moment - before):.3f}")
        before = moment
    return f"{side * side / 1e6 / seconds:.3f} MP/s in parts ({', '.join(passes)} MP/s by themselves)"


def nothing(plan: Plan) -> int:
    """A task that does nothing, with the arguments of one that does."""
    return len(plan.styles)


def empty_tasks(client: Client, plan: Plan, count: int = 3000) -> str:
    """How many tasks per second one client and one scheduler manage: all are sent at once."""
    started = time.monotonic()
    futures = client.map(nothing, [plan] * count, pure=False)
    for future in as_completed(futures):
        future.result()
    return f"{count / (time.monotonic() - started):.0f} empty tasks per second"


def block(side: int) -> np.ndarray:
    """A part of a result, without any computing."""
    return np.zeros((side, side, 3), np.uint8)


def transfer(client: Client, count: int = 64, side: int = 2048) -> str:
    """What comes back from workers on the same machine: parts of a result, one after the other."""
    started = time.monotonic()
    for _, future in completed(client, ((block, side) for _ in range(count))):
        future.result()
    return f"{count * side * side / 1e6 / (time.monotonic() - started):.0f} MP/s of parts come back"


def files(side: int) -> str:
    """What the machine that gives the command does by itself: decode a TIFF, write a tiled one."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "in.tif"
        photo(side, side).save(source, compression="tiff_adobe_deflate")
        started = time.monotonic()
        pixels, _ = large.read_large(source)
        read = time.monotonic()
        large.write_large(Path(folder) / "out.tif", pixels, source)
        written = time.monotonic()
    size = side * side / 1e6
    return (
        f"{size / (read - started):.0f} MP/s read, {size / (written - read):.0f} MP/s written as tiled TIFF"
    )


@click.command()
@click.option("--workers", default=1, show_default=True)
@click.option("--pictures", default=12, show_default=True, help="of 1024x1024, for the rate of a batch")
@click.option("--side", default=3072, show_default=True, help="of the picture in parts")
def main(workers: int, pictures: int, side: int) -> None:
    """Print the rates, one line each."""
    plan = make_plan([(StyleWeight(StyleSource(library="irises")), None)], SETTINGS)
    with (
        LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        Client(cluster, direct_to_workers=True) as client,
    ):
        click.echo(f"{workers} workers of one thread")
        click.echo(whole_pictures(client, plan, pictures, 1024, workers))
        click.echo(one_picture(client, plan, side))
        click.echo(empty_tasks(client, plan))
        click.echo(transfer(client))
    click.echo(files(8192))


if __name__ == "__main__":
    main()
