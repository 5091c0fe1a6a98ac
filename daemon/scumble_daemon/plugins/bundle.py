"""A plug-in as an editor loads it: its own files, a copy of the client, and compiled translations."""

from __future__ import annotations

import shutil
import sys
import zipfile
from pathlib import Path

import scumble
from scumble.errors import ScumbleError

from .catalogue import compile_mo, read_po

GIMP = "scumble-gimp"
CLIENT = Path(scumble.__file__).parent
# Scripts use pyzmq, and a wheel may be there; in an editor nothing but the standard library is.
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "*.po", "*.pot", "transport_pyzmq.py")


def gimp_sources() -> Path:
    """The GIMP plug-in's own files: in the checkout, or where the package was installed.

    Raises ScumbleError `plugin-missing` where they are in neither place.
    """
    checkout = Path(__file__).resolve().parents[3] / "plugin_gimp" / GIMP
    installed = Path(sys.prefix) / "share" / "scumble" / "plugins" / GIMP
    for folder in (checkout, installed):
        if (folder / f"{GIMP}.py").is_file():
            return folder
    raise ScumbleError(
        "plugin-missing",
        "The files of the GIMP plug-in are not in this installation of Scumble.",
        hint="Install Scumble again, or use the plug-in's zip file.",
    )


def gimp_text_files() -> list[Path]:
    """The files whose strings an artist in GIMP may read: translations cover these."""
    own = sorted((gimp_sources() / "scumble_gimp").glob("*.py"))
    met = [CLIENT / name for name in ("job.py", "launch.py", "link.py")]
    return [*own, *sorted((CLIENT / "editing").glob("*.py")), *met]


def assemble_gimp(folder: Path) -> Path:
    """Write the complete GIMP plug-in as ``folder/scumble-gimp`` and return that; it must not exist.

    Raises OSError, and ScumbleError `plugin-missing`.
    """
    sources = gimp_sources()
    target = folder / GIMP
    shutil.copytree(sources, target, ignore=_LEFT_OUT)
    shutil.copytree(CLIENT, target / "scumble", ignore=_LEFT_OUT)
    for po in sorted((sources / "locale").glob("*.po")):
        messages = target / "locale" / po.stem / "LC_MESSAGES"
        messages.mkdir(parents=True)
        (messages / f"{GIMP}.mo").write_bytes(compile_mo(read_po(po)))
    (target / f"{GIMP}.py").chmod(0o755)  # GIMP passes over a file that is not executable
    return target


def zip_folder(folder: Path, archive: Path) -> None:
    """Pack a folder under its own name: the same input gives the same bytes."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                name = file.relative_to(folder.parent).as_posix()
                entry = zipfile.ZipInfo(name, (2025, 1, 1, 0, 0, 0))
                entry.external_attr = (0o100755 if file.stat().st_mode & 0o100 else 0o100644) << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                packed.writestr(entry, file.read_bytes())
