"""The results that were painted from a layer, shown one after another to choose from."""

from __future__ import annotations

from typing import Any

from scumble import ScumbleError
from scumble.editing.results import next_shown

from .i18n import _
from .kept import all_from, source_of


def show_next(document: Any, node: Any) -> str:
    """Show one of the layers that were painted from a layer, or from the one that `node` was painted from.

    The newest comes first, and after the oldest the layer itself; all others are hidden. Visibility is not
    an undo step in Krita. Returns what the artist reads. Raises ScumbleError `bad-layer` without results.
    """
    found = all_from(document, source_of(document, node))
    if not found:
        raise ScumbleError("bad-layer", _("Nothing was painted from this layer yet: press Apply."))
    now = next_shown([layer.visible() for layer in found])
    for number, layer in enumerate(found):
        layer.setVisible(number == now)
    document.refreshProjection()
    if now == len(found):
        return _("Shown: the layer itself")
    return _("Shown: {name}").format(name=found[now].name())
