"""The style library: built-in styles, the user's own, watched folders and recipes. Never imports torch."""

from .catalogue import Library
from .entries import StyleEntry
from .recipes import Recipe

__all__ = ["Library", "Recipe", "StyleEntry"]
