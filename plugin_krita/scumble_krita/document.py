"""A Krita document's pixels: reading what is to be painted, and inserting what came of it.

The pixels travel as Krita stores them: integers as BGRA, floats as RGBA, gray as gray and alpha, all in the
layer's own colour space. No bit changes on the way.

All of this belongs to the main thread, as does everything of Krita's.
"""

from __future__ import annotations

from typing import Any, Callable, Optional

from krita import Selection

from scumble import Bounds, Pixels
from scumble.editing import Effect
from scumble.editing.kept_selection import with_kept_selections
from scumble.editing.reversals import Reversals, after_painting

from . import strips
from .coverage import into_alpha, moved
from .focus import keep_active
from .i18n import _
from .kept import Kept, keep
from .layers import create_layer
from .preview import put_preview, remove_preview
from .qt import QtCore
from .replacing import replace_layer
from .reversals import keep_reversals, reversals_of
from .scaled import STYLE_SIDE, scaled
from .target import (
    Target,
    active_layer_of,
    active_target,
    bounds_of,
    check_alive,
    edited_target,
    format_of,
    layer_target,
    other_target,
    painted_layer,
    selected_layers,
)

__all__ = [
    "Target",
    "active_layer_of",
    "active_target",
    "edited_target",
    "insert_result",
    "insert_unstyled",
    "layer_target",
    "other_target",
    "painted_layer",
    "put_preview",
    "read",
    "remove_preview",
    "selected_layers",
    "style_pixels",
    "thumbnail",
]


def read(target: Target, on_strip: Optional[Callable[[float], None]] = None) -> Pixels:
    """The layer as it looks on its own, with its masks; `on_strip` gets how much is done, 0 to 1.

    Raises ScumbleError `bad-layer` when it is gone.
    """
    check_alive(target)
    return strips.read(target.node, target.bounds, target.format, on_strip)


def insert_result(target: Target, pixels: Pixels, name: str, effect: Effect) -> Any:
    """Add the result as a paint layer above the source and its results, in one undo step, and return it.

    `pixels` has the size of the target's region. The layer is complete before the image has it, mask
    included: nothing half done can stay behind, and Undo takes all of it. A selection becomes a
    transparency mask; Krita before 5.2 has none for scripts, there it goes into the alpha channel. The
    source stays the active layer, so that the next try starts from it again. The document remembers `effect`.

    A result that takes the place of a painted layer is put there as `replace_layer` says.

    Raises ScumbleError `bad-layer` when the layer or the document is gone.
    """
    new = _insert(target, pixels, name)
    document, node = target.document, target.node
    area, coverage = _area(target), None
    if target.in_alpha and target.selection is not None:
        coverage = moved(target.selection, target.bounds, area)
    covered = {name: (data, target.bounds) for name, data in (target.covered or {}).items()}
    lasting, selections = with_kept_selections(effect, covered)
    keep(document, new, Kept(lasting, node, None if target.region is None else area, coverage, selections))
    if pixels.reversal:
        keep_reversals(document, new, after_painting(pixels, reversals_of(document, node)))
    return new


def insert_unstyled(target: Target, pixels: Pixels, name: str, reversals: Reversals) -> Any:
    """Add a layer whose style was taken off, as `insert_result` does, and return it.

    The document remembers what takes off the styles that it still has. Raises as `insert_result`.
    """
    new = _insert(target, pixels, name)
    keep_reversals(target.document, new, reversals)
    return new


def _insert(target: Target, pixels: Pixels, name: str) -> Any:
    check_alive(target)
    document, node, old = target.document, target.node, target.replaced
    document.waitForDone()
    if old is None:
        new = create_layer(document, node, name)
        _paint(new, target, pixels)
        if target.selection is not None and not target.in_alpha:
            _add_mask(document, new, target)
        new.setInheritAlpha(node.inheritAlpha())
        keep_active(document, new)
        node.parentNode().addChildNode(new, target.below)
    else:
        new = replace_layer(document, old, node, name, lambda layer: _paint(layer, target, pixels))
    document.waitForDone()
    document.refreshProjection()
    return new


def thumbnail(target: Target, side: int) -> Pixels:
    """The layer scaled down to at most `side` pixels on its longer side, as 8-bit BGRA."""
    check_alive(target)
    return scaled(target.node, target.bounds, target.format, side)


def style_pixels(document: Any, node: Any) -> Pixels:
    """A layer as a style; more than `STYLE_SIDE` pixels tell nothing more about it.

    Raises ScumbleError `bad-layer`.
    """
    return scaled(node, bounds_of(document, node), format_of(node), STYLE_SIDE)


def _paint(layer: Any, target: Target, pixels: Pixels) -> None:
    """Write the result into a layer that is empty."""
    area = _area(target)
    if target.in_alpha and target.selection is not None:
        strips.write(layer, area, into_alpha(pixels, target.selection, target.bounds.extent, target.region))
        return
    if target.region is not None:
        # Beyond the selection the new layer is the old one: painting on its mask reveals no hole.
        for strip in strips.strips(target.bounds, target.format):
            layer.setPixelData(target.node.projectionPixelData(*strip), *strip)
    strips.write(layer, area, pixels)


def _add_mask(document: Any, layer: Any, target: Target) -> None:
    selection = Selection()
    selection.setPixelData(QtCore.QByteArray(target.selection), *target.bounds)
    mask = document.createTransparencyMask(_("Selection"))
    mask.setSelection(selection)
    # Unlike addChildNode this makes no undo step of its own.
    layer.setChildNodes([mask])


def _area(target: Target) -> Bounds:
    """What is painted, in the image's coordinates."""
    return target.bounds if target.region is None else target.region.translate(target.bounds.origin)
