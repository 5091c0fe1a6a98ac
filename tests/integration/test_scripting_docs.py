"""docs/scripting.md does what it says: its examples run as they stand, one after the other."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from scumble_daemon import cli

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.usefixtures("shared_place")
def test_the_examples_of_the_scripting_page_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("photos").mkdir()
    for name in ("cat", "coffee"):  # small: what runs is what matters
        with Image.open(ROOT / "examples" / "photos" / f"{name}.jpg") as photo:
            photo.resize((120, 80)).save(f"photos/{name}.jpg")
    shutil.copy(ROOT / "examples" / "styles" / "planes.jpg", "painting.jpg")
    blocks = BLOCK.findall((ROOT / "docs" / "scripting.md").read_text(encoding="utf-8"))
    assert len(blocks) >= 8
    for language, text in blocks:
        if language == "python":
            subprocess.run(
                [sys.executable, "-W", "error", "-c", text], check=True, timeout=100, env=os.environ
            )
        else:
            for line in text.splitlines():
                words = shlex.split(line, comments=True)
                assert words[0] == "scumble"
                if ">" in words:  # what a shell is for
                    here = shlex.quote(str(Path(sys.executable).parent / "scumble"))
                    shell = line.replace("scumble", here, 1)
                    assert subprocess.run(shell, shell=True, check=False, timeout=100).returncode == 0, line
                else:
                    assert cli.run(words[1:]) == 0, line
    for name in (
        "cat-irises.jpg",
        "cat-mix.jpg",
        "cat-halves.jpg",
        "sheet.png",
        "styled/cat-irises.jpg",
        "cat-0.5.png",
    ):
        with Image.open(name) as image:
            image.load()
    assert len(list(Path("thumbs").glob("*-irises-1.png"))) == 2
