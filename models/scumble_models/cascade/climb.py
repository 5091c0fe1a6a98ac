"""The way up a cascade: each level is painted where the next finer one needs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from scumble_models.cascade.bands import KeepLow, grown
from scumble_models.cascade.contents import LevelInput, Picture, pyramid
from scumble_models.cascade.grids import LITTLE_STEP, STEP
from scumble_models.cascade.scales import Scale, WholeScale
from scumble_models.engine import Engine
from scumble_models.margins import Content
from scumble_models.runner import Way, run
from scumble_models.signals import LayerSignals
from scumble_models.tiling.box import Box
from scumble_models.tiling.budget import Budget
from scumble_models.tiling.stage import Join, Stage
from scumble_models.tiling.statistics import Statistics

NOTHING = Box(0, 0, 0, 0)


@dataclass(frozen=True)
class Need:
    """What of a level is needed: boxes of the network's input and of the result."""

    inputs: Box
    result: Box


class Cascade:
    """The levels of one picture for one network.

    Attributes:
        grids: the whole boxes of all levels, the coarsest first.
    """

    def __init__(self, model: Engine, grids: Sequence[Box]) -> None:
        self.model, self.grids = model, tuple(grids)
        self.scales = _scales_between(self.grids)

    def inputs_for(self, level: int, result: Box) -> Box:
        """The part of a level's input that a box of its result needs once its statistics are known."""
        wanted, grid = result, self.grids[level]
        if level:
            scale = self.scales[level - 1]
            wanted = grown(scale, result)
        return union(wanted, inputs_of(self.model.stages(), grid, wanted))

    def needs(self, level: int, inputs: Box, known: Sequence[bool]) -> list[Need]:
        """What is needed of each level below one, for a box of that level's input.

        Args:
            known: for each level whether its statistics are; else they are gathered, of all of it.
        """
        found: list[Need] = []
        for below in range(level - 1, -1, -1):
            result = self.scales[below].cells_for(inputs)
            inputs = self.inputs_for(below, result) if known[below] else self.grids[below]
            found.insert(0, Need(inputs, result))
        return found


class Climb:
    """A cascade that is being painted, from the coarsest level up.

    Attributes:
        level: the one that is next; the levels below are painted.
        content: what the network sees at that level.
    """

    def __init__(
        self,
        cascade: Cascade,
        signals: LayerSignals,
        content: Content,
        needs: Sequence[Need],
        inputs: Box,
        budget: Budget,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        """Reduce the content to the coarser levels.

        Args:
            content: the picture, on the finest of the grids.
            needs: of all levels below the one that is climbed to; see :meth:`Cascade.needs`.
            inputs: the part of that level's input that is needed.
            budget: from which pictures take their place.
        """
        self._cascade, self._signals, self._budget = cascade, signals, budget
        self._needs, self.level = needs, 0
        read = [*(need.inputs for need in needs), inputs]
        parts: list[Box] = []
        for level in range(len(cascade.grids) - 1):
            part = read[level] if level < len(read) else NOTHING
            if parts:
                part = union(part, cascade.scales[level - 1].pixels_of(parts[-1]))
            parts.append(part)
        self._contents = pyramid(content, cascade.scales, parts, budget, cascade.model.device, cancelled)
        self.content = self._contents[0]
        self._result: Picture | None = None

    @property
    def levels(self) -> int:
        """How many levels there are."""
        return len(self._cascade.grids)

    @property
    def join(self) -> Join | None:
        """What is done to the network's output at this level."""
        if self._result is None:
            return None
        scale = self._cascade.scales[self.level - 1]
        return KeepLow(scale, self._result)

    def paint(self, way: Way) -> tuple[Picture, Sequence[Statistics]]:
        """Paint this level where the next one needs it, and go to that; its result and its statistics."""
        cascade, part = self._cascade, self._needs[self.level].result
        result = Picture(cascade.grids[self.level], part, self._budget, cascade.model.device)
        way = replace(way, join=self.join, budget=self._budget)
        statistics = run(cascade.model, self._signals, self.content, part, result.write, way)
        self.level += 1
        coarser, content = self._contents[0], self._contents[1]
        self._contents.pop(0)
        self.content = LevelInput(content, coarser, result, cascade.scales[self.level - 1])
        self._result = result
        return result, statistics


def inputs_of(stages: Sequence[Stage], grid: Box, outputs: Box) -> Box:
    """The part of a content that a box of the last stage's outputs needs."""
    grids = [grid]
    for stage in stages[:-1]:
        grids.append(stage.output_box(grids[-1]))
    for stage, whole in zip(reversed(stages), reversed(grids), strict=True):
        outputs = stage.input_box(outputs, whole)
    return outputs


def union(first: Box, second: Box) -> Box:
    """The smallest box that holds both."""
    if not first.area or not second.area:
        return first if first.area else second
    return Box(
        min(first.left, second.left),
        min(first.top, second.top),
        max(first.right, second.right),
        max(first.bottom, second.bottom),
    )


def _scales_between(grids: Sequence[Box]) -> list[Scale]:
    """The scales between all levels, the coarsest first.

    Sides are rounded up where they are divided, so the picture does not fill the last cells: steps come from
    what it fills of each grid. Else cells would drift by up to a pixel from left to right, and a preview's
    strokes with them.
    """
    found: list[Scale] = []
    fine = grids[-1]
    filled = (float(fine.width), float(fine.height))
    for coarse in reversed(grids[:-1]):
        step = next((step for step in (STEP, LITTLE_STEP) if WholeScale(fine, step).coarse == coarse), None)
        if step:
            found.insert(0, WholeScale(fine, step))
            filled = (filled[0] / step, filled[1] / step)
        else:
            found.insert(0, Scale(fine, coarse, filled[0] / coarse.width, filled[1] / coarse.height))
            filled = (float(coarse.width), float(coarse.height))
        fine = coarse
    return found
