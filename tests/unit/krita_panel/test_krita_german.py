"""The catalogues of Krita's plug-in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from scumble_daemon.plugins.bundle import assemble_krita, krita_text_files
from scumble_daemon.plugins.catalogue import extract, read_po

LOCALE = Path(__file__).parents[3] / "plugin_krita" / "scumble_krita" / "locale"


def test_the_template_holds_every_string_of_the_plugin():
    template = read_po(LOCALE / "scumble-krita.pot")
    assert [key for key in template if key] == extract(krita_text_files()), "run tools/catalogue.py"


def test_the_german_translation_is_complete():
    german = read_po(LOCALE / "de.po")
    assert [key for key in extract(krita_text_files()) if not german.get(key)] == []
    for key, value in german.items():
        fields = {part.split("}")[0] for part in key.split("{")[1:]}
        assert all("{" + field + "}" in value for field in fields), value


def test_the_packed_panel_speaks_german_and_stays_narrow(tmp_path):
    assemble_krita(tmp_path)
    done = subprocess.run(
        [sys.executable, "-W", "error", Path(__file__).with_name("in_german.py"), tmp_path],
        env={**os.environ, "LANGUAGE": "de", "SCUMBLE_CONFIG_DIR": str(tmp_path / "config")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["apply"], said["discard"]) == ("Anwenden", "Verwerfen")
    assert said["error"] == "In der Bibliothek gibt es keinen Stil namens 'waves'. Meinten Sie café or fire?"
    assert said["width"] <= 250 - 16, said
