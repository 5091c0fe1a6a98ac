"""``scumble presets``: settings under a name, the same ones that the editors show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from scumble.editing.effect import Effect, StyleChoice
from scumble.editing.presets import delete_preset, list_presets, load_preset, save_preset

from . import report
from .given_styles import GivenStyle, load_styles, with_recipe
from .options import engine_options, json_option, preset_option, style_option, weight_option

_EXAMPLES = """\b
Examples:
  scumble presets save "Soft sea" --style great-wave:0.7 --style irises:0.3 --strength 0.8
  scumble presets list
  scumble stylize photo.jpg --preset "Soft sea" -o out.jpg
  scumble presets save "Softer sea" --preset "Soft sea" --strength 0.5
  scumble presets delete "Soft sea"
"""


@click.group(epilog=_EXAMPLES)
def command() -> None:
    """Keep settings under a name. GIMP and Krita show the same presets."""


@command.command("list", epilog="\b\nExamples:\n  scumble presets list\n  scumble presets list --json\n")
@json_option
def list_command(wants_json: bool) -> int:
    """List the presets. Exit code 1 when a file of theirs cannot be read."""
    presets = list_presets()
    for error in presets.errors:
        report.error(error)
    if wants_json:
        report.as_json({"presets": [preset.to_dict() for preset in presets.found]})
    else:
        for preset in presets.found:
            report.done(f"{preset.name}: {_styles(preset.effect)}")
        if not presets.found and not presets.errors:
            report.note("There is no preset yet. Save one in an editor, or with scumble presets save.")
    return int(bool(presets.errors))


@command.command(epilog='\b\nExample:\n  scumble presets show "Soft sea"\n')
@click.argument("name")
@json_option
def show(name: str, wants_json: bool) -> None:
    """Say what a preset holds."""
    preset = load_preset(name)
    if wants_json:
        report.as_json(preset.to_dict())
        return
    report.done(f"{preset.name}: {_styles(preset.effect)}")
    for key, value in preset.effect.settings().items():
        report.done(f"  {key.replace('_', '-')}: {value}")


@command.command(
    short_help="Keep settings under a name.",
    epilog='\b\nExample:\n  scumble presets save "Soft sea" --style great-wave:0.7 --style irises:0.3\n',
)
@click.argument("name")
@style_option
@preset_option
@weight_option
@engine_options
@json_option
def save(
    name: str, styles: Sequence[str], weight: float, patch: int | None, wants_json: bool, **settings: Any
) -> None:
    """Keep settings under NAME, in place of a preset of that name.

    What is not given is as it is without the option, or as in the preset of --preset.
    """  # fmt: skip
    if patch is not None:
        raise click.UsageError("A preset fits every picture: leave --patch away.")
    given = load_styles(styles)
    if any(style.mask for style in given):
        raise click.UsageError("A preset fits every picture: leave the masks away.")
    chosen = with_recipe(given, {"weight": weight, **settings})
    preset = save_preset(name, Effect(tuple(_choice(style) for style in given), **chosen))
    if wants_json:
        report.as_json(preset.to_dict())
    else:
        report.done(f"{preset.name} is saved.")


@command.command(epilog='\b\nExample:\n  scumble presets delete "Soft sea"\n')
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
def delete(names: Sequence[str]) -> None:
    """Remove presets."""
    for name in names:
        delete_preset(name)
        report.done(f"{name} is deleted.")


def _choice(given: GivenStyle) -> StyleChoice:
    share = given.weight.weight
    if given.path is not None:
        return StyleChoice("file", str(given.path.absolute()), amount=share)
    return StyleChoice("library", given.label, given.title, share)


def _styles(effect: Effect) -> str:
    total = sum(style.amount for style in effect.styles) or 1.0
    if len(effect.styles) == 1:
        return effect.styles[0].value
    return ", ".join(f"{style.value} {style.amount / total:.0%}" for style in effect.styles)
