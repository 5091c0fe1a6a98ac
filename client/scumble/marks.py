"""The kinds of mark that styles are made with: what a gallery sorts them by."""

from __future__ import annotations

MARKS = ("brush", "line", "print", "ink", "mosaic", "photo")
"""Painted, drawn, printed, flowing, put together of small pieces, or without any mark, as a photo is."""

PHOTO, PHOTO_ENGINE = "photo", "photo"
"""The kind of mark of photo looks, and the engine that they are for: others would paint with them."""
