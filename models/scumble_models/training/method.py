"""How an engine is trained, as far as engines differ: first weights, parts that learn, what is compared."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Generic, TypeVar

from safetensors.torch import load_file
from torch import Tensor, nn

from scumble_models.errors import ModelError, TrainingError
from scumble_models.folders import engine_folder
from scumble_models.network import StyleNetwork
from scumble_models.signals import StyleSignals
from scumble_models.training.bank import Batch
from scumble_models.training.judge import Judge
from scumble_models.training.recipe import Recipe
from scumble_models.training.reconstruction import reconstruction_losses
from scumble_models.vgg.encoder import VGG16

Network = TypeVar("Network", bound=StyleNetwork)


class TrainingMethod(ABC, Generic[Network]):
    """What an engine's ``training.py`` says, in a class ``Training``.

    Attributes:
        recipe: everything that, with the data, decides the weights.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe

    @abstractmethod
    def initial(self, loss_network: VGG16) -> Network:
        """A new network with weights from which training is stable.

        Args:
            loss_network: what the losses are measured with, which may become a part that does not learn.
        """

    @abstractmethod
    def parts(self, network: Network) -> Iterator[tuple[nn.Module, float]]:
        """The parts that learn, each with the factor on its learning rate."""

    def start(self, folder: Path, loss_network: VGG16) -> Network:
        """The network with the weights it starts from: :meth:`initial`, or those that the recipe names.

        Args:
            folder: what ``init`` in the recipe is relative to.

        Raises:
            TrainingError: a missing ``init``.
        """
        network = self.initial(loss_network)
        if self.recipe.init:
            path = folder / self.recipe.init
            if not path.is_file():
                raise TrainingError(
                    "The recipe starts from {start}, which is not there.", start=self.recipe.init
                )
            try:
                self.load(network, load_file(path))
            except (RuntimeError, KeyError) as error:
                raise TrainingError(
                    "The recipe starts from {start}, whose weights do not fit.", start=self.recipe.init
                ) from error
        return network

    def load(self, network: Network, state: Mapping[str, Tensor]) -> None:
        """Take the weights that the recipe starts from.

        Raises:
            RuntimeError, KeyError: they do not fit.
        """
        network.load_state_dict(dict(state))

    def kept(self, state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """What of the trained state is the network's weights; all but what only a training needs."""
        return state

    def styles(self, network: Network, batch: Batch) -> StyleSignals:
        """The batch's styles as the network takes them."""
        return network.encode_style(batch.style)

    def ablated(self, signals: StyleSignals) -> StyleSignals:
        """The signals less what the recipe leaves out; not in a phase whose target are pixels."""
        return signals

    def result(
        self, network: Network, batch: Batch, signals: StyleSignals
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The result, and the activations by layer that the content loss compares its own with."""
        return network(batch.content, signals).float(), {"conv4_1": batch.content_features}

    def decoder(self, network: Network, level: str) -> nn.Module:
        """What gives pictures back from a level of VGG, for phases of reconstruction.

        Raises:
            TrainingError: this network has nothing of the kind.
        """
        raise TrainingError(
            "{architecture} is not trained by reconstruction from {level}.",
            architecture=network.architecture,
            level=level,
        )

    def reconstruction(self, network: Network, judge: Judge, batch: Batch, level: str) -> dict[str, Tensor]:
        """The losses of a phase of reconstruction from a level of VGG, each an unweighted scalar."""
        return reconstruction_losses(self.decoder(network, level), judge, batch, level, self.recipe.autocast)

    def further_losses(
        self, network: Network, batch: Batch, signals: StyleSignals, activations: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Losses of this engine alone, each an unweighted scalar by its name in the recipe.

        Args:
            activations: of the result, by layer.
        """
        del network, batch, signals, activations
        return {}


def training_method(recipe: Recipe) -> TrainingMethod:
    """How the network of a recipe is trained.

    Raises:
        TrainingError: there is no such network, or no training for it.
    """
    try:
        module = engine_folder(recipe.architecture).part("training")
    except ModelError:
        module = None
    if module is None:
        raise TrainingError(
            "There is no training for the architecture {architecture}.",
            architecture=repr(recipe.architecture),
        )
    return module.Training(recipe)
