"""What is done to each picture, as it travels with every task: some kilobytes of plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scumble.errors import ScumbleError
from scumble.pixels.geometry import Extent
from scumble.pixels.pixels import PixelFormat, Pixels
from scumble.request import StyleWeight, StylizeRequest


@dataclass(frozen=True)
class PlannedStyle:
    """A style as its signals, its share in the mix, and the mask of its place."""

    signals: bytes
    share: float
    mask: Path | None


@dataclass(frozen=True)
class Plan:
    """One command for a cluster.

    Attributes:
        engine, weights: the model's name, and the sha256 that each worker's copy must have.
        styles: encoded once, by whoever made the plan.
        settings: fields of StylizeRequest besides images and styles.
        mask: where to stylize.
        pyramid: as for ``write_large``.
    """

    engine: str
    weights: str
    styles: tuple[PlannedStyle, ...]
    settings: Mapping[str, Any]
    mask: Path | None = None
    pyramid: bool = False


def make_plan(
    styles: Sequence[tuple[StyleWeight, Path | None]],
    settings: Mapping[str, Any],
    mask: Path | None = None,
    pyramid: bool = False,
) -> Plan:
    """Check the settings, look the styles up in this machine's library, and encode them.

    `styles` come with their masks. Raises ScumbleError as a job with these settings does.
    """
    from scumble_models.registry import find_model

    from ..worker.stylizer import Stylizer

    pixel = Pixels(Extent(1, 1), PixelFormat("u8", "RGB"), bytes(3))
    fields = {key: value for key, value in settings.items() if key != "region"}
    request = StylizeRequest(pixel, tuple(style for style, _ in styles), **fields)
    stylizer = Stylizer("cpu")
    try:
        engine = find_model(request.engine)
        planned = tuple(
            PlannedStyle(
                stylizer.signals(request.engine, "cpu", style.style).to_bytes(),
                style.weight,
                None if path is None else path.resolve(),
            )
            for style, path in styles
        )
    except Exception as error:
        explained = stylizer.explain(error)
        if explained.code == "internal-error":
            raise
        raise explained from error
    return Plan(request.engine, engine.sha256, planned, dict(settings), mask and mask.resolve(), pyramid)


def other_weights(engine: str, host: str) -> ScumbleError:
    """The error for a worker whose model is not the one of the plan."""
    return ScumbleError(
        "other-weights",
        "The worker on {host} has other weights for the engine {engine}.",
        hint="Install the same version of Scumble, and import the same models, on all machines.",
        host=host,
        engine=engine,
    )
