"""`tools/gpu_check.sh` runs its parts, dry, and what fails does not hide what does not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
import gpu_check
from gpu_page import PAGE, PARTS, section, write_page

ROOT = Path(__file__).parents[2]
PATIENCE_S = 20
DOCUMENT: dict[str, Any] = {
    "device": "cuda", "name": "A card", "processor": "A processor", "cores": 16, "system": "Linux x86_64",
    "python": "3.12.3", "torch": "2.11.0", "cuda": "13.0", "when": "2026-01-01", "seconds": 480.0,
    "scale": "full", "parts": [],
}  # fmt: skip


def part(name: str, *rows: dict[str, Any], error: str | None = None) -> dict[str, Any]:
    return {"part": name, "seconds": 1.0, "rows": list(rows), "error": error}


def _runs(pid: int) -> bool:
    try:
        return "Z (zombie)" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_dry_run_measures_and_writes_json_and_a_page_of_its_own(tmp_path):
    file, before = tmp_path / "out" / "check.json", PAGE.read_bytes()
    command = [ROOT / "tools" / "gpu_check.sh", "--device", "cpu", "--tiny", "--json", file]
    command += ["--part", "parity", "--part", "daemon"]
    environment = {**os.environ, "PYTHON": sys.executable, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(file.read_text())
    parity, daemon = document["parts"]
    ways = [row["way"] for row in parity["rows"] if row["engine"] == "microast"]
    assert ways == ["Scumble on the CPU", "float32", "float32, torch's default", "Scumble"]
    assert all(row["largest"] <= 1 for row in parity["rows"])
    (row,) = daemon["rows"]
    assert row["seconds"] > row["wire"] > 0
    page = file.with_suffix(".md").read_text()
    assert "**A dry run: these are no figures of a GPU.**" in page
    assert "| `microast` | Scumble | fused layers" in page
    assert "| 96x64 |" in page
    assert PAGE.read_bytes() == before


def test_a_part_that_fails_is_one_line_with_the_rows_it_had(tmp_path, monkeypatch):
    (tmp_path / "tools").mkdir()
    program = tmp_path / "tools" / "gpu_parts.py"
    program.write_text(
        "print('{\"row\": 1}', flush=True)\nprint('{\"ro', flush=True)\nraise RuntimeError('no')"
    )
    monkeypatch.setattr(gpu_check, "ROOT", tmp_path)
    found = gpu_check.run_part("parity", "cpu", "tiny", 60)
    assert found["rows"] == [{"row": 1}]
    assert found["error"] == "RuntimeError: no"


def test_a_part_that_takes_too_long_is_ended_with_its_children(tmp_path, monkeypatch):
    (tmp_path / "tools").mkdir()
    program = tmp_path / "tools" / "gpu_parts.py"
    program.write_text(
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print('{\"pid\": %d}' % child.pid, flush=True)\n"
        "child.wait()\n"
    )
    monkeypatch.setattr(gpu_check, "ROOT", tmp_path)
    monkeypatch.setattr(gpu_check, "LEAST_S", 1)
    found = gpu_check.run_part("parity", "cpu", "tiny", 3)
    assert found["error"] == "ended after its limit of 3 s"
    (row,) = found["rows"]
    deadline = time.monotonic() + PATIENCE_S
    while _runs(row["pid"]):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_part_is_not_begun_when_no_time_is_left():
    assert gpu_check.run_part("parity", "cpu", "tiny", 2)["error"] == "not begun: no time was left"


def test_the_section_says_what_failed_and_what_was_reached():
    network = {"width": 4096, "height": 2160, "alone": 0.005}
    network["scumble"] = {"seconds": 0.010, "with_style": 0.011, "peak": 2e9}
    network["reference"] = {"seconds": 0.040, "with_style": 0.044, "peak": 4e9}
    daemon = {
        "width": 4096,
        "height": 2160,
        "first": 3.0,
        "seconds": 0.045,
        "wire": 0.02,
        "devices": ["cuda"],
    }
    seed = {"engine": "microast", "width": 4096, "height": 2160, "seconds": 0.0522}
    way = {"way": "float32", "seconds": 0.02, "refused": None}
    refused = {"way": "graph", "seconds": None, "refused": "a | b"}
    parts = [
        part("network", {"gemm_gflops": 50000.0, "copy_gbytes": 2000.0}, network),
        part("daemon", daemon),
        part("seeds", seed),
        part("ways", way, refused),
        part("library", error="ended after its limit of 9 s"),
    ]
    text = section({**DOCUMENT, "parts": parts})
    assert "dry run" not in text
    assert "| 4096x2160 | 5.0 | 10.0 | 884.7 | 2,000 | 40.0 | 4,000 | 4.00x | 4.40x |" in text
    assert "The network alone at 4096x2160: 5.0 ms, aim 6.0 ms: reached." in text
    assert "End to end at 4096x2160: 45.0 ms, aim 30.0 ms: not reached." in text
    assert "| 10.0x |" in text
    assert "| graph | refused | a / b |" in text
    assert "Not whole: ended after its limit of 9 s." in text


def test_a_picture_that_does_not_fit_is_said_so():
    row = {"width": 8, "height": 8, "alone": 0.1}
    assert "does not fit" in section({**DOCUMENT, "parts": [part("network", row)]})


def test_what_is_outside_the_markers_stays(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- gpu -->\nold\n<!-- end gpu -->\nafter\n")
    write_page(DOCUMENT, page)
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "A card" in text
    assert "old" not in text
    page.write_text("nothing")
    with pytest.raises(click.ClickException):
        write_page(DOCUMENT, page)


def test_every_part_has_a_limit_and_a_place_in_the_section():
    import gpu_parts

    assert set(PARTS) == set(gpu_check.LIMITS) == set(gpu_parts.PARTS)
    assert gpu_check.TOTAL_S < 540
