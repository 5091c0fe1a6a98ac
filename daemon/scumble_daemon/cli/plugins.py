"""``scumble plugins``: put the plug-ins into the editors, look at them, take them out, pack them."""

from __future__ import annotations

import tempfile
from importlib.metadata import version
from pathlib import Path

import click

from scumble.errors import ScumbleError
from scumble.launch import record_interpreter

from ..plugins.bundle import GIMP, assemble_gimp, zip_folder
from ..plugins.install import find_installed, install_gimp, uninstall_gimp, verify_gimp
from ..plugins.places import GimpPlace, gimp_places
from . import report

_EXAMPLES = """\b
Examples:
  scumble plugins install gimp
  scumble plugins install gimp --folder ~/.config/GIMP/3.0/plug-ins
  scumble plugins status
  scumble plugins uninstall gimp
"""
_EDITOR = click.argument("editor", type=click.Choice(["gimp"]))
_FOLDER = click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="The editor's plug-in folder, when it is not where Scumble looks.",
)
_JSON = click.option("--json", "wants_json", is_flag=True, help="Print the result as JSON.")


@click.group(epilog=_EXAMPLES)
def command() -> None:
    """Put the plug-ins into the editors."""


@command.command("install", epilog="\b\nExample:\n  scumble plugins install gimp\n")
@_EDITOR
@_FOLDER
@_JSON
def install_command(editor: str, folder: Path | None, wants_json: bool) -> None:
    """Copy the plug-in into every EDITOR found, and remember this Python for it."""
    done = [install_gimp(place) for place in _places(folder)]
    python = record_interpreter()
    if wants_json:
        report.as_json({"installed": [str(found.folder) for found in done], "python": str(python)})
        return
    for found in done:
        seen = verify_gimp(found.place)
        report.done(f"{found.place.title}: {found.folder}{', and GIMP sees it' if seen else ''}")
        if seen is False:
            report.note("GIMP was asked and does not see the plug-in: start gimp --verbose, and read why.")
    report.done("Start GIMP again; the plug-in is Filters > Artistic > Scumble (Neural Style).")
    if any(found.place.kind == "flatpak" for found in done):
        report.note(
            "A flatpak does not see the daemon until it may enter its folder: "
            "flatpak override --user --filesystem=xdg-run/scumble org.gimp.GIMP"
        )
    if any(found.place.kind in ("flatpak", "snap") for found in done):
        report.note("A sandboxed GIMP cannot start the daemon: run scumble daemon start before it.")


@command.command("status", epilog="\b\nExample:\n  scumble plugins status --json\n")
@_JSON
def status_command(wants_json: bool) -> None:
    """Say which editors are here and which plug-ins they have."""
    rows = []
    for place in gimp_places():
        found = find_installed(place)
        rows.append(
            {
                "editor": place.title,
                "folder": str(place.folder),
                "installed": found is not None,
                "version": found.version if found is not None else None,
                "current": found is not None and found.version == version("scumble"),
            }
        )
    if wants_json:
        report.as_json({"plugins": rows})
        return
    for row in rows:
        state = "no plug-in; install it with: scumble plugins install gimp"
        if row["installed"]:
            state = f"plug-in {row['version'] or 'of an unknown version'}"
            if not row["current"]:
                state += f", but Scumble is {version('scumble')}: install it again"
        report.done(f"{row['editor']}: {state} ({row['folder']})")
    if not rows:
        report.done("No GIMP 3 was found.")


@command.command("uninstall", epilog="\b\nExample:\n  scumble plugins uninstall gimp\n")
@_EDITOR
@_FOLDER
@_JSON
def uninstall_command(editor: str, folder: Path | None, wants_json: bool) -> None:
    """Remove the plug-in from every EDITOR found; styles and settings stay."""
    removed = [place for place in _places(folder) if uninstall_gimp(place)]
    if wants_json:
        report.as_json({"removed": [str(place.folder / GIMP) for place in removed]})
        return
    for place in removed:
        report.done(f"{place.title}: removed")
    if not removed:
        report.done("The plug-in was not installed.")


@command.command("build", epilog="\b\nExample:\n  scumble plugins build dist\n")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@_JSON
def build_command(directory: Path, wants_json: bool) -> None:
    """Pack the plug-ins as zip files for installation by hand."""
    archive = directory / f"{GIMP}-{version('scumble')}.zip"
    try:
        with tempfile.TemporaryDirectory() as scratch:
            zip_folder(assemble_gimp(Path(scratch)), archive)
    except OSError as error:
        raise ScumbleError("output-unwritable", f"{archive} cannot be written.", detail=str(error)) from error
    if wants_json:
        report.as_json({"archives": [str(archive)]})
    else:
        report.done(str(archive))


def _places(folder: Path | None) -> list[GimpPlace]:
    if folder is not None:
        return [GimpPlace("as given", "3", folder.expanduser().absolute())]
    places = gimp_places()
    if not places:
        raise ScumbleError(
            "editor-missing",
            "No GIMP 3 was found.",
            hint="Start GIMP once, so that it makes its folders, or name the folder with --folder.",
        )
    return places
