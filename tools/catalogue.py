"""Bring the plug-ins' catalogues up to date: the template, each .po file with what it lacks, and the
errors with values in them that the client knows again.

.venv/bin/python tools/catalogue.py
"""

from __future__ import annotations

import sys
from pathlib import Path

from scumble_daemon.plugins.bundle import error_files, gimp_text_files, krita_text_files
from scumble_daemon.plugins.catalogue import extract, read_po, templates, write_po

ROOT = Path(__file__).resolve().parents[1]
GIMP = ROOT / "plugin_gimp" / "scumble-gimp" / "locale" / "scumble-gimp.pot"
KRITA = ROOT / "plugin_krita" / "scumble_krita" / "locale" / "scumble-krita.pot"
TEMPLATES = ROOT / "client" / "scumble" / "editing" / "templates.py"


def main() -> int:
    """Write the files; the exit code is 1 while a translation is missing."""
    TEMPLATES.write_text(templates(extract(error_files())), encoding="utf-8")
    missing = _update(GIMP, gimp_text_files()) + _update(KRITA, krita_text_files())
    return 1 if missing else 0


def _update(template: Path, files: list[Path]) -> int:
    """Write the catalogues of one plug-in; how many translations are missing."""
    texts = extract(files)
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
