"""Names for annotations: which Qt it is only shows at run time, so a type checker cannot know more."""

from __future__ import annotations

from typing import Any

Combo = Grid = Icon = Image = Label = Menu = Mime = Object = Pixmap = Rect = Size = Widget = Any
