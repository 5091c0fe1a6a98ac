"""Roots of covariance matrices, by eigenvalues in float64."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

#: Added to the variances of the picture, whose features have a mean activation of 1: what hardly varies,
#: such as a sky, stays calm instead of being stretched until its grain and the decoder's mesh are strokes.
RIDGE = 1.0


def whitening(covariance: Tensor) -> Tensor:
    """``(Σ + I)^(-1/2)`` of covariances ``(N, C, C)`` float64, in float32 (Eq. 2; I is ours, see card.md)."""
    return power(covariance, -0.5, RIDGE)


def colouring(covariance: Tensor) -> Tensor:
    """``Σ^(1/2)`` of covariances ``(N, C, C)`` float64, in float32 (Eq. 3)."""
    return power(covariance, 0.5)


def power(covariance: Tensor, exponent: float, ridge: float = 0.0) -> Tensor:
    """``(Σ + ridge I)^exponent`` of covariances ``(N, C, C)``, by float64, in float32."""
    values, vectors = torch.linalg.eigh(covariance.double())
    # Rounding makes what is zero slightly negative.
    scales = (values.clamp_min(0.0) + ridge) ** exponent
    return ((vectors * scales[:, None, :]) @ vectors.transpose(1, 2)).float()


def times(matrices: Tensor, x: Tensor) -> Tensor:
    """Each position of ``(N, C, H, W)`` times a matrix ``(N, C, C)``, or ``(1, C, C)`` for all."""
    if len(matrices) == 1:
        return F.conv2d(x, matrices[0, :, :, None, None])
    return torch.einsum("nij,njhw->nihw", matrices, x)
