"""The authors' four checkpoint files to one state dictionary."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from torch import Tensor

from scumble_models.errors import WeightsError

PARTS = ("content_encoder", "style_encoder", "modulator", "decoder")
#: The four files together are 2 MB.
MAX_BYTES = 64 << 20


def read_authors_checkpoint(folder: Path) -> dict[str, Tensor]:
    """Read ``PART_iter_N.pth.tar`` for each of the four parts; of several ``N`` the largest.

    The files are pickles and are read with ``weights_only=True``: tensors, no code.

    Raises:
        WeightsError: a part is missing, damaged, or asks for more than tensors.
    """
    state: dict[str, Tensor] = {}
    for part in PARTS:
        for key, value in _read_part(_newest(folder, part)).items():
            state[f"{part}.{key}"] = value.float().contiguous()
    return state


def _newest(folder: Path, part: str) -> Path:
    numbered = [
        (int(match[1]), path)
        for path in folder.glob(f"{part}_iter_*.pth*")
        if (match := re.search(r"_iter_(\d+)\.pth", path.name))
    ]
    if not numbered:
        raise WeightsError(
            "{folder} holds no file {part}_iter_N.pth.tar.",
            hint="Name the folder with the four checkpoint files of the authors' repository.",
            folder=folder.name,
            part=part,
        )
    return max(numbered)[1]


def _read_part(path: Path) -> dict[str, Tensor]:
    if path.stat().st_size > MAX_BYTES:
        raise WeightsError("{file} is too large to be a MicroAST checkpoint.", file=path.name)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # unpicklers and zip readers raise nearly anything for damaged files
        raise WeightsError(
            "{file} is damaged or asks for more than tensors, so it was not read.", file=path.name
        ) from error
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise WeightsError("{file} does not hold a dictionary of tensors.", file=path.name)
    return state
