"""Put the GIMP plug-in into a profile, look at what is there, and take it out again."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from scumble.errors import ScumbleError

from .bundle import GIMP, assemble_gimp
from .places import GimpPlace

VERSION_FILE = "VERSION"
VERIFY_S = 120


class Installed(NamedTuple):
    """A plug-in that lies in an editor's folder."""

    place: GimpPlace
    version: str
    """Of the package that put it there; empty when it does not say."""

    @property
    def folder(self) -> Path:
        """The plug-in's own folder."""
        return self.place.folder / GIMP


def install_gimp(place: GimpPlace) -> Installed:
    """Copy the plug-in into a profile, in place of an older one; whole, or not at all.

    Raises ScumbleError `plugin-not-installed` when the folder cannot be written.
    """
    target = place.folder / GIMP
    try:
        place.folder.mkdir(parents=True, exist_ok=True)
        # Beside the profile's plug-ins and not among them: GIMP would run a half-written one.
        with tempfile.TemporaryDirectory(prefix="scumble-", dir=place.folder.parent) as scratch:
            built = assemble_gimp(Path(scratch))
            (built / VERSION_FILE).write_text(version("scumble") + "\n", encoding="utf-8")
            if target.is_symlink():
                target.unlink()
            elif target.exists():
                target.rename(Path(scratch) / "old")
            built.rename(target)
    except OSError as error:
        raise ScumbleError(
            "plugin-not-installed",
            f"The plug-in could not be written to {target}.",
            hint="Check that you may write there and that the disk is not full.",
            detail=str(error),
        ) from error
    return Installed(place, version("scumble"))


def verify_gimp(place: GimpPlace) -> bool | None:
    """Ask the GIMP of this profile whether it has the plug-in; None when it cannot be asked from here."""
    program = shutil.which("gimp-console")
    if program is None or place.kind not in ("distribution or AppImage", "GIMP3_DIRECTORY"):
        return None
    question = "assert Gimp.get_pdb().procedure_exists('plug-in-scumble')"
    command = [program, "-is", "--quit", "--batch-interpreter=python-fu-eval", "-b", question]
    try:
        done = subprocess.run(command, capture_output=True, timeout=VERIFY_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.returncode == 0


def find_installed(place: GimpPlace) -> Installed | None:
    """The plug-in in a profile, if it is there."""
    folder = place.folder / GIMP
    if not (folder / f"{GIMP}.py").is_file():
        return None
    try:
        found = (folder / VERSION_FILE).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        found = ""
    return Installed(place, found)


def uninstall_gimp(place: GimpPlace) -> bool:
    """Remove the plug-in from a profile; False when it was not there.

    Raises ScumbleError `plugin-not-removed`.
    """
    folder = place.folder / GIMP
    if not folder.exists() and not folder.is_symlink():
        return False
    try:
        if folder.is_symlink():
            folder.unlink()  # a developer's link into a checkout: what it points to stays
        else:
            shutil.rmtree(folder)
    except OSError as error:
        raise ScumbleError(
            "plugin-not-removed", f"The plug-in in {folder} could not be removed.", detail=str(error)
        ) from error
    return True
