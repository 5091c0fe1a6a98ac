"""Roots of covariance matrices, by eigenvalues in float64."""

from __future__ import annotations

import torch
from torch import Tensor

#: Eigenvalues below this share of the largest are noise of rounding, or of fewer positions than channels.
NOISE = 1e-5


def whitening(covariance: Tensor) -> Tensor:
    """``Σ^(-1/2)`` of covariances ``(N, C, C)`` float64, in float32; nothing of directions that are noise."""
    return _power(covariance, -0.5)


def colouring(covariance: Tensor) -> Tensor:
    """``Σ^(1/2)`` of covariances ``(N, C, C)`` float64, in float32."""
    return _power(covariance, 0.5)


def _power(covariance: Tensor, exponent: float) -> Tensor:
    values, vectors = torch.linalg.eigh(covariance.double())
    # A picture of one colour has no direction at all.
    least = (NOISE * values[:, -1:]).clamp_min(1e-10)
    scales = torch.where(values > least, values.clamp_min(1e-10) ** exponent, 0.0)
    return ((vectors * scales[:, None, :]) @ vectors.transpose(1, 2)).float()
