"""What takes styles off a painted layer again, as the layer keeps it: that of the last style comes first."""

from __future__ import annotations

import base64
import binascii
from typing import List, Optional, Tuple

from ..errors import ScumbleError
from ..pixels.geometry import Bounds
from ..pixels.pixels import Pixels
from ..request import StylizeRequest
from ..reversal import taking_off
from ..wire.validators import MAX_REVERSAL

MOST = 4
"""Styles on top of each other that a layer remembers."""

Reversals = Tuple[bytes, ...]


def after_painting(result: Pixels, of_source: Reversals) -> Reversals:
    """Those of a layer with this result; `of_source` are those of the layer that was painted.

    None where the engine cannot go back, or not from this result.
    """
    return (result.reversal, *of_source)[:MOST] if result.reversal else ()


def pack_reversals(reversals: Reversals) -> List[str]:
    """As plain data for JSON."""
    return [base64.b64encode(reversal).decode("ascii") for reversal in reversals]


def unpack_reversals(found: object) -> Reversals:
    """The inverse of `pack_reversals`; of damaged data what comes before the damage."""
    reversals: List[bytes] = []
    for text in found[:MOST] if isinstance(found, list) else ():
        reversal = _decoded(text)
        if reversal is None:
            break
        reversals.append(reversal)
    return tuple(reversals)


def check_reversible(reversals: Reversals) -> None:
    """Raise ScumbleError `not-reversible` for a layer that keeps none."""
    if not reversals:
        raise ScumbleError(
            "not-reversible",
            "This layer was not painted so that its style can be taken off again.",
            hint="Paint a whole layer with the engine 'Light and colours, to be taken off again', in the "
            "colours of the painting, with nothing protected and without more detail or contrast.",
        )


def unstyling(
    layer: Pixels, reversals: Reversals, region: Optional[Bounds] = None, device: str = "auto"
) -> StylizeRequest:
    """The job that takes off the style put on last, from all of a layer or a region of it.

    Raises ScumbleError `not-reversible`, and as StylizeRequest.
    """
    check_reversible(reversals)
    return taking_off(layer, reversals[0], region=region, device=device)


def after_unstyling(request: StylizeRequest, reversals: Reversals) -> Reversals:
    """Those that are left for the result; none where the style came off a part only."""
    return reversals[1:] if request.region is None else ()


def _decoded(text: object) -> Optional[bytes]:
    if not isinstance(text, str) or not 0 < len(text) <= 2 * MAX_REVERSAL:
        return None
    try:
        reversal = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
    return reversal if 0 < len(reversal) <= MAX_REVERSAL else None
