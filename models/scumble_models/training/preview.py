"""A sheet of fixed pairs, drawn at every checkpoint: what figures do not tell."""

from __future__ import annotations

from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from scumble_models.files import save_picture
from scumble_models.network import StyleNetwork


def to_image(tensor: Tensor) -> Image.Image:
    """A picture of ``(3, H, W)`` in 0..1 (clamped)."""
    array = tensor.detach().float().clamp(0, 1).mul(255).round().byte().permute(1, 2, 0)
    return Image.fromarray(array.cpu().numpy())


@torch.no_grad()
def save_preview(network: StyleNetwork, contents: Tensor, styles: Tensor, path: Path) -> None:
    """Save a grid: styles along the top, contents down the left, results between.

    Args:
        contents, styles: ``(N, 3, S, S)`` and ``(M, 3, S, S)`` in 0..1.
    """
    side = contents.shape[3]
    sheet = Image.new("RGB", (side * (len(styles) + 1), side * (len(contents) + 1)), "white")
    for column, style in enumerate(styles, 1):
        sheet.paste(to_image(style), (column * side, 0))
        signals = network.encode_style(style[None])
        for row, content in enumerate(contents, 1):
            sheet.paste(to_image(network(content[None], signals)[0]), (column * side, row * side))
    for row, content in enumerate(contents, 1):
        sheet.paste(to_image(content), (0, row * side))
    save_picture(sheet, path)
