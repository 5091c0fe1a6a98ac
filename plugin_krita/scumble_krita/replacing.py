"""A layer in the place of another one, in one undo step.

Krita's scripts have no step that holds two changes. Its own action that makes a paint layer of a layer is
one: the layer goes, and one with its picture comes. What scripts then write into the new one belongs to that
step, as long as it makes none of its own; masks do not.
"""

from __future__ import annotations

from typing import Any, Callable, Optional

from krita import Krita

from scumble import Bounds

from .focus import active_layer, keep_active
from .layers import in_space_of, is_gone
from .strips import erase
from .target import format_of

ACTION = "convert_to_paint_layer"


def replace_layer(document: Any, old: Any, like: Any, name: str, paint: Callable[[Any], Any]) -> Any:
    """Put a new paint layer in the place of `old`, with its masks, mode and opacity, and return it.

    `like` has the new one's colour space. `paint` is called with it while it is empty, and writes its pixels.
    It is the active layer if `old` was. Krita's action works on the image in front. Elsewhere, and for a
    layer with a layer style, it takes two steps: the new layer comes, and then the old one goes.
    """
    before = active_layer(document)
    stays = None if before is None or _is_within(before, old) else before
    new = _converted(document, old)
    if new is None:
        if stays is not None and document.activeNode() != stays:
            document.setActiveNode(stays)
        return _replaced_in_two(document, old, like, name, paint)
    _repaint(new, like, name, paint)
    new.setInheritAlpha(old.inheritAlpha())
    new.setAlphaLocked(old.alphaLocked())
    new.setColorLabel(old.colorLabel())
    new.setCollapsed(old.collapsed())
    new.setLocked(old.locked())
    masks = [mask.duplicate() for mask in old.childNodes()]
    document.setActiveNode(new if stays is None else stays)
    keep_active(document, *masks, *(() if stays is None else (new,)))
    new.setChildNodes(masks)
    document.waitForDone()
    if not old.visible():
        document.refreshProjection()  # which leaves hidden layers out
        new.setVisible(False)
    return new


def _converted(document: Any, old: Any) -> Optional[Any]:
    """The layer that Krita has put in the place of one, with its mode and opacity; None where it did not."""
    action = Krita.instance().action(ACTION)
    # A layer with a style is merged with it: that loses its mode.
    if action is None or old.layerStyleToAsl() or Krita.instance().activeDocument() != document:
        return None
    document.waitForDone()
    document.setActiveNode(old)
    if document.activeNode() != old:
        return None
    parent = old.parentNode()
    at = parent.childNodes().index(old)
    locked, masks = old.locked(), old.childNodes()
    old.setLocked(False)
    for _mask in masks:  # so is one with masks; each call takes one away, and makes no step
        old.setChildNodes([])
    document.waitForDone()
    action.trigger()
    document.waitForDone()
    old.setChildNodes(masks)
    old.setLocked(locked)
    return parent.childNodes()[at] if is_gone(old) else None


def _replaced_in_two(document: Any, old: Any, like: Any, name: str, paint: Callable[[Any], Any]) -> Any:
    new = old.duplicate()  # setting its mode would make a step
    _repaint(new, like, name, paint)
    if document.activeNode() != old:
        keep_active(document, new)
    old.parentNode().addChildNode(new, old)
    document.waitForDone()
    old.remove()
    return new


def _repaint(layer: Any, like: Any, name: str, paint: Callable[[Any], Any]) -> None:
    """Give a layer another name, other pixels, and the colour space of `like`."""
    layer.setName(name)
    box = layer.bounds()
    erase(layer, Bounds(box.x(), box.y(), box.width(), box.height()), format_of(layer))
    in_space_of(like, layer)
    paint(layer)


def _is_within(node: Any, layer: Any) -> bool:
    while node is not None and node != layer:
        node = node.parentNode()
    return node is not None
