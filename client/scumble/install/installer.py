"""The steps of an installation. Each can be stopped, and is continued from where it was."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional

from ..errors import ScumbleError
from ..folders import config_dir, log_dir
from ..launch.launcher import clean_environment, record_interpreter
from ..launch.reach import is_remote
from ..locking import open_lock, try_lock
from ..stopping import stop_daemon
from .bundle import Bundle
from .cards import CPU, torch_backend
from .engine import MARKER, Engine, environment_dir, python_of, read_engine, wheels_dir, write_engine
from .errors import cancelled, failure, system_failure
from .indexes import has_own_sources, uv_variables, without_index
from .processes import run_program
from .state import release
from .uv import Uv, unpack

LOCK = "install.lock"
LOG = "install.log"
WAIT_S = 0.25
_PROXIES = "HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY http_proxy https_proxy all_proxy no_proxy".split()
_OURS = ("env", "python", "uv", "cache", "wheels", "pylock.engine.toml", "engine.in", "engine.sync", MARKER)
"""All that is ever put into the folder, besides the lock."""
# Loads what the daemon and its worker need: a library of the system that is missing shows here.
_CHECK = (
    "import numpy, torch, zmq, scumble_daemon.server.broker, scumble_models.registry;"
    "print('torch', torch.__version__)"
)


@dataclass(frozen=True)
class InstallProgress:
    """How far it is.

    Attributes:
        stage: ``waiting`` for another program that installs, ``preparing``, ``python``, ``resolving``,
            ``downloading``, ``installing`` or ``checking``.
        done, total: bytes, while downloading.
    """

    stage: str
    done: int = 0
    total: int = 0

    @property
    def fraction(self) -> float:
        """About how much of all is done, 0 to 1."""
        begins = {"python": 0.01, "resolving": 0.03, "downloading": 0.05, "installing": 0.8, "checking": 0.95}
        share = 0.75 * min(1.0, self.done / self.total) if self.total else 0.0
        return begins.get(self.stage, 0.0) + share


@dataclass(frozen=True)
class InstallPlan:
    """What is to be done.

    Attributes:
        bundle: what the plug-in brought along.
        folder: the engine's; made where it is not there.
        build: of torch, ``cpu`` or ``cuda``.
        wheels: a folder that has all packages of others, in place of the network.
    """

    bundle: Bundle
    folder: Path
    build: str = CPU
    wheels: Optional[Path] = None


def install_log() -> Path:
    """The log of the last installation."""
    return log_dir() / LOG


class Installer:
    """One installation. `on_progress` and `on_line` are called on the thread that runs it."""

    def __init__(
        self,
        plan: InstallPlan,
        *,
        on_progress: Callable[[InstallProgress], Any] = lambda _progress: None,
        on_line: Callable[[str], Any] = lambda _line: None,
        cancel: Optional[threading.Event] = None,
    ) -> None:
        self._plan, self._on_progress, self._on_line = plan, on_progress, on_line
        self._cancel = threading.Event() if cancel is None else cancel
        self._lock: Optional[int] = None
        self._variables = uv_variables()
        if plan.wheels is not None:  # nothing but the folder counts then
            self._variables = {
                name: self._variables[name] for name in ("UV_PYTHON",) if name in self._variables
            }

    def run(self) -> Engine:
        """Install the engine, or what is missing of it, and remember its Python for all editors.

        Raises ScumbleError `cancelled`, `folder-unwritable`, `disk-full`, `index-unreachable`,
        `packages-missing`, `download-damaged`, `python-missing`, `bundle-damaged`, `engine-broken`,
        `daemon-not-stopped` or `install-failed`. What was done stays, and the next run goes on from there.
        """
        with _plainly(), _log_file() as write:
            self._write_log = write
            plan = self._plan
            self._say("preparing")
            plan.folder.mkdir(parents=True, exist_ok=True)
            with self._locked(), self._noted():
                known = read_engine(plan.folder)
                if known is not None and known.complete and self._is_done(known):
                    return known  # another editor was quicker
                plan.bundle.check()
                self._check_room()
                wheels = "" if plan.wheels is None else str(plan.wheels)
                engine = Engine(plan.bundle.version, plan.build, False, wheels)
                write_engine(plan.folder, engine)
                uv = self._uv()
                self._make_environment(uv)
                self._resolve(uv)
                self._download()
                self._say("installing")
                if not is_remote():
                    stop_daemon()  # an older one would go on with files that are no more
                uv.run("pip", "sync", "engine.sync", "--require-hashes", "--offline", *self._into())
                self._check()
                engine = Engine(plan.bundle.version, plan.build, True, wheels)
                write_engine(plan.folder, engine)
                record_interpreter(str(python_of(plan.folder)))
                for name in ("wheels", "cache"):
                    shutil.rmtree(str(plan.folder / name), ignore_errors=True)
                return engine

    def _is_done(self, known: Engine) -> bool:
        newer = release(known.version) >= release(self._plan.bundle.version)
        return newer and known.build == self._plan.build and python_of(self._plan.folder).exists()

    # Steps --------------------------------------------------------------------------------------

    def _check_room(self) -> None:
        """A disk that is too small is said before an hour of downloading, not after it."""
        plan = self._plan
        if read_engine(plan.folder) is None and plan.wheels is None:
            free, needed = shutil.disk_usage(str(plan.folder)).free, plan.bundle.room.get(plan.build, 0)
            if free < needed:
                raise failure(
                    "disk-full", "{} bytes are free in {}, {} are needed".format(free, plan.folder, needed)
                )

    def _uv(self) -> Uv:
        folder = self._plan.folder
        environment = clean_environment()
        environment.update({name: os.environ[name] for name in _PROXIES if name in os.environ})
        environment.update(self._variables)
        environment["UV_CACHE_DIR"] = str(folder / "cache")
        environment["UV_PYTHON_INSTALL_DIR"] = str(folder / "python")
        self._environment = environment
        program = unpack(self._plan.bundle.uv, folder / "uv")
        return Uv(program, environment, folder, self._line, self._cancel, self._lock)

    def _make_environment(self, uv: Uv) -> None:
        self._say("python")
        python = python_of(self._plan.folder)
        if python.exists() and self._runs(
            [str(python), "-I", "-c", "import sys; assert sys.version_info >= (3, 11)"]
        ):
            return
        chosen = self._variables.get("UV_PYTHON") or uv.find_python()
        if chosen is None:
            if self._plan.wheels is not None:
                raise ScumbleError(
                    "python-missing",
                    "This computer has no Python 3.11 to 3.14, and without the network none can be fetched.",
                    hint="Install one, or let Scumble use the network.",
                )
            chosen = uv.fetch_python(self._plan.folder / "python")
        env = environment_dir(self._plan.folder)
        uv.run("venv", "--clear", "--no-project", "--python", chosen, str(env))

    def _resolve(self, uv: Uv) -> None:
        """Find the wheels for this system and this Python; nothing is downloaded yet but their metadata."""
        self._say("resolving")
        plan = self._plan
        (plan.folder / "engine.in").write_text(
            "scumble @ {}\n".format(plan.bundle.wheel.as_uri()), encoding="utf-8"
        )
        command = ["pip", "compile", "engine.in", "-c", str(plan.bundle.lock), "--no-header", "--quiet"]
        command += ["--only-binary", ":all:", "--format", "pylock.toml", "-o", "pylock.engine.toml"]
        command += ["--python", str(python_of(plan.folder)), "--upgrade"]
        if plan.wheels is not None:
            uv.run(*command, "--no-index", "--find-links", str(plan.wheels), "--offline")
            return
        if without_index():
            command.append("--no-index")
        backend = None if without_index() else torch_backend(plan.build)
        if backend and has_own_sources(self._variables):
            # A folder or a mirror of the user's may have the build that is wanted.
            try:
                uv.run(*command)
                if not self._names_cuda():
                    return
            except ScumbleError as error:
                if error.code != "packages-missing":
                    raise
        uv.run(*command, *(("--torch-backend", backend) if backend else ()))

    def _names_cuda(self) -> bool:
        text = (self._plan.folder / "pylock.engine.toml").read_text(encoding="utf-8")
        return bool(re.search(r'^name = "nvidia-', text, re.MULTILINE))

    def _download(self) -> None:
        problem: Dict[str, str] = {}
        total = 0
        self._say("downloading")

        def take(line: str) -> None:
            nonlocal total
            try:
                fields = json.loads(line)
            except ValueError:
                self._line(line)
                return
            if "error" in fields:
                problem.update(fields)
            elif "log" in fields:
                self._line(fields["log"])
            else:
                total = fields.get("total", total)
                self._on_progress(InstallProgress("downloading", fields.get("done", 0), total))

        folder = self._plan.folder
        script = Path(__file__).with_name("download.py")
        arguments = [
            "pylock.engine.toml",
            str(self._plan.bundle.lock),
            str(wheels_dir(folder)),
            "engine.sync",
        ]
        code = self._run([str(python_of(folder)), "-I", str(script), *arguments], take)
        if problem or code:
            raise failure(problem.get("error", ""), problem.get("detail", "exit code {}".format(code)))

    def _check(self) -> None:
        self._say("checking")
        if not self._runs([str(python_of(self._plan.folder)), "-I", "-c", _CHECK]):
            raise ScumbleError(
                "engine-broken",
                "The engine is installed and does not start.",
                hint="The log tells why; a library of the system may be missing.",
                detail="\n".join(last_lines()),
            )

    # Helpers ------------------------------------------------------------------------------------

    def _into(self) -> List[str]:
        return ["--python", str(python_of(self._plan.folder))]

    def _runs(self, command: List[str]) -> bool:
        try:
            return self._run(command, self._line) == 0
        except OSError as error:
            self._line(str(error))
            return False

    def _run(self, command: List[str], on_line: Callable[[str], Any]) -> int:
        return run_program(command, self._environment, self._plan.folder, on_line, self._cancel, self._lock)

    def _say(self, stage: str) -> None:
        self._stop_if_cancelled()
        self._line("-- " + stage)
        self._on_progress(InstallProgress(stage))

    def _line(self, line: str) -> None:
        self._write_log(line)
        self._on_line(line)

    def _stop_if_cancelled(self) -> None:
        if self._cancel.is_set():
            raise cancelled()

    @contextlib.contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            detail = error.detail if isinstance(error, ScumbleError) else ""
            self._write_log("{!r} {}".format(error, detail))
            raise

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the folder's lock; while another program holds it, wait and say so."""
        self._lock = open_lock(self._plan.folder / LOCK)
        try:
            if not try_lock(self._lock):
                self._say("waiting")
                while not try_lock(self._lock):
                    self._stop_if_cancelled()
                    time.sleep(WAIT_S)
            yield
        finally:
            os.close(self._lock)
            self._lock = None


def remove_engine(folder: Path) -> None:
    """Take the engine away, and nothing else; a daemon that runs is stopped.

    Raises ScumbleError `install-busy` while somebody installs, `folder-unwritable`, and as `stop_daemon`.
    """
    if not folder.is_dir():
        return
    with _plainly():
        lock = open_lock(folder / LOCK)
        try:
            if not try_lock(lock):
                raise ScumbleError(
                    "install-busy",
                    "Another program is installing the engine.",
                    hint="Wait until it is done, or stop it there.",
                    retryable=True,
                )
            if not is_remote():
                stop_daemon()
            for name in _OURS:
                path = folder / name
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(str(path))
                elif path.is_symlink() or path.exists():
                    path.unlink()
            _forget(folder)
        finally:
            os.close(lock)
        (folder / LOCK).unlink()
        with contextlib.suppress(OSError):  # something of the user's lies there
            folder.rmdir()


def _forget(folder: Path) -> None:
    """Let the editors not look for a Python that is gone."""
    record = config_dir() / "python"
    with contextlib.suppress(OSError, UnicodeDecodeError):
        if record.read_text(encoding="utf-8").strip() == str(python_of(folder)):
            record.unlink()


def last_lines(count: int = 20) -> List[str]:
    """The end of the log."""
    try:
        return install_log().read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
    except OSError:
        return []


@contextlib.contextmanager
def _log_file() -> Iterator[Callable[[str], Any]]:
    """A function that writes a line to the log; a disk that is full is no reason to fail for a log."""
    try:
        install_log().parent.mkdir(parents=True, exist_ok=True)
        file = install_log().open("w", encoding="utf-8", errors="replace")
    except OSError:
        yield lambda _line: None
        return

    def write(line: str) -> None:
        with contextlib.suppress(OSError):
            file.write(line + "\n")
            file.flush()

    try:
        write("scumble {} on Python {}".format(sys.platform, sys.version.split()[0]))
        yield write
    finally:
        with contextlib.suppress(OSError):
            file.close()


@contextlib.contextmanager
def _plainly() -> Iterator[None]:
    """Errors of the operating system, in our words."""
    try:
        yield
    except OSError as error:
        raise system_failure(error) from error
