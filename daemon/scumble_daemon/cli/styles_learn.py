"""``scumble styles learn``: have the daemon learn the strokes of one painting."""

from __future__ import annotations

from pathlib import Path

import click

from scumble.learn_request import MAX_SEED, MINUTES_RANGE, STEPS, STEPS_RANGE, LearnRequest
from scumble.request import StyleSource

from . import report
from .options import device_option
from .style_text import is_library_name

_EXAMPLES = """\b
Examples:
  scumble styles learn painting.jpg
  scumble styles learn painting.jpg --title "Harbour at noon" --minutes 5
  scumble styles learn painting --steps 300 --seed 1
  scumble styles learn painting.jpg --photo portrait.jpg --device cuda
"""


@click.command("learn", short_help="Learn the strokes of a painting.", epilog=_EXAMPLES)
@click.argument("style", metavar="NAME|FILE")
@click.option("--title", help="What a file is called in the library; otherwise the file's name.")
@click.option(
    "--minutes",
    metavar="M",
    type=click.FloatRange(*MINUTES_RANGE),
    help="As many steps as go into that time on this machine.",
)
@click.option(
    "--steps",
    metavar="N",
    type=click.IntRange(*STEPS_RANGE),
    help=f"Steps of learning, {STEPS} unless --minutes are given. The same steps give the same result.",
)
@click.option(
    "--seed",
    metavar="S",
    type=click.IntRange(0, MAX_SEED),
    default=0,
    show_default=True,
    help="Another seed looks at the pictures in another order.",
)
@click.option(
    "--photo",
    metavar="IMAGE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A photo that will be painted: the style is learned on it, too.",
)
@click.option("--engine", default="microast", show_default=True, help="The model; not every one learns.")
@device_option
@click.option("--json", "wants_json", is_flag=True, help="Print it as JSON.")
def command(
    style: str,
    title: str | None,
    minutes: float | None,
    steps: int | None,
    seed: int,
    photo: Path | None,
    engine: str,
    device: str,
    wants_json: bool,
) -> None:
    """Learn the strokes of a painting: NAME of the library, or FILE, which is added to it.

    It takes a minute or two on a processor and seconds on a graphics card; whatever is painted
    meanwhile goes before. Ctrl-C keeps what has been learned until then, and the same command goes
    on from there.
    """
    from ..images import read_image
    from ..library import Library
    from .learning import learn
    from .picture import connect

    if minutes is not None and steps is not None:
        raise click.UsageError("Give --minutes or --steps, not both.")
    if is_library_name(Path(style)):
        if title is not None:
            raise click.UsageError("--title goes with a file; rename a style with: scumble styles rename")
        entry = Library().find(style)
        source, name, shown = StyleSource(library=entry.name), "", entry.credits.title
    else:
        path = Path(style)
        read_image(path)  # says what is wrong with it, by its name
        source, name = StyleSource(file=path.read_bytes()), title or path.stem
        shown = name
    request = LearnRequest(
        source,
        name[:200],
        steps=steps or STEPS,
        minutes=minutes,
        seed=seed,
        engine=engine,
        device=device,
        image=None if photo is None else read_image(photo).pixels,
    )
    with connect() as client:
        learned = learn(client, request, shown)
    if wants_json:
        report.as_json({"style": learned.name, "steps": learned.steps, "seed": seed,
                        "seconds": round(learned.seconds, 3), "device": learned.device})  # fmt: skip
        return
    report.done(f"{learned.name} is learned ({learned.steps} steps, {learned.seconds:.0f} s).")
    if minutes is not None:
        report.note(f"For the same result again: --steps {learned.steps} --seed {seed}")
