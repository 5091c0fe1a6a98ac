"""Odd pictures at weight 0, from file to file through the daemon, beside a decoder that is not ours."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest
from odd_pictures import odd_pictures

from scumble_daemon import cli


def decoded(data: bytes) -> np.ndarray:
    """A PNG by FFmpeg: ``(H, W, 4)`` in 0..1; not by its scaler, which rounds."""
    with av.open(io.BytesIO(data)) as container:
        frame = next(container.decode(video=0))
        assert frame.format.name in ("rgb24", "rgba", "rgb48be", "rgba64be", "gray", "gray16be")
        array = frame.to_ndarray()
    values = array.astype(np.float64) / np.iinfo(array.dtype).max
    if values.ndim == 2:
        values = values[..., None].repeat(3, 2)
    opaque = np.ones((*values.shape[:2], 4 - values.shape[2]))
    return np.concatenate([values, opaque], 2)


@pytest.mark.parametrize("seed", [1, 2])
def test_what_a_picture_shows_is_what_comes_out(tmp_path: Path, shared_place, seed: int):
    del shared_place
    given, out = tmp_path / "in", tmp_path / "out"
    given.mkdir()
    pictures = list(odd_pictures(seed))
    for odd in pictures:
        (given / odd.name).write_bytes(odd.data)
    pattern = ["--pattern", "{name}.png", "--json"]
    command = ["batch", str(given), "--style", "irises", "--weight", "0", "-o", str(out), *pattern]
    assert cli.run(command) == 0
    wrong = {}
    for odd in pictures:
        found = decoded((out / f"{odd.name}.png").read_bytes())
        if found.shape != odd.expected.shape:
            wrong[odd.name] = f"{found.shape} for {odd.expected.shape}"
            continue
        seen = odd.expected[..., 3] > 0  # no colour is seen where nothing is
        difference = np.abs(found - odd.expected)
        furthest = max(difference[seen][..., :3].max(initial=0.0), difference[..., 3].max())
        if furthest > odd.tolerance + 1e-4:
            wrong[odd.name] = f"{furthest:.5f}"
    assert wrong == {}
