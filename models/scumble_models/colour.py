"""Luminance, and the linear map between two palettes."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

#: Rec. 601 luma, as the usual implementations convert to gray.
LUMA = (0.299, 0.587, 0.114)


def luminance(image: Tensor) -> Tensor:
    """``(N, 3, H, W)`` to ``(N, 1, H, W)``."""
    return (image * image.new_tensor(LUMA)[None, :, None, None]).sum(1, keepdim=True)


def linear_map(source: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """The linear Monge-Kantorovich map (Pitié and Kokaram, 2007), image by image.

    Of all linear maps that give the colours of ``source`` the mean and covariance of ``target`` the one
    that moves them least.

    Args:
        source, target: ``(N, 3, H, W)`` in 0..1, of any sizes.

    Returns:
        The matrices ``(N, 3, 3)`` and what is added to their products, ``(N, 3)``.
    """
    mean, new_mean = (x.flatten(2).mean(2) for x in (source, target))
    covariance, wanted = _covariance(source), _covariance(target)
    root, inverse = _power(covariance, 0.5), _power(covariance, -0.5)
    matrix = (inverse @ _power(root @ wanted @ root, 0.5) @ inverse).to(source.dtype)
    return matrix, new_mean - (matrix @ mean[:, :, None])[:, :, 0]


def colour_map(source: Tensor, target: Tensor) -> Callable[[Tensor], Tensor]:
    """:func:`linear_map` as a function from ``(N, 3, h, w)`` to the same shape, not clamped."""
    matrix, offset = linear_map(source, target)

    def apply(image: Tensor) -> Tensor:
        return torch.einsum("nij,njhw->nihw", matrix.to(image), image) + offset.to(image)[:, :, None, None]

    return apply


def _covariance(image: Tensor) -> Tensor:
    centred = image.flatten(2) - image.flatten(2).mean(2, keepdim=True)
    product = centred @ centred.transpose(1, 2) / centred.shape[2]
    # A flat image has no covariance to invert; 1e-4 is a deviation of 2.5 levels of 255.
    return product.double() + 1e-4 * torch.eye(3, dtype=torch.float64, device=image.device)


def _power(matrix: Tensor, exponent: float) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    return vectors @ torch.diag_embed(values.clamp_min(1e-8) ** exponent) @ vectors.transpose(1, 2)
