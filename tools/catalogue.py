"""Bring the GIMP plug-in's catalogues up to date: the template, and each .po file with what it lacks.

.venv/bin/python tools/catalogue.py
"""

from __future__ import annotations

import sys
from pathlib import Path

from scumble_daemon.plugins.bundle import gimp_text_files
from scumble_daemon.plugins.catalogue import extract, read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
PLUGIN = ROOT / "plugin_gimp" / "scumble-gimp"
TEMPLATE = PLUGIN / "locale" / "scumble-gimp.pot"


def main() -> int:
    """Write the files; the exit code is 1 while a translation is missing."""
    texts = extract(gimp_text_files())
    write_po(TEMPLATE, dict.fromkeys(texts, ""))
    missing = 0
    for po in sorted(TEMPLATE.parent.glob("*.po")):
        known = read_po(po)
        entries = {text: known.get(text, "") for text in texts}
        missing += sum(not value for value in entries.values())
        write_po(po, entries)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
