"""Learning one style in the worker: where it is kept, what is done already, and step after step.

Imported by the worker only. What is learned goes into the library at a tenth, a quarter, half and end, unless
older tensors of the style are whole: these stay until the new ones are. What is needed to go on is kept every
`CHECKPOINT_S`, and whenever a learning stops before its end.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from scumble.errors import ScumbleError
from scumble.learn_request import STEPS, STEPS_RANGE, learn_request
from scumble.pixels.content import digest_of
from scumble.pixels.geometry import Extent
from scumble.pixels.pixels import BytesLike, Pixels
from scumble_models.errors import SignalsError, TrainingError
from scumble_models.learning import RECIPE, Learner, LearnSettings
from scumble_models.registry import StyleModel
from scumble_models.stylize import stylize
from scumble_models.tiling.box import Box

from ..images.reader import read_image
from ..images.writer import png_of
from ..library import StyleEntry
from ..library.checkpoints import Begun
from ..library.learned import Lesson, forget_old_pictures, lesson_of, save_learned, take_over
from .memory import available_bytes
from .starting import start_in
from .style_signals import known_picture, learned_signals, style_pixels
from .stylizer import Stylizer, as_array, scaled_down

CHECKPOINT_S = 20.0
#: What a learning takes on the CPU.
NEEDED_BYTES = 1_200 << 20
#: After so many steps it is known how many go into the time asked for; the first one warms up.
MEASURED_STEPS = 4
MIN_STEPS = 10
#: Longest side of a preview, and of the pictures that are looked at.
PREVIEW_SIDE, LONGEST = 256, 4096


class LearningTask:
    """One learning. Call :meth:`step` until :attr:`over`, or :meth:`stop` before.

    Attributes:
        entry: the style, in the library or by itself.
        stored: the step whose tensors paintings get; 0 for none of this learning.

    Raises ScumbleError `cannot-learn`, `no-image`, `out-of-memory`, ModelError, and what decoding raises.
    """

    def __init__(
        self, stylizer: Stylizer, spec: Mapping[str, Any], contents: Mapping[bytes, BytesLike]
    ) -> None:
        self._library = stylizer.library
        self._request = request = learn_request(spec, contents.__getitem__)
        self.model: StyleModel = stylizer.model(request.engine, request.device)
        if not self.model.traits.learns:
            raise ScumbleError(
                "cannot-learn",
                "The engine {engine} knows a style at first sight and does not learn it.",
                hint="Learn it for the engine microast.",
                engine=request.engine,
            )
        self.stored = 0
        self._weights = self.model.info.sha256
        self._image = "" if request.image is None else digest_of(request.image.view()).hex()
        self.entry = self._find_entry()
        self._is_learned = self._has_sound_tensors()
        self._known = lesson_of(self.entry, self._weights) if self._is_learned else None
        self._learner: Learner | None = None
        self._seconds, self._timed = 0.0, 0
        if not self._is_known():
            self._pixels = self._picture()
            self._begin()
        self._take_in()
        if self._learner is not None:
            self._keep()

    @property
    def over(self) -> bool:
        """Whether nothing is left to do."""
        return self._learner is None or self._learner.done >= self._learner.steps

    @property
    def done(self) -> int:
        """Steps that are done."""
        if self._learner is None:
            return self._known.done if self._known else 0
        return self._learner.done

    @property
    def steps(self) -> int:
        """Steps in all, as far as is known yet."""
        if self._learner is None:
            return self._known.steps if self._known else 0
        return self._learner.steps

    @property
    def eta_s(self) -> float:
        """A guess of the seconds left."""
        return self._seconds / self._timed * (self.steps - self.done) if self._timed else 0.0

    @property
    def style(self) -> str:
        """The style's name in the library; empty for a picture that is in none."""
        return "" if self.entry.kind == "picture" else self.entry.name

    def step(self) -> bool:
        """One step; whether paintings look different since. Raises ScumbleError, ModelError."""
        learner = self._learner
        assert learner is not None
        started = time.monotonic()
        learner.step()
        if learner.done > 1:
            self._seconds, self._timed = self._seconds + time.monotonic() - started, self._timed + 1
        if self._to_measure and self._timed >= MEASURED_STEPS:
            self._fit_the_time()
            return False
        due = learner.done in self._stages(learner.steps)
        if due:
            self._store(learner)
        if self.over:
            self._library.checkpoints.remove(self._key)
        elif due or time.monotonic() - self._kept_at > CHECKPOINT_S:
            self._keep()
        return due

    def stop(self) -> None:
        """Keep what is needed to go on. Raises ScumbleError where it cannot be kept."""
        if not self.over:
            self._keep()

    def preview(self) -> Pixels | None:
        """The request's image in the style as it is now, small; None without one."""
        image = self._request.image
        if image is None or self._learner is None:
            return None
        small = _reduced(image, PREVIEW_SIDE)
        result = stylize(self.model, small, image.format.channels, [(self._learner.signals(), 1.0)])
        extent = Extent(small.shape[1], small.shape[0])
        return Pixels(extent, image.format, np.ascontiguousarray(result).tobytes())

    # Where it is kept ---------------------------------------------------------------------------

    def _find_entry(self) -> StyleEntry:
        source = self._request.style
        if source.library is None:
            return known_picture(self._library, source)
        entry = self._library.find(source.library)
        if entry.recipe is not None:
            raise ScumbleError(
                "cannot-learn",
                "{style} is a mix of styles, and each of them is learned by itself.",
                hint="They are {styles}.",
                style=entry.name,
                styles=", ".join(part.name for part, _ in self._library.parts(entry)),
            )
        return entry

    def _has_sound_tensors(self) -> bool:
        try:
            return learned_signals(self.model, self.entry) is not None
        except SignalsError:
            return False

    def _is_known(self) -> bool:
        if not self._is_learned:
            return False
        lesson, request = self._known, self._request
        if lesson is None:  # learned by whoever made the style
            return request.only_new
        same = Lesson(request.steps, request.steps, request.seed, self._image, RECIPE)
        return lesson.whole and (request.only_new or (request.minutes is None and lesson == same))

    def _picture(self) -> Pixels:
        if self._request.style.library is None:
            return style_pixels(self._request.style)
        if self.entry.image is None:
            raise ScumbleError(
                "no-image",
                "The style {style} is there without its picture, so it cannot be learned.",
                hint="Add its picture as a style of your own: scumble styles add",
                style=self.entry.name,
            )
        return read_image(self.entry.image).pixels

    def _take_in(self) -> None:
        """A picture with a title becomes a style of the library, now that it can be learned from."""
        request, place = self._request, self.entry
        if place.kind != "picture" or not request.title:
            return
        if request.style.file is not None:
            self.entry = self._library.add_image(bytes(request.style.file), request.title)
        else:
            png = png_of(style_pixels(request.style))
            self.entry = self._library.add_image(png, request.title, identity=place.identity)
        take_over(self.entry, place)
        if self._learner is not None:
            self._library.checkpoints.remove(self._key)
            self._begun = dataclasses.replace(self._begun, style=self.entry.identity.hex())
            self._key = self._begun.key(self._weights)

    # How far it is ------------------------------------------------------------------------------

    def _begin(self) -> None:
        """A new learning, or the one that was stopped."""
        request = self._request
        _check_memory(self.model)
        self._begun = Begun(
            self.entry.identity.hex(),
            request.title or self.entry.credits.title,
            self.model.info.name,
            request.steps,
            0,
            request.seed,
            self._image,
            request.minutes or 0.0,
        )
        self._key = self._begun.key(self._weights)
        self._to_measure = False
        self._learner = self._resumed()
        if self._learner is None:
            self._to_measure = request.minutes is not None
            self._learner = self._new(STEPS if self._to_measure else request.steps)

    def _new(self, steps: int) -> Learner:
        pixels, channels, settings, extra = self._lesson(steps)
        start = start_in(self._library.builtin_folder, self.model, self.entry)
        return Learner(self.model, pixels, channels, settings, extra, start)

    def _resumed(self) -> Learner | None:
        """The learning that was stopped; None when there is none that fits."""
        checkpoint = self._library.checkpoints.load(self._key)
        if checkpoint is None or checkpoint[0].steps == 0:
            return None
        begun, data = checkpoint
        with contextlib.suppress(TrainingError):
            pixels, channels, settings, extra = self._lesson(begun.steps)
            return Learner.resume(self.model, pixels, channels, data, settings, extra)
        self._library.checkpoints.remove(self._key)
        return None

    def _lesson(self, steps: int) -> tuple[np.ndarray, str, LearnSettings, tuple[np.ndarray, str] | None]:
        image, picture = self._request.image, self._pixels
        extra = None if image is None else (_reduced(image, LONGEST), image.format.channels)
        settings = LearnSettings(steps=steps, seed=self._request.seed)
        return _in_memory(picture), picture.format.channels, settings, extra

    def _fit_the_time(self) -> None:
        """As many steps as go into the time asked for. The rate falls over them all, so it begins anew."""
        assert self._learner is not None
        assert self._request.minutes is not None
        self._to_measure = False
        steps = round(60.0 * self._request.minutes * self._timed / self._seconds)
        steps = min(max(steps, MIN_STEPS), STEPS_RANGE[1])
        if steps != self._learner.steps:
            self._learner = self._new(steps)
            self._keep()

    # What is kept -------------------------------------------------------------------------------

    def _stages(self, steps: int) -> set[int]:
        if self._known is not None and self._known.whole:
            return {steps}
        return {steps // 10, steps // 4, steps // 2, steps} - {0}

    def _store(self, learner: Learner) -> None:
        """Put the tensors where paintings find them."""
        info = self.model.info
        lesson = Lesson(learner.steps, learner.done, self._request.seed, self._image, RECIPE)
        save_learned(self.entry, info.name, info.sha256, learner.signals().to_bytes(), lesson)
        self.stored = learner.done
        if self.entry.kind == "picture":
            forget_old_pictures(self._library.folder)

    def _keep(self) -> None:
        assert self._learner is not None
        steps, done = (0, 0) if self._to_measure else (self._learner.steps, self._learner.done)
        begun = dataclasses.replace(self._begun, steps=steps, done=done)
        self._library.checkpoints.save(self._key, begun, self._learner.checkpoint())
        self._kept_at = time.monotonic()


def _check_memory(model: StyleModel) -> None:
    """Refuse now what the system would end halfway, with all that the worker does."""
    free = available_bytes()
    if model.device.type == "cpu" and free is not None and free < NEEDED_BYTES:
        raise ScumbleError(
            "out-of-memory",
            "Learning a style takes {needed} MiB of memory, and {free} MiB are free.",
            hint="Close other programs and ask again.",
            retryable=True,
            needed=NEEDED_BYTES >> 20,
            free=free >> 20,
        )


def _reduced(image: Pixels, side: int) -> np.ndarray:
    """The whole picture at a whole fraction of its size, at most about `side` pixels a side."""
    width, height = image.extent
    factor = max(1, -(-max(width, height) // side))
    return scaled_down(as_array(image), Box(0, 0, width, height), factor)


def _in_memory(image: Pixels) -> np.ndarray:
    """The painting, or a smaller one: looking at 60 megapixels closely would hold up all else for seconds."""
    array = as_array(image)
    small = isinstance(array, np.ndarray) and max(image.extent) <= LONGEST
    return array if small else _reduced(image, LONGEST)  # type: ignore[return-value]
