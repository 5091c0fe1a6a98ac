"""The pixel target of the first stage: the content with its colours moved to the style's."""

from __future__ import annotations

import torch
from torch import Tensor


def monge_kantorovich(content: Tensor, style: Tensor) -> Tensor:
    """Linear Monge-Kantorovich colour transfer (Pitié and Kokaram, 2007), image by image.

    The linear map of least movement that gives the content's pixels the style's mean and covariance.

    Args:
        content, style: ``(N, 3, H, W)`` in 0..1.

    Returns:
        ``(N, 3, H, W)``, clamped to 0..1.
    """
    n, _, height, width = content.shape
    x, y = content.flatten(2), style.flatten(2)
    mean_x, mean_y = x.mean(2, keepdim=True), y.mean(2, keepdim=True)
    covariance_x, covariance_y = _covariance(x - mean_x), _covariance(y - mean_y)
    root = _power(covariance_x, 0.5)
    inverse = _power(covariance_x, -0.5)
    transform = inverse @ _power(root @ covariance_y @ root, 0.5) @ inverse
    moved = transform.to(x.dtype) @ (x - mean_x) + mean_y
    return moved.view(n, 3, height, width).clamp(0.0, 1.0)


def _covariance(centred: Tensor) -> Tensor:
    product = centred @ centred.transpose(1, 2) / centred.shape[2]
    # A flat image has no covariance to invert; 1e-4 is a deviation of 2.5 levels of 255.
    return product.double() + 1e-4 * torch.eye(3, dtype=torch.float64, device=centred.device)


def _power(matrix: Tensor, exponent: float) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    return vectors @ torch.diag_embed(values.clamp_min(1e-8) ** exponent) @ vectors.transpose(1, 2)
