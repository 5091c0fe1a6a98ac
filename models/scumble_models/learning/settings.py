"""How a style is learned: what a user may choose, and the weights of the losses."""

from __future__ import annotations

from dataclasses import dataclass

from scumble_models.errors import TrainingError

#: Of a learning: fewer show nothing, more change nothing that can be seen.
STEPS = (1, 5000)
#: Of start, losses, grain and contents: with another number the same settings gave another style.
RECIPE = 4


@dataclass(frozen=True)
class LearnSettings:
    """What a user chooses of a learning; the same settings give the same style.

    Attributes:
        steps: steps of optimisation; 100 are about a minute on two cores.
        seed: of the order of contents and shifts.
        rate: learning rate after the warm-up.
    """

    steps: int = 100
    seed: int = 0
    rate: float = 3e-3

    def __post_init__(self) -> None:
        low, high = STEPS
        if not low <= self.steps <= high:
            raise TrainingError(
                "{steps} steps of learning are not between {least} and {most}.",
                steps=self.steps,
                least=low,
                most=high,
            )


@dataclass(frozen=True)
class LossWeights:
    """Weights of the losses, found by trying and looking (the ablation is in MicroAST's card).

    Attributes:
        gram: Gram matrices of the four layers, each relative to the style's.
        mean: mean activations of the same layers, relative to the style's.
        spread: means and standard deviations of the same layers' channels, relative to the deviations.
        content: relu3_3 of the photo, relative to its variance.
        palette: squared sliced Wasserstein distance of colours, at two sizes.
        luminance: squared difference of standardised luminances, 4 pixels to a cell: what is light stays
            lighter than what is dark, so that faces stay faces.
        structure: 1 - SSIM of the luminances at half the size: contours of the photo cost the style least
            when they are asked for as such, and not as more content.
        shift: what changes when the content moves by 1 to 3 pixels: the lattice of strides.
        grid: energy at periods 2 and 4 (see :mod:`scumble_models.grid`), above all where it is strong.
        band: how far the finer level of a cascade leaves the band that is kept of the coarser one.
        smooth: squared differences of neighbours.
        outside: squared distance of values from 0..1.
    """

    gram: float = 4.0
    mean: float = 4.0
    spread: float = 10.0
    content: float = 0.3
    palette: float = 40.0
    luminance: float = 0.3
    structure: float = 3.0
    shift: float = 6.0
    grid: float = 12000.0
    band: float = 0.1
    smooth: float = 0.2
    outside: float = 10.0
