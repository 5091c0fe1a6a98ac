"""Where GIMP and Krita look for plug-ins, for each way of installing them that people use."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from .kritarc import resource_folder

PROBE_S = 30


class GimpPlace(NamedTuple):
    """One GIMP of this user: how it was installed, its series, and its folder for plug-ins."""

    kind: str
    series: str
    folder: Path

    @property
    def title(self) -> str:
        """As in a sentence: ``GIMP 3.0 (flatpak)``."""
        return f"GIMP {self.series} ({self.kind})"


class KritaPlace(NamedTuple):
    """One Krita of this user: how it was installed, its folder for resources, and its settings file."""

    kind: str
    folder: Path
    kritarc: Path

    @property
    def title(self) -> str:
        """As in a sentence: ``Krita (flatpak)``."""
        return f"Krita ({self.kind})"


def gimp_places(
    environment: Mapping[str, str] | None = None, platform: str = sys.platform, home: Path | None = None
) -> list[GimpPlace]:
    """The GIMPs whose settings this user has, or that are installed here; newest series first.

    A profile folder exists once GIMP 3 ran. Before that, an installed program tells its series.
    """
    environment = os.environ if environment is None else environment
    home = home or Path.home()
    found = [
        GimpPlace(kind, series, folder / series / "plug-ins")
        for kind, folder in _roots(environment, platform, home)
        for series in _series(folder)
    ]
    chosen = environment.get("GIMP3_DIRECTORY")
    if chosen:
        found.insert(0, GimpPlace("GIMP3_DIRECTORY", installed_series() or "3", Path(chosen) / "plug-ins"))
    if not found and platform != "win32":
        series = installed_series()
        if series:
            kind, folder = next(_roots(environment, platform, home))
            found.append(GimpPlace(kind, series, folder / series / "plug-ins"))
    return found


def installed_series() -> str:
    """The series of the GIMP that the PATH finds, such as ``3.0``; empty for none, or an older one."""
    for name in ("gimp-console", "gimp-console-3", "gimp"):
        program = shutil.which(name)
        if program is None:
            continue
        try:
            done = subprocess.run(
                [program, "--version"], capture_output=True, text=True, timeout=PROBE_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        words = done.stdout.split()
        version = words[-1].split(".") if words else []
        if len(version) >= 2 and version[0] == "3":
            # Development releases (3.1.x) use the folder of the series that they lead to.
            minor = int(version[1]) + int(version[1]) % 2 if version[1].isdigit() else 0
            return f"3.{minor}"
    return ""


def krita_places(
    environment: Mapping[str, str] | None = None, platform: str = sys.platform, home: Path | None = None
) -> list[KritaPlace]:
    """The Kritas whose settings this user has, or the one that is installed here and never ran."""
    environment = os.environ if environment is None else environment
    known = list(_kritas(environment, platform, home or Path.home()))
    found = [place for place in known if place.folder.is_dir() or place.kritarc.is_file()]
    if not found and shutil.which("krita") is not None:
        found = known[:1]
    return [place._replace(folder=resource_folder(place.kritarc) or place.folder) for place in found]


def krita_at(folder: Path) -> KritaPlace:
    """A Krita with its resources in `folder` and its settings in the usual place."""
    return next(_kritas(os.environ, sys.platform, Path.home()))._replace(kind="as given", folder=folder)


def _kritas(environment: Mapping[str, str], platform: str, home: Path) -> Iterator[KritaPlace]:
    """Where Krita keeps its resources and settings, the usual place first."""
    if platform == "win32":
        roaming = Path(environment.get("APPDATA") or home / "AppData" / "Roaming")
        local = Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local")
        yield KritaPlace("Windows", roaming / "krita", local / "kritarc")
        for store in sorted((local / "Packages").glob("49800Krita_*")):
            cache = store / "LocalCache"
            yield KritaPlace("Microsoft Store", cache / "Roaming" / "krita", cache / "Local" / "kritarc")
        return
    if platform == "darwin":
        library = home / "Library"
        yield KritaPlace(
            "macOS", library / "Application Support" / "krita", library / "Preferences" / "kritarc"
        )
        return
    data = Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share")
    config = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    yield KritaPlace("distribution or AppImage", data / "krita", config / "kritarc")
    flatpak = home / ".var" / "app" / "org.kde.krita"
    yield KritaPlace("flatpak", flatpak / "data" / "krita", flatpak / "config" / "kritarc")
    snap = home / "snap" / "krita" / "current"
    yield KritaPlace("snap", snap / ".local" / "share" / "krita", snap / ".config" / "kritarc")


def _roots(environment: Mapping[str, str], platform: str, home: Path) -> Iterator[tuple[str, Path]]:
    """The folders that hold one profile folder per series."""
    if platform == "win32":
        roaming = environment.get("APPDATA")
        yield "Windows", (Path(roaming) if roaming else home / "AppData" / "Roaming") / "GIMP"
        return
    if platform == "darwin":
        yield "macOS", home / "Library" / "Application Support" / "GIMP"
        return
    config = environment.get("XDG_CONFIG_HOME")
    # An AppImage keeps its profile where the distribution's package does.
    yield "distribution or AppImage", (Path(config) if config else home / ".config") / "GIMP"
    yield "flatpak", home / ".var" / "app" / "org.gimp.GIMP" / "config" / "GIMP"
    yield "snap", home / "snap" / "gimp" / "current" / ".config" / "GIMP"


def _series(folder: Path) -> list[str]:
    """The series that have a profile in there: those we know, and newer ones of GIMP 3."""
    try:
        names = [entry.name for entry in folder.iterdir() if entry.is_dir()]
    except OSError:
        return []
    known = [name for name in names if name.startswith("3.") and name[2:].isdigit()]
    return sorted(known, key=lambda name: int(name[2:]), reverse=True)
