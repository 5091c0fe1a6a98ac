"""The documentation builds without a warning: no broken link, no missing picture."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mkdocs")
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The site, built strictly: a warning is a failure."""
    target = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(target)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return target


def test_every_page_is_built_and_in_the_navigation(site):
    docs = ROOT / "docs"
    names = {path.relative_to(docs).with_suffix("").as_posix() for path in docs.rglob("*.md")}
    assert {"index", "install", "scripting", "troubleshooting", "engines", "scale", "decisions/zmtp"} <= names
    front = (site / "index.html").read_text(encoding="utf-8")
    for name in {name.removesuffix("/index") for name in names - {"index"}}:
        assert (site / name / "index.html").is_file()
        assert f'href="{name}/"' in front


def test_no_page_asks_another_server_for_anything(site):
    loads = re.compile(r'<(?:script|link|img)[^>]*(?:src|href)="(https?://[^"]*)"')
    for page in site.rglob("*.html"):
        found = [url for url in loads.findall(page.read_text(encoding="utf-8")) if "canonical" not in url]
        assert not found, f"{page}: {found}"
