"""The live preview: a locked layer above the source, which is never a source and never stays.

Undo is the artist's: a preview is added by one step, its changes make none, and it is removed by taking
that step back. Only where the artist has done something since does the removal become a step of its own.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

from krita import Krita

from scumble import Bounds, Pixels

from .focus import keep_active
from .layers import create_layer
from .qt import Qt, QtCore, QtGui, QtWidgets
from .scaled import as_format, image_of

PREFIX = "[Preview] "
_STRIP_ROWS = 512

_steps: Dict[str, Tuple[int, str]] = {}
"""By the layer's id: the length of the undo history, and its last entry, right after it was added."""


def is_preview(node: Any) -> bool:
    """Whether a layer is one of our previews."""
    return node.type() == "paintlayer" and node.locked() and node.name().startswith(PREFIX)


def previews(document: Any) -> List[Any]:
    """All previews in a document; also those that Undo, Redo or a file brought back."""
    found, waiting = [], list(document.rootNode().childNodes())
    while waiting:
        node = waiting.pop()
        if is_preview(node):
            found.append(node)
        else:
            waiting.extend(node.childNodes())
    return found


def put_preview(document: Any, target: Any, pixels: Pixels, name: str) -> Any:
    """Show 8-bit BGRA pixels, scaled up to the target's bounds, in the preview layer; returns that.

    `name` goes behind `PREFIX`. There is one preview in a document: one above another layer is removed.
    """
    known = previews(document)
    layer = next((node for node in known if _is_above(node, target.below)), None)
    if len(known) > (layer is not None):
        remove_preview(document, keep=layer)
    if layer is not None:
        layer.setName(PREFIX + name)
        _fill(layer, target, pixels)
        document.refreshProjection()
        return layer
    layer = create_layer(document, target.node, PREFIX + name)
    _fill(layer, target, pixels)
    layer.setLocked(True)
    layer.setInheritAlpha(target.below.inheritAlpha())
    document.waitForDone()
    keep_active(document, layer)
    target.below.parentNode().addChildNode(layer, target.below)
    document.waitForDone()
    document.refreshProjection()
    step = last_step(document)
    if step is not None:
        _steps[layer.uniqueId().toString()] = step
    return layer


def remove_preview(document: Any, keep: Optional[Any] = None) -> bool:
    """Take away every preview of a document but `keep`; False when there was none. Never leaves one."""
    removed = False
    for layer in previews(document):
        if keep is not None and layer == keep:
            continue
        document.waitForDone()
        if not _undo_it(document, layer):
            layer.remove()
        document.waitForDone()
        removed = True
    if removed:
        document.refreshProjection()
    return removed


def _undo_it(document: Any, layer: Any) -> bool:
    """Take the step back that added the layer, if that is the last one."""
    identifier = layer.uniqueId().toString()
    step = _steps.pop(identifier, None)
    if step is None or last_step(document) != step:
        return False
    Krita.instance().action("edit_undo").trigger()
    document.waitForDone()
    if all(node.uniqueId().toString() != identifier for node in previews(document)):
        return True
    # The history is full and another step looked the same: that one comes back.
    Krita.instance().action("edit_redo").trigger()
    document.waitForDone()
    return False


def last_step(document: Any) -> Optional[Tuple[int, str]]:
    """How long the undo history of the active document is, and its last entry, from Krita's own docker."""
    app = Krita.instance()
    window = app.activeWindow()
    if window is None or app.activeDocument() != document:
        return None
    docker = window.qwindow().findChild(QtWidgets.QDockWidget, "History")
    view = docker.findChild(QtWidgets.QAbstractItemView) if docker is not None else None
    model = view.model() if view is not None else None
    if model is None or not model.rowCount():
        return None
    last = model.rowCount() - 1
    return last, str(model.data(model.index(last, 0)))


def _is_above(preview: Any, node: Any) -> bool:
    siblings = preview.parentNode().childNodes()
    at = siblings.index(preview) if preview in siblings else 0
    return at > 0 and siblings[at - 1] == node


def _fill(layer: Any, target: Any, pixels: Pixels) -> None:
    bounds = target.bounds
    image = image_of(pixels).scaled(
        bounds.width,
        bounds.height,
        Qt.AspectRatioMode.IgnoreAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )
    if target.selection is not None:
        image = _covered(image, target.selection)
    for strip in Bounds(0, 0, bounds.width, bounds.height).strips(_STRIP_ROWS):
        data = as_format(image.copy(*strip), target.format)
        layer.setPixelData(QtCore.QByteArray(data), bounds.x, bounds.y + strip.y, *strip.extent)


def _covered(image: Any, coverage: bytes) -> Any:
    size = (image.width(), image.height())
    mask = QtGui.QImage(coverage, *size, size[0], QtGui.QImage.Format.Format_Alpha8)
    image = image.convertToFormat(QtGui.QImage.Format.Format_ARGB32)
    painter = QtGui.QPainter(image)
    painter.setCompositionMode(QtGui.QPainter.CompositionMode.CompositionMode_DestinationIn)
    painter.drawImage(0, 0, mask)
    painter.end()
    return image
