"""What the gallery shows of each style: its picture, or the artist's layer in it, and how it is marked."""

from __future__ import annotations

from typing import Callable, Dict, Optional, Set, Tuple

from gi.repository import GdkPixbuf

from scumble import Pixels
from scumble.editing import StyleChoice

from . import pictures

Key = Tuple[str, str]
ACCENT = "#2a76d2"
"""Of what is chosen: seen on light and dark themes alike, with white letters on it."""
_CHOSEN, _EDGE, _HOVERED = 0x2A76D2FF, 0xFFFFFFFF, 0xFFFFFFFF
_DARK = 0x000000B0
LONGEST = 48


class Tiles:
    """The pictures, `side` pixels wide and high, each of `dense` by `dense` of the screen's.

    `progress(key)` says how far the learning of a style is.
    """

    def __init__(self, side: int, dense: int, progress: Callable[[Key], Optional[float]]) -> None:
        self._side, self._dense, self._progress = dense * side, dense, progress
        self._paintings: Dict[Key, GdkPixbuf.Pixbuf] = {}
        self._layers: Dict[Key, GdkPixbuf.Pixbuf] = {}
        self.chosen: Set[Key] = set()
        """The styles of the mix."""
        self.hovered: Optional[Key] = None
        self.on_layer = False
        """Whether the artist's layer is shown in each style; under the mouse it is the other way round."""

    def put(self, key: Key, picture: Optional[GdkPixbuf.Pixbuf]) -> None:
        """Take the picture of a style; until then there is an empty square."""
        self._paintings[key] = pictures.square(picture, self._side)

    def put_layer(self, key: Key, pixels: Pixels) -> None:
        """Take the artist's layer in a style."""
        self._layers[key] = pictures.square(pictures.pixbuf_of(pictures.rgba(pixels)), self._side)

    def forget_layer(self, key: Key) -> None:
        """The style looks different now."""
        self._layers.pop(key, None)

    def painting(self, choice: StyleChoice) -> GdkPixbuf.Pixbuf:
        """The picture of a style."""
        key = choice.key
        if key not in self._paintings:
            picture = (
                pictures.thumbnail_of_file(choice.value, 2 * self._side) if choice.kind == "file" else None
            )
            self.put(key, picture)
        return self._paintings[key]

    def of(self, choice: StyleChoice) -> GdkPixbuf.Pixbuf:
        """What is to be shown of a style."""
        key, shown = choice.key, self.painting(choice)
        if self.on_layer != (key == self.hovered):
            shown = self._layers.get(key, shown)
        done = self._progress(key)
        if done is not None:
            shown = pictures.with_bar(shown, done, self._dense)
        if key == self.hovered:
            shown = self._framed(shown, (_DARK, 1), (_HOVERED, 2), (_DARK, 1))
        if key in self.chosen:
            shown = self._framed(shown, (_CHOSEN, 4), (_EDGE, 1))
        return shown

    def _framed(self, picture: GdkPixbuf.Pixbuf, *lines: Tuple[int, int]) -> GdkPixbuf.Pixbuf:
        return pictures.framed(picture, [(colour, self._dense * width) for colour, width in lines])


def short(title: str) -> str:
    """A title as it stands below a tile, in four lines at most: of the library's none is cut."""
    return title if len(title) <= LONGEST else title[: LONGEST - 1].rstrip() + "…"
