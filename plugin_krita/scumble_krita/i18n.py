"""The artist's language, from the catalogues beside the plug-in."""

from __future__ import annotations

import gettext
from pathlib import Path

from scumble.editing import Texts

DOMAIN = "scumble-krita"
LOCALE = Path(__file__).resolve().parent / "locale"

_ = gettext.translation(DOMAIN, localedir=str(LOCALE), fallback=True).gettext
TEXTS = Texts(_)
