"""Files of this package: made in folders that need not be there yet, by the one writer of Scumble."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors.torch import save as save_safetensors
from torch import Tensor

from scumble.files import write_whole


def write_atomically(data: bytes, target: Path) -> None:
    """Write ``data`` to ``target``, creating its folder. Raises OSError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(target, data)


def save_atomically(tensors: dict[str, Tensor], target: Path, **metadata: str) -> None:
    """Write tensors as safetensors, with what is to be said of them, to ``target``. Raises OSError."""
    write_atomically(save_safetensors(tensors, metadata), target)


def save_picture(picture: Image.Image, target: Path, **options: Any) -> None:
    """Write a picture in the format that the name asks for. Raises OSError."""
    buffer = io.BytesIO()
    picture.save(buffer, Image.registered_extensions()[target.suffix.lower()], **options)
    write_atomically(buffer.getvalue(), target)


def save_state(state: dict[str, Any], target: Path) -> None:
    """Write what ``torch.load`` reads to ``target``. Raises OSError."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    write_atomically(buffer.getvalue(), target)
