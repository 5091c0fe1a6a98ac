"""Taking a style off again: for results of an engine that can go back, which say how."""

from __future__ import annotations

import json
from typing import Any, Optional

from .errors import ScumbleError
from .pixels.pixels import Pixels
from .request import StyleSource, StyleWeight, StylizeRequest


def taking_off(image: Pixels, reversal: Optional[bytes] = None, **options: Any) -> StylizeRequest:
    """The request whose result is the picture as it was before its style.

    `reversal` is that of the image unless it is given; `options` are fields of StylizeRequest.

    Raises ScumbleError `not-reversible` for a picture that does not say how it was painted, and as
    StylizeRequest.
    """
    reversal = reversal or image.reversal
    if not reversal:
        raise ScumbleError(
            "not-reversible",
            "The picture does not say how it was painted, so its style cannot be taken off.",
            hint="Only pictures that an engine such as artflow has painted as a whole say so.",
        )
    styles = (StyleWeight(StyleSource(reversal=reversal)),)
    return StylizeRequest(image, styles, engine=_engine_of(reversal), **options)


def _engine_of(reversal: bytes) -> str:
    """The engine that a reversal names: the head of a safetensors file."""
    try:
        length = int.from_bytes(reversal[:8], "little")
        said = json.loads(reversal[8 : 8 + length].decode("utf-8"))["__metadata__"]
        return str(said.get("engine") or said["architecture"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ScumbleError(
            "not-reversible",
            "What the picture says of how it was painted is damaged, so its style cannot be taken off.",
        ) from error
