"""The styles that are chosen: in the arguments, and in the views of their shares and places."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, Optional, Sequence

from gi.repository import GdkPixbuf

from scumble import ScumbleError
from scumble.editing import Effect, Gallery, GalleryStyle, StyleChoice
from scumble.editing.effect import MAX_MIX
from scumble.editing.mix import put, without

from . import places
from .config import set_styles, styles_of
from .i18n import _
from .mix_view import MixView
from .painting import titled
from .places_view import PlacesView


class ChosenStyles:
    """The arguments of `config`, changed by the artist; `mix` and `places` are views of them.

    `picture(choice)` gives what a style looks like, or None. `on_change()` is called after each change, and
    `say(text)` where one is not possible.
    """

    def __init__(
        self,
        image,
        config,
        gallery: Gallery,
        picture: Callable[[StyleChoice], Optional[GdkPixbuf.Pixbuf]],
        on_change: Callable[[], None],
        say: Callable[[str], None],
    ) -> None:
        self._config, self._gallery = config, gallery
        self._on_change, self._say = on_change, say
        self.mix = MixView(self._edited, picture)
        self.places = PlacesView(self._placed, picture, lambda: places.choices(image))

    def now(self) -> Sequence[StyleChoice]:
        """The styles, with the titles that the gallery has for them."""
        try:
            styles = styles_of(self._config)
        except ScumbleError:
            return ()  # settings of a script that named one in two ways: choose anew
        return titled(Effect(styles), self._gallery).styles

    def choose(self, style: GalleryStyle, add: bool) -> None:
        """Take a style alone, with what it brings along; or `add` it to the mix, or take it out of it."""
        known = self.now()
        if not add:
            mask = known[0].mask if len(known) == 1 else ""
            set_styles(self._config, (replace(style.choice, mask=mask),))
            for name, value in style.brings(self._config.get_property("engine")).items():
                spec = self._config.find_property(name.replace("_", "-"))
                if spec is not None and isinstance(value, (int, float, str)):
                    self._config.set_property(spec.name, value)
        elif any(choice.key == style.choice.key for choice in known):
            at = [choice.key for choice in known].index(style.choice.key)
            set_styles(self._config, without(known, at))
        elif len(known) < MAX_MIX:
            set_styles(self._config, put(known, style.choice, len(known)))
        else:
            self._say(_("A mix has up to four styles: remove one first."))
        self._on_change()

    def show(self) -> Sequence[StyleChoice]:
        """Show the styles in both views, and return them."""
        styles = self.now()
        self.mix.show_styles(styles)
        self.places.show_styles(styles)
        return styles

    def show_pictures(self) -> None:
        """The pictures of styles have come."""
        self.mix.show_pictures()
        self.places.show_pictures()

    def _edited(self, styles: Sequence[StyleChoice]) -> None:
        set_styles(self._config, styles)
        self._on_change()

    def _placed(self, styles: Sequence[StyleChoice]) -> None:
        if any(places.is_selection(style.mask) for style in styles):
            self._config.set_property("apply-to", "layer")  # the others are outside the selection
        self._edited(styles)
