"""Files that are whole or not there: written beside their place, then moved."""

from __future__ import annotations

import os
from pathlib import Path

from safetensors.torch import save as save_safetensors
from torch import Tensor


def write_atomically(data: bytes, target: Path) -> None:
    """Write ``data`` to ``target``, creating its folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def save_atomically(tensors: dict[str, Tensor], target: Path) -> None:
    """Write tensors as safetensors to ``target``."""
    write_atomically(save_safetensors(tensors), target)
