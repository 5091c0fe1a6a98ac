"""What a style looks like before it is learned: its own colours, no mesh, and the same from a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from scumble_models.errors import WeightsError
from scumble_models.evaluation.styles import mesh
from scumble_models.first_sight import first_sight, recoloured
from scumble_models.learned import painting_model
from scumble_models.learning.contents import bundled
from scumble_models.registry import StyleModel, load_model
from scumble_models.signals import StyleSignals
from scumble_models.stylize import encode_style

from .conftest import natural_image

EXAMPLES = Path(__file__).parents[3] / "examples"


def picture(name: str) -> np.ndarray:
    return np.array(Image.open(EXAMPLES / "styles" / f"{name}.jpg").convert("RGB"))


@torch.inference_mode()
def painted(model: StyleModel, style: StyleSignals, count: int = 12) -> torch.Tensor:
    contents = torch.cat(bundled(model.device)[:count])
    return painting_model(model, style).network(contents, style).clamp(0, 1)


def names() -> list[str]:
    return sorted(path.stem for path in (EXAMPLES / "styles").glob("*.jpg"))


@pytest.mark.parametrize("name", names())
def test_it_has_the_painting_s_colours_and_less_of_the_mesh(model: StyleModel, name: str) -> None:
    painting = picture(name)
    colours = torch.from_numpy(painting).float().flatten(0, 1) / 255
    result = painted(model, first_sight(model, painting, "RGB"))
    found = result.transpose(0, 1).flatten(1).T
    assert (found.mean(0) - colours.mean(0)).abs().max() < 12 / 255
    assert (found.std(0) - colours.std(0)).abs().max() < 24 / 255
    plain = painted(model, encode_style(model, painting, "RGB"))
    assert mesh(result) < 0.9 * mesh(plain)


def test_it_paints_the_same_from_its_file(model: StyleModel) -> None:
    style = first_sight(model, natural_image(96, 120, seed=7), "RGB")
    again = StyleSignals.from_bytes(style.to_bytes(), "microast")
    assert torch.equal(painted(model, style, 2), painted(model, again, 2))


def test_it_does_not_depend_on_the_number_of_threads(model: StyleModel) -> None:
    painting, before, found = picture("swirls"), torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            found.append(first_sight(model, painting, "RGB"))
    finally:
        torch.set_num_threads(before)
    for other in found[1:]:
        assert all(torch.equal(other.decoder[name], weight) for name, weight in found[0].decoder.items())


def test_a_recoloured_decoder_paints_the_mapped_colours(model: StyleModel) -> None:
    style = encode_style(model, natural_image(96, 120, seed=7), "RGB")
    generator = torch.Generator().manual_seed(1)
    matrix, offset = torch.rand(1, 3, 3, generator=generator), torch.rand(1, 3, generator=generator)
    content = bundled(model.device)[0]
    network = model.network.with_decoder(recoloured(model.decoder_weights(), matrix, offset))
    with torch.inference_mode():
        wanted = torch.einsum("ij,njhw->nihw", matrix[0], model.network(content, style))
        torch.testing.assert_close(
            network(content, style), wanted + offset[:, :, None, None], atol=5e-3, rtol=0
        )


@pytest.mark.parametrize("channels", ["GRAY", "RGBA"])
@pytest.mark.parametrize("value", [0, 128, 255])
def test_any_picture_has_one(model: StyleModel, channels: str, value: int) -> None:
    pixels = np.full((40, 50, len(channels) if channels == "RGBA" else 1), value, np.uint8)
    result = painted(model, first_sight(model, pixels, channels), 2)
    assert bool(result.isfinite().all())


def test_a_model_without_one_sees_as_before() -> None:
    bold, painting = load_model("microast-bold"), natural_image(96, 120, seed=7)
    style = first_sight(bold, painting, "RGB")
    assert style.to_bytes() == encode_style(bold, painting, "RGB").to_bytes()


def test_a_damaged_or_missing_file_is_said(model: StyleModel, tmp_path: Path) -> None:
    path = tmp_path / "first-sight.safetensors"
    broken = replace(model, info=replace(model.info, first_sight=path))
    for data in (None, b"nothing"):
        if data is not None:
            path.write_bytes(data)
        with pytest.raises(WeightsError, match="cannot be read"):
            first_sight(broken, natural_image(40, 40, seed=1), "RGB")
