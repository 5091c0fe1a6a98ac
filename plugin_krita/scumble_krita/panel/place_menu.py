"""The menu of the masks that an image has, for styles of a mix and for what is protected."""

from __future__ import annotations

from typing import Callable, Sequence, Tuple

from .guard import slot
from .kinds import Menu, Object

Places = Callable[[], Sequence[Tuple[str, str]]]
"""Gives the masks that there are, each with what the artist reads."""


def fill(
    menu: Menu, owner: Object, choices: Sequence[Tuple[str, str]], mask: str, chosen: Callable[[str], None]
) -> None:
    """Show the choices anew, that of `mask` checked; `chosen(mask)` is told of one that the artist takes."""
    menu.clear()
    for value, title in choices:
        action = menu.addAction(title.replace("&", "&&"))
        action.setCheckable(True)
        action.setChecked(value == mask)
        action.triggered.connect(slot(owner, lambda value=value: chosen(value)))
