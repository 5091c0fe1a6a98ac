"""Style alignment encoding: what of the painting belongs to each point of the picture (section 3.1)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scumble_models.vgg.tokens import columns, rows

#: Sharpness at which training begins (α of Eq. 1).
SHARPNESS = 25.0


class Alignment(nn.Module):
    """Content-style alignment attention with content-based gating (Eq. 1 to 5).

    Eq. 3 averages the rows of a softmax, which is one over the number of points; Eq. 4 as printed then
    compares ``A`` with a multiple of itself, so that a whole row passes or none of it. The reading
    here: the threshold of a row is ``λ / T + β``, both from the content, and the best point always passes.
    What passes is brought to a sum of 1 again, or dim features would follow from a strict gate.

    Args:
        channels: of the features.
        gating: False leaves the gate out (for the ablation).
    """

    def __init__(self, channels: int, gating: bool = True) -> None:
        super().__init__()
        self.gating = gating
        self.sharpness = nn.Parameter(torch.tensor(SHARPNESS))
        self.gate = nn.Sequential(nn.Conv2d(channels, 64, 1), nn.ReLU(), nn.Conv2d(64, 2, 1))

    def forward(self, content: Tensor, style: Tensor) -> Tensor:
        """The painting's features arranged like the picture's: ``(N, C, H, W)``.

        Args:
            content: ``(N, C, H, W)``.
            style: points of the painting ``(N, T, C)``, or of one for all.
        """
        queries = F.normalize(rows(content), dim=2)
        keys = F.normalize(style, dim=2).transpose(1, 2)
        attention = torch.softmax(self.sharpness * (queries @ keys), 2)
        if self.gating:
            attention = self._gated(attention, self.gate(content))
        return columns(attention @ style, *content.shape[2:])

    def _gated(self, attention: Tensor, from_content: Tensor) -> Tensor:
        scale, offset = rows(from_content).split(1, 2)
        mean = 1.0 / attention.shape[2]
        threshold = (1.0 + scale) * mean + offset * mean
        threshold = torch.minimum(threshold, 0.999 * attention.amax(2, keepdim=True))
        passed = (attention > threshold).to(attention.dtype)
        if self.training:
            # A step has no slope: that of a sigmoid of the same place stands in for it.
            soft = torch.sigmoid((attention - threshold) * (4.0 * attention.shape[2]))
            passed = passed + soft - soft.detach()
        attention = attention * passed
        return attention / attention.sum(2, keepdim=True).clamp_min(1e-8)
