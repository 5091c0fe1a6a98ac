"""A flow step that knows the small picture from the details, so that no detail comes of nothing.

A published step mixes all channels, so a shift in the latent space comes back as a constant in the details:
the same pattern in every block, which is the grid. Here details are only ever scaled, mixed with each other,
or moved by details: where a picture has none the result has none, whatever the weights and the style are.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scumble_models.artflow.flow import ActNorm, Mixing, convolution, from_zero, limited

#: Channels of the small picture; all others are details.
SMALL = 3


class BandCoupling(nn.Module):
    """One channel of the small picture and half of the details say how the others are scaled and shifted.

    Args:
        details: channels of detail.
        width: channels of the network between.
    """

    def __init__(self, details: int, width: int) -> None:
        super().__init__()
        self.kept = details // 2
        self.moved = details - self.kept
        self.network = nn.Sequential(
            convolution(1 + self.kept, width), nn.ReLU(), nn.Conv2d(width, width, 1), nn.ReLU()
        )
        self.factors = from_zero(nn.Conv2d(width, 2 * (SMALL - 1) + self.moved, 1))
        # Without biases, so that no details give no shift.
        self.seen = nn.Conv2d(self.kept, width, 1, bias=False)
        self.shift = from_zero(nn.Conv2d(width, self.moved, 1, bias=False))

    def _moves(self, small: Tensor, details: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        seen = self.network(torch.cat([small, details.abs()], 1))
        colours = SMALL - 1
        shift, scales = self.factors(seen).split([colours, colours + self.moved], 1)
        scale, factor = limited(scales).split([colours, self.moved], 1)
        return scale, shift, factor, self.shift(seen * F.hardtanh(self.seen(details)))

    def _parts(self, x: Tensor) -> tuple[Tensor, ...]:
        return x.split([1, SMALL - 1, self.kept, self.moved], 1)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, SMALL + details, H, W)`` with two colours and half of the details moved."""
        first, colours, kept, moved = self._parts(x)
        scale, shift, factor, move = self._moves(first, kept)
        return torch.cat([first, colours * scale + shift, kept, moved * factor + move], 1)

    def inverse(self, y: Tensor) -> Tensor:
        """The way back."""
        first, colours, kept, moved = self._parts(y)
        scale, shift, factor, move = self._moves(first, kept)
        return torch.cat([first, (colours - shift) / scale, kept, (moved - move) / factor], 1)


class BandStep(nn.Module):
    """Normalisation and mixing of the small picture and of the details, each for itself, and the coupling."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        details = channels - SMALL
        self.norms = nn.ModuleList([ActNorm(SMALL), ActNorm(details, shifts=False)])
        self.mixings = nn.ModuleList([Mixing(SMALL), Mixing(details)])
        self.coupling = BandCoupling(details, width)

    def forward(self, x: Tensor) -> Tensor:
        """One step towards the latent space."""
        parts = zip(self.norms, self.mixings, _bands(x), strict=True)
        return self.coupling(torch.cat([mixing(norm(part)) for norm, mixing, part in parts], 1))

    def inverse(self, y: Tensor) -> Tensor:
        """One step back."""
        parts = zip(self.norms, self.mixings, _bands(self.coupling.inverse(y)), strict=True)
        back = [norm.inverse(mixing.inverse(part)) for norm, mixing, part in parts]  # type: ignore[operator]
        return torch.cat(back, 1)


def _bands(x: Tensor) -> tuple[Tensor, Tensor]:
    return x[:, :SMALL], x[:, SMALL:]
