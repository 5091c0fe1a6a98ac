"""``scumble bench``: how fast this machine is, beside the published way of running the network."""

from __future__ import annotations

import platform
import statistics
import time
from pathlib import Path
from typing import Any

import click

from . import report
from .model_errors import model_errors

_EXAMPLES = """\b
Examples:
  scumble bench
  scumble bench --sizes 512x512,4096x2160 --json
  scumble bench --reference ~/MicroAST
"""
DEFAULT_SIZES = "512x512,1024x1024,2048x2048,4096x2160"


class _Sizes(click.ParamType):
    name = "WxH,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            pairs = [tuple(int(side) for side in text.lower().split("x")) for text in value.split(",")]
        except ValueError:
            pairs = []
        if not pairs or any(len(pair) != 2 or min(pair) < 1 for pair in pairs):
            self.fail(f"{value!r} is not a list of sizes such as 512x512,4096x2160.", param, ctx)
        return pairs


@click.command(epilog=_EXAMPLES)
@click.option("--sizes", type=_Sizes(), default=DEFAULT_SIZES, show_default=True)
@click.option("--engine", default="microast", show_default=True, help="Model to run.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda.")
@click.option("--tiling", default="auto", show_default=True, help="auto, full, thumbnail or exact.")
@click.option("--patch", type=click.IntRange(64), help="Side of a patch in pixels.")
@click.option("--repeats", default=5, show_default=True, help="Medians are taken over this many.")
@click.option("--reference", type=click.Path(path_type=Path), help="A checkout of the authors' code.")
@click.option("--no-reference", is_flag=True, help="Leave the published way out (it takes longest).")
@click.option("--no-wire", is_flag=True, help="Leave the way through the daemon out.")
@click.option("--json", "wants_json", is_flag=True, help="Print everything as JSON.")
def command(
    sizes: list[tuple[int, int]],
    engine: str,
    device: str,
    tiling: str,
    patch: int | None,
    repeats: int,
    reference: Path | None,
    no_reference: bool,
    no_wire: bool,
    wants_json: bool,
) -> None:
    """Measure seconds, megapixels per second, peak memory and achieved FLOP/s at several sizes.

    Each row is measured in a process of its own. Ratios compare our engine with the published way
    (full frame, float32, NCHW) in this same run; a busy machine changes both.
    """
    from scumble_models.bench.network import measure
    from scumble_models.bench.rates import gemm_rate, operations_per_pixel
    from scumble_models.registry import load_model

    with model_errors():
        model = load_model(engine, device)
        place = str(model.device)
        document: dict[str, Any] = {
            "machine": f"{platform.machine()}, {_cores()} cores, {platform.system()}",
            "device": place,
            "gemm_gflops": gemm_rate(model.device) / 1e9,
            "operations_per_pixel": operations_per_pixel(model),
            "rows": [],
        }
        for width, height in sizes:
            report.note(f"measuring {width}x{height}")
            settings: dict[str, Any] = {"engine": engine, "device": place, "repeats": repeats}
            ours = measure("scumble", width, height, tiling=tiling, patch=patch, **settings)
            row: dict[str, Any] = {"ours": vars(ours)}
            if not no_reference:
                theirs = measure("reference", width, height, reference=reference, **settings)
                row["reference"] = vars(theirs)
            if not no_wire:
                row["wire_seconds"] = _wire_seconds(width, height, repeats)
            document["rows"].append(row)
    if wants_json:
        report.as_json(document)
    else:
        _print_table(document)


def _cores() -> int:
    import torch

    return torch.get_num_threads()


def _wire_seconds(width: int, height: int, repeats: int) -> float:
    """Seconds through daemon and worker and back of a job that computes nothing (style weight 0)."""
    from scumble import Client, Extent, PixelFormat, Pixels

    style = Pixels(Extent(8, 8), PixelFormat("u8", "RGB"), bytes(8 * 8 * 3))
    seconds = []
    with Client.connect() as client:
        for repeat in range(repeats + 1):
            # Other pixels each time, or the daemon would have them already.
            data = bytes([repeat]) * (width * height * 4)
            layer = Pixels(Extent(width, height), PixelFormat("u8", "RGBA"), data)
            started = time.perf_counter()
            client.stylize(layer, style, weight=0.0)
            seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[1:])


def _print_table(document: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    gemm, per_pixel = document["gemm_gflops"], document["operations_per_pixel"]
    title = f"{document['machine']}, {document['device']}; matrix product {gemm:.0f} GFLOP/s (float32)"
    table = Table(title=title, title_justify="left")
    for name in ("size", "s", "MP/s", "GFLOP/s", "of peak", "peak MB", "style s", "wire s", "published s",
                 "ratio", "ratio with style"):  # fmt: skip
        table.add_column(name, justify="right")
    for row in document["rows"]:
        ours, theirs = row["ours"], row.get("reference")
        pixels = ours["width"] * ours["height"]
        achieved = pixels * per_pixel / ours["seconds"] / 1e9
        cells = [f"{ours['width']}x{ours['height']}", f"{ours['seconds']:.3f}"]
        cells += [f"{pixels / ours['seconds'] / 1e6:.2f}", f"{achieved:.0f}", f"{achieved / gemm:.0%}"]
        cells += [f"{ours['peak_bytes'] / 1e6:.0f}", f"{ours['style_seconds']:.3f}"]
        cells.append(f"{row['wire_seconds']:.3f}" if "wire_seconds" in row else "")
        if theirs:
            cells += [f"{theirs['seconds']:.3f}", f"{theirs['seconds'] / ours['seconds']:.2f}x"]
            cells.append(f"{theirs['with_style'] / ours['seconds']:.2f}x")
        table.add_row(*cells)
    Console().print(table)
    report.note("'ratio with style': the published code encodes the style each time, ours once in its life.")
