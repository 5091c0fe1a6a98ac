"""``scumble plugins``: put the plug-ins into the editors, look at them, take them out, pack them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import click

from scumble.errors import ScumbleError
from scumble.launch.launcher import record_interpreter

from ..plugins.bundle import KRITA_BESIDE, assemble_gimp, assemble_krita, zip_folder
from ..plugins.install import (
    find_gimp,
    find_krita,
    install_gimp,
    install_krita,
    uninstall_gimp,
    uninstall_krita,
    verify_gimp,
)
from ..plugins.places import GimpPlace, gimp_places, krita_at, krita_places
from . import report


class _Editor(NamedTuple):
    """What the commands do, for one editor. Places are those of `scumble_daemon.plugins.places`."""

    title: str
    places: Callable[[], list[Any]]
    at: Callable[[Path], Any]
    install: Callable[[Any], Any]
    find: Callable[[Any], Any]
    uninstall: Callable[[Any], bool]
    flatpak: str
    next_step: str
    missing: str


_EDITORS = {
    "gimp": _Editor(
        "GIMP 3",
        lambda: gimp_places(),
        lambda folder: GimpPlace("as given", "3", folder),
        install_gimp,
        find_gimp,
        uninstall_gimp,
        "org.gimp.GIMP",
        "Start GIMP again; the plug-in is Filters > Artistic > Scumble (Neural Style).",
        "Start GIMP once, so that it makes its folders, or name the folder with --folder.",
    ),
    "krita": _Editor(
        "Krita",
        lambda: krita_places(),
        krita_at,
        install_krita,
        find_krita,
        uninstall_krita,
        "org.kde.krita",
        "Start Krita again; the docker is Settings > Dockers > Scumble.",
        "Start Krita once, so that it makes its folders, or name its resource folder with --folder.",
    ),
}
_EXAMPLES = """\b
Examples:
  scumble plugins install gimp
  scumble plugins install krita
  scumble plugins install gimp --folder ~/.config/GIMP/3.0/plug-ins
  scumble plugins status
  scumble plugins uninstall krita
"""
_EDITOR = click.argument("editor", type=click.Choice(list(_EDITORS)))
_FOLDER = click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="GIMP's plug-in folder or Krita's resource folder, when it is not where Scumble looks.",
)
_JSON = click.option("--json", "wants_json", is_flag=True, help="Print the result as JSON.")


@click.group(epilog=_EXAMPLES)
def command() -> None:
    """Put the plug-ins into the editors."""


@command.command(
    "install",
    short_help="Copy the plug-in into every EDITOR found.",
    epilog="\b\nExample:\n  scumble plugins install krita\n",
)
@_EDITOR
@_FOLDER
@_JSON
def install_command(editor: str, folder: Path | None, wants_json: bool) -> None:
    """Copy the plug-in into every EDITOR found, and remember this Python for it."""
    chosen = _EDITORS[editor]
    done = [chosen.install(place) for place in _places(chosen, folder)]
    python = record_interpreter()
    if wants_json:
        report.as_json({"installed": [str(found.folder) for found in done], "python": str(python)})
        return
    for found in done:
        seen = verify_gimp(found.place) if editor == "gimp" else None
        report.done(f"{found.place.title}: {found.folder}{', and GIMP sees it' if seen else ''}")
        if seen is False:
            report.note("GIMP was asked and does not see the plug-in: start gimp --verbose, and read why.")
    report.done(chosen.next_step)
    if any(found.place.kind == "flatpak" for found in done):
        report.note(
            "A flatpak does not see the daemon until it may enter its folder: "
            f"flatpak override --user --filesystem=xdg-run/scumble {chosen.flatpak}"
        )
    if any(found.place.kind in ("flatpak", "snap") for found in done):
        report.note(
            f"A sandboxed {chosen.title} cannot start the daemon: run scumble daemon start before it."
        )


@command.command("status", epilog="\b\nExample:\n  scumble plugins status --json\n")
@_JSON
def status_command(wants_json: bool) -> None:
    """Say which editors are here and which plug-ins they have."""
    rows = []
    for name, editor in _EDITORS.items():
        for place in editor.places():
            found = editor.find(place)
            rows.append(
                {
                    "editor": place.title,
                    "folder": str(place.folder),
                    "installed": found is not None,
                    "version": found.version if found is not None else None,
                    "current": found is not None and found.version == version("scumble"),
                    "enabled": found is not None and found.enabled,
                    "name": name,
                }
            )
    if wants_json:
        report.as_json({"plugins": rows})
        return
    for row in rows:
        report.done(f"{row['editor']}: {_state(row)} ({row['folder']})")
    for name, editor in _EDITORS.items():
        if all(row["name"] != name for row in rows):
            report.done(f"No {editor.title} was found.")


def _state(row: dict[str, Any]) -> str:
    if not row["installed"]:
        return f"no plug-in; install it with: scumble plugins install {row['name']}"
    state = f"plug-in {row['version'] or 'of an unknown version'}"
    if not row["current"]:
        state += f", but Scumble is {version('scumble')}: install it again"
    elif not row["enabled"]:
        state += f", but not enabled: run scumble plugins install {row['name']}"
    return state


@command.command(
    "uninstall",
    short_help="Remove the plug-in from every EDITOR found.",
    epilog="\b\nExample:\n  scumble plugins uninstall gimp\n",
)
@_EDITOR
@_FOLDER
@_JSON
def uninstall_command(editor: str, folder: Path | None, wants_json: bool) -> None:
    """Remove the plug-in from every EDITOR found; styles and settings stay."""
    chosen = _EDITORS[editor]
    removed = []
    for place in _places(chosen, folder):
        found = chosen.find(place)
        if chosen.uninstall(place):
            removed.append((place, found.folder if found is not None else place.folder))
    if wants_json:
        report.as_json({"removed": [str(gone) for _place, gone in removed]})
        return
    for place, _gone in removed:
        report.done(f"{place.title}: removed")
    if not removed:
        report.done("The plug-in was not installed.")


@command.command(
    "build",
    short_help="Pack the plug-ins as zip files.",
    epilog="\b\nExamples:\n  scumble plugins build dist\n  scumble plugins build dist krita\n",
)
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.argument("editor", required=False, type=click.Choice(list(_EDITORS)))
@_JSON
def build_command(directory: Path, editor: str | None, wants_json: bool) -> None:
    """Pack the plug-ins, or that of one EDITOR, as zip files for installation by hand.

    Krita's goes in through Tools > Scripts > Import Python Plugin from File.
    """
    archives = []
    for name, assemble, beside in (("gimp", assemble_gimp, ()), ("krita", assemble_krita, KRITA_BESIDE)):
        if editor in (None, name):
            archive = directory / f"scumble-{name}-{version('scumble')}.zip"
            archives.append(archive)
            try:
                with tempfile.TemporaryDirectory() as scratch:
                    zip_folder(assemble(Path(scratch)), archive, *beside)
            except OSError as error:
                raise ScumbleError(
                    "output-unwritable", "{file} cannot be written.", detail=str(error), file=archive
                ) from error
    if wants_json:
        report.as_json({"archives": [str(archive) for archive in archives]})
    else:
        for archive in archives:
            report.done(str(archive))


def _places(editor: _Editor, folder: Path | None) -> list[Any]:
    if folder is not None:
        return [editor.at(folder.expanduser().absolute())]
    places = editor.places()
    if not places:
        raise ScumbleError(
            "editor-missing", "No {editor} was found.", hint=editor.missing, editor=editor.title
        )
    return places
