"""From a request to pixels, with models and styles kept between jobs. Imported by the worker only."""

from __future__ import annotations

import contextlib
import errno
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from scumble.errors import ScumbleError
from scumble.pixels.geometry import Bounds, Extent
from scumble.pixels.pixels import BytesLike, Pixels
from scumble.request import StyleSource, StylizeRequest
from scumble.request_codec import from_spec
from scumble_models import registry
from scumble_models.blend import Blend, needs_own
from scumble_models.devices import choose_device, is_out_of_memory
from scumble_models.errors import Cancelled, ModelError, SignalsError
from scumble_models.first_sight import first_sight
from scumble_models.learned import mix_styles
from scumble_models.look import Look
from scumble_models.reversal import Reversible, reversal_of, take_off
from scumble_models.runner import KeptStatistics
from scumble_models.signals import StyleSignals
from scumble_models.stylize import Shared, encode_style, share, stylize
from scumble_models.tiling.box import Box
from scumble_models.tiling.file_array import Array, FileArray

from ..images.reader import read_image
from ..library import Library, StyleEntry
from ..library.learned import learned_stamp
from ..model_errors import typed
from ..storage.spool import file_behind, mapped
from .style_signals import known_picture, learned_signals, library_signals, style_pixels

MAX_STYLES = 512
MAX_MODELS = 4
MAX_SHARED = 16
MAX_KEPT = 64
PREVIEW_SIDE = 640  # pixels, about: a preview is the coarsest level, which small strokes make larger


class Output(NamedTuple):
    """A finished job: the pixels of `bounds` of the layer, where they were computed, and the way back."""

    pixels: Pixels
    bounds: Bounds
    device: str
    reversal: bytes = b""


class Stylizer:
    """Runs jobs one at a time; `device` is what ``auto`` means."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._models: OrderedDict[tuple[str, str], registry.StyleModel] = OrderedDict()
        self._styles: OrderedDict[tuple[str, bytes], StyleSignals] = OrderedDict()
        self._shared: OrderedDict[bytes, Shared] = OrderedDict()
        self._kept: OrderedDict[bytes, KeptStatistics] = OrderedDict()
        self._library = Library()

    def stylize(
        self,
        spec: Mapping[str, Any],
        contents: Mapping[bytes, BytesLike],
        on_progress: Callable[[int, int, str], None],
        cancelled: Callable[[], bool],
        on_preview: Callable[[Pixels], None] | None = None,
        output: Path | None = None,
    ) -> Output:
        """Run the job of `spec`; `contents` holds the bytes of every digest in it.

        What is `spool.mapped` there is read box by box from its file, never as a whole, and the result
        goes into the file `output`, which has its size already, unless that is None.

        `on_preview` gets a small picture of the result as soon as there is one, if the layer is so large
        that it is painted coarse to fine.

        Raises ScumbleError, ModelError, and what torch raises; `explain` turns all of it into one
        ScumbleError.
        """
        request = from_spec(spec, contents.__getitem__)
        look = Look.of(request.settings())
        model = self._model(request.engine, request.device)
        if cancelled():
            raise Cancelled
        taken_off, shared = request.styles[0].style.reversal, None
        if taken_off is not None:
            model, signals, shared = take_off(model, taken_off)
            styles = [(signals, 1.0)]
        else:
            styles = [(self._signals(model, style.style), style.weight) for style in request.styles]
        image, bounds = request.image, request.bounds
        mask = None
        if request.mask is not None:
            mask = _array(request.mask, image.extent[::-1], "<u1")
        style_masks = [
            None if style.mask is None else _array(style.mask, image.extent[::-1], "<u1")
            for style in request.styles
        ]
        if request.references and shared is None:
            key = _shared_key(spec, model, styles, look)
            if key not in self._shared:
                self._shared[key] = _share(request, model, styles, style_masks, look, cancelled)
            shared = self._shared[key]
            self._shared.move_to_end(key)
            while len(self._shared) > MAX_SHARED:
                self._shared.popitem(last=False)
        out = None
        if output is not None:
            shape = (*bounds.extent[::-1], image.format.channel_count)
            out = FileArray.open(output, shape, image.format.typestr, writable=True)
        kept = self._kept_statistics(spec, model, styles, look)
        own = self._own_signals(spec, model, request)
        result = stylize(
            model,
            as_array(image),
            image.format.channels,
            styles,
            weight=request.weight,
            region=request.region,
            mask=mask,
            style_masks=style_masks,
            tiling=request.tiling,
            patch=request.patch,
            look=look,
            shared=shared,
            kept=kept,
            own=own,
            on_progress=on_progress,
            on_preview=None if on_preview is None else _showing(image, on_preview),
            cancelled=cancelled,
            out=out,
        )
        if output is None:
            data = np.ascontiguousarray(result).view(np.uint8).reshape(-1).data
        else:
            data = mapped(output)
        pixels = Pixels(bounds.extent, image.format, data)
        whole = bounds == Bounds.of(image.extent) and request.mask is None and not look.needs_finish
        goes_back = isinstance(model.network, Reversible) and whole and shared is None
        if not goes_back or look.protect_skin:
            return Output(pixels, bounds, str(model.device))
        painted = Blend(styles, request.weight, style_masks, own).signals(model)
        return Output(pixels, bounds, str(model.device), reversal_of(model, kept, painted))

    def signals(self, engine: str, device: str, source: StyleSource) -> StyleSignals:
        """What the engine keeps of a style. Raises as :meth:`stylize`."""
        return self._signals(self._model(engine, device), source)

    @property
    def library(self) -> Library:
        """The styles that are there."""
        return self._library

    def model(self, engine: str, device: str) -> registry.StyleModel:
        """The loaded model of that name. Raises ModelError."""
        return self._model(engine, device)

    def models(self) -> list[dict[str, Any]]:
        """The registry's rows as plain data."""
        return [
            {
                "name": info.name,
                "architecture": info.architecture,
                "title": info.title,
                "sha256": info.sha256,
                "licence": info.licence,
                "builtin": info.builtin,
                "traits": asdict(info.traits),
            }
            for info in registry.list_models()
        ]

    def apart(self) -> contextlib.AbstractContextManager[None]:
        """Within it one job can run in the middle of another: torch's mode is not that other's."""
        return torch.inference_mode(False)

    def devices(self) -> list[str]:
        """What `StylizeRequest.device` may name here."""
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        return ["cpu"] + (["cuda"] if count else []) + [f"cuda:{i}" for i in range(count)]

    def explain(self, error: BaseException) -> ScumbleError:
        """The typed error for anything that `stylize` raises."""
        if isinstance(error, ScumbleError):
            return error
        if isinstance(error, ModelError):
            return typed(error)
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return ScumbleError(
                "disk-full",
                "There is no room on the disk for this layer.",
                hint="Free some space, or set SCUMBLE_SPOOL_DIR to a folder on a larger disk.",
                retryable=True,
            )
        if is_out_of_memory(error):
            self._models.clear()
            return ScumbleError(
                "out-of-memory",
                "There is not enough memory for this layer.",
                hint="Close other programs, select a part of the layer, or choose the device cpu.",
                detail=str(error)[:500],
            )
        return ScumbleError(
            "internal-error",
            "The job failed for a reason that Scumble did not foresee.",
            hint="Please report it with the log: scumble daemon logs",
            detail=f"{type(error).__name__}: {error}"[:500],
        )

    def _kept_statistics(
        self,
        spec: Mapping[str, Any],
        model: registry.StyleModel,
        styles: list[tuple[StyleSignals, float]],
        look: Look,
    ) -> KeptStatistics:
        """What an artist's next selection on the same layer need not compute again."""
        key = hashlib.sha256(_shared_key(spec, model, styles, look))
        key.update(repr((spec["image"], spec.get("patch"))).encode())
        kept = self._kept.setdefault(key.digest(), KeptStatistics())
        self._kept.move_to_end(key.digest())
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return kept

    def _own_signals(
        self, spec: Mapping[str, Any], model: registry.StyleModel, request: StylizeRequest
    ) -> StyleSignals | None:
        """What a style weight below 1 starts from: a slider that moves need not wait for it again."""
        if request.references or not request.weight or not needs_own(model.traits, request.weight):
            return None
        key = hashlib.sha256(b"layer\0" + repr(spec["image"]).encode()).digest()
        return self._cached(
            model, key, lambda: encode_style(model, as_array(request.image), request.image.format.channels)
        )

    def _model(self, engine: str, device: str) -> registry.StyleModel:
        info = registry.find_model(engine)
        wanted = str(choose_device(self._device if device == "auto" else device))
        key = (info.sha256, wanted)
        if key not in self._models:
            while len(self._models) >= MAX_MODELS:
                self._models.popitem(last=False)
            self._models[key] = registry.load_model(engine, wanted)
        self._models.move_to_end(key)
        return self._models[key]

    def _signals(self, model: registry.StyleModel, source: StyleSource) -> StyleSignals:
        if source.library is not None:
            parts = self._library.parts(self._library.find(source.library))
            return mix_styles(model, [(self._library_signals(model, entry), share) for entry, share in parts])
        entry = known_picture(self._library, source)
        stamp = learned_stamp(entry)

        def make() -> StyleSignals:
            with contextlib.suppress(SignalsError):  # the picture is at hand
                learned = learned_signals(model, entry)
                if learned is not None:
                    return learned
            return _first_sight(model, style_pixels(source))

        return self._cached(model, stamp, make)

    def _library_signals(self, model: registry.StyleModel, entry: StyleEntry) -> StyleSignals:
        def encode(entry: StyleEntry) -> StyleSignals:
            assert entry.image is not None
            return _first_sight(model, read_image(entry.image).pixels)

        return self._cached(model, learned_stamp(entry), lambda: library_signals(model, entry, encode))

    def _cached(
        self, model: registry.StyleModel, style: bytes, make: Callable[[], StyleSignals]
    ) -> StyleSignals:
        key = (model.info.sha256, style)
        if key not in self._styles:
            signals = make()
            while len(self._styles) >= MAX_STYLES:
                self._styles.popitem(last=False)
            self._styles[key] = signals
        self._styles.move_to_end(key)
        return self._styles[key]


def _share(
    request: StylizeRequest,
    model: registry.StyleModel,
    styles: list[tuple[StyleSignals, float]],
    style_masks: Sequence[Array | None],
    look: Look,
    cancelled: Callable[[], bool],
) -> Shared:
    references = [(as_array(image), image.format.channels) for image in request.references]
    return share(
        model,
        references,
        styles,
        weight=request.weight,
        style_masks=style_masks,
        patch=request.patch,
        look=look,
        cancelled=cancelled,
    )


def _showing(image: Pixels, on_preview: Callable[[Pixels], None]) -> Callable[[np.ndarray], None]:
    """Takes a small picture of the result, and hands it on as the client knows pictures."""

    def show(small: np.ndarray) -> None:
        height, width = small.shape[:2]
        factor = max(height, width) // PREVIEW_SIDE
        if factor > 1:
            small = scaled_down(small, Box(0, 0, width, height), factor)
        extent = Extent(small.shape[1], small.shape[0])
        on_preview(Pixels(extent, image.format, np.ascontiguousarray(small).tobytes()))

    return show


def scaled_down(array: Array, box: Box, factor: int) -> np.ndarray:
    """The means of blocks of `factor` x `factor` pixels of a box (less where it is smaller)."""
    down, across = min(factor, box.height), min(factor, box.width)
    height, width = box.height // down, box.width // across
    small = np.empty((height, width, array.shape[2]), np.float32)
    for row in range(height):
        top = box.top + row * down
        strip = array[top : top + down, box.left : box.left + width * across]
        small[row] = strip.reshape(down, width, across, -1).mean(axis=(0, 2), dtype=np.float32)
    return (np.rint(small) if array.dtype.kind == "u" else small).astype(array.dtype)


def as_array(pixels: Pixels) -> Array:
    """``(H, W, C)``: a view of the pixels' own memory, or of the file that they are mapped from."""
    shape = (pixels.extent.height, pixels.extent.width, pixels.format.channel_count)
    return _array(pixels.view(), shape, pixels.format.typestr)


def _array(content: BytesLike, shape: tuple[int, ...], typestr: str) -> Array:
    path = file_behind(content)
    if path is not None:
        return FileArray.open(path, shape, typestr)
    return np.frombuffer(content, typestr).reshape(shape)


def _first_sight(model: registry.StyleModel, pixels: Pixels) -> StyleSignals:
    return first_sight(model, as_array(pixels), pixels.format.channels)


def _shared_key(
    spec: Mapping[str, Any],
    model: registry.StyleModel,
    styles: list[tuple[StyleSignals, float]],
    look: Look,
) -> bytes:
    """All that `share` depends on, the size of a patch aside: it changes the result by rounding."""
    masks = [style.get("mask") for style in spec["styles"]]
    extent = spec["image"]["extent"] if any(masks) else None
    parts = [(hashlib.sha256(signals.to_bytes()).digest(), weight) for signals, weight in styles]
    key = (
        model.info.sha256,
        model.device,
        spec.get("references"),
        spec.get("weight"),
        look,
        parts,
        masks,
        extent,
    )
    return hashlib.sha256(repr(key).encode()).digest()
