"""Kept colours, contrast, detail and stroke size: what each promises, in patches as in the full frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from scumble_models.colour import luminance
from scumble_models.errors import PixelsError
from scumble_models.look import Look
from scumble_models.stylize import encode_style, stylize
from tests.unit.models.conftest import natural_image

STYLES = Path(__file__).parents[3] / "examples" / "styles"


def as_tensor(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255


def spectrum_centroid(image: np.ndarray) -> float:
    """Mean spatial frequency (cycles per pixel) of the luminance, weighted by amplitude."""
    light = luminance(as_tensor(image))[0, 0].numpy()
    spectrum = np.abs(np.fft.rfft2(light - light.mean()))
    fy, fx = np.fft.fftfreq(light.shape[0])[:, None], np.fft.rfftfreq(light.shape[1])[None]
    return float((spectrum * np.hypot(fx, fy)).sum() / spectrum.sum())


@pytest.mark.parametrize(
    "look",
    [
        Look(preserve_color="luminance"),
        Look(preserve_color="palette", contrast=1.3),
        Look(detail=0.8),
        Look(protect_skin=0.7, protect_edges=0.9, contrast=1.3),
        Look(stroke_size=2.0),
        Look(stroke_size=0.7, detail=0.5),
    ],
)
def test_a_look_does_not_depend_on_how_the_layer_is_cut(model, signals, look):
    layer = natural_image(150, 190)
    whole = stylize(model, layer, "RGB", [(signals, 1)], look=look, tiling="full")
    cut = stylize(model, layer, "RGB", [(signals, 1)], look=look, tiling="exact", patch=64)
    part = stylize(model, layer, "RGB", [(signals, 1)], look=look, region=(33, 21, 90, 70))
    assert np.abs(whole.astype(int) - cut).max() <= 1
    assert np.abs(whole[21:91, 33:123].astype(int) - part).max() <= 1


def test_the_neutral_look_changes_nothing(model, signals):
    layer = natural_image(60, 60)
    plain = stylize(model, layer, "RGB", [(signals, 1)])
    assert np.array_equal(stylize(model, layer, "RGB", [(signals, 1)], look=Look()), plain)


def test_luminance_keeps_the_layers_colours_where_nothing_clips(model, signals):
    layer = (natural_image(80, 80) // 4 + 96).astype(np.float32) / 255
    result = stylize(model, layer, "RGB", [(signals, 1)], look=Look(preserve_color="luminance"))
    inside = ((result > 0.001) & (result < 0.999)).all(axis=2)
    chroma = [x - x.mean(axis=2, keepdims=True) for x in (layer, result)]
    assert inside.mean() > 0.5
    assert np.abs(chroma[0] - chroma[1])[inside].max() < 0.02


def test_palette_brings_the_colours_nearer_to_the_layers(model, signals):
    layer = natural_image(120, 120, seed=3)
    plain = stylize(model, layer, "RGB", [(signals, 1)])
    kept = stylize(model, layer, "RGB", [(signals, 1)], look=Look(preserve_color="palette"))

    def palette_distance(image: np.ndarray) -> float:
        return float(np.abs(image.mean((0, 1)) - layer.mean((0, 1))).sum())

    assert palette_distance(kept) < 0.5 * palette_distance(plain)


def test_contrast_widens_and_narrows_the_lightness(model, signals):
    layer = natural_image(100, 100)
    spreads = [
        stylize(model, layer, "RGB", [(signals, 1)], look=Look(contrast=c)).std() for c in (0.5, 1.0, 1.6)
    ]
    assert spreads == sorted(spreads)


def test_detail_brings_fine_structure_back(model, signals):
    layer = natural_image(128, 128)
    layer[::6] = 255 - layer[::6]
    plain, detailed = (stylize(model, layer, "RGB", [(signals, 1)], look=Look(detail=d)) for d in (0.0, 1.0))

    def likeness(image: np.ndarray) -> float:
        light = [luminance(as_tensor(x))[0, 0].diff(dim=0).flatten() for x in (layer, image)]
        return torch.corrcoef(torch.stack(light))[0, 1].item()

    assert likeness(detailed) > likeness(plain)


@pytest.mark.parametrize("style", ["swirls", "hatching"])
def test_larger_strokes_lower_the_frequencies_that_a_style_adds(model, style):
    """In the picture at half its resolution: at its own the network's texture is there at every size."""
    strokes = encode_style(model, np.asarray(Image.open(STYLES / f"{style}.jpg").convert("RGB")), "RGB")
    layer = natural_image(192, 192)

    def added(stroke_size: float) -> np.ndarray:
        result = stylize(model, layer, "RGB", [(strokes, 1)], look=Look(stroke_size=stroke_size))
        difference = (result.astype(float) - layer).reshape(96, 2, 96, 2, 3).mean(axis=(1, 3))
        return np.clip(128 + difference, 0, 255).astype(np.uint8)

    found = [spectrum_centroid(added(size)) for size in (0.25, 0.5, 1.0, 2.0, 4.0)]
    # Above 1 each level keeps the coarser one and adds its own fine marks: the spectrum hardly falls.
    assert found[:3] == sorted(found[:3], reverse=True)
    assert max(found[3:]) < found[1]
    assert found[4] < 1.05 * found[2]


@pytest.mark.parametrize("size", [(1, 1), (5, 40), (33, 18)])
@pytest.mark.parametrize("stroke_size", [0.25, 0.5, 1.7, 4.0])
def test_every_size_works_with_every_stroke_size(model, signals, size, stroke_size):
    layer = natural_image(*size)
    look = Look(stroke_size=stroke_size, preserve_color="palette", contrast=1.2, detail=0.3)
    assert stylize(model, layer, "RGB", [(signals, 1)], look=look).shape == layer.shape


@pytest.mark.parametrize(
    "wrong",
    [
        {"stroke_size": 5.0},
        {"preserve_color": "hue"},
        {"contrast": 0.0},
        {"detail": -1.0},
        {"protect_skin": 2.0},
    ],
)
def test_a_look_out_of_range_is_refused(wrong):
    with pytest.raises(PixelsError):
        Look(**wrong)
