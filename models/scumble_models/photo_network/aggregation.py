"""Feature aggregation: what a FA layer makes of features and a style's, in three readings of Equation 1.

As printed, ``z_m = x_m + mean_j(x_m - (y_j - mu))``, the mean over j of ``y_j - mu`` is 0: what is left is
``2 x_m``, and no style. All three readings move statistics of the features to those of the style's:

- ``mean``: each channel's mean, the least that "with mean removal" can be meant to say;
- ``moments``: mean and deviation, of which :data:`GAIN` limits the second;
- ``covariance``: whitening and colouring, as PhotoWCT does with which the paper compares itself.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from scumble_models.signals import StyleSignals
from scumble_models.tiling.statistics import Gathered, Statistics, whole_statistics
from scumble_models.wct.whitening import power, times

Reading = Literal["mean", "moments", "covariance"]
#: How many times stronger or weaker a channel may become: a gray day has little contrast to be stretched.
GAIN = 3.0
#: Added to variances before whitening, and to those of the style.
RIDGE = 0.05

GATHERS: dict[Reading, Gathered] = {"mean": "moments", "moments": "moments", "covariance": "covariance"}


def style_tensors(features: Tensor, reading: Reading, name: str) -> dict[str, Tensor]:
    """What is kept of a style's features ``(N, C, H, W)`` at one FA layer."""
    statistics = whole_statistics(features, GATHERS[reading])
    tensors = {f"{name}.mean": statistics[0].flatten(1)}
    if reading == "moments":
        tensors[f"{name}.std"] = statistics[1].flatten(1)
    if reading == "covariance":
        tensors[f"{name}.colouring"] = power(statistics[1].detach(), 0.5, RIDGE)
    return tensors


def aggregated(x: Tensor, statistics: Statistics, style: StyleSignals, reading: Reading, name: str) -> Tensor:
    """Features ``(N, C, H, W)`` moved to the style's; arguments as :func:`style_tensors`.

    Args:
        statistics: of all features, as :data:`GATHERS` says.
    """
    mean, spread = statistics
    centred = x - mean.to(x.dtype)
    if reading == "moments":
        centred = centred * (style.column(f"{name}.std") / spread).clamp(1 / GAIN, GAIN).to(x.dtype)
    if reading == "covariance":
        matrix = style.tensors[f"{name}.colouring"] @ power(spread.detach(), -0.5, RIDGE)
        centred = times(matrix.to(x.dtype), centred)
    return centred + style.column(f"{name}.mean").to(x.dtype)
