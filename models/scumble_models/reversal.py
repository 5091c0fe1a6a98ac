"""What takes a style off again: what a reversible engine has changed in its latent space.

AdaIN (section 3.4 of ArtFlow) gives the latents of a picture another mean and deviation, WCT another
covariance. Who knows those before and those after can go back: nothing is measured in the painted picture,
which may have been rounded since.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol, runtime_checkable

from safetensors.torch import save as save_safetensors

from scumble_models.errors import SignalsError
from scumble_models.model import StyleModel
from scumble_models.network import StyleNetwork
from scumble_models.runner import KeptStatistics
from scumble_models.signals import LayerSignals, StyleSignals, metadata_of
from scumble_models.stylize import Shared
from scumble_models.tiling.statistics import Statistics


@runtime_checkable
class Reversible(Protocol):
    """What a network has that can take a style off again; its own signals are its latents' statistics."""

    def taking_off(self) -> StyleNetwork:
        """The network that paints its own results back."""
        ...

    def states(self, statistics: Statistics, signals: StyleSignals) -> tuple[StyleSignals, StyleSignals]:
        """A picture's own signals, and those that it has once it is painted.

        Args:
            statistics: of the picture's features, at the last point of normalisation.
            signals: of the style.
        """
        ...

    def statistics(self, signals: StyleSignals) -> Statistics:
        """The statistics of a picture with these signals."""
        ...


#: Of a reversal's bytes: ArtFlow's are 0.9 KB with AdaIN, 9 KB with WCT.
MAX_BYTES = 16384
#: Before the names of the tensors of the painted picture.
_PAINTED = "painted."


def reversal_of(model: StyleModel, kept: KeptStatistics, signals: LayerSignals) -> bytes:
    """What takes a style off a picture that was just painted; nothing where the engine cannot go back.

    Args:
        kept: takes part in the painting, see :func:`scumble_models.stylize.stylize`.
        signals: what was painted, the same everywhere.
    """
    statistics = (kept.exact or kept.thumbnail).get(0)
    if not statistics or not isinstance(signals, StyleSignals) or not isinstance(model.network, Reversible):
        return b""
    states = model.network.states(statistics[-1], signals)
    tensors = dict(states[0].tensors)
    tensors |= {_PAINTED + name: tensor for name, tensor in states[1].tensors.items()}
    said = {
        "architecture": model.info.architecture,
        "engine": model.name,
        "weights": model.info.sha256,
    }
    return save_safetensors({name: t.float().cpu().contiguous() for name, t in tensors.items()}, said)


def take_off(model: StyleModel, reversal: bytes) -> tuple[StyleModel, StyleSignals, Shared]:
    """How a painted picture is painted back: by which model, in which style, and with which statistics.

    All are for :func:`scumble_models.stylize.stylize`.

    Raises:
        SignalsError: not what :func:`reversal_of` gave, or of other weights.
    """
    if not isinstance(model.network, Reversible):
        raise SignalsError("{engine} cannot take a style off again.", engine=model.name)
    both = StyleSignals.from_bytes(reversal, model.info.architecture, MAX_BYTES)
    if metadata_of(reversal).get("weights") != model.info.sha256:
        raise SignalsError(
            "The picture was painted by other weights of {engine}, so its style cannot be taken off.",
            hint="Paint it again with those that are here now.",
            engine=model.name,
        )
    painted = {n.removeprefix(_PAINTED): t for n, t in both.tensors.items() if n.startswith(_PAINTED)}
    before = {name: t for name, t in both.tensors.items() if not name.startswith(_PAINTED)}
    own, other = (model.check(_signals(model, tensors)) for tensors in (before, painted))
    statistics = tuple(part.to(model.device) for part in model.network.statistics(other))
    back = replace(model, network=model.network.taking_off())
    return back, own.to(model.device), Shared(((statistics,),), other.to(model.device), None)


def _signals(model: StyleModel, tensors: Mapping) -> StyleSignals:
    return StyleSignals(model.info.architecture, tensors)
