"""Protected skin and contours: what stays of the layer, in patches as in the full frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from scumble_models.look import Look
from scumble_models.pixels import NetworkView, PixelArray
from scumble_models.protect import contour_map, skin_likeness, skin_map
from scumble_models.stylize import stylize
from scumble_models.tiling.box import Box
from tests.unit.models.conftest import natural_image

BROWN = list(bytes.fromhex("a07e56"))
FACE = (
    Path(__file__).parents[3] / "models" / "scumble_models" / "learning" / "contents" / "astronaut-face.jpg"
)
#: The Monk Skin Tone scale (Ellis Monk, 2019), from light to dark.
MONK = ("f6ede4", "f3e7db", "f7ead0", "eadaba", "d7bd96", "a07e56", "825c43", "604134", "3a312a", "292420")


def likeness(*colours: str) -> list[float]:
    values = torch.tensor([list(bytes.fromhex(colour)) for colour in colours]) / 255
    return skin_likeness(values.T[None, :, None])[0, 0, 0].tolist()


def view_of(layer: np.ndarray) -> NetworkView:
    return NetworkView(PixelArray(layer, "RGB"))


def with_skin(height: int, width: int) -> np.ndarray:
    """A picture of other colours whose left third is skin."""
    layer = natural_image(height, width)
    layer[:, : width // 3] = BROWN
    layer[:, width // 3 :, 2] = 255
    return layer


def test_skin_is_light_and_dark_but_neither_gray_nor_leaves_nor_sky():
    tones = likeness(*MONK)
    assert min(tones[4:8]) > 0.7
    assert min(tones[1:4]) > 0.1
    assert max(likeness("808080", "ffffff", "000000", "ff0000", "4a7a2c", "87b5e0", "c2b280")) < 0.35


def test_a_face_is_skin_and_what_is_behind_it_is_not():
    face = np.asarray(Image.open(FACE).convert("RGB"))
    found = skin_map(view_of(face), Box(0, 0, face.shape[1], face.shape[0]))[0, 0].numpy()
    height, width = found.shape
    assert found[int(0.45 * height) : int(0.6 * height), int(0.4 * width) : int(0.6 * width)].mean() > 0.8
    assert found[: height // 10, : width // 10].mean() < 0.1


@pytest.mark.parametrize("find", [skin_map, contour_map])
def test_a_map_does_not_depend_on_how_the_layer_is_cut_nor_much_on_its_resolution(find):
    layer = with_skin(200, 640)
    large = np.kron(layer, np.ones((3, 3, 1), np.uint8))
    whole = find(view_of(large), Box(0, 0, 1920, 600))
    part = find(view_of(large), Box(500, 101, 1003, 307))
    assert torch.allclose(whole[:, :, 101:307, 500:1003], part, atol=1e-5)
    small = find(view_of(layer), Box(0, 0, 640, 200))
    assert (F.avg_pool2d(whole, 3) - small).abs().mean() < 0.01
    assert small.max() > 0.9
    assert small.min() == 0


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_all_of_the_skin_stays_as_it_was(model, signals, dtype):
    layer = (with_skin(90, 120).astype(np.uint32) * (257 if dtype == np.uint16 else 1)).astype(dtype)
    plain, kept = (
        stylize(model, layer, "RGB", [(signals, 1)], look=Look(protect_skin=amount)) for amount in (0, 1)
    )
    assert np.array_equal(kept[:, :36], layer[:, :36])
    assert not np.array_equal(plain[:, :36], layer[:, :36])
    assert np.array_equal(kept[:, 50:], plain[:, 50:])


def test_the_drawing_comes_back_at_contours_and_nowhere_else(model, signals):
    layer = np.full((96, 128, 3), 60, np.uint8)
    layer[:, 64:] = 200
    plain, drawn = (
        stylize(model, layer, "RGB", [(signals, 1)], look=Look(protect_edges=amount)).astype(float)
        for amount in (0, 1)
    )
    assert np.abs(drawn - plain)[:, 60:68].mean() > 1
    assert np.array_equal(drawn[:, :40], plain[:, :40])
    assert np.array_equal(drawn[:, 88:], plain[:, 88:])
    # A step, as in the layer, and no strokes.
    assert np.ptp(drawn[:, 62:64], axis=1).max() <= 1
    assert np.ptp(plain[:, 62:64], axis=1).max() > 3


def test_protection_with_weight_0_is_the_layer_bit_for_bit(model, signals):
    layer = with_skin(40, 50)
    look = Look(protect_skin=0.5, protect_edges=0.5)
    assert np.array_equal(stylize(model, layer, "RGB", [(signals, 1)], weight=0.0, look=look), layer)
