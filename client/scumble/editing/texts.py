"""Sentences that both editors show. `Texts` takes the editor's gettext; msgids are English."""

from __future__ import annotations

import time
from typing import Callable, Sequence, Tuple

from ..errors import REASON, ScumbleError, filled
from ..job import Progress
from .effect import Effect, StyleChoice
from .history import HistoryEntry

MAX_LAYER_NAME = 120


class Texts:
    """The sentences in the artist's language."""

    def __init__(self, gettext: Callable[[str], str] = str) -> None:
        self._gettext = gettext

    def mark(self, mark: str) -> str:
        """A kind of mark, as a list of groups names it."""
        _ = self._gettext
        titles = {
            "brush": _("Brush"),
            "line": _("Line"),
            "print": _("Print"),
            "ink": _("Ink"),
            "mosaic": _("Mosaic"),
            "photo": _("Photo"),
        }
        return titles.get(mark, mark)

    def word(self, word: str) -> str:
        """A family or tag of a style; what is none of the built-in ones stays as it is."""
        return self._gettext(word) if word else ""

    def engine(self, title: str) -> str:
        """What an engine paints like; the title of one that is not of ours as it is.

        For the usual one its name will do, too: an editor has it before it has the titles.
        """
        _ = self._gettext
        titles = {
            "microast": _("Strokes of the painting"),
            "Strokes of the painting": _("Strokes of the painting"),
            "Larger strokes": _("Larger strokes"),
            "Dabs of paint": _("Dabs of paint"),
            "Photo look": _("Photo look"),
            "Light and colours, to be taken off again": _("Light and colours, to be taken off again"),
        }
        return titles.get(title, title)

    def computed(self, chosen: str, devices: Sequence[str]) -> str:
        """Where a job is computed: `chosen` is the setting, and ``auto`` one of `devices`."""
        _ = self._gettext
        if chosen == "cpu" or (chosen == "auto" and all(device == "cpu" for device in devices)):
            return _("on the processor")
        return _("on the graphics card")

    def layer_name(self, effect: Effect, layer: str) -> str:
        """The new layer's name: ``Starry Night 100% · Background``."""
        name = "{} {:.0f}%".format(self.style_names(effect.styles), 100 * effect.weight)
        return _shortened("{} · {}".format(name, layer) if layer else name, MAX_LAYER_NAME)

    def unstyled_name(self, layer: str) -> str:
        """The name of a layer whose style was taken off."""
        _ = self._gettext
        return _shortened(_("Style off · {layer}").format(layer=layer), MAX_LAYER_NAME)

    def style_names(self, styles: Sequence[StyleChoice]) -> str:
        """The titles of a mix, joined: ``Waves + Fire``; those with no share are left out."""
        shown = [style for style in styles if style.amount > 0] or list(styles)
        return " + ".join(_shortened(style.label, 40) for style in shown)

    def history(self, entry: HistoryEntry) -> Tuple[str, str]:
        """How something was painted, and when and of what: ``Fire 80%``, ``14:05 · Photo``."""
        when = time.localtime(entry.when)
        today = time.strftime("%Y%m%d", when) == time.strftime("%Y%m%d")
        stamp = time.strftime("%H:%M" if today else "%x", when)
        name = "{} {:.0f}%".format(self.style_names(entry.effect.styles), 100 * entry.effect.weight)
        return name, " · ".join(filter(None, (stamp, entry.layer)))

    def error(self, error: ScumbleError) -> str:
        """What went wrong and what to do about it, in one or two sentences."""
        values = dict(error.values)
        if values.get(REASON):
            values[REASON] = self._gettext(values[REASON])
        templates = filter(None, (error.template, error.hint_template))
        return " ".join(filled(self._gettext(template), values) for template in templates)

    def progress(self, progress: Progress) -> str:
        """One line for a progress bar: ``Painting… about 12 seconds left``."""
        _ = self._gettext
        text = _("Painting…")
        seconds = progress.eta_s
        if seconds >= 90:
            return text + " " + _("about {minutes} minutes left").format(minutes=round(seconds / 60))
        if seconds >= 1.5:
            return text + " " + _("about {seconds} seconds left").format(seconds=round(seconds))
        return text


def fraction(progress: Progress) -> float:
    """How much of a job is done, 0 to 1."""
    return min(1.0, max(0.0, progress.done / progress.total)) if progress.total > 0 else 0.0


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
