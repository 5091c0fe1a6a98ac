"""One job: a layer's pixels, styles and settings in; stylized pixels of the same kind out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from scumble_models.blend import Blend, Started, fade, needs_own, one_painter, paint_blend, paint_likeness
from scumble_models.cascade.grids import enlargement
from scumble_models.cascade.painting import LevelStatistics, Painting, grids_for, shared_levels
from scumble_models.composite import Composite
from scumble_models.engine import Engine
from scumble_models.enlarged import EnlargedContent, EnlargedPainting
from scumble_models.errors import PixelsError
from scumble_models.look import Finish, Look
from scumble_models.margins import Content, padded
from scumble_models.pixels import PIECE, Backdrop, NetworkView, PixelArray
from scumble_models.runner import (
    SMALLEST_PATCH,
    TILINGS,
    KeptStatistics,
    Way,
)
from scumble_models.signals import LayerSignals, StyleSignals, mix
from scumble_models.tiling.box import Box
from scumble_models.tiling.budget import Budget
from scumble_models.tiling.executor import OnPatch, Source
from scumble_models.tiling.file_array import Array

#: Short side at which styles, and a content's own signals, are encoded.
STYLE_SIDE = 512
#: Short side of the thumbnail that decides about palette and contrast.
FINISH_SIDE = 256


def encode_style(model: Engine, pixels: Array, channels: str) -> StyleSignals:
    """The signals of a style image, encoded at a short side of at most :data:`STYLE_SIDE` pixels.

    Args:
        pixels: ``(H, W, C)`` of uint8, uint16, float16 or float32.
        channels: ``RGB``, ``RGBA``, ``BGRA``, ``GRAY`` or ``GRAYA``.

    Raises:
        PixelsError: the array is not such an image.
    """
    view = NetworkView(PixelArray(pixels, channels, model.device))
    return signals_of(model, view)


def stylize(
    model: Engine,
    pixels: Array,
    channels: str,
    styles: Sequence[tuple[StyleSignals, float]],
    *,
    weight: float = 1.0,
    region: tuple[int, int, int, int] | None = None,
    mask: Array | None = None,
    style_masks: Sequence[Array | None] | None = None,
    tiling: str = "auto",
    patch: int | None = None,
    look: Look | None = None,
    shared: Shared | None = None,
    kept: KeptStatistics | None = None,
    own: StyleSignals | None = None,
    on_progress: OnPatch | None = None,
    on_preview: Callable[[np.ndarray], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    out: Array | None = None,
    budget: Budget | None = None,
) -> Array:
    """Stylize a layer.

    With ``pixels``, ``mask`` and ``out`` in files (:class:`FileArray`) and a ``tiling`` in patches the
    memory needed does not depend on the layer's size.

    Args:
        pixels: ``(H, W, C)`` of uint8, uint16, float16 or float32; never changed.
        channels: order of the channels, see :func:`encode_style`. Alpha is carried over exactly.
        styles: signals of one style or more, each with its mixing weight (any positive scale).
        weight: 0 returns the layer bit for bit, 1 is the network's full output.
        region: x, y, width, height of the part to compute; None for the whole layer.
        mask: ``(H, W)`` uint8 coverage. The result is blended with the layer by it; 0 keeps the
            layer's pixel bit for bit.
        style_masks: for each style its own ``(H, W)`` uint8 coverage, or None for everywhere. Where
            several styles are they mix, where none is the layer stays; soft edges blend.
        tiling: ``full`` computes the whole layer at once, ``exact`` the same in patches, ``thumbnail``
            in patches with a thumbnail's statistics (URST). ``auto`` is ``exact``, or ``full`` where
            one patch covers the layer.
        patch: side of a patch in pixels.
        look: stroke size, kept colours, contrast, detail and what is protected; None changes nothing.
        shared: what this layer has in common with others, in place of what it would have by itself;
            see :func:`share`, which takes the same styles, weight, masks and look. ``tiling`` is then
            of no matter.
        kept: takes the statistics of this layer with these styles, weight, masks, patch and stroke size,
            or has them from another job: then a small region costs its own area only, and a little of the
            coarser levels.
        own: what :func:`encode_style` makes of the whole layer, if that is known; for a weight below 1.
        on_progress: called after each patch with patches done, patches in all, and the stage.
        on_preview: called once with the region at the coarsest level's size, ``(h, w, C)`` of the layer's
            type, as soon as that is painted; not for layers of one level.
        cancelled: asked between patches.
        out: takes the result, patch by patch; a new array when None.
        budget: memory and disk for features between two passes; None for a share of this machine's.

    Returns:
        ``out``: ``(h, w, C)`` of the region, same type and channel order. Values outside 0..1 of a float
        layer survive: those above are compressed for the network and restored, those below added back.

    Raises:
        PixelsError: an array or a setting does not fit.
        Cancelled: ``cancelled`` returned True.
        OutOfMemoryError: even patches of :data:`SMALLEST_PATCH` pixels do not fit.
    """
    layer = PixelArray(pixels, channels, model.device)
    box = _region_box(layer, region)
    _check(layer, weight, tiling, patch, [mask, *(style_masks or ())])
    shape = (box.height, box.width, layer.values.shape[2])
    result = np.empty(shape, layer.values.dtype) if out is None else out
    if result.shape != shape or result.dtype != layer.values.dtype:
        raise PixelsError(
            "The result needs an array {shape} of {dtype}.", shape=shape, dtype=layer.values.dtype
        )
    if weight == 0.0 or (mask is not None and not any(mask[t.slices()].any() for t in box.tiles(PIECE))):
        for tile in box.tiles(PIECE):
            result[tile.relative_to(box).slices()] = layer.values[tile.slices()]
        return result
    view = NetworkView(layer, shared.backdrop, shared.top) if shared else NetworkView(layer)
    masks = [None] * len(styles) if style_masks is None else list(style_masks)
    look = look or Look()
    if shared is None:
        if own is None and needs_own(model.traits, weight):
            own = signals_of(model, view)
        signals = Blend(styles, weight, masks, own).signals(model)
        finish = finish_for(look, model, [view], signals)
    else:
        signals = Blend(styles, weight, masks, shared.own).signals(model)
        finish = shared.finish
    last = Composite(
        layer, view, finish, fade(model.traits, weight), mask, masks, view.top, look.protect_skin
    )

    def sink(tile: Box, output: Tensor) -> None:
        result[tile.relative_to(box).slices()] = last.pixels(tile, output)

    def show(content: Content, read: Source) -> None:
        if on_preview is not None:
            on_preview(last.small(content, read, box))

    grids, given = grids_for(model, view.box, look.stroke_size), shared.statistics if shared else None
    own_budget = replace(budget) if budget else Budget.of_this_machine(model.device)
    way = Way(tiling, patch, own_budget, on_progress, cancelled)
    factor = enlargement(view.box, look.stroke_size)

    def begin(model: Engine, signals: LayerSignals, kept: KeptStatistics | None) -> Started:
        if factor == 1.0:
            return Painting(model, signals, view, grids, box, way, given=given, kept=kept)
        large = EnlargedContent(view, factor)
        wanted = large.covering(box)
        painting = Painting(model, signals, large, [large.box], wanted, way, given=given, kept=kept)
        return EnlargedPainting(painting, large, box)

    paint_blend(model, signals, box, sink, kept, begin, show)
    return result


@dataclass(frozen=True)
class Shared:
    """What layers that belong together have in common: the frames of a clip, the parts of a picture.

    Attributes:
        statistics: of each level, the coarsest first, at each point of normalisation.
        own: the mean of the layers' own signals, from which a style weight below 1 starts.
        finish: colours and contrast, decided once.
        backdrop: of parts of one picture; None where each layer has its own.
        top: the brightest value of all, at least 1.
    """

    statistics: LevelStatistics
    own: StyleSignals | None
    finish: Finish | None
    backdrop: Backdrop | None = None
    top: float = 1.0

    def to(self, device: torch.device) -> Shared:
        """The same for a network on another device."""
        statistics = tuple(
            tuple(tuple(part.to(device) for part in point) for point in level) for level in self.statistics
        )
        return replace(self, statistics=statistics, own=self.own.to(device) if self.own else None)


def share(
    model: Engine,
    references: Sequence[tuple[Array, str]],
    styles: Sequence[tuple[StyleSignals, float]],
    *,
    weight: float = 1.0,
    style_masks: Sequence[Array | None] | None = None,
    patch: int | None = None,
    look: Look | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Shared:
    """What :func:`stylize` needs to treat layers alike: gathered over references, such as frames of a clip.

    Statistics of all references count as those of one picture. A layer that is stylized with what is
    gathered over itself alone gets what it would get anyway, up to rounding.

    Args:
        references: pixels and order of channels of each, see :func:`encode_style`; at least one. Best
            of the layers' own size: statistics depend on the resolution.
        styles, weight, style_masks, patch, look: as for :func:`stylize`.

    Raises:
        PixelsError: an array does not fit.
        Cancelled: ``cancelled`` returned True.
    """
    look = look or Look()
    views = [NetworkView(PixelArray(values, channels, model.device)) for values, channels in references]
    top = max(view.top for view in views)
    views = [view if view.top == top else view.up_to(top) for view in views]
    needed = needs_own(model.traits, weight)
    own = mix([(signals_of(model, view), 1.0) for view in views]) if needed else None
    masks = [None] * len(styles) if style_masks is None else list(style_masks)
    signals = Blend(styles, weight, masks, own).signals(model)
    finish = finish_for(look, model, views, signals)
    model = one_painter(model, signals)
    contents: list[tuple[Content, Sequence[Box]]] = []
    for view in views:
        factor = enlargement(view.box, look.stroke_size)
        if factor == 1.0:
            contents.append((view, grids_for(model, view.box, look.stroke_size)))
        else:
            large = EnlargedContent(view, factor)
            contents.append((large, [large.box]))
    statistics = shared_levels(model, signals, contents, patch or model.traits.patch, cancelled)
    return Shared(tuple(tuple(level) for level in statistics), own, finish, top=top)


def finish_for(
    look: Look, model: Engine, views: Sequence[NetworkView], signals: LayerSignals
) -> Finish | None:
    """What is done to the network's output, decided by thumbnails of all layers; None for nothing."""
    if not look.needs_finish:
        return None
    thumbnails = [view.thumbnail(FINISH_SIDE) for view in views]
    results = [paint_likeness(model, signals, small) for small in thumbnails]
    if len(views) == 1:
        return Finish(look, thumbnails[0], results[0])
    # Only palettes and means are taken of them: where a pixel stands does not matter.
    rows = [
        torch.cat([picture.flatten(2)[:, :, None] for picture in row], 3) for row in (thumbnails, results)
    ]
    return Finish(look, *rows)


def signals_of(model: Engine, view: NetworkView) -> StyleSignals:
    """What an image would be as a style, encoded at a short side of at most :data:`STYLE_SIDE`."""
    return model.encode(padded(view.thumbnail(STYLE_SIDE), model.traits.size_multiple))


def _region_box(layer: PixelArray, region: tuple[int, int, int, int] | None) -> Box:
    if region is None:
        return layer.box
    x, y, width, height = region
    box = Box(x, y, x + width, y + height)
    if width < 1 or height < 1 or box.intersect(layer.box) != box:
        size = f"{layer.box.width}x{layer.box.height}"
        raise PixelsError(
            "The region {x},{y},{width},{height} does not lie inside the layer of {size} pixels.",
            x=x,
            y=y,
            width=width,
            height=height,
            size=size,
        )
    return box


def _check(
    layer: PixelArray, weight: float, tiling: str, patch: int | None, masks: Sequence[Array | None]
) -> None:
    if not 0.0 <= weight <= 1.0:
        raise PixelsError("The style weight {weight} is not between 0 and 1.", weight=weight)
    if tiling not in TILINGS:
        raise PixelsError(
            "There is no tiling {tiling}.",
            hint="Choose one of {choices}.",
            tiling=repr(tiling),
            choices=", ".join(TILINGS),
        )
    if patch is not None and patch < SMALLEST_PATCH:
        raise PixelsError(
            "A patch of {patch} pixels is too small; {least} is the least.", patch=patch, least=SMALLEST_PATCH
        )
    for mask in masks:
        if mask is not None and (mask.shape != layer.values.shape[:2] or mask.dtype != np.uint8):
            raise PixelsError("The mask needs 8-bit coverage of the layer's own size.")
