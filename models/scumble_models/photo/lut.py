"""A photo look as a 3D LUT (.cube), which GIMP (G'MIC), Krita, darktable and video editors read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from scumble_models.blend import Blend
from scumble_models.engine import Engine
from scumble_models.errors import PixelsError
from scumble_models.signals import StyleSignals
from scumble_models.tiling.box import Box
from scumble_models.tiling.statistics import running

#: Points along each side of a table: what the programs read.
SIDES = (2, 129)


@dataclass(frozen=True)
class Lut:
    """A look for photos like those it was made for.

    Attributes:
        table: ``(side, side, side, 3)`` in 0..1, indexed blue, green, red.
        largest, mean: how far the table, read as editors read it, is from the look itself on these photos, in
            levels of 255.
    """

    table: Tensor
    largest: float
    mean: float

    def text(self, title: str) -> str:
        """As a .cube file (Adobe, Cube LUT Specification 1.0): red changes fastest."""
        plain = "".join(letter for letter in title if letter.isprintable() and letter != '"')
        rows = (" ".join(f"{value:.6f}" for value in row) for row in self.table.reshape(-1, 3).tolist())
        return "\n".join([f'TITLE "{plain}"', f"LUT_3D_SIZE {self.table.shape[0]}", *rows]) + "\n"


@torch.inference_mode()
def look_table(
    engine: Engine, style: StyleSignals, contents: Sequence[Tensor], weight: float = 1.0, side: int = 33
) -> Lut:
    """What a look makes of each colour, for photos whose colours taken together are those of ``contents``.

    Args:
        engine: one that treats each pixel by itself in two stages, as ``photo`` does.
        contents: each ``(1, 3, H, W)`` in 0..1, at least one.

    Raises:
        PixelsError: ``side`` is not within :data:`SIDES`.
    """
    if not SIDES[0] <= side <= SIDES[1]:
        raise PixelsError(
            "A LUT of {side} points a side is not between {least} and {most}.",
            side=side,
            least=SIDES[0],
            most=SIDES[1],
        )
    first, second = engine.stages()
    signals = Blend([(style, 1.0)], weight, [None]).signals(engine)
    gathered = running(second.gathers)
    for content in contents:
        gathered.update(first.run(content, None, style))
    statistics = gathered.result(engine.device)

    def looked(image: Tensor) -> Tensor:
        box = Box(0, 0, image.shape[3], image.shape[2])
        return second.run(first.run(image, None, style), statistics, signals.at(box, box))

    axis = torch.linspace(0.0, 1.0, side, device=engine.device)
    blue, green, red = torch.meshgrid(axis, axis, axis, indexing="ij")
    colours = torch.stack([red, green, blue]).reshape(1, 3, side * side, side)
    table = looked(colours).reshape(3, side, side, side).permute(1, 2, 3, 0)
    errors = [255.0 * (looked_up(table, content) - looked(content)).abs() for content in contents]
    return Lut(table, max(e.max().item() for e in errors), sum(e.mean().item() for e in errors) / len(errors))


def looked_up(table: Tensor, image: Tensor) -> Tensor:
    """``(1, 3, H, W)`` in 0..1 through a table, trilinear, as editors read it."""
    places = image.permute(0, 2, 3, 1)[:, None] * 2.0 - 1.0
    volume = table.permute(3, 0, 1, 2)[None]
    return F.grid_sample(volume, places, mode="bilinear", align_corners=True)[:, :, 0]
