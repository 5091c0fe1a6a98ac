"""Where a learning begins: between what was learned of the paintings that look most like this one.

A start that serves quick learning is what meta-learning looks for (Reptile: Nichol et al., 2018). The
library is such a set of tasks, solved: a mean over all of it is Reptile's start after one outer step, and one
over the nearest does better (the table is in MicroAST's card).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from scumble_models.signals import StyleSignals, sum_of

#: Begins a learning, given the painting's signals as they are encoded; None for the network's own decoder.
Start = Callable[[StyleSignals], "StyleSignals | None"]

#: So many learned paintings are mixed.
NEIGHBOURS = 4


def neighbours(signals: StyleSignals, others: Sequence[StyleSignals]) -> list[tuple[int, float]]:
    """The nearest of other paintings and their shares, by their signals as they are encoded.

    The distance is the squared difference of signals relative to their spread over ``others``; a share is
    proportional to one by it, and all shares sum to 1.

    Args:
        others: of one painting each, like ``signals``; at least two, or no spread is known.

    Returns:
        Positions in ``others`` with shares, nearest first: at most `NEIGHBOURS`, none without others.
    """
    if len(others) < 2:
        return []
    distances = torch.zeros(len(others))
    for name, own in signals.tensors.items():
        theirs = torch.cat([other.tensors[name].cpu() for other in others]).flatten(1)
        spread = theirs.std(0).clamp_min(1e-3)
        distances += ((theirs - own.cpu().flatten(1)) / spread).square().mean(1)
    nearest = distances.argsort(stable=True)[:NEIGHBOURS]
    shares = 1 / distances[nearest].clamp_min(1e-6)
    return list(zip(nearest.tolist(), (shares / shares.sum()).tolist(), strict=True))


def learned_change(found: Sequence[tuple[StyleSignals, StyleSignals, float]]) -> StyleSignals:
    """What learning has made of paintings: the mean of their decoders, and of how far signals were moved.

    Args:
        found: of each its signals as encoded, as learned, and its share; shares sum to 1.
    """
    first = found[0][1]
    moved = {
        name: sum_of([(learned.tensors[name] - own.tensors[name], share) for own, learned, share in found])
        for name in first.tensors
    }
    decoder = {
        name: sum_of([(learned.decoder[name], share) for _, learned, share in found])
        for name in first.decoder
    }
    return StyleSignals(first.architecture, moved, decoder)


def changed(signals: StyleSignals, change: StyleSignals) -> StyleSignals:
    """A painting's signals as encoded, moved, and with the decoder, as :func:`learned_change` says."""
    moved = {name: own + change.tensors[name].to(own.device) for name, own in signals.tensors.items()}
    return StyleSignals(signals.architecture, moved, change.decoder)
