"""The results that were painted from a layer, shown one after another to choose from."""

from __future__ import annotations

from gi.repository import Gimp

from scumble import ScumbleError
from scumble.editing.results import next_shown

from .i18n import _
from .kept import results_of, source_of


def show_next(image, layer) -> Gimp.Layer:
    """Show one of the layers that were painted from a layer, or from the one that `layer` was painted from.

    The newest comes first, and after the oldest the layer itself; all others are hidden, and none is deleted.
    What is shown is selected, and returned. One undo step. Raises ScumbleError `bad-layer` without results.
    """
    source = source_of(image, layer)
    found = results_of(image, source)
    if not found:
        raise ScumbleError("bad-layer", _("Nothing was painted from this layer yet."))
    now = next_shown([result.get_visible() for result in found])
    shown = found[now] if now < len(found) else source
    image.undo_group_start()
    try:
        for number, result in enumerate(found):
            if result.get_visible() != (number == now):
                result.set_visible(number == now)
        image.set_selected_layers([shown])
    finally:
        image.undo_group_end()
    return shown
