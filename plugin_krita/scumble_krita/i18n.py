"""The artist's language, from the catalogues beside the plug-in."""

from __future__ import annotations

import gettext
from pathlib import Path

from scumble.editing import Texts

DOMAIN = "scumble-krita"
LOCALE = Path(__file__).resolve().parent / "locale"

_TRANSLATION = gettext.translation(DOMAIN, localedir=str(LOCALE), fallback=True)
_ = _TRANSLATION.gettext
LANGUAGE = _TRANSLATION.info().get("language", "")
"""Of the catalogue, such as ``de``; empty for the texts as they are written."""
TEXTS = Texts(_)
