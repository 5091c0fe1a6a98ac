"""Krita's plug-in as it is packed, in German."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from scumble_daemon.plugins.bundle import assemble_krita


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
