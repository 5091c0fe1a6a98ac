"""``scumble styles``: look through the library, add to it, and share what is in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scumble.marks import MARKS
from scumble.settings import SETTINGS

from . import report, styles_learn
from .style_text import parse_style

if TYPE_CHECKING:
    from ..library import Library, StyleEntry

_EXAMPLES = """\b
Examples:
  scumble styles list
  scumble styles list --family ukiyo-e
  scumble styles add painting.jpg --title "My painting"
  scumble styles add --style irises:0.6 --style comic:0.4 --title "Pop irises" --set weight=0.8
  scumble styles watch ~/Pictures/styles
  scumble styles export "Pop irises" -o pop.scumble-style
  scumble styles learn painting.jpg
"""
_GO_ON = "the command that began it goes on from there"
_FIELDS = ("artist", "year", "family", "licence", "source")
_json = click.option("--json", "wants_json", is_flag=True, help="Print it as JSON.")


@click.group(epilog=_EXAMPLES)
def command() -> None:
    """Look through the style library, add to it, and share what is in it."""


@command.command(
    "list",
    short_help="List the styles, all or those that WORDs describe.",
    epilog="\b\nExamples:\n  scumble styles list\n  scumble styles list red\n"
    "  scumble styles list --family ukiyo-e --json\n  scumble styles list --mark line\n",
)
@click.argument("words", metavar="[WORD...]", nargs=-1)
@click.option("--family", help="Only those of one family, such as impasto.")
@click.option("--mark", type=click.Choice(MARKS), help="Only those of one kind of mark.")
@click.option("--favourites", is_flag=True, help="Only favourites.")
@click.option("--mine", is_flag=True, help="Only those that are not built in.")
@_json
def list_command(
    words: Sequence[str],
    family: str | None,
    mark: str | None,
    favourites: bool,
    mine: bool,
    wants_json: bool,
) -> None:
    """List the styles whose names, titles, artists or tags hold every WORD."""
    library = _library()
    rows = []
    for row in map(library.describe, library.entries()):
        text = " ".join((row["name"], row["title"], row["artist"], row["family"], *row["tags"])).casefold()
        wanted = all(word.casefold() in text for word in words)
        wanted &= family is None or row["family"].casefold() == family.casefold()
        wanted &= mark in (None, row["mark"])
        if wanted and (row["favourite"] or not favourites) and not (mine and row["builtin"]):
            rows.append(row)
    if wants_json:
        report.as_json({"styles": rows})
        return
    if not rows:
        report.note(_none_is_like_that(library, family))
    known = {entry.identity.hex() for entry in library.entries()}
    for begun in library.checkpoints.all():
        if begun.style not in known and begun.steps:
            head = f"{begun.title}, of no library, is learned to step {begun.done} of {begun.steps}"
            report.note(f"{head}; {_GO_ON}.")
    for row in rows:
        report.done(_line(row, max(len(row["name"]) for row in rows)))


@command.command(epilog="\b\nExample:\n  scumble styles show irises\n")
@click.argument("name")
@_json
def show(name: str, wants_json: bool) -> None:
    """Say all that is known of a style."""
    library = _library()
    entry = library.find(name)
    row = library.describe(entry)
    row["parts"] = {part.name: share for part, share in library.parts(entry)} if entry.recipe else {}
    if wants_json:
        report.as_json(row)
        return
    report.done(f"{row['title']} ({row['name']})")
    for key in _FIELDS:
        if row[key]:
            report.done(f"  {key}: {row[key]}")
    report.done(f"  tags: {', '.join(row['tags']) or 'none'}")
    for part, share in row["parts"].items():
        report.done(f"  {share:.0%} {part}")
    for key, value in row["settings"].items():
        report.done(f"  {key}: {value}")
    engines = ", ".join(row["engines"]) or "none yet"
    report.done(f"  signals of: {engines}{' (and of any other, on first use)' if row['any_engine'] else ''}")
    report.done(f"  learned: {', '.join(_lessons(row)) or 'no'}")
    if row["begun"]:
        report.done(f"  begun: {row['begun']['done']} of {row['begun']['steps']} steps; {_GO_ON}")


@command.command(
    short_help="Add image files, or a mix of styles (a recipe).",
    epilog="\b\nExamples:\n  scumble styles add painting.jpg\n"
    '  scumble styles add --style irises:0.6 --style comic:0.4 --title "Pop irises" --set weight=0.8\n',
)
@click.argument("files", metavar="[FILE...]", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--style",
    "styles",
    metavar="NAME[:W]",
    multiple=True,
    help="A style of the library that a recipe mixes, and its share.",
)
@click.option(
    "--set",
    "settings",
    metavar="KEY=VALUE",
    multiple=True,
    help=f"A setting of a recipe: {', '.join(SETTINGS)}.",
)
@click.option("--title", help="What it is called; otherwise the file's name.")
@click.option("--artist", default="", help="Who made it.")
@click.option("--family", default="", help="What it belongs to, such as oil or comic.")
@click.option("--mark", type=click.Choice(MARKS), default=None, help="What it is made with.")
@click.option("--tag", "tags", multiple=True, help="A word to find it by. Can be repeated.")
@_json
def add(
    files: Sequence[Path],
    styles: Sequence[str],
    settings: Sequence[str],
    title: str | None,
    artist: str,
    family: str,
    mark: str | None,
    tags: Sequence[str],
    wants_json: bool,
) -> None:
    """Add image files, or a recipe: a mix of styles of the library under one name."""
    from ..library.entries import Credits

    if bool(files) == bool(styles) or (len(files) > 1 and title):
        raise click.UsageError("Give image files, or --style for a recipe; --title fits one of them.")
    if styles and not title:
        raise click.UsageError("A recipe needs a --title.")
    library = _library()
    credits = Credits(title or "", artist=artist, family=family, mark=mark or "", tags=tuple(tags))
    if styles:
        recipe = _recipe(library, styles, settings)
        _tell(library, [library.add_recipe(recipe, title or "", credits)], wants_json, "is in the library")
        return
    if settings:
        raise click.UsageError("--set goes with the recipe of --style.")
    added = [library.add_image(_read(path), title or path.stem, credits) for path in files]
    _tell(library, added, wants_json, "is in the library")


@command.command(epilog="\b\nExample:\n  scumble styles remove painting\n")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@_json
def remove(names: Sequence[str], wants_json: bool) -> None:
    """Remove styles of your own. The image files that they were added from stay where they are."""
    library = _library()
    removed = [library.remove(name).name for name in names]
    if wants_json:
        report.as_json({"removed": removed})
        return
    for name in removed:
        report.done(f"{name} is no longer in the library.")
        for recipe in library.recipes_with(name):
            report.note(f"The recipe {recipe.name} mixes it, and cannot be used without it.")


@command.command(epilog='\b\nExample:\n  scumble styles rename painting "Harbour at noon"\n')
@click.argument("name")
@click.argument("title")
@_json
def rename(name: str, title: str, wants_json: bool) -> None:
    """Give a style of your own another title."""
    library = _library()
    _tell(library, [library.rename(name, title)], wants_json, "is its name now")


@command.command(
    epilog="\b\nExamples:\n  scumble styles favourite irises\n  scumble styles favourite irises --off\n"
)
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--off", is_flag=True, help="Take the mark away.")
@_json
def favourite(names: Sequence[str], off: bool, wants_json: bool) -> None:
    """Mark styles as favourites: galleries show them first."""
    library = _library()
    marked = [library.favourite(name, not off) for name in names]
    _tell(library, marked, wants_json, "is no favourite" if off else "is a favourite")


@command.command(
    short_help="Have the pictures of a folder appear as styles.",
    epilog="\b\nExamples:\n  scumble styles watch ~/Pictures/styles\n  scumble styles watch\n",
)
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--stop", is_flag=True, help="Watch it no longer.")
@_json
def watch(folder: Path | None, stop: bool, wants_json: bool) -> None:
    """Have the pictures of a folder appear as styles; without FOLDER, say which ones are watched."""
    library = _library()
    if folder is not None:
        library.watch(folder.expanduser(), not stop)
    elif stop:
        raise click.UsageError("Say which folder.")
    watched = [str(path) for path in library.watched()]
    if wants_json:
        report.as_json({"watched": watched})
        return
    for path in watched:
        report.done(path)
    if not watched:
        report.note("No folder is watched.")


@command.command(
    "export",
    epilog='\b\nExamples:\n  scumble styles export "Pop irises" -o pop.scumble-style\n'
    "  scumble styles export painting -o painting.scumble-style --with-image\n",
)
@click.argument("name")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The file to write.")
@click.option("--with-image", is_flag=True, help="Put the image that it was made from in as well.")
@_json
def export_command(name: str, output: Path | None, with_image: bool, wants_json: bool) -> None:
    """Write a style or a recipe as one small file to give away."""
    from ..library.sharing import SUFFIX, export_style

    library = _library()
    entry = library.find(name)
    target = output or Path(f"{entry.name}{SUFFIX}")
    if not with_image:
        _encode_what_is_new(library, entry)
    export_style(library, entry.name, target, with_image=with_image)
    if wants_json:
        report.as_json({"file": str(target), "bytes": target.stat().st_size})
    else:
        report.done(f"{target} ({target.stat().st_size / 1024:.0f} KB)")


@command.command("import", epilog="\b\nExample:\n  scumble styles import pop.scumble-style\n")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@_json
def import_command(files: Sequence[Path], wants_json: bool) -> None:
    """Take in styles that someone has exported."""
    from ..library.sharing import import_style

    library = _library()
    _tell(library, [import_style(library, path) for path in files], wants_json, "is in the library")


command.add_command(styles_learn.command)


def _none_is_like_that(library: Library, family: str | None) -> str:
    families = sorted({row["family"] for row in map(library.describe, library.entries())} - {""})
    if family is not None and family.casefold() not in map(str.casefold, families):
        return f"There is no family {family}; there are {', '.join(families)}."
    return "No style is like that. All of them: scumble styles list"


def _library() -> Library:
    from ..library import Library

    return Library()


def _recipe(library: Library, styles: Sequence[str], settings: Sequence[str]) -> Any:
    from ..library import Recipe

    given = [parse_style(text) for text in styles]
    if any(style.mask for style in given):
        raise click.UsageError("A recipe fits every picture: leave the masks away.")
    parts = [(library.find(str(style.path)).name, style.share) for style in given]
    recipe = Recipe(tuple(parts), dict(_setting(text) for text in settings))
    _check_settings(recipe.settings)
    return recipe


def _check_settings(settings: Mapping[str, Any]) -> None:
    """Refuse now what no job would take later."""
    from scumble import Extent, PixelFormat, Pixels, StyleSource, StyleWeight, StylizeRequest

    for key in settings:
        if key not in SETTINGS:
            raise click.UsageError(f"{key} is no setting; there are {', '.join(SETTINGS)}.")
    pixel = Pixels(Extent(1, 1), PixelFormat("u8", "RGB"), bytes(3))
    StylizeRequest(pixel, (StyleWeight(StyleSource(library="any")),), **settings)


def _setting(text: str) -> tuple[str, str | float | int]:
    key, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"{text!r} is not KEY=VALUE, such as weight=0.8.")
    try:
        return key.replace("-", "_"), int(value) if value.isdecimal() else float(value)
    except ValueError:
        return key.replace("-", "_"), value


def _read(path: Path) -> bytes:
    from ..images import read_image

    read_image(path)  # says what is wrong with it, by its name
    return path.read_bytes()


def _encode_what_is_new(library: Library, entry: StyleEntry) -> None:
    """Have the daemon encode what nothing has been stylized with yet; signals are what is given away."""
    from scumble import Client, Extent, PixelFormat, Pixels, StyleSource

    new = [part for part, _ in library.parts(entry) if not library.describe(part)["engines"] and part.image]
    if not new:
        return
    patch = Pixels(Extent(32, 32), PixelFormat("u8", "RGB"), bytes(32 * 32 * 3))
    with Client.connect() as client:
        for part in new:
            client.stylize(patch, StyleSource(library=part.name))


def _tell(library: Library, entries: Sequence[StyleEntry], wants_json: bool, what: str) -> None:
    if wants_json:
        report.as_json({"styles": [library.describe(entry) for entry in entries]})
        return
    for entry in entries:
        report.done(f"{entry.name} {what}.")


def _lessons(row: dict[str, Any]) -> list[str]:
    """For which engines a style is learned, and with how many steps where that is known."""
    return [
        f"{engine} ({lesson['done']} of {lesson['steps']} steps)" if lesson else engine
        for engine, lesson in row["learned"].items()
    ]


def _learned_mark(row: dict[str, Any]) -> str:
    if row["begun"]:
        return f", {row['begun']['done']} of {row['begun']['steps']} steps learned"
    return ", learned" if row["learned"] else ""


def _line(row: dict[str, Any], width: int) -> str:
    artist = f", {row['artist']}" if row["artist"] else ""
    family = f" ({row['family']})" if row["family"] else f" ({row['kind']})"
    mark = "*" if row["favourite"] else " "
    return f"{mark} {row['name']:{width}}  {row['title']}{artist}{family}{_learned_mark(row)}"
