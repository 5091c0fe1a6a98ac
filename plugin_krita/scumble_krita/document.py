"""A Krita document's pixels: reading what is to be painted, and inserting what came of it.

The pixels travel as Krita stores them: integers as BGRA, floats as RGBA, gray as gray and alpha, all in the
layer's own colour space. No bit changes on the way.

All of this belongs to the main thread, as does everything of Krita's.
"""

from __future__ import annotations

from typing import Any, Callable, Iterator, Optional

from krita import Selection

from scumble import Bounds, PixelFormat, Pixels
from scumble.editing import Effect
from scumble.pixels.layer_memory import LayerMemory

from .coverage import into_alpha, moved
from .focus import keep_active
from .i18n import _
from .kept import Kept, keep
from .layers import create_layer, in_space_of
from .preview import put_preview, remove_preview
from .qt import QtCore
from .scaled import STYLE_SIDE, scaled
from .target import Target, active_target, bounds_of, check_alive, edited_target, format_of, painted_layer

__all__ = [
    "Target",
    "active_target",
    "edited_target",
    "insert_result",
    "painted_layer",
    "put_preview",
    "read",
    "remove_preview",
    "style_pixels",
    "thumbnail",
]

STRIP_BYTES = 16 << 20


def read(target: Target, on_strip: Optional[Callable[[float], None]] = None) -> Pixels:
    """The layer as it looks on its own, with its masks; `on_strip` gets how much is done, 0 to 1.

    Raises ScumbleError `bad-layer` when it is gone.
    """
    check_alive(target)
    bounds, memory = target.bounds, LayerMemory(target.format.byte_count(target.bounds.extent))
    for strip in strips(bounds, target.format):
        piece = bytes(target.node.projectionPixelData(*strip))
        memory.append(piece)
        if on_strip is not None:
            on_strip((strip.bottom - bounds.y) / bounds.height)
    return Pixels(bounds.extent, target.format, memory.finish())


def insert_result(target: Target, pixels: Pixels, name: str, effect: Effect) -> Any:
    """Add the result as a paint layer above the source, in one undo step, and return the new layer.

    `pixels` has the size of the target's region. The layer is complete before the image has it, mask
    included: nothing half done can stay behind, and Undo takes all of it. A selection becomes a
    transparency mask; Krita before 5.2 has none for scripts, there it goes into the alpha channel. The
    source stays the active layer, so that the next try starts from it again. The document remembers `effect`.

    A result that takes the place of a painted layer gets its masks, mode and opacity, and is the active layer
    if that was. Krita makes it two undo steps: the new layer comes, and then the old one goes.

    Raises ScumbleError `bad-layer` when the layer or the document is gone.
    """
    check_alive(target)
    document, node, old = target.document, target.node, target.replaced
    document.waitForDone()
    new = create_layer(document, node, name) if old is None else _emptied_copy(old, node, name)
    area = _area(target)
    if target.in_alpha and target.selection is not None:
        write(new, area, into_alpha(pixels, target.selection, target.bounds.extent, target.region))
    else:
        if target.region is not None:
            # Beyond the selection the new layer is the old one: painting on its mask reveals no hole.
            for strip in strips(target.bounds, target.format):
                new.setPixelData(node.projectionPixelData(*strip), *strip)
        write(new, area, pixels)
        if target.selection is not None and old is None:
            _add_mask(document, new, target)
    if old is None:
        new.setInheritAlpha(node.inheritAlpha())
        keep_active(document, new)
        node.parentNode().addChildNode(new, node)
    else:
        if document.activeNode() != old:
            keep_active(document, new)
        old.parentNode().addChildNode(new, old)
        document.waitForDone()
        old.remove()
    document.waitForDone()
    document.refreshProjection()
    coverage = None
    if target.in_alpha and target.selection is not None:
        coverage = moved(target.selection, target.bounds, area)
    keep(document, new, Kept(effect, node, None if target.region is None else area, coverage))
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


def write(node: Any, bounds: Bounds, pixels: Pixels) -> None:
    """Put pixels of the size of `bounds` into a layer, in strips."""
    view, offset = pixels.view(), 0
    for strip in strips(bounds, pixels.format):
        size = pixels.format.byte_count(strip.extent)
        node.setPixelData(QtCore.QByteArray(bytes(view[offset : offset + size])), *strip)
        offset += size


def strips(bounds: Bounds, pixel_format: PixelFormat) -> Iterator[Bounds]:
    """Full-width parts of `bounds` of at most `STRIP_BYTES`, or one row, each."""
    return bounds.strips(max(1, STRIP_BYTES // max(1, bounds.width * pixel_format.bytes_per_pixel)))


def _add_mask(document: Any, layer: Any, target: Target) -> None:
    selection = Selection()
    selection.setPixelData(QtCore.QByteArray(target.selection), *target.bounds)
    mask = document.createTransparencyMask(_("Selection"))
    mask.setSelection(selection)
    # Unlike addChildNode this makes no undo step of its own.
    layer.setChildNodes([mask])


def _emptied_copy(layer: Any, like: Any, name: str) -> Any:
    """A copy with masks, mode and all but the pixels, in the colour space of `like`, not in the image yet.

    Setting modes one by one would make each an undo step.
    """
    new = layer.duplicate()
    new.setName(name)
    pixel_format, box = format_of(new), new.bounds()
    for strip in strips(Bounds(box.x(), box.y(), box.width(), box.height()), pixel_format):
        new.setPixelData(QtCore.QByteArray(bytes(pixel_format.byte_count(strip.extent))), *strip)
    in_space_of(like, new)
    return new


def _area(target: Target) -> Bounds:
    """What is painted, in the image's coordinates."""
    return target.bounds if target.region is None else target.region.translate(target.bounds.origin)
