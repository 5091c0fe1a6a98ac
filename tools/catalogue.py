"""Bring the plug-ins' catalogues up to date: the template, and each .po file with what it lacks.

.venv/bin/python tools/catalogue.py
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from sentences import gimp_texts, krita_texts

from scumble_daemon.plugins.catalogue import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
GIMP = ROOT / "plugin_gimp" / "scumble-gimp" / "locale" / "scumble-gimp.pot"
KRITA = ROOT / "plugin_krita" / "scumble_krita" / "locale" / "scumble-krita.pot"


def main() -> int:
    """Write the files; the exit code is 1 while a translation is missing."""
    missing = _update(GIMP, gimp_texts()) + _update(KRITA, krita_texts())
    return 1 if missing else 0


def _update(template: Path, texts: Sequence[str]) -> int:
    """Write the catalogues of one plug-in; how many translations are missing."""
    write_po(template, dict.fromkeys(texts, ""))
    missing = 0
    for po in sorted(template.parent.glob("*.po")):
        known = read_po(po)
        entries = {text: known.get(text, "") for text in texts}
        missing += sum(not value for value in entries.values())
        write_po(po, entries)
    return missing


if __name__ == "__main__":
    sys.exit(main())
