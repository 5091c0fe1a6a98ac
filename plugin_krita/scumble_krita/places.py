"""Where in a layer each style of a mix is: by a layer, a mask of a layer, or the selection.

A StyleChoice names a layer or mask by its id, which .kra files keep.
"""

from __future__ import annotations

from typing import Any, List, Optional, Tuple

from scumble import Bounds, Extent, PixelFormat, Pixels, ScumbleError
from scumble.editing.effect import ELSEWHERE
from scumble.editing.kept_selection import PREFIX, unpack_selection

from .coverage import moved
from .i18n import _
from .kept import kept_selections
from .layers import all_nodes, layer_by_id
from .panel.editor import SELECTION
from .preview import is_preview
from .qt import QtGui
from .scaled import grays, image_of, resized, to_bgra
from .strips import strips
from .target import LAYERS, Target, format_of, selection_of

MASKS = ("transparencymask", "selectionmask")
MAX_CHOICES = 60
_BGRA = PixelFormat("u8", "BGRA")


def choices(document: Optional[Any], painted: Optional[Any] = None) -> List[Tuple[str, str]]:
    """What a style can be placed by: the name for a StyleChoice, and what the artist reads.

    `painted` is the layer that is edited: selections that it was painted with are there too.
    """
    found = [("", _("Everywhere")), (ELSEWHERE, _("Where no other style is"))]
    if document is None:
        return found
    if selection_of(document) is not None:
        found.append((SELECTION, _("The selection")))
    if painted is not None:
        found += [(name, _("The selection of before")) for name in kept_selections(document, painted)]
    root = document.rootNode()
    nodes = list(all_nodes(document))[::-1]
    for node in nodes:
        # The selection itself is a mask too, of the image.
        if node.type() in MASKS and node.parentNode() != root:
            title = _("{mask} of {layer}").format(mask=node.name(), layer=node.parentNode().name())
            found.append((node.uniqueId().toString(), title))
    for node in nodes:
        if node.type() in LAYERS and not is_preview(node):
            found.append((node.uniqueId().toString(), _("Layer {name}").format(name=node.name())))
    return found[:MAX_CHOICES]


def coverage(target: Target, extent: Extent, mask: str) -> bytes:
    """How much of each pixel of a layer a mask covers, one byte each; all of the layer has `extent` pixels.

    A layer covers where it is white and opaque; beyond its own edges nothing is covered. What a selection
    covers at full size is noted in `target.covered`, for the layer that is painted to keep.
    Raises ScumbleError `bad-style` for a mask that is gone or in another image, and `bad-layer` for a layer
    of another colour space.
    """
    bounds = target.bounds
    if mask == SELECTION:
        selection = selection_of(target.document)
        data = None if selection is None else bytes(selection.pixelData(*bounds))
    elif mask.startswith(PREFIX):
        data = _kept(target, mask)
    else:
        node = layer_by_id(target.document, mask)
        data = None if node is None else _covered_by(node, bounds)
    if data is None:
        raise ScumbleError(
            "bad-style",
            _("A mask that was chosen is not in this image."),
            hint=_("Choose again where a style is, or what is protected."),
        )
    if extent == bounds.extent:
        if target.covered is not None and mask.startswith(SELECTION):
            target.covered[mask] = data
        return data
    image = QtGui.QImage(data, *bounds.extent, bounds.width, QtGui.QImage.Format.Format_Grayscale8)
    return grays(resized(image, extent))


def _kept(target: Target, mask: str) -> Optional[bytes]:
    if target.replaced is None:
        return None
    found = unpack_selection(kept_selections(target.document, target.replaced).get(mask))
    return None if found is None else moved(found[1], found[0], target.bounds)


def _covered_by(node: Any, bounds: Bounds) -> bytes:
    if node.type() in MASKS:
        return bytes(node.pixelData(*bounds))
    pixel_format, parts = format_of(node), []
    for strip in strips(bounds, pixel_format):
        data = to_bgra(bytes(node.projectionPixelData(*strip)), pixel_format)
        image = image_of(Pixels(strip.extent, _BGRA, data))
        # Transparent black is black: premultiplied, a colour is lightness times opacity.
        image = image.convertToFormat(QtGui.QImage.Format.Format_ARGB32_Premultiplied)
        image.reinterpretAsFormat(QtGui.QImage.Format.Format_RGB32)
        parts.append(grays(image))
    return b"".join(parts)
