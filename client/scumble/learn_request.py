"""What it takes to learn a style, as plain immutable data, and as it travels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

from .errors import ScumbleError
from .names import check_name
from .pixels.pixels import BytesLike, Pixels
from .request import StyleSource
from .request_codec import (
    Contents,
    image_from_map,
    image_to_map,
    malformed,
    namer,
    source_from_map,
    source_to_map,
)
from .settings import check_device
from .wire.validators import is_digest

STEPS = 100
STEPS_RANGE = (1, 5000)
MINUTES_RANGE = (0.05, 600.0)
MAX_SEED = (1 << 31) - 1
MAX_TITLE = 200


@dataclass(frozen=True)
class LearnRequest:
    """One style to be learned: the network's decoder is fitted to its picture.

    The same style, steps, seed and image give the same tensors on the same machine.

    Attributes:
        style: a style of the library that has its picture, or a picture.
        title: under which a picture is added to the user's library. Without one it is added to no library:
            the daemon knows what it has learned when it gets the same picture again.
        steps: of optimisation, within `STEPS_RANGE`.
        minutes: as many steps as go into that time on the daemon's machine, in place of `steps`; None
            for `steps`.
        seed: which crops are looked at, and in which order.
        only_new: a style that has been learned with this engine, with whatever steps, is left as it is.
        engine, device: as in StylizeRequest; not every engine can learn.
        image: the picture that will be painted, which becomes one more picture to learn on; or None.

    Raises ScumbleError `bad-request`, `bad-style` or `bad-engine`.
    """

    style: StyleSource
    title: str = ""
    steps: int = STEPS
    minutes: Optional[float] = None
    seed: int = 0
    only_new: bool = False
    engine: str = "microast"
    device: str = "auto"
    image: Optional[Pixels] = None

    def __post_init__(self) -> None:
        if not isinstance(self.style, StyleSource):
            raise ScumbleError("bad-style", "A style is a StyleSource.")
        if not isinstance(self.title, str) or len(self.title) > MAX_TITLE:
            raise ScumbleError(
                "bad-style", "The title of a style has at most {most} letters.", most=MAX_TITLE
            )
        _check_whole("steps", self.steps, *STEPS_RANGE)
        _check_whole("seed", self.seed, 0, MAX_SEED)
        low, high = MINUTES_RANGE
        if self.minutes is not None and not (_is_number(self.minutes) and low <= self.minutes <= high):
            raise ScumbleError(
                "bad-request",
                "The minutes are {least} to {most}.",
                least=format(low, "g"),
                most=format(high, "g"),
            )
        if not isinstance(self.only_new, bool):
            raise malformed("only_new")
        check_name(self.engine, "bad-engine", "engine")
        check_device(self.device)
        if self.image is not None and not isinstance(self.image, Pixels):
            raise ScumbleError("bad-request", "The image to learn on is a Pixels object.")


def learn_spec(request: LearnRequest) -> Tuple[Dict[str, Any], Contents]:
    """The map for `Learn.spec`, and the contents it names."""
    contents: Contents = {}
    name = namer(contents)
    spec = {
        "style": source_to_map(request.style, name),
        "title": request.title,
        "steps": request.steps,
        "minutes": request.minutes,
        "seed": request.seed,
        "only_new": request.only_new,
        "engine": request.engine,
        "device": request.device,
        "image": None if request.image is None else image_to_map(request.image, name),
    }
    return spec, contents


def learn_digests(spec: Mapping[str, Any]) -> List[bytes]:
    """Every digest that the spec names, once each.

    Raises ScumbleError `bad-request` for a spec without the right shape.
    """
    style, image = spec.get("style"), spec.get("image")
    if not isinstance(style, dict) or not (image is None or isinstance(image, dict)):
        raise malformed("style")
    pixels = style.get("pixels")
    if not (pixels is None or isinstance(pixels, dict)):
        raise malformed("pixels")
    found = [] if style.get("file") is None else [style["file"]]
    found += [picture.get("digest") for picture in (pixels, image) if picture is not None]
    if not all(is_digest(digest) for digest in found):
        raise malformed("a digest")
    return list(dict.fromkeys(found))


def learn_request(spec: Mapping[str, Any], content: Callable[[bytes], BytesLike]) -> LearnRequest:
    """The request again; `content` gives the bytes of a digest. Unknown keys are ignored.

    Raises ScumbleError `bad-request` and what LearnRequest and `content` raise.
    """
    learn_digests(spec)
    names = ("title", "steps", "minutes", "seed", "only_new", "engine", "device")
    options = {key: spec[key] for key in names if key in spec}
    image = spec.get("image")
    return LearnRequest(
        source_from_map(spec["style"], content),
        image=None if image is None else image_from_map(image, content),
        **options,
    )


def _check_whole(name: str, value: object, low: int, high: int) -> None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or not low <= value <= high:  # type: ignore[operator]
        raise ScumbleError(
            "bad-request", "The {setting} are {least} to {most}.", setting=name, least=low, most=high
        )


def _is_number(value: object) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and math.isfinite(value)  # type: ignore[arg-type]
