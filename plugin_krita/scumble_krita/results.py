"""The results that were painted from a layer, shown one after another to choose from."""

from __future__ import annotations

from typing import Any, Sequence

from scumble import ScumbleError
from scumble.editing import Effect
from scumble.editing.results import next_shown

from .i18n import _
from .kept import all_from, effects_from, source_of


def show_next(document: Any, node: Any) -> str:
    """Show one of the layers that were painted from a layer, or from the one that `node` was painted from.

    The newest comes first, and after the oldest the layer itself; all others are hidden. Visibility is not
    an undo step in Krita. Returns what the artist reads. Raises ScumbleError `bad-layer` without results.
    """
    found = all_from(document, source_of(document, node))
    if not found:
        raise ScumbleError("bad-layer", _("Nothing was painted from this layer yet: press Apply."))
    now = next_shown([layer.visible() for layer in found])
    _show_alone(document, found, now)
    if now == len(found):
        return _("Shown: the layer itself")
    return _("Shown: {name}").format(name=found[now].name())


def show_painted(document: Any, node: Any, effect: Effect) -> str:
    """Show the result with that effect, of a layer or of the one that `node` was painted from.

    The newest where there are several; without one nothing is changed. Returns what the artist reads.
    """
    made = effects_from(document, source_of(document, node))
    # Selections that were masks have other names in what the document keeps.
    effects = [known.everywhere for _layer, known in made]
    if effect.everywhere not in effects:
        return ""
    now = effects.index(effect.everywhere)
    _show_alone(document, [layer for layer, _known in made], now)
    return _("Shown: {name}").format(name=made[now][0].name())


def _show_alone(document: Any, results: Sequence[Any], now: int) -> None:
    for number, layer in enumerate(results):
        layer.setVisible(number == now)
    document.refreshProjection()
