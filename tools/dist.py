"""Build dist/: our wheel, and the editors' plug-ins with all that installs the engine from inside the editor.

.venv/bin/python tools/dist.py                        # for this system; `make dist` does it
.venv/bin/python tools/dist.py linux-x86_64 windows   # for those that are named

A package index is needed for uv's wheel; its hash is in locks/uv.txt.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from scumble_daemon.plugins.bundle import KRITA_BESIDE, add_engine, assemble_gimp, assemble_krita, zip_folder

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
LOCKS = ROOT / "locks"
SYSTEMS = {
    "linux-x86_64": ("linux", "manylinux_2_17_x86_64"),
    "linux-aarch64": ("linux", "manylinux_2_17_aarch64"),
    "windows": ("win32", "win_amd64"),
    "macos-arm64": ("darwin", "macosx_11_0_arm64"),
}
"""What a package is named after: its system in locks/sizes.json, and the platform of uv's wheel."""


def main() -> int:
    """Write the wheel and a zip for each editor and system."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("systems", nargs="*", choices=[[], *SYSTEMS], default=[])
    chosen = parser.parse_args().systems or [this_system()]
    wheel = build_wheel(DIST)
    sys.stdout.write(f"{wheel}\n")
    for name in chosen:
        with tempfile.TemporaryDirectory() as scratch:
            uv = fetch_uv(Path(scratch), SYSTEMS[name][1])
            for archive in pack(wheel, uv, name):
                sys.stdout.write(f"{archive}\n")
    return 0


def this_system() -> str:
    """The name of the system that this runs on."""
    machine = {"AMD64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
    if sys.platform == "win32":
        return "windows"
    return "macos-arm64" if sys.platform == "darwin" else f"linux-{machine}"


def build_wheel(folder: Path) -> Path:
    """Our own wheel, which has the networks and the styles in it."""
    _pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), ".")
    return max(folder.glob("scumble-*.whl"), key=lambda file: file.stat().st_mtime)


def fetch_uv(folder: Path, tag: str) -> Path:
    """uv's wheel for a platform, by its hash."""
    _pip(
        *("download", "--no-deps", "--require-hashes", "--only-binary", ":all:", "--platform", tag),
        *("-r", str(LOCKS / "uv.txt"), "--dest", str(folder)),
    )
    return next(folder.glob("uv-*.whl"))


def pack(wheel: Path, uv: Path, name: str, folder: Path = DIST) -> list[Path]:
    """The two plug-ins for a system, as zip files."""
    table = json.loads((LOCKS / "sizes.json").read_text(encoding="utf-8"))
    system = SYSTEMS[name][0]
    sizes = {key.partition("-")[2]: row for key, row in table.items() if key.startswith(f"{system}-")}
    archives = []
    for editor, assemble, beside in (("gimp", assemble_gimp, ()), ("krita", assemble_krita, KRITA_BESIDE)):
        with tempfile.TemporaryDirectory() as scratch:
            plugin = assemble(Path(scratch))
            add_engine(plugin, wheel, uv, LOCKS / "engine.txt", sizes)
            archive = folder / f"scumble-{editor}-{wheel.name.split('-')[1]}-{name}.zip"
            zip_folder(plugin, archive, *beside)
            archives.append(archive)
    return archives


def _pip(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", "--quiet", *arguments], cwd=ROOT, check=True)


if __name__ == "__main__":
    sys.exit(main())
