"""One step's objective: the network's results on a batch, and every loss the recipe asks for."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from scumble_models.colour import colour_map
from scumble_models.grid import grid_energy
from scumble_models.network import StyleNetwork
from scumble_models.signals import StyleSignals
from scumble_models.ssim import ssim
from scumble_models.training.bank import Batch
from scumble_models.training.judge import Judge
from scumble_models.training.losses import (
    content_loss,
    contrastive_loss,
    gram_loss,
    gram_matrices,
    palette_loss,
    stroke_perceptual_loss,
    style_loss_each,
    style_statistics,
)
from scumble_models.training.method import TrainingMethod
from scumble_models.training.recipe import LossWeights
from scumble_models.vgg.encoder import STYLE_LAYERS


def perceptual_losses(
    network: StyleNetwork,
    method: TrainingMethod,
    judge: Judge,
    batch: Batch,
    weights: LossWeights,
) -> dict[str, Tensor]:
    """The paper's losses (and the optional ones with a weight above 0), each an unweighted scalar."""
    signals = method.ablated(method.styles(network, batch))
    result, targets = method.result(network, batch, signals)
    layers = STYLE_LAYERS if weights.style or weights.gram else tuple(targets)
    activations = judge(result, layers)
    compared = [content_loss(activations[name], target) for name, target in targets.items()]
    losses = {"content": torch.stack(compared).sum()}
    if weights.style:
        statistics = style_statistics(activations)
        losses["style"] = style_loss_each(statistics, batch.style_statistics).mean()
    if weights.gram:
        losses["gram"] = gram_loss(gram_matrices(activations), batch.style_grams)
    if weights.contrastive:
        of_result = method.ablated(network.encode_style(result))
        losses["contrastive"] = contrastive_loss(of_result, signals)
    if weights.stroke:
        with torch.no_grad():
            enlarged = judge(_enlarged_strokes(network, batch.content, signals), layers)
        losses["stroke"] = stroke_perceptual_loss(activations, enlarged)
    losses |= method.further_losses(network, batch, signals, activations)
    if weights.structure:
        losses["structure"] = 1.0 - ssim(result, batch.content).mean()
    if weights.grid:
        losses["grid"] = _grid_on_smooth(network, batch.content, signals)
    if weights.palette:
        losses["palette"] = palette_loss(result, batch.style)
    if weights.out_of_range:
        losses["out_of_range"] = (result - result.clamp(0.0, 1.0)).square().mean()
    return losses


def pixel_losses(network: StyleNetwork, method: TrainingMethod, batch: Batch) -> dict[str, Tensor]:
    """The first stage: L1 and gradient distance to the content with its colours moved to the style's."""
    target = colour_map(batch.content, batch.style)(batch.content).clamp(0.0, 1.0)
    result, _targets = method.result(network, batch, method.styles(network, batch))
    gradient = sum(F.l1_loss(result.diff(dim=axis), target.diff(dim=axis)) for axis in (2, 3))
    return {"pixel": F.l1_loss(result, target), "gradient": torch.as_tensor(gradient)}


def _grid_on_smooth(network: StyleNetwork, content: Tensor, signals: StyleSignals) -> Tensor:
    """Grid energy of results on contents without detail, where a network can only repeat its lattice.

    It gets batches of its own, which no style loss sees: that loss asks for texture where there is
    nothing to make it from, and the lattice is then the only answer.
    """
    coarse = F.adaptive_avg_pool2d(content, 4)
    ramp = F.interpolate(coarse, content.shape[2:], mode="bicubic", align_corners=False).clamp(0, 1)
    flat = coarse.mean((2, 3), keepdim=True).expand_as(ramp)
    step = torch.arange(len(content), device=content.device) % 2
    return grid_energy(network(torch.where(step.view(-1, 1, 1, 1) == 0, ramp, flat), signals).float()).mean()


def _enlarged_strokes(network: StyleNetwork, content: Tensor, signals: StyleSignals) -> Tensor:
    """URST's Eq. 3: the result on the content at half its size, enlarged to the full one."""
    half = F.interpolate(content, scale_factor=0.5, mode="bilinear", antialias=True)
    small = network(half, signals)
    return F.interpolate(small, content.shape[2:], mode="bilinear").float()
