"""Look at an installation: what is there, what runs where, what failed last, what to do."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from typing import Any

from scumble import Client, ScumbleError
from scumble.folders import log_dir
from scumble.launch.launcher import find_interpreter, last_log_lines
from scumble.pixels.shared_memory import FEATURE

from .findings import BAD, GOOD, ODD, Finding
from .places import folders, memory, stale_files
from .status_text import describe

PACKAGES = ("scumble", "torch", "numpy", "pillow", "pyzmq", "msgpack", "safetensors", "tifffile")


def examine() -> Iterator[Finding]:
    """Look at everything, one finding after the other. Raises nothing and changes nothing."""
    for topic, look in _TOPICS:
        try:
            yield from look(topic)
        except ScumbleError as error:
            yield Finding(topic, BAD, error.message, error.hint)
        except Exception as error:  # what the doctor is for: nothing may stop the rest
            yield Finding(topic, BAD, f"{type(error).__name__}: {error}", "Report this as a bug.")


def _python(topic: str) -> Iterator[Finding]:
    yield Finding(topic, GOOD, f"Python {platform.python_version()} at {sys.executable}")
    yield Finding(topic, GOOD, f"{platform.platform()}, {os.cpu_count()} processors")


def _packages(topic: str) -> Iterator[Finding]:
    versions, missing = [], []
    for name in PACKAGES:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    yield Finding(topic, GOOD, ", ".join(versions))
    if missing:
        again = "Install Scumble again: in an editor by Scumble: Engine, from a checkout by make venv."
        yield Finding(topic, BAD, f"not installed: {', '.join(missing)}", again)


def _device(topic: str) -> Iterator[Finding]:
    import torch

    from scumble_models.registry import way_on

    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            card = torch.cuda.get_device_properties(index)
            size = card.total_memory / 2**30
            way = way_on(torch.device("cuda", index))
            yield Finding(topic, GOOD, f"cuda:{index} is {card.name} with {size:.0f} GiB: {way}")
        return
    way = way_on(torch.device("cpu"))
    yield Finding(topic, GOOD, f"jobs run on the CPU with {torch.get_num_threads()} threads: {way}")
    if shutil.which("nvidia-smi"):
        yield Finding(
            topic,
            ODD,
            f"there is an NVIDIA driver, but torch {torch.__version__} sees no GPU",
            "Install the CUDA build of torch; the README says how to choose a build.",
        )


def _models(topic: str) -> Iterator[Finding]:
    from scumble_models.errors import ModelError
    from scumble_models.registry import list_models, verify

    for model in list_models():
        what = f"{model.name} at {model.path}, sha256 {model.sha256[:12]}"
        try:
            verify(model.name)
        except ModelError as error:
            yield Finding(topic, BAD, f"{what}: {error}", error.hint)
        else:
            yield Finding(topic, GOOD, what)


def _plugins(topic: str) -> Iterator[Finding]:
    yield Finding(topic, GOOD, f"the daemon is started with {find_interpreter()}")


def _daemon(topic: str) -> Iterator[Finding]:
    try:
        client = Client.connect(start=False)
    except ScumbleError as error:
        if error.code != "no-daemon":
            raise
        yield Finding(topic, GOOD, "not running; the next job starts it")
        return
    with client:
        status: dict[str, Any] = client.status()
        sharing = FEATURE in client.welcome.features
    yield Finding(topic, GOOD, f"running as process {status.get('pid')}")
    for name, text in describe(status)[1:-1]:
        yield Finding(topic, GOOD, f"{name}: {text}")
    way = "shown to it as memory" if sharing else "sent to it through the socket"
    yield Finding(topic, GOOD, f"large layers are {way}")
    installed = importlib.metadata.version("scumble")
    if status.get("version") != installed:
        advice = "End it with: scumble daemon stop; the next job starts the new one."
        yield Finding(topic, ODD, f"it is not the installed version, {installed}", advice)
    if status.get("worker_deaths"):
        advice = "See: scumble daemon logs; with too little memory, close other programs or set a patch."
        yield Finding(topic, ODD, f"the worker died {status['worker_deaths']} times", advice)
    if status.get("last_error"):
        yield Finding(topic, ODD, f"last error: {status['last_error']}")


def _last_error(topic: str) -> Iterator[Finding]:
    errors = [line for line in last_log_lines(400) if " ERROR " in line or " CRITICAL " in line]
    if errors:
        advice = f"What came before it: scumble daemon logs; the files lie in {log_dir()}."
        yield Finding(topic, ODD, errors[-1], advice)
    else:
        yield Finding(topic, GOOD, "no error in the log")


_TOPICS: tuple[tuple[str, Callable[[str], Iterator[Finding]]], ...] = (
    ("python", _python),
    ("packages", _packages),
    ("device", _device),
    ("models", _models),
    ("memory", memory),
    ("folders", folders),
    ("stale files", stale_files),
    ("interpreter", _plugins),
    ("daemon", _daemon),
    ("last error", _last_error),
)
