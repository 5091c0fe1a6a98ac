"""The options that stylize, sweep and batch share, each defined once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import click

from scumble.errors import ScumbleError
from scumble.pixels.geometry import Extent
from scumble.settings import SETTINGS, STROKE_RANGE, Device, Number, OneOf, Whole, check_device

Command = Callable[..., Any]

#: A stroke size of 1 has marks of about so many pixels in a picture that is so long.
MARK, LONG_SIDE = 8.0, 640


def _device(_ctx: click.Context, _option: click.Parameter, name: str) -> str:
    try:
        check_device(name)
    except ScumbleError as error:
        raise click.BadParameter(f"{name!r} is not one of auto, cpu, cuda.") from error
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
    texts = [f"{style.value}:{style.amount!r}" for style in effect.styles]
    ctx.default_map = {**(ctx.default_map or {}), **effect.settings(), "styles": texts}


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


def _option(name: str) -> Callable[[Command], Command]:
    """The option of a setting: what it may be and what it is for are said where settings are."""
    setting = SETTINGS[name]
    kind, given = setting.kind, {"default": setting.default, "show_default": setting.default is not None}
    if isinstance(kind, Number):
        given |= {"type": click.FloatRange(kind.low, kind.high), "metavar": f"{kind.low:g}..{kind.high:g}"}
    elif isinstance(kind, Whole):
        given |= {"type": click.IntRange(kind.low, kind.high), "metavar": "N"}
    elif isinstance(kind, OneOf):
        given |= {"type": click.Choice(kind.words)}
    elif isinstance(kind, Device):
        given |= {"metavar": "auto|cpu|cuda", "callback": _device}
    else:
        given |= {"metavar": "NAME"}
    names = ("--strength", "--weight", name) if name == "weight" else (f"--{name.replace('_', '-')}",)
    return click.option(*names, help=setting.purpose, **given)


weight_option, device_option = _option("weight"), _option("device")


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
                "bad-request",
                "Strokes in a picture of {extent} are {least} to {most} pixels wide.",
                extent=extent,
                least=format(low, ".3g"),
                most=format(high, ".3g"),
            )
        found["stroke_size"] = pixels / one
    return found


def engine_options(command: Command) -> Command:
    """Add the options that say how to compute; their names are fields of StylizeRequest."""
    for name in reversed([name for name in SETTINGS if name != "weight"]):
        command = _option(name)(command)
    return command
