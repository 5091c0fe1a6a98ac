"""Which models there are, built in and imported, and how one is loaded."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from platformdirs import user_data_path
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import Tensor

from scumble_models.adain import AdaIN
from scumble_models.devices import channels_last, choose_device
from scumble_models.errors import UnknownModelError, WeightsError
from scumble_models.files import save_atomically, write_atomically
from scumble_models.microast import MicroAST
from scumble_models.microast.importing import read_authors_checkpoint
from scumble_models.network import StyleNetwork

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PACKAGE = Path(__file__).parent
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
#: What the file beside an imported model's weights says of it.
IMPORTED_FIELDS = ("name", "architecture", "title", "sha256", "licence")
#: Far above any model here; a larger file is not read.
MAX_BYTES = 1 << 30


@dataclass(frozen=True)
class Architecture:
    """A network this package can build: its class, and how foreign checkpoints are read."""

    build: Callable[[], StyleNetwork]
    read_foreign: Callable[[Path], dict[str, Tensor]] | None = None


ARCHITECTURES: dict[str, Architecture] = {
    "microast": Architecture(MicroAST, read_authors_checkpoint),
    "adain": Architecture(AdaIN),
}


@dataclass(frozen=True)
class ModelInfo:
    """One row of the registry.

    Attributes:
        name: what ``--engine`` takes.
        architecture: key of :data:`ARCHITECTURES`.
        path: the safetensors file.
        sha256: of the file, in hex; checked at every load.
        builtin: shipped with Scumble, not imported by the user.
        encoder: a second file with the parts that training left as they were, such as AdaIN's VGG.
        encoder_sha256: of that file.
    """

    name: str
    architecture: str
    title: str
    path: Path
    sha256: str
    licence: str
    builtin: bool
    encoder: Path | None = None
    encoder_sha256: str = ""


@dataclass(frozen=True)
class StyleModel:
    """A loaded model: registry row, network in evaluation mode, and the device it lies on."""

    info: ModelInfo
    network: StyleNetwork
    device: torch.device


def models_folder() -> Path:
    """Where imported models lie: ``models`` in the user's data directory, or in ``SCUMBLE_DATA_DIR``."""
    override = os.environ.get("SCUMBLE_DATA_DIR")
    return (Path(override) if override else user_data_path("scumble")) / "models"


def list_models() -> list[ModelInfo]:
    """All models, the built-in ones first."""
    table = tomllib.loads((PACKAGE / "registry.toml").read_text(encoding="utf-8"))
    found = [
        ModelInfo(
            name=name,
            architecture=row["architecture"],
            title=row["title"],
            path=PACKAGE / row["file"],
            sha256=row["sha256"],
            licence=row["licence"],
            builtin=True,
            encoder=PACKAGE / row["encoder"] if "encoder" in row else None,
            encoder_sha256=row.get("encoder_sha256", ""),
        )
        for name, row in table.items()
    ]
    for path in sorted(models_folder().glob("*.json")):
        info = _read_imported(path)
        if info is not None and info.name not in table:
            found.append(info)
    return found


def find_model(name: str) -> ModelInfo:
    """The registry row of a model.

    Raises:
        UnknownModelError: with the names that are near.
    """
    models = {info.name: info for info in list_models()}
    if name not in models:
        raise UnknownModelError(name, difflib.get_close_matches(name, models, cutoff=0.4))
    return models[name]


def load_model(name: str, device: torch.device | str = "cpu") -> StyleModel:
    """Load a model onto a device; ``auto`` takes the GPU when there is one.

    Raises:
        UnknownModelError: there is none of that name.
        WeightsError: its file is missing, damaged, or does not fit.
        DeviceError: the device is not at hand.
    """
    info = find_model(name)
    place = choose_device(device)
    network = build_network(info.architecture, _read_checked(info))
    return StyleModel(info, channels_last(network, place), place)


def load_candidate(name: str) -> StyleModel:
    """A model by its name, or any weights by their ``.safetensors`` file, on the CPU.

    Raises:
        UnknownModelError, WeightsError: as :func:`load_model`.
    """
    path = Path(name)
    if path.suffix != ".safetensors":
        return load_model(name)
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    info = ModelInfo(path.stem, "", path.name, path, digest, "", builtin=False)
    state = _read_checked(info)
    network = build_network(detect_architecture(state), state)
    cpu = torch.device("cpu")
    return StyleModel(info, channels_last(network, cpu), cpu)


def detect_architecture(state: dict[str, Tensor]) -> str:
    """The architecture whose layer names are those of ``state``; the first one when none fits."""
    for name, architecture in ARCHITECTURES.items():
        if architecture.build().state_dict().keys() == state.keys():
            return name
    return next(iter(ARCHITECTURES))


def build_network(architecture: str, state: dict[str, Tensor]) -> StyleNetwork:
    """A network in evaluation mode with the given weights.

    Raises:
        WeightsError: the architecture is unknown or the weights do not fit it.
    """
    if architecture not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise WeightsError(f"There is no architecture {architecture!r}.", hint=f"Known: {known}.")
    network = ARCHITECTURES[architecture].build()
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsError(f"These weights are not of the architecture {architecture}.") from error
    return network.eval().requires_grad_(False)


def import_checkpoint(architecture: str, directory: Path, name: str) -> ModelInfo:
    """Convert a foreign checkpoint to safetensors in the user's data directory.

    Raises:
        WeightsError: a bad name, a name that is built in, or files that cannot be read or do not fit.
    """
    if not NAME.fullmatch(name):
        raise WeightsError(
            f"{name!r} cannot name a model.",
            hint="Use lower-case letters, digits, dots and dashes.",
        )
    if any(info.builtin and info.name == name for info in list_models()):
        raise WeightsError(f"{name} is built in.", hint="Choose another name with --name.")
    if architecture not in ARCHITECTURES:
        build_network(architecture, {})
    if not directory.is_dir():
        raise WeightsError(f"{directory} is not a folder.")
    read_foreign = ARCHITECTURES[architecture].read_foreign
    if read_foreign is None:
        raise WeightsError(f"Foreign checkpoints of {architecture} cannot be imported.")
    state = read_foreign(directory)
    build_network(architecture, state)
    path = models_folder() / f"{name}.safetensors"
    save_atomically(state, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    info = ModelInfo(
        name=name,
        architecture=architecture,
        title=f"{architecture} imported from {directory.resolve().name}",
        path=path,
        sha256=digest,
        licence="see where it came from",
        builtin=False,
    )
    row = {k: v for k, v in asdict(info).items() if k in IMPORTED_FIELDS}
    write_atomically(json.dumps(row, indent=1).encode(), path.with_suffix(".json"))
    return info


def verify(name: str) -> None:
    """Check a model's file against its sha256 and its architecture.

    Raises:
        UnknownModelError: there is none of that name.
        WeightsError: what is wrong.
    """
    info = find_model(name)
    build_network(info.architecture, _read_checked(info))


def _read_checked(info: ModelInfo) -> dict[str, Tensor]:
    state = _read_file(info, info.path, info.sha256)
    if info.encoder is not None:
        state |= _read_file(info, info.encoder, info.encoder_sha256)
    return state


def _read_file(info: ModelInfo, path: Path, sha256: str) -> dict[str, Tensor]:
    again = "Install Scumble again." if info.builtin else "Import the model again."
    try:
        if path.stat().st_size > MAX_BYTES:
            raise WeightsError(f"The weights of {info.name} are too large to be genuine.", hint=again)
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"The weights of {info.name} cannot be read.", hint=again) from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise WeightsError(f"The weights of {info.name} are damaged (wrong sha256).", hint=again)
    try:
        return load_safetensors(data)
    except (SafetensorError, ValueError, KeyError) as error:
        raise WeightsError(f"The weights of {info.name} are damaged.", hint=again) from error


def _read_imported(path: Path) -> ModelInfo | None:
    """The row of an imported model, or None when the file is not one of ours."""
    try:
        row = json.loads(path.read_bytes())
        values = {k: str(row[k]) for k in IMPORTED_FIELDS}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if values["name"] != path.stem or not NAME.fullmatch(values["name"]):
        return None
    return ModelInfo(
        name=values["name"],
        architecture=values["architecture"],
        title=values["title"],
        path=path.with_suffix(".safetensors"),
        sha256=values["sha256"],
        licence=values["licence"],
        builtin=False,
    )
