"""A Krita document's pixels: what is to be painted, reading it, and inserting what came of it.

The pixels travel as Krita stores them: integers as BGRA, floats as RGBA, gray as gray and alpha, all in the
layer's own colour space. No bit changes on the way.

All of this belongs to the main thread, as does everything of Krita's.
"""

from __future__ import annotations

from typing import Any, Callable, Iterator, NamedTuple, Optional

from krita import Krita, Selection

from scumble import Bounds, PixelFormat, Pixels, ScumbleError
from scumble.pixels.layer_memory import LayerMemory

from .coverage import into_alpha
from .focus import active_layer, keep_active
from .i18n import _
from .layers import create_layer
from .preview import PREFIX, is_preview, previews, put_preview, remove_preview
from .qt import QtCore
from .scaled import STYLE_SIDE, scaled

__all__ = [
    "PREFIX",
    "Target",
    "active_target",
    "insert_result",
    "is_preview",
    "put_preview",
    "read",
    "remove_preview",
    "style_pixels",
    "thumbnail",
]

STRIP_BYTES = 16 << 20
LAYERS = ("paintlayer", "grouplayer", "clonelayer", "filelayer", "filllayer", "vectorlayer")
_DTYPES = {"U8": "u8", "U16": "u16", "F16": "f16", "F32": "f32"}


class Target(NamedTuple):
    """A layer to paint: all that has to be known later, when the document may look different.

    Attributes:
        document, node: Krita's own.
        bounds: of what is read, in the image's coordinates; may reach over its edges.
        format: how the pixels of the layer travel.
        region: the part to paint, relative to `bounds`; None for all of it.
        selection: coverage of `bounds`, one byte a pixel; None without a selection.
    """

    document: Any
    node: Any
    bounds: Bounds
    format: PixelFormat
    region: Optional[Bounds]
    selection: Optional[bytes]


def active_target(document: Any, whole_layer: bool = False) -> Target:
    """The active layer of a document, and the selection unless `whole_layer`.

    A preview layer stands for the layer below it; a preview within the layer is removed first.

    Raises ScumbleError `bad-layer` (with what to do) or `bad-region` (the selection misses the layer).
    """
    if document is None:
        raise ScumbleError("bad-layer", _("No image is open: open one first."))
    document.waitForDone()
    node = active_layer(document)
    if node is not None and is_preview(node):
        node = _below(node)
    if node is None:
        raise ScumbleError("bad-layer", _("No layer is selected: select the one to paint."))
    if any(_is_inside(preview, node) for preview in previews(document)):
        remove_preview(document)
    pixel_format = format_of(node)
    bounds = bounds_of(document, node)
    if whole_layer:
        return Target(document, node, bounds, pixel_format, None, None)
    return Target(document, node, bounds, pixel_format, *_selected(document, bounds))


def format_of(node: Any) -> PixelFormat:
    """How the pixels of a layer travel. Raises ScumbleError `bad-layer` for what cannot be painted."""
    if node.type() not in LAYERS:
        raise ScumbleError(
            "bad-layer",
            _("Scumble paints layers with pixels, not masks or filters: select the layer itself."),
        )
    if node.type() == "grouplayer" and getattr(node, "passThroughMode", bool)():
        raise ScumbleError(
            "bad-layer",
            _("This group passes through and has no picture of its own: turn off Pass Through for it."),
        )
    model, depth = node.colorModel(), node.colorDepth()
    if model not in ("RGBA", "GRAYA") or depth not in _DTYPES:
        raise ScumbleError(
            "bad-layer",
            _("Scumble paints in RGB and gray: use Image > Convert Image Color Space first."),
        )
    dtype = _DTYPES[depth]
    if model == "GRAYA":
        return PixelFormat(dtype, "GRAYA")
    return PixelFormat(dtype, "BGRA" if dtype[0] == "u" else "RGBA")


def bounds_of(document: Any, node: Any) -> Bounds:
    """Where the layer has pixels, in the image's coordinates; for a paint layer also beyond the edges.

    Raises ScumbleError `bad-layer` for an empty layer.
    """
    rectangle = node.bounds()
    bounds = Bounds(rectangle.x(), rectangle.y(), rectangle.width(), rectangle.height())
    if node.type() != "paintlayer":
        # A fill has no end of its own, and shapes may lie far out.
        bounds = bounds.intersect(Bounds(0, 0, document.width(), document.height()))
    if bounds.is_empty:
        raise ScumbleError("bad-layer", _("The layer is empty: paint something on it, or select another."))
    return bounds


def read(target: Target, on_strip: Optional[Callable[[float], None]] = None) -> Pixels:
    """The layer as it looks on its own, with its masks; `on_strip` gets how much is done, 0 to 1.

    Raises ScumbleError `bad-layer` when it is gone.
    """
    _check_alive(target)
    bounds, memory = target.bounds, LayerMemory(target.format.byte_count(target.bounds.extent))
    for strip in strips(bounds, target.format):
        piece = bytes(target.node.projectionPixelData(*strip))
        memory.append(piece)
        if on_strip is not None:
            on_strip((strip.bottom - bounds.y) / bounds.height)
    return Pixels(bounds.extent, target.format, memory.finish())


def insert_result(target: Target, pixels: Pixels, name: str) -> Any:
    """Add the result as a paint layer above the source, in one undo step, and return the new layer.

    `pixels` has the size of the target's region. The layer is complete before the image has it, mask
    included: nothing half done can stay behind, and Undo takes all of it. A selection becomes a
    transparency mask; Krita before 5.2 has none for scripts, there it goes into the alpha channel. The
    source stays the active layer, so that the next try starts from it again.

    Raises ScumbleError `bad-layer` when the layer or the document is gone.
    """
    _check_alive(target)
    document, node = target.document, target.node
    document.waitForDone()
    new = create_layer(document, node, name)
    area = _moved(target.region, target.bounds)
    if target.selection is None or hasattr(document, "createTransparencyMask"):
        if target.region is not None:
            # Beyond the selection the new layer is the old one: painting on its mask reveals no hole.
            for strip in strips(target.bounds, target.format):
                new.setPixelData(node.projectionPixelData(*strip), *strip)
        write(new, area, pixels)
        if target.selection is not None:
            _add_mask(document, new, target)
    else:
        write(new, area, into_alpha(pixels, target.selection, target.bounds.extent, target.region))
    new.setInheritAlpha(node.inheritAlpha())
    keep_active(document, new)
    node.parentNode().addChildNode(new, node)
    document.waitForDone()
    document.refreshProjection()
    return new


def thumbnail(target: Target, side: int) -> Pixels:
    """The layer scaled down to at most `side` pixels on its longer side, as 8-bit BGRA."""
    _check_alive(target)
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
    return bounds.strips(max(1, STRIP_BYTES // (bounds.width * pixel_format.bytes_per_pixel)))


def _check_alive(target: Target) -> None:
    if target.document not in Krita.instance().documents():
        raise ScumbleError("bad-layer", _("The image was closed while Scumble was painting."))
    if target.node.parentNode() is None:
        raise ScumbleError("bad-layer", _("The layer was deleted while Scumble was painting."))


def _selected(document: Any, bounds: Bounds) -> "tuple[Optional[Bounds], Optional[bytes]]":
    selection = document.selection()
    if selection is None or selection.width() < 1 or selection.height() < 1:
        return None, None
    area = Bounds(selection.x(), selection.y(), selection.width(), selection.height()).intersect(bounds)
    if area.is_empty:
        raise ScumbleError(
            "bad-region",
            _("The selection does not touch the layer: select a part of it, or nothing."),
        )
    region = Bounds(area.x - bounds.x, area.y - bounds.y, area.width, area.height)
    return region, bytes(selection.pixelData(*bounds))


def _add_mask(document: Any, layer: Any, target: Target) -> None:
    selection = Selection()
    selection.setPixelData(QtCore.QByteArray(target.selection), *target.bounds)
    mask = document.createTransparencyMask(_("Selection"))
    mask.setSelection(selection)
    # Unlike addChildNode this makes no undo step of its own.
    layer.setChildNodes([mask])


def _moved(region: Optional[Bounds], bounds: Bounds) -> Bounds:
    return bounds if region is None else region.translate(bounds.origin)


def _below(node: Any) -> Any:
    siblings = node.parentNode().childNodes()
    below = None
    for sibling in siblings:
        if sibling == node:
            return below
        if not is_preview(sibling):
            below = sibling
    return below


def _is_inside(node: Any, ancestor: Any) -> bool:
    parent = node.parentNode()
    while parent is not None:
        if parent == ancestor:
            return True
        parent = parent.parentNode()
    return False
