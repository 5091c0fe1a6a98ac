"""What the model tests share: the real network with the shipped weights, and reproducible images."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
import torch

from scumble_models.registry import StyleModel, load_model
from scumble_models.signals import StyleSignals
from scumble_models.stylize import encode_style
from scumble_models.tiling.box import Box
from scumble_models.tiling.executor import Sink


def natural_image(height: int, width: int, seed: int = 0, channels: int = 3) -> np.ndarray:
    """Smooth colours with edges and fine noise, uint8: closer to a photo than white noise is."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    planes = []
    for _ in range(channels):
        fx, fy, phase = [*random.uniform(0.01, 0.08, 2).tolist(), random.uniform(0, 6)]
        plane = 0.5 + 0.4 * np.sin(columns * fx + rows * fy + phase)
        plane[(columns - width * random.random()) ** 2 + (rows - height / 2) ** 2 < height * 8] *= 0.4
        planes.append(plane + random.normal(0, 0.02, plane.shape))
    return (np.clip(np.stack(planes, axis=2), 0, 1) * 255).astype(np.uint8)


def reading(image: torch.Tensor) -> Callable[[Box], torch.Tensor]:
    """What reads parts of an image ``(N, C, H, W)``."""

    def read(box: Box) -> torch.Tensor:
        rows, columns = box.slices()
        return image[:, :, rows, columns]

    return read


def into(result: torch.Tensor) -> Sink:
    """What puts parts into an image ``(N, C, H, W)``."""

    def sink(tile: Box, output: torch.Tensor) -> None:
        rows, columns = tile.slices()
        result[:, :, rows, columns] = output

    return sink


@pytest.fixture(scope="session")
def model() -> StyleModel:
    torch.set_num_threads(2)
    return load_model("microast")


@pytest.fixture(scope="session")
def signals(model: StyleModel) -> StyleSignals:
    return encode_style(model, natural_image(120, 160, seed=42), "RGB")


class OutOfMemoryAbove:
    """A network whose stages refuse patches above a side, as a full GPU does."""

    def __init__(self, network, side):
        self._network, self._side = network, side

    def __getattr__(self, name):
        return getattr(self._network, name)

    def fast_stages(self):
        return None

    def stages(self):
        def limited(run):
            def checked(x, statistics, signals):
                if max(x.shape[2:]) > self._side:
                    raise RuntimeError("CUDA out of memory")
                return run(x, statistics, signals)

            return checked

        return [dataclasses.replace(s, run=limited(s.run)) for s in self._network.stages()]
