"""What is done otherwise for a graphics card, followed on a processor that is taken for one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from scumble_models import pixels, runner
from scumble_models.registry import load_model
from scumble_models.stylize import stylize
from scumble_models.tiling import budget
from scumble_models.tiling.budget import Budget
from scumble_models.tiling.file_array import FileArray
from tests.unit.models.conftest import natural_image

CPU = torch.device("cpu")
KINDS = [
    ("RGB", np.uint8),
    ("RGBA", np.uint8),
    ("BGRA", np.uint16),
    ("GRAY", np.uint8),
    ("GRAYA", np.float16),
    ("RGBA", np.float32),
]


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The processor has memory of its own from now on."""
    for module in (budget, runner):
        monkeypatch.setattr(module, "has_own_memory", lambda device: True)
    return monkeypatch


def layer_of(channels: str, kind: type, side: int = 150) -> np.ndarray:
    count = {"GRAY": 1, "GRAYA": 2, "RGB": 3, "RGBA": 4, "BGRA": 4}[channels]
    image = natural_image(side, side + 20, channels=4)[:, :, 4 - count :]
    if kind is np.uint16:
        return image.astype(np.uint16) * 257
    return image if kind is np.uint8 else (image / 255).astype(kind)


@pytest.mark.parametrize(("channels", "kind"), KINDS, ids=lambda value: getattr(value, "__name__", value))
def test_a_layer_that_stays_on_the_card_gives_the_same_bits(model, signals, card, channels, kind):
    layer = layer_of(channels, kind)
    mask = np.zeros(layer.shape[:2], np.uint8)
    mask[20:130] = 180
    options = {"weight": 0.7, "mask": mask, "patch": 64}
    here = stylize(model, layer, channels, [(signals, 1)], **options)
    card.undo()
    there = stylize(model, layer, channels, [(signals, 1)], **options)
    np.testing.assert_array_equal(here, there)
    assert here.dtype == layer.dtype


def test_a_layer_is_sent_to_the_card_once(model, signals, card):
    sent = []
    to_tensor = pixels._to_tensor
    card.setattr(pixels, "_to_tensor", lambda values: sent.append(values.shape) or to_tensor(values))
    layer = layer_of("RGBA", np.uint8)
    stylize(model, layer, "RGBA", [(signals, 1)], patch=64)
    assert sent == [layer.shape]


def test_a_layer_that_is_larger_than_the_card_s_memory_goes_in_patches(model, signals, card):
    layer = layer_of("RGBA", np.uint8)
    expected = stylize(model, layer, "RGBA", [(signals, 1)], patch=64)
    card.setattr(budget, "free_memory", lambda device=None: 4 * layer.nbytes)
    assert not budget.fits_device(layer.nbytes, CPU)
    assert pixels.PixelArray(layer, "RGBA")._resident is None
    np.testing.assert_array_equal(stylize(model, layer, "RGBA", [(signals, 1)], patch=64), expected)


def test_a_layer_in_a_file_is_not_sent_whole(card):
    array = FileArray.temporary((20, 30, 4), np.uint8)
    layer = pixels.PixelArray(array, "RGBA")
    assert layer._resident is None
    assert layer.colour(layer.box).shape == (1, 3, 20, 30)


def test_features_stay_on_a_card_while_they_fit():
    own = Budget(memory=100, disk=1000, device=50)
    assert [own.place(40) for _ in range(4)] == ["device", "memory", "memory", "disk"]


def test_only_a_card_has_memory_of_its_own(card):
    assert Budget.of_this_machine(CPU).device > 0
    card.undo()
    assert Budget.of_this_machine(CPU).device == 0
    for engine in ("photo", "stylekernel"):
        model = load_model(engine)
        assert runner.default_patch(model) == model.traits.patch


@pytest.mark.parametrize(
    ("gigabytes", "patch"), [(139, 4096), (21, 4096), (19, 2048), (6, 2048), (4, 1024), (1, 512), (0, 512)]
)
def test_patches_are_as_large_as_the_card_has_room_for(card, gigabytes, patch):
    card.setattr(runner, "free_memory", lambda device: gigabytes << 30)
    assert runner.default_patch(load_model("photo")) == patch


def test_a_whole_layer_at_once_differs_from_patches_by_rounding(model, signals, card):
    layer = layer_of("RGB", np.uint8, side=600)
    at_once = stylize(model, layer, "RGB", [(signals, 1)])
    card.undo()
    in_patches = stylize(model, layer, "RGB", [(signals, 1)])
    assert np.abs(at_once.astype(int) - in_patches).max() <= 1


def test_the_order_of_bytes_is_the_layer_s(model, signals):
    layer = layer_of("RGB", np.uint16)
    expected = stylize(model, layer, "RGB", [(signals, 1)])
    np.testing.assert_array_equal(stylize(model, layer.astype(">u2"), "RGB", [(signals, 1)]), expected)
