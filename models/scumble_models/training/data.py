"""Training images: decoded once, cropped and varied where they lie (CPU or GPU memory)."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, UnidentifiedImageError
from torch import Generator, Tensor

from scumble_models.errors import TrainingError

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp"}
MANIFEST = "MANIFEST.csv"


class ImageFolder:
    """All images of a folder, as uint8 tensors ``(3, H, W)`` of a given short side, on one device.

    Args:
        folder: searched recursively. A ``MANIFEST.csv`` in it or above it, with the columns ``file``
            and ``rights``, leaves out the files whose rights are unclear.
        short_side: images are scaled to this short side in pixels; smaller ones are enlarged.
        unclear_rights: keep files whose rights are unclear.

    Raises:
        TrainingError: the folder holds no readable image.
    """

    def __init__(
        self,
        folder: Path,
        *,
        short_side: int = 384,
        device: torch.device | str = "cpu",
        unclear_rights: bool = False,
    ) -> None:
        excluded = set() if unclear_rights else _unclear(folder)
        self.images: list[Tensor] = []
        self.skipped: list[Path] = []
        for path in _image_files(folder):
            if path.resolve() in excluded:
                self.skipped.append(path)
                continue
            try:
                self.images.append(decode_picture(path, short_side).to(device))
            except (OSError, UnidentifiedImageError, Image.DecompressionBombError):
                self.skipped.append(path)
        if not self.images:
            raise TrainingError("There is no readable image in {folder}.", folder=folder)

    def __len__(self) -> int:
        return len(self.images)

    def crops(
        self,
        count: int,
        size: int,
        generator: Generator,
        *,
        vary_colour: bool = False,
    ) -> Tensor:
        """Random crops ``(count, 3, size, size)`` in 0..1: random image, scale, place, turn and flip.

        Args:
            vary_colour: vary channels, saturation and contrast, for styles.
        """
        picks = torch.randint(len(self.images), (count,), generator=generator).tolist()
        crops = [_random_crop(self.images[i], size, generator) for i in picks]
        if vary_colour:
            crops = [_vary_colour(crop, generator) for crop in crops]
        return torch.stack(crops)


def _image_files(folder: Path) -> Iterator[Path]:
    return (p for p in sorted(folder.rglob("*")) if p.suffix.lower() in SUFFIXES)


def _unclear(folder: Path) -> set[Path]:
    excluded: set[Path] = set()
    for root in (folder, folder.parent):
        manifest = root / MANIFEST
        if manifest.is_file():
            with manifest.open(newline="", encoding="utf-8") as lines:
                rows = csv.DictReader(lines)
                excluded |= {
                    (root / row["file"]).resolve()
                    for row in rows
                    if row.get("rights", "").startswith("unclear")
                }
    return excluded


def decode_picture(path: Path, short_side: int) -> Tensor:
    with Image.open(path) as image:
        image.draft("RGB", (short_side, short_side))
        rgb = image.convert("RGB")
    factor = short_side / min(rgb.size)
    if factor != 1.0:
        size = (
            max(short_side, round(rgb.width * factor)),
            max(short_side, round(rgb.height * factor)),
        )
        rgb = rgb.resize(size, Image.Resampling.LANCZOS)
    return torch.from_numpy(np.asarray(rgb).copy()).permute(2, 0, 1).contiguous()


def _uniform(low: float, high: float, generator: Generator) -> float:
    return low + (high - low) * torch.rand((), generator=generator).item()


def _random_crop(image: Tensor, size: int, generator: Generator) -> Tensor:
    """A square of 0.75 to 1.6 times ``size`` (as far as the image reaches), scaled to ``size``."""
    short = min(image.shape[1:])
    source = min(short, round(size * math.exp(_uniform(math.log(0.75), math.log(1.6), generator))))
    top = int(_uniform(0, image.shape[1] - source + 1, generator))
    left = int(_uniform(0, image.shape[2] - source + 1, generator))
    crop = image[:, top : top + source, left : left + source].float()[None] / 255.0
    crop = F.interpolate(crop, (size, size), mode="bilinear", antialias=True, align_corners=False)[0]
    if _uniform(0, 1, generator) < 0.5:
        crop = crop.flip(2)
    # Quarter turns only now and then: gravity and light direction are part of photographs.
    if _uniform(0, 1, generator) < 0.1:
        crop = crop.rot90(1, (1, 2))
    return crop.clamp(0.0, 1.0)


def _vary_colour(crop: Tensor, generator: Generator) -> Tensor:
    """Palettes that the few paintings lack: channels permuted, hue mixed, contrast changed."""
    if _uniform(0, 1, generator) < 0.25:
        crop = crop[torch.randperm(3, generator=generator).to(crop.device)]
    if _uniform(0, 1, generator) < 0.3:
        gray = crop.mean(0, keepdim=True)
        crop = gray + (crop - gray) * _uniform(0.3, 1.5, generator)
    if _uniform(0, 1, generator) < 0.3:
        mean = crop.mean((1, 2), keepdim=True)
        crop = mean + (crop - mean) * _uniform(0.7, 1.3, generator) + _uniform(-0.1, 0.1, generator)
    return crop.clamp(0.0, 1.0)
