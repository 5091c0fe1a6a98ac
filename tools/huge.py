"""Stylize a synthetic TIFF of any size from the command line, and say what memory and time it took.

    python tools/huge.py --size 30000x30000

The picture is made in strips from a seed, the command runs against a daemon of its own in a folder of
its own (on the disk of --folder, which needs about 45 bytes per pixel), and everything is removed
afterwards. Linux only: the peaks are what /proc says of each process.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import tifffile

TILE = 256
ROOT = Path(__file__).resolve().parents[1]


@click.command()
@click.option("--size", default="30000x30000", show_default=True, metavar="WxH")
@click.option("--tiling", type=click.Choice(["exact", "thumbnail"]), default="exact", show_default=True)
@click.option("--patch", type=int, help="Side of a patch; the daemon's own choice when left out.")
@click.option(
    "--format", "suffix", type=click.Choice(["tif", "png", "jpg"]), default="tif", help="Of the result."
)
@click.option("--region", metavar="X,Y,W,H", help="Compute only a part (exact still reads all of it).")
@click.option("--pyramid", is_flag=True, help="Write all halved sizes too.")
@click.option("--style", default=str(ROOT / "examples/styles/swirls.jpg"))
@click.option("--folder", type=click.Path(path_type=Path), help="Where the files go; they are removed.")
def main(
    size: str,
    tiling: str,
    patch: int | None,
    suffix: str,
    region: str | None,
    pyramid: bool,
    style: str,
    folder: Path | None,
) -> None:
    """Make, stylize, measure."""
    width, height = (int(side) for side in size.split("x"))
    with tempfile.TemporaryDirectory(prefix="scumble-huge-", dir=folder) as name:
        root = Path(name)
        started = time.monotonic()
        write_picture(root / "in.tif", width, height)
        click.echo(f"made {width}x{height} in {time.monotonic() - started:.0f} s")
        options = ["--tiling", tiling] + (["--patch", str(patch)] if patch else [])
        options += (["--pyramid"] if pyramid else []) + (["--region", region] if region else [])
        command = [
            "stylize",
            str(root / "in.tif"),
            "--style",
            style,
            "-o",
            str(root / f"out.{suffix}"),
            *options,
        ]
        environment = {**os.environ, **directories(root)}
        watch = Watch(root / "run")
        started = time.monotonic()
        code = subprocess.run([*SCUMBLE, *command], env=environment).returncode
        seconds = time.monotonic() - started
        watch.stop()
        subprocess.run([*SCUMBLE, "daemon", "stop"], env=environment, check=False)
        log = (root / "log" / "daemon.log").read_text()
        click.echo("\n".join(line for line in log.splitlines() if " done in " in line or "failed" in line))
        if code:
            raise SystemExit(code)
        done = int(np.prod([int(n) for n in region.split(",")[2:]])) if region else width * height
        output = (root / f"out.{suffix}").stat().st_size
        click.echo(f"{seconds:.0f} s, {done / seconds / 1e6:.2f} MP/s, result {output / 1e6:.0f} MB")
        own = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        click.echo(f"peak RSS: worker {watch.peak('worker'):.0f} MB, broker {watch.peak('broker'):.0f} MB, "
                   f"command line {own:.0f} MB; most disk in use {watch.disk / 1e9:.1f} GB")  # fmt: skip


SCUMBLE = [sys.executable, "-c", "from scumble_daemon.cli import main; main()"]


def directories(root: Path) -> dict[str, str]:
    """The environment that gives the daemon a place of its own."""
    names = {"RUNTIME": "run", "LOG": "log", "DATA": "data", "CONFIG": "config", "SPOOL": "spool"}
    return {f"SCUMBLE_{name}_DIR": str(root / folder) for name, folder in names.items()}


def write_picture(path: Path, width: int, height: int) -> None:
    """A tiled TIFF of smooth colours, edges and noise, made tile by tile from one seed."""

    def tiles() -> Iterator[np.ndarray]:
        random = np.random.default_rng(0)
        noise = random.integers(-12, 12, (TILE, TILE, 3))
        for top in range(0, height, TILE):
            y = np.arange(top, top + TILE)[:, None, None]
            for left in range(0, width, TILE):
                x = np.arange(left, left + TILE)[None, :, None]
                waves = np.sin(x / np.array([900.0, 700, 1100]) + y / np.array([500.0, 1300, 800]))
                edges = ((x // 310 + y // 270) % 2) * 30
                yield np.clip(128 + 80 * waves + edges + noise, 0, 255).astype(np.uint8)

    tifffile.imwrite(
        path,
        tiles(),
        shape=(height, width, 3),
        dtype=np.uint8,
        photometric="rgb",
        tile=(TILE, TILE),
        bigtiff=True,
    )


class Watch:
    """Looks at the daemon's processes and the disk twice a second."""

    def __init__(self, runtime: Path) -> None:
        self._runtime, self._peaks = runtime, {"worker": 0.0, "broker": 0.0}
        self._free = shutil.disk_usage(runtime.parent).free
        self.disk = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def peak(self, role: str) -> float:
        """The largest resident set of any worker or broker, in MB."""
        return self._peaks[role]

    def stop(self) -> None:
        """Look no more."""
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        from scumble.launch.connection_file import read_connection

        while not self._end.wait(0.5):
            self.disk = max(self.disk, self._free - shutil.disk_usage(self._runtime.parent).free)
            info = read_connection(self._runtime)
            if info is None:
                continue
            self._look("broker", info.pid)
            children = Path(f"/proc/{info.pid}/task/{info.pid}/children")
            for pid in children.read_text().split() if children.exists() else ():
                self._look("worker", int(pid))

    def _look(self, role: str, pid: int) -> None:
        try:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except OSError:
            return
        for line in lines:
            if line.startswith("VmHWM:"):
                self._peaks[role] = max(self._peaks[role], int(line.split()[1]) / 1024)


if __name__ == "__main__":
    main()
