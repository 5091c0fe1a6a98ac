"""Write locks/: what the editors' plug-ins install, with the hash of every file on every system.

.venv/bin/python tools/lock.py      # needs a package index

engine.txt   all packages of others that Scumble needs, as constraints.txt pins them
uv.txt       uv, which the plug-in packages carry
sizes.json   bytes to download, and room on the disk while that is installed, by system and build of torch
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.parse
from importlib.metadata import version
from pathlib import Path
from typing import Any

import tomllib

from scumble.install.indexes import uv_variables

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ROOT / "locks"
PYTHON = "3.12"
ROOM = {"cpu": 5.4, "cuda": 2.9}
"""Room for a downloaded byte at the height of the installation, for the wheel and what it is unpacked to:
measured on Linux (docs/install.md), with some to spare."""
SYSTEMS = {
    "linux": "x86_64-manylinux_2_28",
    "win32": "x86_64-pc-windows-msvc",
    "darwin": "aarch64-apple-darwin",
}


def main() -> int:
    """Write the three files."""
    LOCKS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        uv = str(Path(sys.executable).with_name("uv"))
        compile_all = [
            uv,
            "pip",
            "compile",
            "--universal",
            "--generate-hashes",
            "--no-annotate",
            "--no-header",
        ]
        _write(
            "engine.txt",
            _said(*compile_all, "--python-version", "3.11", "-c", "constraints.txt", "pyproject.toml"),
        )
        (Path(folder) / "uv.in").write_text(f"uv=={version('uv')}\n")
        _write("uv.txt", _said(*compile_all, "--python-version", "3.11", f"{folder}/uv.in"))
        sizes = {system: _download_size(uv, Path(folder), platform) for system, platform in SYSTEMS.items()}
        linux_cpu = _download_size(uv, Path(folder), SYSTEMS["linux"], cpu=True)
    rows = {"linux-cuda": sizes["linux"], "win32-cpu": sizes["win32"], "darwin-cpu": sizes["darwin"]}
    if linux_cpu is not None:
        rows["linux-cpu"] = linux_cpu
    table = {
        name: {"download": size, "room": int(ROOM[name.partition("-")[2]] * size)}
        for name, size in sorted(rows.items())
        if size
    }
    _write("sizes.json", json.dumps(table, indent=2) + "\n")
    return 0


def _said(*command: str, **variables: str) -> str:
    # torch's wheels need macOS 14; uv takes an older one unless it is told.
    environment = {**os.environ, "MACOSX_DEPLOYMENT_TARGET": "14.0", **variables}
    done = subprocess.run(
        [*command, "--quiet"], cwd=ROOT, check=False, capture_output=True, text=True, env=environment
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


def _download_size(uv: str, folder: Path, platform: str, cpu: bool = False) -> int | None:
    """Bytes of all wheels for a system; with `cpu` torch's small build, where pip's configuration has one."""
    out = folder / "pylock.size.toml"
    python = f"{sys.version_info[0]}.{sys.version_info[1]}" if cpu else PYTHON
    command = [uv, "pip", "compile", "-c", "locks/engine.txt", "--format", "pylock.toml", "-o", str(out)]
    command += [
        "--only-binary",
        ":all:",
        "--python-version",
        python,
        "--python-platform",
        platform,
        "--upgrade",
    ]
    # torch alone comes from elsewhere: of what lies on this machine an index says no sizes.
    _said(*command, "pyproject.toml")
    wheels = {package["name"]: package["wheels"][0] for package in _packages(out)}
    if cpu:
        found = {name: value for name, value in uv_variables().items() if name == "UV_FIND_LINKS"}
        _said(*command, "pyproject.toml", **found)
        small = {package["name"]: package["wheels"][0] for package in _packages(out)}
        if any(name.startswith("nvidia-") for name in small):
            return None
        wheels = {name: wheels.get(name, wheel) for name, wheel in small.items() if name != "torch"}
        wheels["torch"] = small["torch"]
    return sum(_size(wheel) for wheel in wheels.values())


def _packages(file: Path) -> list[dict[str, Any]]:
    return tomllib.loads(file.read_text(encoding="utf-8"))["packages"]


def _size(wheel: dict[str, Any]) -> int:
    if "size" in wheel:
        return wheel["size"]
    return Path(urllib.parse.unquote(urllib.parse.urlsplit(wheel["url"]).path)).stat().st_size


def _write(name: str, text: str) -> None:
    assert not re.search(r"https?://", text), "an address of an index would be in the lock"
    (LOCKS / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
