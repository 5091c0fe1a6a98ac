"""Frames of a clip through the daemon: what does not move does not flicker."""

from __future__ import annotations

import itertools

import numpy as np
from daemon_process import noise

from scumble import Client, to_array


def clip(frames: int = 4) -> list[np.ndarray]:
    """A still scene in which a bright square moves along the top."""
    scene = noise(170, 160)
    moving = [scene.copy() for _ in range(frames)]
    for index, frame in enumerate(moving):
        frame[2:30, 5 + 30 * index : 33 + 30 * index] = (250, 240, 60)
    return moving


def flicker(frames: list[np.ndarray]) -> float:
    """Mean absolute difference, of 255, of successive frames where nothing moves."""
    still = [frame[140:].astype(float) for frame in frames]
    return float(np.mean([np.abs(b - a).mean() for a, b in itertools.pairwise(still)]))


def test_with_references_frames_are_steady_and_the_references_are_looked_at_once(client: Client):
    frames = clip()
    alone = [to_array(client.stylize(frame, "irises", weight=0.9)) for frame in frames]
    together = [
        to_array(client.stylize(frame, "irises", weight=0.9, references=frames[::2])) for frame in frames
    ]
    assert flicker(alone) > 0.2
    assert flicker(together) == 0
    # Another order of the same jobs: what is kept is what would be computed.
    again = to_array(client.stylize(frames[0], "irises", weight=0.9, references=frames[::2]))
    np.testing.assert_array_equal(again, together[0])


def test_references_depend_on_weight_style_and_pictures(client: Client):
    frame, other = noise(60, 80), noise(60, 80, seed=7)[::-1] // 2

    def result(style: str = "irises", weight: float = 1.0, reference: np.ndarray = frame) -> np.ndarray:
        return to_array(client.stylize(frame, style, weight, references=[reference])).astype(int)

    np.testing.assert_allclose(result(), to_array(client.stylize(frame, "irises")).astype(int), atol=1)
    np.testing.assert_allclose(
        result(weight=0.5), to_array(client.stylize(frame, "irises", 0.5)).astype(int), atol=1
    )
    np.testing.assert_allclose(
        result(style="comic"), to_array(client.stylize(frame, "comic")).astype(int), atol=1
    )
    assert np.abs(result(reference=other) - result()).max() > 3
