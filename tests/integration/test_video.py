"""Clips: frames in, frames out, steady; and video files where ffmpeg is installed."""

from __future__ import annotations

import itertools
import json
import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from daemon_process import noise
from PIL import Image

from scumble import Extent, PixelFormat, Pixels, ScumbleError, to_array
from scumble_daemon import cli
from scumble_daemon.video.ffmpeg import VideoWriter, frame_at, frames_of, probe

FRAMES = 4
with_ffmpeg = pytest.mark.skipif(
    not (shutil.which("ffmpeg") and shutil.which("ffprobe")), reason="ffmpeg is not installed"
)


def clip(height: int = 170, width: int = 160) -> list[np.ndarray]:
    """A still scene in which a bright square moves along the top."""
    scene = noise(height, width)
    moving = [scene.copy() for _ in range(FRAMES)]
    for index, frame in enumerate(moving):
        frame[2:30, 5 + 30 * index : 33 + 30 * index] = (250, 240, 60)
    return moving


def flicker(folder: str) -> float:
    """Mean absolute difference, of 255, of successive frames where nothing moves."""
    paths = sorted(Path(folder).iterdir(), key=lambda path: int(path.stem.strip("frame-")))
    assert len(paths) == FRAMES
    still = [np.asarray(Image.open(path)).astype(float)[140:] for path in paths]
    return float(np.mean([np.abs(b - a).mean() for a, b in itertools.pairwise(still)]))


@pytest.fixture
def folder(tmp_path, monkeypatch, shared_place) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    for index, frame in enumerate(clip()):
        Image.fromarray(frame).save(f"in/{8 + index}.png")  # 8, 9, 10, 11: not in the order of letters
    return tmp_path


def video(*arguments: str) -> int:
    return cli.run(["video", *arguments])


@pytest.mark.usefixtures("folder")
def test_frames_of_a_folder_come_back_under_their_names_and_steady(capsys):
    assert video("in", "--style", "irises", "-o", "steady", "--json") == 0
    assert json.loads(capsys.readouterr().out)["frames"] == FRAMES
    assert video("in", "--style", "irises", "-o", "alone", "--references", "0") == 0
    assert {path.name for path in Path("steady").iterdir()} == {f"{n}.png" for n in (8, 9, 10, 11)}
    assert flicker("alone") > 0.2
    assert flicker("steady") == 0


@with_ffmpeg
@pytest.mark.usefixtures("folder")
def test_a_video_becomes_a_video_of_the_same_length_and_speed():
    assert video("in", "--style", "irises", "--fps", "30000/1001", "-o", "made.mp4") == 0
    assert video("made.mp4", "--style", "irises", "-o", "again.mkv", "--weight", "0.5") == 0
    assert video("made.mp4", "--style", "irises", "-o", "out/") == 0
    for name in ("made.mp4", "again.mkv"):
        info = probe(Path(name))
        assert info.rate == Fraction(30000, 1001)
        assert len(list(frames_of(Path(name), info.rate))) == FRAMES
    assert sorted(path.name for path in Path("out").iterdir())[0] == "frame-000001.png"
    assert not list(Path().glob(".*part*"))


@with_ffmpeg
@pytest.mark.parametrize("size", [(48, 64), (47, 63)])
def test_what_is_written_to_a_video_is_read_from_it(tmp_path, size):
    height, width = size
    y, x = np.mgrid[0:height, 0:width]
    ramp = np.stack([x * 3, y * 4, np.full_like(x, 90)], -1).astype(np.uint8)
    pixels = Pixels(Extent(width, height), PixelFormat("u8", "RGB"), ramp.tobytes())
    path = tmp_path / "a:b.mp4"
    with VideoWriter(path, Fraction(25)) as writer:
        for _ in range(3):
            writer.write(pixels)
    frames = list(frames_of(path, Fraction(25)))
    assert len(frames) == 3
    found = to_array(frames[1])[:height, :width].astype(int)
    assert np.abs(found - ramp).mean() < 4  # what halved chroma and the codec lose
    assert frame_at(path, 0.05) is not None
    assert frame_at(path, 99.0) is None


@with_ffmpeg
def test_frames_of_two_sizes_do_not_fit_into_a_video_and_leave_no_file(tmp_path):
    frames = [
        Pixels(Extent(size, size), PixelFormat("u8", "RGB"), bytes(3 * size * size)) for size in (16, 18)
    ]

    def write() -> None:
        with VideoWriter(tmp_path / "a.mp4", Fraction(25)) as writer:
            for frame in frames:
                writer.write(frame)

    with pytest.raises(ScumbleError) as caught:
        write()
    assert caught.value.code == "bad-frame"
    assert list(tmp_path.iterdir()) == []


def says(capsys, code: int, *arguments: str) -> str:
    assert video(*arguments, "--style", "irises") == code
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    return err


@pytest.mark.usefixtures("folder")
def test_what_is_wrong_is_one_sentence(capsys, monkeypatch):
    Path("empty").mkdir()
    assert "no picture" in says(capsys, 1, "empty", "-o", "out")
    assert "not overwritten" in says(capsys, 2, "in", "-o", "in")
    assert "no video that Scumble writes" in says(capsys, 2, "in", "-o", "out.doc")
    assert "--fps" in says(capsys, 2, "in", "-o", "out", "--fps", "0")
    Path("clip.mp4").write_text("no video")
    if shutil.which("ffprobe"):
        assert "not a video" in says(capsys, 1, "clip.mp4", "-o", "out")
        assert "no file none.mp4" in says(capsys, 1, "none.mp4", "-o", "out")
    monkeypatch.setenv("PATH", "")
    assert "ffprobe is not installed. Install ffmpeg" in says(capsys, 1, "clip.mp4", "-o", "out")
    assert "ffmpeg is not installed" in says(capsys, 1, "in", "-o", "out.mp4")
    assert not Path("out").exists()
