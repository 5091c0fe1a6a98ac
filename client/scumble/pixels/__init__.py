"""Pixels, where they lie, and what names them."""
