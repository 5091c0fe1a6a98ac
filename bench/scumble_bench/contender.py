"""One way of running a network at one size, in a process of its own that works when it is told to."""

from __future__ import annotations

import contextlib
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np
import torch

from scumble_bench.openvino_way import WAYS, load_openvino
from scumble_bench.pictures import STYLE_SIDE, photo
from scumble_bench.rates import synchronise
from scumble_bench.reference import load_reference
from scumble_models.allocation import keep_freed_memory
from scumble_models.devices import is_out_of_memory
from scumble_models.errors import Cancelled, ModelError
from scumble_models.registry import StyleModel, load_model
from scumble_models.signals import StyleSignals
from scumble_models.stylize import encode_style, stylize
from scumble_models.tiling.budget import free_memory

#: What each contender can be told: encode the style, stylize with the style known, or both. That of a cascade
#: knows ``preview`` too: until its coarsest level is there.
TASKS = ("encode", "run", "both")
_TOO_LARGE = "too large"


class Contender:
    """A child process that has everything loaded and warm. `seconds` makes it work once.

    Args:
        way: ``scumble`` in one pass, ``cascade`` coarse to fine, ``reference`` for the published way, or one
            of `openvino_way.WAYS`.
        arguments: width, height, engine, device, tiling, patch (0: its own choice), and the checkout of
            the authors' code or an empty string.
        module: the program, if it is another one that is told and answers alike.
    """

    def __init__(self, way: str, *arguments: object, module: str = "scumble_bench.contender") -> None:
        self.way = way
        command = [sys.executable, "-m", module, way, *map(str, arguments)]
        self._errors: IO[str] = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the process
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._process = subprocess.Popen(command, text=True, stderr=self._errors, **pipes)

    def __enter__(self) -> Contender:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._process.communicate()
        self._errors.close()

    def fits(self) -> bool:
        """Wait until it is warm; False when there is not enough memory for it. Raises ModelError."""
        return self._answer() != _TOO_LARGE

    def seconds(self, task: str) -> float:
        """How long one of `TASKS`, or ``preview``, takes. Raises ModelError."""
        return self.times(task)[0]

    def times(self, task: str) -> tuple[float, float]:
        """As :meth:`seconds`, and the processor's time for it, which a busy machine changes less."""
        seconds, work = self._ask(task).split()
        return float(seconds), float(work)

    def peak_bytes(self) -> int:
        """Its largest resident memory so far, or memory taken on the GPU. Raises ModelError."""
        return int(self._ask("peak"))

    def result(self) -> np.ndarray:
        """What it makes of the content, ``(H, W, 3)`` uint8. Raises ModelError."""
        file = Path(self._ask("result"))
        result = np.load(file)
        file.unlink()
        return result

    def _ask(self, word: str) -> str:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(word + "\n")
            self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if not line:
            self._process.wait()
            self._errors.seek(0)
            last = (self._errors.read().strip().splitlines() or ["no message"])[-1]
            raise ModelError("Measuring {way} failed: {reason}", way=self.way, reason=last)
        return line


def peak_bytes(device: torch.device) -> int:
    """Largest resident memory of this process so far, or memory taken on the GPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    status = Path("/proc/self/status")
    if status.exists():
        # getrusage would also count what the parent held when it started this process.
        lines = status.read_text(encoding="ascii", errors="replace").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _serve(
    way: str, width: int, height: int, engine: str, device: str, tiling: str, patch: int, checkout: str
) -> None:
    content, style = photo(width, height, 1), photo(STYLE_SIDE, STYLE_SIDE, 2)
    model = load_model(engine, device)
    model = in_one_pass(model) if way == "scumble" else model
    encode: Callable[[], Any]
    run: Callable[[Any], object]
    if way == "reference" or way in WAYS:
        authors = Path(checkout) if checkout else None
        other = load_openvino(model, way) if way in WAYS else load_reference(authors, model)
        encode, run = other.encode(style), other.run(content)
    else:
        keep_freed_memory()  # as the daemon's worker does
        encode = lambda: encode_style(model, style, "RGB")  # noqa: E731
        run = lambda signals: stylize(  # noqa: E731
            model, content, "RGB", [(signals, 1.0)], tiling=tiling, patch=patch or None
        )
    if model.device.type == "cpu" and sys.platform == "linux":
        # A full frame that the machine cannot hold must fail, and not take the machine with it.
        room = free_memory() + (8 << 30)  # address space that is only reserved counts too
        resource.setrlimit(resource.RLIMIT_AS, (room, room))
    try:
        signals = encode()
        run(signals)  # the first call allocates and chooses kernels
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        say(_TOO_LARGE)
        return
    say("warm")
    work: dict[str, Callable[[], object]]
    work = {"encode": encode, "run": lambda: run(signals), "both": lambda: run(encode())}
    if way == "cascade":
        work["preview"] = lambda: _preview(model, content, signals, tiling, patch or None)
    answer(work, model.device)


def answer(work: Mapping[str, Callable[[], object]], device: torch.device) -> None:
    """Do what stdin says, line by line, and say how long it took.

    ``peak`` asks for the memory, ``result`` for a file with what ``run`` gives.
    """
    for line in sys.stdin:
        task = line.strip()
        if task == "peak":
            say(peak_bytes(device))
            continue
        if task == "result":
            say(_saved(work["run"]()))
            continue
        started, worked = time.perf_counter(), time.process_time()
        work[task]()
        synchronise(device)
        say(f"{time.perf_counter() - started} {time.process_time() - worked}")


def _saved(result: object) -> str:
    with tempfile.NamedTemporaryFile(suffix=".npy", delete=False) as file:
        np.save(file, np.asarray(result))
    return file.name


def in_one_pass(model: StyleModel) -> StyleModel:
    """The same network over the whole picture at once, as it was published; not coarse to fine."""
    return replace(model, info=replace(model.info, traits=replace(model.traits, cascades=False)))


def _preview(
    model: StyleModel, content: np.ndarray, signals: StyleSignals, tiling: str, patch: int | None
) -> None:
    """Stylize until there is a preview, and no further; all of it where there is none."""
    shown: list[np.ndarray] = []
    with contextlib.suppress(Cancelled):
        stylize(
            model,
            content,
            "RGB",
            [(signals, 1.0)],
            tiling=tiling,
            patch=patch,
            on_preview=shown.append,
            cancelled=lambda: bool(shown),
        )


def say(value: object) -> None:
    """Tell the process that measures, at once."""
    sys.stdout.write(f"{value}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    way, width, height, engine, device, tiling, patch, checkout = sys.argv[1:]
    _serve(way, int(width), int(height), engine, device, tiling, int(patch), checkout)
