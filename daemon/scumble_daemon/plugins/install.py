"""Put the plug-ins into the editors' profiles, look at what is there, and take them out again."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from scumble.errors import ScumbleError

from .bundle import GIMP, KRITA, KRITA_BESIDE, assemble_gimp, assemble_krita
from .kritarc import disable_plugin, enable_plugin, is_enabled
from .places import GimpPlace, KritaPlace

VERSION_FILE = "VERSION"
VERIFY_S = 120


class Installed(NamedTuple):
    """A plug-in that lies in an editor's folder."""

    place: GimpPlace | KritaPlace
    folder: Path
    """The plug-in's own folder."""
    version: str
    """Of the package that put it there; empty when it does not say."""
    enabled: bool = True
    """Whether the editor is told to load it; GIMP needs not be told."""


def install_gimp(place: GimpPlace) -> Installed:
    """Copy the plug-in into a profile, in place of an older one; whole, or not at all.

    Raises ScumbleError `plugin-not-installed` when the folder cannot be written.
    """
    target = place.folder / GIMP
    _put(target, assemble_gimp)
    return Installed(place, target, version("scumble"))


def install_krita(place: KritaPlace) -> Installed:
    """Copy the plug-in into Krita's resources, as Krita's own importer does, and enable it.

    Raises ScumbleError `plugin-not-installed` when that cannot be written.
    """
    target = place.folder / "pykrita" / KRITA
    _put(target, assemble_krita, _krita_beside(place))
    try:
        enable_plugin(place.kritarc, KRITA)
    except OSError as error:
        raise _not_installed(place.kritarc, error) from error
    return Installed(place, target, version("scumble"))


def _put(target: Path, assemble: Callable[[Path], Path], beside: Sequence[Path] = ()) -> None:
    """Replace `target` by what `assemble` makes; `beside` are files that it makes there as well."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Beside the editor's plug-ins and not among them: it would run a half-written one.
        with tempfile.TemporaryDirectory(prefix="scumble-", dir=target.parent.parent) as scratch:
            built = assemble(Path(scratch))
            (built / VERSION_FILE).write_text(version("scumble") + "\n", encoding="utf-8")
            if target.is_symlink():
                target.unlink()
            elif target.exists():
                target.rename(Path(scratch) / "old")
            built.rename(target)
            for file in beside:
                file.parent.mkdir(parents=True, exist_ok=True)
                (Path(scratch) / file.name).replace(file)
    except OSError as error:
        raise _not_installed(target, error) from error


def _not_installed(target: Path, error: OSError) -> ScumbleError:
    return ScumbleError(
        "plugin-not-installed",
        "The plug-in could not be written to {file}.",
        hint="Check that you may write there and that the disk is not full.",
        detail=str(error),
        file=target,
    )


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


def find_gimp(place: GimpPlace) -> Installed | None:
    """The plug-in in a profile of GIMP's, if it is there."""
    folder = place.folder / GIMP
    return Installed(place, folder, _version_in(folder)) if (folder / f"{GIMP}.py").is_file() else None


def find_krita(place: KritaPlace) -> Installed | None:
    """The plug-in in Krita's resources, if it is there; also one that Krita's importer put there."""
    folder = place.folder / "pykrita" / KRITA
    if not (folder / "__init__.py").is_file():
        return None
    return Installed(place, folder, _version_in(folder), is_enabled(place.kritarc, KRITA))


def _version_in(folder: Path) -> str:
    try:
        return (folder / VERSION_FILE).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def uninstall_gimp(place: GimpPlace) -> bool:
    """Remove the plug-in from a profile; False when it was not there.

    Raises ScumbleError `plugin-not-removed`.
    """
    return _remove(place.folder / GIMP)


def uninstall_krita(place: KritaPlace) -> bool:
    """Remove the plug-in from Krita's resources and settings; False when it was not there.

    Raises ScumbleError `plugin-not-removed`.
    """
    folder = place.folder / "pykrita" / KRITA
    removed = _remove(folder)
    try:
        for file in _krita_beside(place):
            file.unlink(missing_ok=True)
        disable_plugin(place.kritarc, KRITA)
    except OSError as error:
        raise _not_removed(folder, error) from error
    return removed


def _krita_beside(place: KritaPlace) -> list[Path]:
    """Where Krita looks for our files beside the plug-in's folder."""
    folders = {".desktop": place.folder / "pykrita", ".action": place.folder / "actions"}
    return [folders[Path(name).suffix] / name for name in KRITA_BESIDE]


def _remove(folder: Path) -> bool:
    if not folder.exists() and not folder.is_symlink():
        return False
    try:
        if folder.is_symlink():
            folder.unlink()  # a developer's link into a checkout: what it points to stays
        else:
            shutil.rmtree(folder)
    except OSError as error:
        raise _not_removed(folder, error) from error
    return True


def _not_removed(folder: Path, error: OSError) -> ScumbleError:
    return ScumbleError(
        "plugin-not-removed",
        "The plug-in in {folder} could not be removed.",
        detail=str(error),
        folder=folder,
    )
