#!/usr/bin/env python3
"""Run the parts of tools/gpu_check.sh, each in a process with a time limit, and write JSON and the page.

See the head of gpu_check.sh for how it is run.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import click
import torch
from gpu_page import PAGE, write_page
from page import processor

ROOT = Path(__file__).parents[1]
#: Parts in order with the seconds that each may take at most. The last one gets all that is left.
LIMITS = {
    "parity": 110,
    "half": 60,
    "network": 70,
    "daemon": 50,
    "large": 50,
    "learn": 40,
    "seeds": 40,
    "ways": 80,
    "library": 500,
}
#: Of all parts together: with the start of Python and torch it stays under nine minutes.
TOTAL_S = 500
#: Below this nothing comes of a part.
LEAST_S = 5


@click.command()
@click.option("--device", default="cuda", show_default=True, help="cuda, cuda:1 or cpu.")
@click.option("--small", "scale", flag_value="small", help="Small pictures, for a dry run on a CPU.")
@click.option("--tiny", "scale", flag_value="tiny", help="The smallest that runs everything, for a test.")
@click.option("--part", "chosen", type=click.Choice(list(LIMITS)), multiple=True, help="Only this part.")
@click.option("--total", default=TOTAL_S, show_default=True, help="Seconds for all parts together.")
@click.option("--json", "file", type=click.Path(path_type=Path), default=ROOT / "out" / "gpu-check.json")
@click.option(
    "--page",
    type=click.Path(path_type=Path),
    help="Whose section is written.  [default: docs/performance.md; a copy beside the JSON in a dry run]",
)
def main(
    device: str, scale: str | None, chosen: tuple[str, ...], total: int, file: Path, page: Path | None
) -> None:
    """Run the parts; exit code 1 when one of them failed."""
    scale = scale or "full"
    _check(device)
    file.parent.mkdir(parents=True, exist_ok=True)
    if page is None:
        dry = scale != "full" or not device.startswith("cuda")
        page = Path(shutil.copy(PAGE, file.with_suffix(".md"))) if dry else PAGE
    begun = time.monotonic()
    document: dict[str, Any] = {**_machine(device), "scale": scale, "parts": []}
    for name in chosen or LIMITS:
        limit = min(float(LIMITS[name]), begun + total - time.monotonic())
        part = run_part(name, device, scale, limit)
        document["parts"].append(part)
        document["seconds"] = round(time.monotonic() - begun, 1)
        file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        click.echo(f"{name}: {part['seconds']:.0f} s, {len(part['rows'])} rows" + _why(part))
    write_page(document, page)
    click.echo(f"{file} and {page} are written ({document['seconds']:.0f} s)")
    sys.exit(any(part["error"] for part in document["parts"]))


def run_part(name: str, device: str, scale: str, limit: float) -> dict[str, Any]:
    """One part in a process of its own, which is ended with all its children after `limit` seconds.

    Returns:
        Its name, seconds, rows, and in ``error`` one line of why it is not whole, else None.
    """
    started, error = time.monotonic(), None
    if limit < LEAST_S:
        return {"part": name, "seconds": 0.0, "rows": [], "error": "not begun: no time was left"}
    command = [sys.executable, str(ROOT / "tools" / "gpu_parts.py"), name, device, scale, f"{limit:.0f}"]
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdout=out, stderr=errors, start_new_session=True)
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            error = f"ended after its limit of {limit:.0f} s"
        _end(process)
        if error is None and process.returncode:
            errors.seek(0)
            error = (errors.read().strip().splitlines() or [f"exit code {process.returncode}"])[-1][:300]
        out.seek(0)
        rows = _rows(out.read().splitlines())
    return {"part": name, "seconds": round(time.monotonic() - started, 1), "rows": rows, "error": error}


def _rows(lines: Sequence[str]) -> list[dict[str, Any]]:
    """One JSON object a line; what a part that was ended has left half is passed over."""
    found = []
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            found.append(row)
    return found


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and all that it has started in its session."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _check(device: str) -> None:
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise click.ClickException(
            "There is no CUDA device here, or this torch was not built for one. "
            "A dry run: tools/gpu_check.sh --device cpu --small"
        )


def _machine(device: str) -> dict[str, Any]:
    on_card = device.startswith("cuda")
    return {
        "device": device,
        "name": torch.cuda.get_device_name(device) if on_card else "no GPU",
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "when": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
    }


def _why(part: dict[str, Any]) -> str:
    return f"; {part['error']}" if part["error"] else ""


if __name__ == "__main__":
    main()
