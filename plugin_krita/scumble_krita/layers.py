"""Layers: new ones of ours, and those of a document by their ids."""

from __future__ import annotations

from typing import Any, Iterator, Optional

SMALL = 192
"""Longest side of the picture of a result."""


def create_layer(document: Any, like: Any, name: str) -> Any:
    """A new paint layer in the colour space of another one, not in the image yet.

    Where the image has another colour space than that layer, Krita makes the change an undo step.
    """
    new = document.createNode(name, "paintlayer")
    in_space_of(like, new)
    return new


def in_space_of(like: Any, layer: Any) -> None:
    """Give a layer the colour space of another one."""
    space = (like.colorModel(), like.colorDepth(), like.colorProfile())
    if (layer.colorModel(), layer.colorDepth(), layer.colorProfile()) != space:
        layer.setColorSpace(*space)


def layer_by_id(document: Any, identifier: str) -> Optional[Any]:
    """The layer or mask of a document with that id, which .kra files keep; None where there is none."""
    return next((node for node in all_nodes(document) if node.uniqueId().toString() == identifier), None)


def small_picture(layer: Any) -> Any:
    """A layer as the history shows it, as a QImage."""
    return layer.thumbnail(SMALL, SMALL)


def is_gone(node: Optional[Any]) -> bool:
    """Whether a layer or mask is in no image, or there is none."""
    return node is None or node.parentNode() is None


def is_animated(layer: Any) -> bool:
    """Whether a layer, or one in it, has frames."""
    return layer.animated() or any(is_animated(child) for child in layer.childNodes())


def all_nodes(document: Any) -> Iterator[Any]:
    """All layers and masks of a document, from the bottom up; what is in a group comes after the group."""
    waiting = list(reversed(document.rootNode().childNodes()))
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.childNodes()))
