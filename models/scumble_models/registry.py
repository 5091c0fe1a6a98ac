"""Which models there are, built in and imported, and how one is loaded."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
from dataclasses import asdict
from pathlib import Path

import torch
from platformdirs import user_data_path
from safetensors import SafetensorError, safe_open
from safetensors.torch import load as load_safetensors
from torch import Tensor

from scumble_models.devices import channels_last, choose_device
from scumble_models.engine import Traits
from scumble_models.errors import UnknownModelError, WeightsError
from scumble_models.files import save_atomically, write_atomically
from scumble_models.folders import EngineFolder, engine_folder, engine_folders
from scumble_models.model import ModelInfo, StyleModel
from scumble_models.network import StyleNetwork

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
#: What the file beside an imported model's weights says of it.
IMPORTED_FIELDS = ("name", "architecture", "title", "sha256", "licence")
#: Far above any model here; a larger file is not read.
MAX_BYTES = 1 << 30


def models_folder() -> Path:
    """Where imported models lie: ``models`` in the user's data directory, or in ``SCUMBLE_DATA_DIR``."""
    override = os.environ.get("SCUMBLE_DATA_DIR")
    return (Path(override) if override else user_data_path("scumble")) / "models"


def list_models() -> list[ModelInfo]:
    """All models, the built-in ones first."""
    folders = engine_folders()
    found = [_builtin(folder, name) for folder in folders.values() for name in folder.rows]
    names = {info.name for info in found}
    for path in sorted(models_folder().glob("*.json")):
        info = _read_imported(path, folders)
        if info is not None and info.name not in names:
            found.append(info)
    return found


def user_model(architecture: str, path: Path, sha256: str, title: str, licence: str) -> ModelInfo:
    """The row of a model of the user's own, named as its file."""
    folders = engine_folders()
    traits = folders[architecture].traits if architecture in folders else Traits()
    return ModelInfo(path.stem, architecture, title, path, sha256, licence, builtin=False, traits=traits)


def keep_row(info: ModelInfo) -> None:
    """Write the row of a model of the user's own beside its file: it is listed from then on."""
    row = {key: value for key, value in asdict(info).items() if key in IMPORTED_FIELDS}
    write_atomically(json.dumps(row, indent=1).encode(), info.path.with_suffix(".json"))


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
    state = _read_checked(user_model("", path, digest, path.name, ""))
    with safe_open(path, framework="pt") as file:
        said = (file.metadata() or {}).get("architecture", "")
    info = user_model(detect_architecture(state, said), path, digest, path.name, "")
    cpu = torch.device("cpu")
    return StyleModel(info, channels_last(build_network(info.architecture, state), cpu), cpu)


def detect_architecture(state: dict[str, Tensor], said: str = "") -> str:
    """The architecture whose layer names are those of ``state``; the first one when none fits.

    Args:
        said: by the file itself: it decides between networks with the same layers.
    """
    folders = engine_folders()
    for name, folder in sorted(folders.items(), key=lambda item: item[0] != said):
        with torch.device("meta"):  # names only: no memory, no random numbers
            names = folder.build().state_dict().keys()
        if names == state.keys():
            return name
    return next(iter(folders))


def build_network(architecture: str, state: dict[str, Tensor]) -> StyleNetwork:
    """A network in evaluation mode with the given weights.

    Raises:
        WeightsError: the architecture is unknown or the weights do not fit it.
    """
    network = engine_folder(architecture).build()
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsError(
            "These weights are not of the architecture {architecture}.", architecture=architecture
        ) from error
    return network.eval().requires_grad_(False)


def import_checkpoint(architecture: str, directory: Path, name: str) -> ModelInfo:
    """Convert a foreign checkpoint to safetensors in the user's data directory.

    Raises:
        WeightsError: a bad name, a name that is built in, or files that cannot be read or do not fit.
    """
    if not NAME.fullmatch(name):
        raise WeightsError(
            "{model} cannot name a model.",
            hint="Use lower-case letters, digits, dots and dashes.",
            model=repr(name),
        )
    if any(info.builtin and info.name == name for info in list_models()):
        raise WeightsError("{model} is built in.", hint="Choose another name with --name.", model=name)
    folder = engine_folder(architecture)
    if not directory.is_dir():
        raise WeightsError("{folder} is not a folder.", folder=directory)
    importing = folder.part("importing")
    if importing is None:
        raise WeightsError(
            "Foreign checkpoints of {architecture} cannot be imported.", architecture=architecture
        )
    state = importing.read_authors_checkpoint(directory)
    build_network(architecture, state)
    path = models_folder() / f"{name}.safetensors"
    save_atomically(state, path, architecture=architecture)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    title = f"{architecture} imported from {directory.resolve().name}"
    info = user_model(architecture, path, digest, title, "see where it came from")
    keep_row(info)
    return info


def way_on(device: torch.device) -> str:
    """One phrase for people: how a device of this machine computes the first engine."""
    first = list_models()[0].name
    try:
        return load_model(first, device).choice.phrase
    except WeightsError:
        return f"not tried, because the weights of {first} cannot be read"


def verify(name: str) -> None:
    """Check a model's file against its sha256 and its architecture.

    Raises:
        UnknownModelError: there is none of that name.
        WeightsError: what is wrong.
    """
    info = find_model(name)
    build_network(info.architecture, _read_checked(info))


def _builtin(folder: EngineFolder, name: str) -> ModelInfo:
    row = folder.rows[name]
    return ModelInfo(
        name=name,
        architecture=folder.name,
        title=row["title"],
        path=folder.path / row["file"],
        sha256=row["sha256"],
        licence=row["licence"],
        builtin=True,
        traits=folder.traits,
        encoder=folder.path / row["encoder"] if "encoder" in row else None,
        encoder_sha256=row.get("encoder_sha256", ""),
        first_sight=folder.path / row["first_sight"] if "first_sight" in row else None,
    )


def _read_checked(info: ModelInfo) -> dict[str, Tensor]:
    state = _read_file(info, info.path, info.sha256)
    if info.encoder is not None:
        state |= _read_file(info, info.encoder, info.encoder_sha256)
    return state


def _read_file(info: ModelInfo, path: Path, sha256: str) -> dict[str, Tensor]:
    again = "Install Scumble again." if info.builtin else "Import the model again."
    try:
        if path.stat().st_size > MAX_BYTES:
            raise WeightsError(
                "The weights of {engine} are too large to be genuine.", hint=again, engine=info.name
            )
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError("The weights of {engine} cannot be read.", hint=again, engine=info.name) from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise WeightsError(
            "The weights of {engine} are damaged (wrong sha256).", hint=again, engine=info.name
        )
    try:
        return load_safetensors(data)
    except (SafetensorError, ValueError, KeyError) as error:
        raise WeightsError("The weights of {engine} are damaged.", hint=again, engine=info.name) from error


def _read_imported(path: Path, folders: dict[str, EngineFolder]) -> ModelInfo | None:
    """The row of an imported model, or None when the file is not one of ours."""
    try:
        row = json.loads(path.read_bytes())
        values = {k: str(row[k]) for k in IMPORTED_FIELDS}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if values["name"] != path.stem or not NAME.fullmatch(values["name"]):
        return None
    folder = folders.get(values["architecture"])
    return ModelInfo(
        name=values["name"],
        architecture=values["architecture"],
        title=values["title"],
        sha256=values["sha256"],
        licence=values["licence"],
        path=path.with_suffix(".safetensors"),
        builtin=False,
        traits=folder.traits if folder else Traits(),
    )
