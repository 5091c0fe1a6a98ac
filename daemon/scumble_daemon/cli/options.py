"""The options that stylize, sweep and batch share, each defined once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import click

from scumble.errors import ScumbleError
from scumble.pixels.geometry import Extent
from scumble.request import CONTRAST_RANGE, DETAIL_RANGE, PATCH_RANGE, PRESERVE_COLOR, STROKE_RANGE, TILINGS

Command = Callable[..., Any]

#: A stroke size of 1 has marks of about so many pixels in a picture that is so long.
MARK, LONG_SIDE = 8.0, 640


def _device(_ctx: click.Context, _option: click.Parameter, name: str) -> str:
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d{1,2})?", name):
        raise click.BadParameter(f"{name!r} is not one of auto, cpu, cuda.")
    return name


def _scheduler(_ctx: click.Context, _option: click.Parameter, address: str | None) -> str | None:
    # Dask would look for a nameless host for a while, and say it with a traceback.
    if address is not None and not re.fullmatch(r"[a-z]+://\S+:\d{1,5}", address):
        raise click.BadParameter(f"{address!r} is no address of a scheduler, such as tcp://head:8786.")
    return address


def _take_preset(ctx: click.Context, _option: click.Parameter, name: str | None) -> None:
    """Let the options that are not given have what the preset says."""
    if name is None or ctx.resilient_parsing:
        return
    from scumble.editing.presets import load_preset

    effect = load_preset(name).effect
    fields = {key: value for key, value in vars(effect).items() if key != "styles"}
    texts = [f"{style.value}:{style.amount!r}" for style in effect.styles]
    ctx.default_map = {**(ctx.default_map or {}), **fields, "styles": texts}


#: Read before the other options, whose defaults it brings along: one that is given wins.
preset_option = click.option(
    "--preset",
    metavar="NAME",
    is_eager=True,
    expose_value=False,
    callback=_take_preset,
    help="Styles and settings saved under that name, here or in an editor; options that are given win. "
    "See scumble presets.",
)
style_option = click.option(
    "--style",
    "styles",
    metavar="STYLE[:W][@MASK]",
    multiple=True,
    required=True,
    help="A style of the library or an image, its share in a mix, and a mask of where it is "
    "(white is full). Can be repeated.",
)
weight_option = click.option(
    "--weight",
    metavar="0..1",
    type=click.FloatRange(0, 1),
    default=1.0,
    show_default=True,
    help="Strength of the style: 0 returns the picture, 1 is the full effect.",
)
scheduler_option = click.option(
    "--scheduler",
    metavar="tcp://HOST:PORT",
    callback=_scheduler,
    help="Compute on the workers of this dask scheduler; all machines need the same shared folders.",
)
stroke_pixels_option = click.option(
    "--stroke-pixels",
    metavar="N",
    type=click.FloatRange(min=0.1),
    help="Instead of --stroke-size: about how many pixels wide the marks are in each picture.",
)
json_option = click.option("--json", "wants_json", is_flag=True, help="Print the results as JSON.")

device_option = click.option(
    "--device",
    metavar="auto|cpu|cuda",
    default="auto",
    show_default=True,
    callback=_device,
    help="Where to compute; auto takes the GPU when there is one.",
)

_ENGINE = (
    click.option(
        "--engine",
        metavar="NAME",
        default="microast",
        show_default=True,
        help="The model, see scumble models list.",
    ),
    device_option,
    click.option(
        "--tiling",
        type=click.Choice(TILINGS),
        default="auto",
        show_default=True,
        help="How large pictures are cut; exact equals full at any size.",
    ),
    click.option(
        "--patch", metavar="N", type=click.IntRange(*PATCH_RANGE), help="Side of a patch in pixels."
    ),
    click.option(
        "--stroke-size",
        metavar="0.25..4",
        type=click.FloatRange(*STROKE_RANGE),
        default=1.0,
        show_default=True,
        help="Relative to the picture, whatever its resolution; 1 is what a preview shows.",
    ),
    click.option(
        "--preserve-color",
        type=click.Choice(PRESERVE_COLOR),
        default="off",
        show_default=True,
        help="Keep the picture's hues (luminance) or its palette as a whole.",
    ),
    click.option(
        "--contrast",
        metavar="0.5..2",
        type=click.FloatRange(*CONTRAST_RANGE),
        default=1.0,
        show_default=True,
        help="Contrast of the result.",
    ),
    click.option(
        "--detail",
        metavar="0..1",
        type=click.FloatRange(*DETAIL_RANGE),
        default=0.0,
        show_default=True,
        help="How much of the picture's fine structure returns.",
    ),
)


def for_size(settings: Mapping[str, Any], extent: Extent) -> dict[str, Any]:
    """Fields of StylizeRequest for a picture of that size: `stroke_pixels` becomes its stroke size.

    Raises ScumbleError `bad-request` where that is out of range.
    """
    found = {name: value for name, value in settings.items() if name != "stroke_pixels"}
    pixels = settings.get("stroke_pixels")
    if pixels is not None:
        longest = max(extent)
        one = MARK * longest / min(LONG_SIDE, longest)  # pixels
        low, high = (one * limit for limit in STROKE_RANGE)
        if not low <= pixels <= high:
            raise ScumbleError(
                "bad-request", f"Strokes in a picture of {extent} are {low:.3g} to {high:.3g} pixels wide."
            )
        found["stroke_size"] = pixels / one
    return found


def engine_options(command: Command) -> Command:
    """Add the options that say how to compute; their names are fields of StylizeRequest."""
    for option in reversed(_ENGINE):
        command = option(command)
    return command
