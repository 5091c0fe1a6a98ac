"""Learning a style through the daemon, as ``styles learn`` and ``stylize --learn`` do it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scumble.errors import ScumbleError
from scumble.learn_request import LearnRequest
from scumble.request import StyleSource

from . import report
from .given_styles import GivenStyle
from .interrupt import cancel_on_interrupt
from .progress import progress_bar

if TYPE_CHECKING:
    from scumble import Client, LearnedStyle, LearningProgress, Pixels


def learn(client: Client, request: LearnRequest, title: str) -> LearnedStyle:
    """Have the daemon learn a style, with a bar; after Ctrl-C say how to go on.

    Raises ScumbleError, `cancelled` after Ctrl-C.
    """
    last: list[LearningProgress] = []
    with cancel_on_interrupt() as cancel, progress_bar(f"Learning {title}") as show:

        def on_progress(progress: LearningProgress) -> None:
            last[:] = [progress]
            if show is not None:
                show(progress)

        try:
            return client.submit_learning(request).result(on_progress=on_progress, cancel=cancel)
        except ScumbleError as error:
            if error.code == "cancelled" and last:
                error.message = f"Stopped at step {last[0].done} of {last[0].total}."
                error.hint = "The same command goes on from there."
            raise


def learn_given(client: Client, styles: Sequence[GivenStyle], photo: Pixels | None, **settings: Any) -> None:
    """Learn those of a command line's styles that are not learned; `settings` are of LearnRequest.

    A style whose picture is not here stays as it is, with a note. Raises ScumbleError.
    """
    for source, title in [part for style in styles for part in _parts(style)]:
        request = LearnRequest(source, only_new=True, image=photo, **settings)
        try:
            learn(client, request, title)
        except ScumbleError as error:
            if error.code != "no-image":
                raise
            report.note(str(error))


def photo_to_learn_on(paths: Sequence[Path]) -> Pixels | None:
    """The picture to be painted, when it is one and no large one: the style is learned on it too."""
    from ..images import large, read_image

    if len(paths) != 1 or (large.is_large(paths[0]) and large.is_available()):
        return None
    return read_image(paths[0]).pixels


def _parts(style: GivenStyle) -> list[tuple[StyleSource, str]]:
    """A recipe is learned by its parts."""
    source = style.weight.style
    if source.library is None:
        return [(source, style.title)]
    from ..library import Library

    library = Library()
    parts = library.parts(library.find(source.library))
    return [(StyleSource(library=entry.name), entry.credits.title) for entry, _ in parts]
