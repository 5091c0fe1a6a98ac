"""New layers of ours."""

from __future__ import annotations

from typing import Any


def create_layer(document: Any, like: Any, name: str) -> Any:
    """A new paint layer in the colour space of another one, not in the image yet.

    Where the image has another colour space than that layer, Krita makes the change an undo step.
    """
    new = document.createNode(name, "paintlayer")
    space = (like.colorModel(), like.colorDepth(), like.colorProfile())
    if (new.colorModel(), new.colorDepth(), new.colorProfile()) != space:
        new.setColorSpace(*space)
    return new
