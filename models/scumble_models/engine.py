"""What an engine is to everything else: traits, what it makes of a style, and stages that paint.

Networks differ in how styles are mixed, in how a weight fades them, and in how much of a picture a pixel
depends on. Each says so in its :class:`Traits`, and nothing else asks which network it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, Protocol, get_args, get_type_hints

import torch
from torch import Tensor

from scumble_models.signals import MAX_BYTES, StyleSignals
from scumble_models.tiling.stage import Stage

#: Where two things meet: in a style's tensors, before anything is painted; in the features of a stage, which
#: asks for them (:meth:`scumble_models.signals.Signals.mixed`); or in the pixels that each alone becomes.
Where = Literal["tensors", "features", "pixels"]


@dataclass(frozen=True)
class Traits:
    """What an engine can do; the table ``traits`` of its ``engine.toml``.

    Attributes:
        mixes: where several styles become one. By pixels costs a painting for each of them.
        weight: where a style weight below 1 fades a style. By tensors it starts from the tensors of the
            picture itself; by pixels it is a cross-fade with the picture.
        reach: ``local``, a pixel depends on pixels near it and on what stages gather; ``global``, on all
            pixels, and there are no patches.
        half_precision: whether convolutions may be tried in float16 on a graphics card.
        live_preview: whether it paints a preview fast enough to follow a slider.
        takes: what its styles are made from: any ``picture``, or only a ``learned style``.
        learns: whether a style can be learned: a decoder of its own, fitted to one painting.
        cascades: whether it paints coarse to fine; else all in one level (:mod:`scumble_models.cascade`).
        size_multiple: sides that it takes are multiples of this; others are padded, and the result is cut.
        style_bytes: the largest file of a style's tensors that is genuine.
        patch: side of a patch on a processor, in pixels: smaller where a network's activations are large.
        offered: whether editors list it: not while another engine does all it does, and better.
    """

    mixes: Where = "tensors"
    weight: Where = "tensors"
    reach: Literal["local", "global"] = "local"
    half_precision: bool = False
    live_preview: bool = False
    takes: Literal["picture", "learned style"] = "picture"
    learns: bool = False
    cascades: bool = True
    size_multiple: int = 1
    style_bytes: int = MAX_BYTES
    patch: int = 512
    offered: bool = True

    @staticmethod
    def of(table: Mapping[str, Any]) -> Traits:
        """The traits in a table.

        Raises:
            ValueError: an unknown trait, or one that has no such value; says which.
        """
        hints = get_type_hints(Traits)
        unknown = sorted(set(table) - {field.name for field in fields(Traits)})
        if unknown:
            raise ValueError(f"there is no trait {unknown[0]!r}")
        for name, value in table.items():
            allowed = get_args(hints[name])
            fits = value in allowed if allowed else type(value) is hints[name]
            if not fits or (hints[name] is int and value < 1):
                raise ValueError(f"the trait {name} cannot be {value!r}")
        return Traits(**table)


class Engine(Protocol):
    """A loaded network with its weights, as everything that paints sees it."""

    @property
    def name(self) -> str:
        """What ``--engine`` takes."""
        ...

    @property
    def traits(self) -> Traits:
        """What it can do."""
        ...

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        ...

    def encode(self, pictures: Tensor) -> StyleSignals:
        """``N`` pictures ``(N, 3, H, W)`` in 0..1, at least 16 a side, as styles."""
        ...

    def check(self, style: StyleSignals) -> StyleSignals:
        """The style, if its tensors have this engine's names and shapes: a file may hold anything.

        Raises:
            SignalsError: they have not.
        """
        ...

    def stages(self) -> tuple[Stage, ...]:
        """How it paints, in the fastest way that works here; the first stage takes the picture."""
        ...

    def decoder_weights(self) -> Mapping[str, Tensor]:
        """The decoder that paints a style which has none of its own; nothing where none can be learned."""
        ...

    def with_decoder(self, decoder: Mapping[str, Tensor]) -> Engine:
        """The same engine with the decoder of a learned style; the same again for the same ``decoder``.

        Raises:
            SignalsError: the weights do not fit.
        """
        ...
