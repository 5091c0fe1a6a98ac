"""Where networks run."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import nn

from scumble_models.errors import DeviceError

Network = TypeVar("Network", bound=nn.Module)
#: The last one is all that oneDNN says when there is no memory for a convolution's code or buffers.
_SIGNS = ("not enough memory", "out of memory", "can't allocate memory", "could not create a primitive")


def choose_device(name: torch.device | str) -> torch.device:
    """The device of a name: ``auto`` (a CUDA device when there is one), ``cpu``, or ``cuda``.

    Raises:
        DeviceError: there is no such device here.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise DeviceError(
            "There is no device {device}.", hint="Use auto, cpu or cuda.", device=repr(name)
        ) from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise DeviceError("There is no CUDA device here.", hint="Use --device cpu or auto.")
    return device


def channels_last(network: Network, device: torch.device) -> Network:
    """Move a network to a device, its weights laid out channels last (a third faster on a CPU)."""
    network.to(device)
    for parameter in network.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return network


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of torch or NumPy says that memory did not suffice."""
    if isinstance(error, (MemoryError, torch.cuda.OutOfMemoryError)):
        return True
    text = str(error).lower()
    return any(t in text for t in _SIGNS)
