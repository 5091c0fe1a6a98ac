"""The layers whose style is to be taken off."""

from __future__ import annotations

from typing import Any, List, Tuple

from scumble.editing.reversals import Reversals

from .kept import newest_from
from .reversals import reversals_of
from .target import active_layer_of, selected_layers


def layers_to_unstyle(document: Any) -> List[Tuple[Any, Reversals]]:
    """The selected layers, each with what takes its styles off.

    One that keeps nothing stands for what was painted last from it, as it is the active one then.
    Raises ScumbleError `bad-layer` where no layer is selected.
    """
    active = active_layer_of(document)
    found = {}
    for node in selected_layers(document) or [active]:
        reversals = reversals_of(document, node)
        newest = None if reversals else newest_from(document, node)
        if newest is not None:
            node, reversals = newest, reversals_of(document, newest)
        found[node.uniqueId().toString()] = (node, reversals)
    return list(found.values())
