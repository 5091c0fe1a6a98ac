"""Pictures whose light and colours are the built-in photo looks: one scene, drawn by code, graded in 12 ways.

A look is nothing but mean and deviation of lightness and colour (scumble_models.photo), so the numbers below
are the looks. The scene shows them: sky, sun, hills, water, a house with a lamp and skin-coloured sand.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from PIL import Image

from scumble_models.photo.network import PhotoLook
from scumble_models.signals import StyleSignals
from scumble_models.tiling.statistics import channel_statistics

WIDTH, HEIGHT = 768, 512
#: Oklab: lightness, its deviation, green to red, blue to yellow, deviation of colour.
LOOKS = {
    "golden hour": (0.62, 0.19, 0.022, 0.070, 0.052),
    "blue hour": (0.40, 0.16, -0.006, -0.062, 0.040),
    "fog": (0.74, 0.075, -0.003, -0.006, 0.012),
    "autumn": (0.52, 0.18, 0.036, 0.058, 0.062),
    "winter": (0.74, 0.17, -0.008, -0.028, 0.024),
    "night street": (0.29, 0.17, 0.014, 0.018, 0.058),
    "tungsten": (0.50, 0.18, 0.028, 0.085, 0.044),
    "faded film": (0.60, 0.12, 0.006, 0.022, 0.030),
    "high key": (0.80, 0.13, 0.003, 0.007, 0.034),
    "low key": (0.27, 0.17, 0.004, 0.010, 0.030),
    "summer": (0.63, 0.20, -0.005, 0.030, 0.076),
    "silver": (0.55, 0.21, 0.0, 0.0, 0.0),
}


def look_painter(name: str) -> Callable[[np.random.Generator], Image.Image]:
    """What draws the scene in a look; the generator makes its grain of leaves and waves."""

    def paint(rng: np.random.Generator) -> Image.Image:
        del rng  # the same scene for all
        return graded(scene(np.random.default_rng(5)), *LOOKS[name])

    return paint


def graded(
    picture: np.ndarray, light: float, contrast: float, red: float, yellow: float, colour: float
) -> Image.Image:
    """A picture ``(H, W, 3)`` in 0..1 with a look's mean and deviation, within what a screen shows."""
    network = PhotoLook().eval()
    image = torch.from_numpy(picture).float().permute(2, 0, 1)[None]
    each = colour / 2**0.5
    style = StyleSignals(
        network.architecture,
        {"mean": torch.tensor([[light, red, yellow]]), "std": torch.tensor([[contrast, each, each]])},
    )
    with torch.inference_mode():
        lab = network.encode_content(image)
        shown = network.decode(lab, channel_statistics(lab), style)[0]
    array = shown.permute(1, 2, 0).mul(255).round().byte().numpy()
    return Image.fromarray(array)


def scene(rng: np.random.Generator) -> np.ndarray:
    """A shore with hills, ``(H, W, 3)`` in 0..1."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
    across, down = x / WIDTH, y / HEIGHT
    picture = _mix((0.35, 0.56, 0.86), (0.86, 0.90, 0.93), np.clip(down / 0.5, 0, 1))
    sun = np.exp(-((across - 0.72) ** 2 * 2.2 + (down - 0.22) ** 2) / 0.006)
    picture = _over(picture, (1.0, 0.97, 0.88), np.clip(1.4 * sun, 0, 1))
    clouds = _noise(rng, 5) * np.clip(1 - np.abs(down - 0.18) / 0.16, 0, 1)
    picture = _over(picture, (0.97, 0.97, 0.98), np.clip(3 * (clouds - 0.42), 0, 0.8))
    for height, colour, roughness in (
        (0.40, (0.52, 0.60, 0.70), 0.10),
        (0.47, (0.34, 0.46, 0.42), 0.08),
        (0.55, (0.24, 0.40, 0.20), 0.06),
    ):
        ridge = height + roughness * (_ridge(rng) - 0.5) * 2
        picture = _over(
            picture, np.asarray(colour) * (0.75 + 0.5 * _noise(rng, 6)[..., None]), down > ridge[None]
        )
    water = np.clip((down - 0.60) / 0.005, 0, 1) * (down < 0.80 + 0.03 * np.sin(across * 7))
    waves = 0.5 + 0.5 * np.sin(y * 0.45 + 9 * _noise(rng, 5)) * np.clip((down - 0.6) * 6, 0, 1)
    picture = _over(picture, _mix((0.16, 0.36, 0.48), (0.62, 0.76, 0.84), waves * 0.6), water)
    sand = np.clip((down - (0.80 + 0.03 * np.sin(across * 7))) / 0.004, 0, 1)
    picture = _over(picture, np.asarray((0.80, 0.66, 0.52)) * (0.85 + 0.3 * _noise(rng, 7)[..., None]), sand)
    house = (np.abs(across - 0.24) < 0.055) & (down > 0.50) & (down < 0.615)
    roof = (down > 0.455) & (down < 0.505) & (np.abs(across - 0.24) < (down - 0.445) * 1.15)
    lamp = (np.abs(across - 0.225) < 0.012) & (np.abs(down - 0.555) < 0.022)
    for colour, where in (((0.86, 0.82, 0.74), house), ((0.62, 0.24, 0.18), roof), ((1.0, 0.83, 0.45), lamp)):
        picture = _over(picture, colour, where)
    return np.clip(picture, 0, 1)


def _mix(one: tuple[float, ...], other: tuple[float, ...], share: np.ndarray) -> np.ndarray:
    return np.asarray(one) + (np.asarray(other) - np.asarray(one)) * share[..., None]


def _over(picture: np.ndarray, colour: object, coverage: np.ndarray) -> np.ndarray:
    return picture + (np.asarray(colour) - picture) * np.asarray(coverage, float)[..., None]


def _noise(rng: np.random.Generator, octaves: int) -> np.ndarray:
    """Smooth noise in 0..1, the coarse parts the strongest."""
    total = np.zeros((HEIGHT, WIDTH))
    for octave in range(octaves):
        cells = 2 ** (octave + 2)
        grid = Image.fromarray(rng.random((cells, cells * 3 // 2)).astype(np.float32))
        total += np.asarray(grid.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)) / 2**octave
    low, high = total.min(), total.max()
    return (total - low) / (high - low)


def _ridge(rng: np.random.Generator) -> np.ndarray:
    return _noise(rng, 6)[HEIGHT // 2]
