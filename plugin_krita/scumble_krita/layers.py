"""New layers of ours."""

from __future__ import annotations

from typing import Any


def create_layer(document: Any, like: Any, name: str) -> Any:
    """A new paint layer in the colour space of another one, not in the image yet."""
    new = document.createNode(name, "paintlayer")
    match_space(new, like)
    return new


def match_space(node: Any, like: Any) -> None:
    """Give a layer the colour space of another one. Where it has another, that is an undo step."""
    space = (like.colorModel(), like.colorDepth(), like.colorProfile())
    if (node.colorModel(), node.colorDepth(), node.colorProfile()) != space:
        node.setColorSpace(*space)
