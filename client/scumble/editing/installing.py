"""Installing the engine as both editors offer it: what is said, what the one button does, and where it is.

The button is never gray: it installs, continues what was left half-way, updates, or stops what runs.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable, Deque, List, Optional

from ..errors import ScumbleError
from ..install.background import BackgroundInstall
from ..install.bundle import Bundle, find_bundle
from ..install.cards import CPU, CUDA, recommended_build
from ..install.engine import choose_engine_dir, engine_dir, read_engine
from ..install.errors import system_failure
from ..install.installer import InstallPlan, InstallProgress, remove_engine
from ..install.state import MISSING, OUTDATED, PARTIAL, READY, engine_state
from .texts import Texts

OWN_FOLDER = "scumble-engine"
LOG_LINES = 200


@dataclass(frozen=True)
class Choices:
    """What the user chose: the build of torch, and a folder of wheels in place of the network."""

    build: str = CPU
    wheels: Optional[Path] = None


def needs_install() -> bool:
    """Whether to offer the installation before anything else: there is no engine, half of one or an old one.

    False for a plug-in that came without the engine's package.
    """
    try:
        bundle = find_bundle()
    except ScumbleError:
        return True  # the offer says what is wrong with it
    return bundle is not None and engine_state(bundle) != READY


class Installing:
    """The state of one dialog or panel. `wake` is called on another thread when `read` has something new."""

    def __init__(self, gettext: Callable[[str], str], wake: Callable[[], Any]) -> None:
        self._gettext, self._texts = gettext, Texts(gettext)
        self._background = BackgroundInstall(wake)
        self._progress: Optional[InstallProgress] = None
        self.error: Optional[ScumbleError] = None
        self.log: Deque[str] = deque(maxlen=LOG_LINES)
        self.bundle: Optional[Bundle] = None
        try:
            self.bundle = find_bundle()
        except ScumbleError as error:
            self.error = error
        self.folder = engine_dir()
        known = read_engine(self.folder)
        self.choices = Choices(recommended_build() if known is None else known.build)
        if known is not None and known.wheels and Path(known.wheels).is_dir():
            self.choices = replace(self.choices, wheels=Path(known.wheels))

    @property
    def state(self) -> str:
        """``missing``, ``partial``, ``outdated`` or ``ready``."""
        return engine_state(self.bundle, self.folder)

    @property
    def running(self) -> bool:
        """Whether it works, as far as was read; `press` stops it then."""
        return self._progress is not None

    @property
    def fraction(self) -> float:
        """About how much is done, 0 to 1."""
        return self._progress.fraction if self._progress is not None else 0.0

    # What the user does -------------------------------------------------------------------------

    def press(self) -> None:
        """What the button says: begin, or stop."""
        if self.running:
            self._background.cancel()
        elif self.bundle is not None:
            self.error, self._progress = None, InstallProgress("preparing")
            self.log.clear()
            choices = self.choices
            self._background.start(InstallPlan(self.bundle, self.folder, choices.build, choices.wheels))

    def choose_folder(self, parent: Path) -> None:
        """Install into a folder of our own inside of this one. Raises ScumbleError."""
        folder = parent if parent.name == OWN_FOLDER else parent / OWN_FOLDER
        try:
            choose_engine_dir(folder)
        except OSError as error:
            raise system_failure(error) from error
        self.folder = folder

    def choose_wheels(self, folder: Optional[Path]) -> None:
        """Take all packages from a folder; None for the network."""
        self.choices = replace(self.choices, wheels=folder)

    def choose_build(self, build: str) -> None:
        """``cpu`` or ``cuda``."""
        self.choices = replace(self.choices, build=build)

    def remove(self) -> None:
        """Take the engine away. Raises ScumbleError as `remove_engine`."""
        remove_engine(self.folder)

    def close(self) -> None:
        """Stop what runs."""
        self._background.close()

    def read(self) -> Optional[bool]:
        """Take what has happened: True once all is installed, False once it has failed or was stopped."""
        outcome: Optional[bool] = None
        for event in self._background.events():
            if event.progress is not None:
                self._progress = event.progress
            elif event.kind == "line":
                self.log.append(event.line)
            else:
                outcome, self.error, self._progress = event.kind == "done", event.error, None
        return outcome

    # What it says -------------------------------------------------------------------------------

    def headline(self) -> str:
        """What there is, or becomes."""
        _ = self._gettext
        if self.running:
            return _("Scumble's engine is being installed.")
        texts = {
            MISSING: _("Scumble paints with an engine of its own, which is not installed yet."),
            PARTIAL: _("The installation of Scumble's engine is not finished."),
            OUTDATED: _("The installed engine is older than this plug-in."),
            READY: _("Scumble's engine is installed."),
        }
        return texts[self.state]

    def explanation(self) -> str:
        """What the installation does, and where."""
        _ = self._gettext
        room = self.bundle.room.get(self.choices.build, 0) if self.bundle is not None else 0
        text = _("It goes into {folder}").format(folder=self.folder)
        if room:
            text += _(", where it needs up to {room} MB").format(room=_megabytes(room))
        text += ". "
        if self.choices.wheels is not None:
            return text + _("All packages come from {folder}.").format(folder=self.choices.wheels)
        return text + _("No administrator and no terminal is needed, and no picture leaves this computer.")

    def button(self) -> str:
        """What the button does."""
        _ = self._gettext
        if self.running:
            return _("Stop")
        state = self.state
        if state == PARTIAL:
            return _("Continue")
        verb = {OUTDATED: _("Update"), READY: _("Install again")}.get(state, _("Install"))
        size = self.size(self.choices.build)
        if self.choices.wheels is not None or not size:
            return verb
        return _("{verb} (about {size} MB)").format(verb=verb, size=size)

    def size(self, build: str) -> int:
        """Megabytes to download; 0 where that is not known."""
        return _megabytes(self.bundle.sizes.get(build, 0)) if self.bundle is not None else 0

    def builds(self) -> List["tuple[str, str]"]:
        """The builds to choose from, and how they are called."""
        _ = self._gettext
        return [(CPU, _("For the processor")), (CUDA, _("For an NVIDIA graphics card"))]

    def status(self) -> str:
        """What goes on, in one line; nothing while nothing does."""
        _ = self._gettext
        progress = self._progress
        if progress is None:
            return ""
        texts = {
            "waiting": _("Another program is installing the engine. Waiting for it…"),
            "preparing": _("Preparing…"),
            "python": _("Looking for Python…"),
            "resolving": _("Finding out what this computer needs…"),
            "downloading": _("Downloading…"),
            "installing": _("Installing…"),
            "checking": _("Trying the engine…"),
        }
        text = texts[progress.stage]
        if progress.total:
            done, total = _megabytes(progress.done), _megabytes(progress.total)
            text += " " + _("{done} of {total} MB").format(done=done, total=total)
        return text

    def problem(self) -> str:
        """What went wrong, and what to do; nothing after a stop that the user wanted."""
        if self.error is None or self.error.code == "cancelled":
            return ""
        return self._texts.error(self.error)


def _megabytes(size: int) -> int:
    return round(size / 1e6)
