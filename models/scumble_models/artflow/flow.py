"""Steps of a normalising flow, each with its exact inverse (section 3.1 of the ArtFlow paper; Glow, 2018)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

#: How far a coupling may scale: between a half and one and a half, so that no inverse explodes.
SCALE = 0.5


class ActNorm(nn.Module):
    """A scale and a shift for each channel; they begin so that the first batch gets mean 0, deviation 1.

    Args:
        shifts: False for details: 0 stays 0.
    """

    initialised: Tensor
    shift: Tensor

    def __init__(self, channels: int, *, shifts: bool = True) -> None:
        super().__init__()
        self._shifts = shifts
        zero = torch.zeros(1, channels, 1, 1)
        self.register_parameter("shift", nn.Parameter(zero)) if shifts else self.register_buffer(
            "shift", zero
        )
        self.logarithm = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.register_buffer("initialised", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, H, W)``, normalised as the first batch was."""
        if self.training and not self.initialised:
            with torch.no_grad():
                variance, mean = torch.var_mean(x, (0, 2, 3), keepdim=True)
                if self._shifts:
                    self.shift.copy_(-mean)
                self.logarithm.copy_(-0.5 * (variance + 1e-6).log())
                self.initialised.fill_(1.0)
        return (x + self.shift) * self.logarithm.exp()

    def inverse(self, y: Tensor) -> Tensor:
        """The way back."""
        return y * (-self.logarithm).exp() - self.shift


class Mixing(nn.Module):
    """An invertible 1x1 convolution, kept as ``P L (U + diag(s))``: never singular, and cheap to invert."""

    permutation: Tensor
    sign: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        orthogonal = torch.linalg.qr(torch.randn(channels, channels))[0]
        permutation, lower, upper = torch.linalg.lu(orthogonal)
        diagonal = upper.diagonal()
        self.register_buffer("permutation", permutation)
        self.register_buffer("sign", diagonal.sign())
        self.lower, self.upper = nn.Parameter(lower), nn.Parameter(upper.triu(1))
        self.logarithm = nn.Parameter(diagonal.abs().log())

    def _factors(self) -> tuple[Tensor, Tensor]:
        eye = torch.eye(len(self.sign), dtype=self.lower.dtype, device=self.lower.device)
        lower = self.lower.tril(-1) + eye
        upper = self.upper.triu(1) + torch.diag(self.sign * self.logarithm.exp())
        return lower, upper

    def forward(self, x: Tensor) -> Tensor:
        """Each position of ``(N, C, H, W)`` times the matrix."""
        lower, upper = self._factors()
        return F.conv2d(x, (self.permutation @ lower @ upper)[:, :, None, None])

    def inverse(self, y: Tensor) -> Tensor:
        """The way back, by the two triangles, in float64."""
        lower, upper = (factor.double() for factor in self._factors())
        half = torch.linalg.solve_triangular(
            lower, self.permutation.double().T, upper=False, unitriangular=True
        )
        matrix = torch.linalg.solve_triangular(upper, half, upper=True)
        return F.conv2d(y, matrix.to(y.dtype)[:, :, None, None])


class Coupling(nn.Module):
    """Half of the channels say how the other half is scaled and shifted.

    Args:
        width: channels of the network between.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.kept = channels // 2
        self.network = nn.Sequential(
            convolution(self.kept, width),
            nn.ReLU(),
            nn.Conv2d(width, width, 1),
            nn.ReLU(),
            from_zero(convolution(width, 2 * (channels - self.kept))),
        )

    def _scale_and_shift(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        scale, shift = self.network(kept).chunk(2, 1)
        return limited(scale), shift

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, H, W)`` with its second half moved."""
        kept, moved = x[:, : self.kept], x[:, self.kept :]
        scale, shift = self._scale_and_shift(kept)
        return torch.cat([kept, moved * scale + shift], 1)

    def inverse(self, y: Tensor) -> Tensor:
        """The way back."""
        kept, moved = y[:, : self.kept], y[:, self.kept :]
        scale, shift = self._scale_and_shift(kept)
        return torch.cat([kept, (moved - shift) / scale], 1)


class FlowStep(nn.Module):
    """Normalisation, mixing of channels, coupling, as published."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.norm, self.mixing, self.coupling = ActNorm(channels), Mixing(channels), Coupling(channels, width)

    def forward(self, x: Tensor) -> Tensor:
        """One step towards the latent space."""
        return self.coupling(self.mixing(self.norm(x)))

    def inverse(self, y: Tensor) -> Tensor:
        """One step back."""
        return self.norm.inverse(self.mixing.inverse(self.coupling.inverse(y)))


def convolution(inputs: int, outputs: int) -> nn.Conv2d:
    """3x3, reflected at the border."""
    return nn.Conv2d(inputs, outputs, 3, padding=1, padding_mode="reflect")


def from_zero(layer: nn.Conv2d) -> nn.Conv2d:
    """The layer, beginning with an output of 0."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer


def limited(scale: Tensor) -> Tensor:
    """Any number as a factor between ``1 - SCALE`` and ``1 + SCALE``."""
    return 1.0 + SCALE * torch.tanh(scale)
