"""``scumble bench``: how fast this machine is, beside the published way of running the network."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scumble_daemon.cli import report
from scumble_daemon.model_errors import model_errors

if TYPE_CHECKING:
    from scumble_models.model import StyleModel

_EXAMPLES = """\b
Examples:
  scumble bench
  scumble bench --sizes 512x512,4096x2160 --section network --json
  scumble bench --section cascade --sizes 6000x4000 --repeats 3
  scumble bench --section profile --sizes 2048x2048
  scumble bench --section network --against openvino
  scumble bench --reference ~/MicroAST
"""
SIZES = {
    "network": ((512, 512), (1024, 1024), (2048, 2048), (4096, 2160)),
    "cascade": ((1600, 1200), (4000, 3000)),
    "batch": ((2000, 1500),),
    "profile": ((2048, 2048),),
}
SECTIONS = ("network", "cascade", "learning", "wire", "preview", "start", "batch", "profile")
#: Those that need a daemon.
AROUND = ("wire", "preview", "start", "batch")
WIRE_SIZES = ((2048, 2048), (4096, 2160))


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
@click.option("--section", "sections", type=click.Choice(SECTIONS), multiple=True,
              help="What to measure; may be given again. All but profile when left out.")  # fmt: skip
@click.option(
    "--sizes", type=_Sizes(), help="Of network, cascade, batch and profile; each has its own when left out."
)
@click.option("--engine", default="microast", show_default=True, help="Model to run.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda.")
@click.option("--tiling", default="auto", show_default=True, help="auto, full, thumbnail or exact.")
@click.option("--patch", type=click.IntRange(64), help="Side of a patch in pixels.")
@click.option(
    "--repeats",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    help="Medians are taken over this many.",
)
@click.option("--pictures", type=click.IntRange(1), default=12, show_default=True, help="Of a batch.")
@click.option("--reference", type=click.Path(path_type=Path), help="A checkout of the authors' code.")
@click.option("--no-reference", is_flag=True, help="Leave the published way out (it takes longest).")
@click.option("--against", type=click.Choice(["openvino"]),
              help="Measure the published network there too, in float32 and bfloat16.")  # fmt: skip
@click.option("--json", "wants_json", is_flag=True, help="Print everything as JSON.")
def command(
    sections: tuple[str, ...],
    sizes: list[tuple[int, int]] | None,
    engine: str,
    device: str,
    tiling: str,
    patch: int | None,
    repeats: int,
    pictures: int,
    reference: Path | None,
    no_reference: bool,
    against: str | None,
    wants_json: bool,
) -> None:
    """Measure this machine: the network, the cascade, learning, what is around it, and each layer's share.

    Ratios compare our engine with the published way (full frame, float32, NCHW). Both are processes of
    their own that work in turn, so a busy machine slows both.
    """
    from scumble_bench.cascade import measure_cascade
    from scumble_bench.network import measure
    from scumble_bench.openvino_way import WAYS
    from scumble_bench.rates import copy_rate, gemm_rate, operations_per_pixel
    from scumble_models.registry import load_model

    chosen = sections or SECTIONS[:-1]
    with model_errors():
        model = load_model(engine, device)
        place = str(model.device)
        document: dict[str, Any] = {
            "machine": f"{platform.machine()}, {_cores()} cores, {platform.system()}",
            "device": place,
            "gemm_gflops": gemm_rate(model.device) / 1e9,
            "copy_gbytes": copy_rate(model.device) / 1e9,
            "operations_per_pixel": operations_per_pixel(model),
        }
        settings: dict[str, Any] = {"engine": engine, "device": place, "repeats": repeats}
        settings |= {"tiling": tiling, "patch": patch}
        if "network" in chosen:
            ways = ("scumble",) if no_reference else ("scumble", "reference")
            ways += tuple(WAYS) if against else ()
            document["network"] = []
            for width, height in sizes or SIZES["network"]:
                report.note(f"measuring {width}x{height}")
                row = measure(ways, width, height, reference=reference, **settings)
                document["network"].append({way: asdict(found) for way, found in row.items()})
        if "cascade" in chosen:
            document["cascade"] = []
            for width, height in sizes or SIZES["cascade"]:
                report.note(f"measuring the cascade of {width}x{height}")
                cost = measure_cascade(width, height, **settings)
                document["cascade"] += [] if cost is None else [asdict(cost)]
        if "learning" in chosen and model.traits.learns:
            report.note("measuring learning")
            document |= _learning(model, repeats)
        if around := [section for section in AROUND if section in chosen]:
            report.note("measuring " + ", ".join(around))
            document |= _around(around, sizes or SIZES["batch"], pictures, repeats)
        if "profile" in chosen:
            document["profile"] = [
                _profile(engine, place, width, height, reference)
                for width, height in sizes or SIZES["profile"]
            ]
    if wants_json:
        report.as_json(document)
    else:
        from . import tables

        tables.show(document)


def _cores() -> int:
    import torch

    return torch.get_num_threads()


def _learning(model: StyleModel, repeats: int) -> dict[str, Any]:
    from scumble_bench.learning import measure_learning, measure_switch

    switch = measure_switch(model, repeats * 2)
    cost = measure_learning(engine=model.name, device=str(model.device), repeats=repeats)
    return {"learning": asdict(cost), **({"switch": asdict(switch)} if switch else {})}


def _around(
    chosen: Sequence[str], batch_sizes: Sequence[tuple[int, int]], pictures: int, repeats: int
) -> dict[str, Any]:
    from scumble import Client
    from scumble_bench.batch import measure_batch
    from scumble_bench.place import own_place
    from scumble_bench.preview import SIZES as PREVIEWS
    from scumble_bench.preview import measure_preview
    from scumble_bench.start import measure_start
    from scumble_bench.wire import measure_wire

    found: dict[str, Any] = {}
    with own_place() as folder:
        if "start" in chosen:
            found["start"] = asdict(measure_start(folder, repeats))
        with Client.connect() as client:
            if "wire" in chosen:
                found["wire"] = [asdict(measure_wire(client, *size, repeats)) for size in WIRE_SIZES]
            if "preview" in chosen:
                found["preview"] = [asdict(measure_preview(client, *size, repeats * 2)) for size in PREVIEWS]
            if "batch" in chosen:
                batches = [measure_batch(client, folder, *size, pictures, repeats) for size in batch_sizes]
                found["batch"] = [asdict(batch) for batch in batches]
    return found


def _profile(engine: str, device: str, width: int, height: int, reference: Path | None) -> dict[str, Any]:
    from scumble_bench.contender import in_one_pass
    from scumble_bench.pictures import STYLE_SIDE, photo
    from scumble_bench.profile import profile
    from scumble_bench.reference import load_reference
    from scumble_models.allocation import keep_freed_memory
    from scumble_models.registry import load_model
    from scumble_models.stylize import encode_style, stylize

    content, style = photo(width, height, 1), photo(STYLE_SIDE, STYLE_SIDE, 2)
    published = load_reference(reference, load_model(engine, device))
    given, run = published.encode(style)(), published.run(content)
    theirs = profile(lambda: run(given), published.device)
    keep_freed_memory()  # as the daemon's worker does
    model = in_one_pass(load_model(engine, device))
    signals = encode_style(model, style, "RGB")
    ours = profile(lambda: stylize(model, content, "RGB", [(signals, 1.0)]), model.device)
    layers = {"reference": [asdict(layer) for layer in theirs], "scumble": [asdict(layer) for layer in ours]}
    return {"width": width, "height": height, **layers}
