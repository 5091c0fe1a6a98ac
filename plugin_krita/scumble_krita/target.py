"""Which layer is to be painted, which part of it, and where the result goes."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from krita import Krita

from scumble import Bounds, PixelFormat, ScumbleError
from scumble.editing import Effect

from .coverage import moved
from .focus import active_layer
from .i18n import _
from .kept import is_kept, kept, newest_from, source_of, top_result
from .layers import all_nodes
from .preview import is_preview, previews, remove_preview

LAYERS = ("paintlayer", "grouplayer", "clonelayer", "filelayer", "filllayer", "vectorlayer")
_DTYPES = {"U8": "u8", "U16": "u16", "F16": "f16", "F32": "f32"}


class Target(NamedTuple):
    """A layer to paint: all that has to be known later, when the document may look different.

    Attributes:
        document, node: Krita's own.
        bounds: of what is read, in the image's coordinates; may reach over its edges.
        format: how the pixels of the layer travel.
        region: the part to paint, relative to `bounds`; None for all of it.
        selection: coverage of `bounds`, one byte a pixel; None where all of it is covered.
        in_alpha: whether the coverage goes into the result's alpha, and not into a mask.
        replaced: the painted layer that the result takes the place of; None for a new layer above `node`.
        covered: by the mask's name: what the selections that say where a style is cover of `bounds`, as read.
    """

    document: Any
    node: Any
    bounds: Bounds
    format: PixelFormat
    region: Optional[Bounds]
    selection: Optional[bytes]
    in_alpha: bool = False
    replaced: Optional[Any] = None
    covered: Optional[Dict[str, bytes]] = None

    @property
    def below(self) -> Any:
        """The layer that the result is put right above. A newer one goes above the older ones."""
        return top_result(self.document, self.node) if self.replaced is None else self.replaced


def active_target(document: Any, whole_layer: bool = False) -> Target:
    """The active layer of a document, as `layer_target`; a preview layer stands for the layer below it."""
    return layer_target(document, _active(document), whole_layer)


def other_target(document: Any) -> Target:
    """What is painted in a document that is not in front: its active layer, as `layer_target`.

    A mask stands for its layer, and a painted layer for the one that it was painted from.
    """
    return layer_target(document, source_of(document, active_layer_of(document)))


def selected_layers(document: Any) -> List[Any]:
    """The layers of the document in front that are selected, from the bottom up, where these are several.

    A group stands for what is in it, and what has no pixels is left out.
    """
    window = Krita.instance().activeWindow()
    view = None if window is None else window.activeView()
    if view is None:
        return []
    chosen = {node.uniqueId().toString() for node in view.selectedNodes()}
    found = []
    for node in all_nodes(document):
        if node.uniqueId().toString() not in chosen or node.type() not in LAYERS or is_preview(node):
            continue
        if not any(_is_inside(node, group) for group in found):
            found.append(node)
    return found if len(found) > 1 else []


def layer_target(document: Any, node: Any, whole_layer: bool = False) -> Target:
    """A layer of a document, and the selection unless `whole_layer`. A preview within the layer is removed.

    Raises ScumbleError `bad-layer` (with what to do) or `bad-region` (the selection misses the layer).
    """
    pixel_format, bounds = _without_preview(document, node)
    if whole_layer:
        return Target(document, node, bounds, pixel_format, None, None, covered={})
    region, selection = selected(document, bounds)
    # Krita before 5.2 has no transparency masks for scripts.
    in_alpha = selection is not None and not hasattr(document, "createTransparencyMask")
    return Target(document, node, bounds, pixel_format, region, selection, in_alpha, covered={})


def painted_layer(document: Any) -> Tuple[Any, Effect]:
    """The active layer, which Scumble has painted, and with which settings.

    A mask stands for its layer, and a layer of another kind for what was painted last from it.

    Raises ScumbleError `bad-layer`.
    """
    node = active_layer_of(document)
    painted = node if is_kept(document, node) else newest_from(document, node) or node
    return painted, kept(document, painted).effect


def active_layer_of(document: Any) -> Any:
    """The active layer of a document; a mask stands for its layer. Raises ScumbleError `bad-layer`."""
    node = _active(document)
    while node.type().endswith("mask") and node.parentNode() is not None:
        node = node.parentNode()
    return node


def edited_target(document: Any, painted: Any) -> Target:
    """What a painted layer was made of, to be painted again in its place.

    Raises ScumbleError `bad-layer`, or `bad-region` where the part that was painted is empty now.
    """
    document.waitForDone()
    made = kept(document, painted)
    pixel_format, bounds = _without_preview(document, made.source)
    region = None
    if made.area is not None:
        area = made.area.intersect(bounds)
        if area.is_empty:
            raise ScumbleError(
                "bad-region",
                _("The part that was painted is empty now: paint something there, or another part."),
            )
        region = Bounds(area.x - bounds.x, area.y - bounds.y, area.width, area.height)
    masks = [child for child in painted.childNodes() if child.type() == "transparencymask"]
    selection = bytes(masks[0].pixelData(*bounds)) if masks else None
    in_alpha = made.coverage is not None and made.area is not None
    if made.coverage is not None and made.area is not None:
        selection = moved(made.coverage, made.area, bounds)
    return Target(document, made.source, bounds, pixel_format, region, selection, in_alpha, painted, {})


def selection_of(document: Any) -> Optional[Any]:
    """The selection of a document; None where nothing is selected."""
    selection = document.selection()
    return None if selection is None or selection.width() < 1 or selection.height() < 1 else selection


def check_alive(target: Target) -> None:
    """Raise ScumbleError `bad-layer` when the layer or the document is gone."""
    if target.document not in Krita.instance().documents():
        raise ScumbleError("bad-layer", _("The image was closed while Scumble was painting."))
    if target.node.parentNode() is None or target.below.parentNode() is None:
        raise ScumbleError("bad-layer", _("The layer was deleted while Scumble was painting."))


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


def _active(document: Any) -> Any:
    if document is None:
        raise ScumbleError("bad-layer", _("No image is open: open one first."))
    document.waitForDone()
    node = active_layer(document)
    if node is not None and is_preview(node):
        node = _below(node)
    if node is None:
        raise ScumbleError("bad-layer", _("No layer is selected: select the one to paint."))
    return node


def _without_preview(document: Any, node: Any) -> Tuple[PixelFormat, Bounds]:
    """Format and bounds of a layer that no preview of ours is in."""
    if any(_is_inside(preview, node) for preview in previews(document)):
        remove_preview(document)
    return format_of(node), bounds_of(document, node)


def selected(document: Any, bounds: Bounds) -> Tuple[Optional[Bounds], Optional[bytes]]:
    """The part of a layer's bounds that is selected, relative to them, and the coverage of all of them.

    None and None without a selection. Raises ScumbleError `bad-region` where it misses the layer.
    """
    selection = selection_of(document)
    if selection is None:
        return None, None
    area = Bounds(selection.x(), selection.y(), selection.width(), selection.height()).intersect(bounds)
    if area.is_empty:
        raise ScumbleError(
            "bad-region",
            _("The selection does not touch the layer: select a part of it, or nothing."),
        )
    region = Bounds(area.x - bounds.x, area.y - bounds.y, area.width, area.height)
    return region, bytes(selection.pixelData(*bounds))


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
