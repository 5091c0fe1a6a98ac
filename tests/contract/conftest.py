"""Every engine that is registered, and further ones that stand for kinds to come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from scumble_models import folders
from scumble_models.model import StyleModel
from scumble_models.registry import list_models, load_model
from scumble_models.signals import StyleSignals
from scumble_models.stylize import encode_style
from tests.contract.toy_engine import write_toy
from tests.unit.models.conftest import natural_image

#: Name; where it mixes styles and fades them, and how far a pixel depends on others.
TOYS = {
    "toy": ("features", "features", "local"),
    "toy-of-pixels": ("pixels", "pixels", "local"),
    "toy-of-tensors": ("tensors", "tensors", "local"),
    "toy-without-patches": ("pixels", "features", "global"),
}
ENGINES = [info.name for info in list_models() if info.builtin]


@dataclass(frozen=True)
class Case:
    """An engine with two styles that it has encoded."""

    model: StyleModel
    one: StyleSignals
    other: StyleSignals


@pytest.fixture(scope="package")
def toys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of engines that the registry scans besides its own, until these tests are over."""
    place = tmp_path_factory.mktemp("engines")
    for name, traits in TOYS.items():
        write_toy(place, name, *traits)
    folders.PLACES.append(place)
    yield place
    folders.PLACES.remove(place)


@pytest.fixture(scope="package", params=[*ENGINES, *TOYS])
def case(request: pytest.FixtureRequest, toys: Path) -> Case:
    torch.set_num_threads(2)
    model = load_model(request.param)
    pictures = (natural_image(80, 100, seed=42), natural_image(90, 70, seed=7))
    return Case(model, *(encode_style(model, np.ascontiguousarray(p), "RGB") for p in pictures))
