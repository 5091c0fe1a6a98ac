"""Clips: frames in, frames out, steady; and video files."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from daemon_process import noise
from PIL import Image

from scumble import to_array
from scumble_daemon import cli
from scumble_daemon.video.reading import frames_of, probe

FRAMES = 4
CASES = Path(__file__).parents[1] / "cases"


def clip(height: int = 170, width: int = 160) -> list[np.ndarray]:
    """A still scene in which a bright square moves along the top."""
    scene = noise(height, width)
    moving = [scene.copy() for _ in range(FRAMES)]
    for index, frame in enumerate(moving):
        frame[2:30, 5 + 30 * index : 33 + 30 * index] = (250, 240, 60)
    return moving


def flicker(folder: str, top: int = 140) -> float:
    """Mean absolute difference, of 255, of successive frames where nothing moves: below `top`."""
    paths = sorted(Path(folder).iterdir(), key=lambda path: int(path.stem.strip("frame-")))
    assert len(paths) == FRAMES
    still = [np.asarray(Image.open(path)).astype(float)[top:] for path in paths]
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


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("engine", ["adain", "linearwct", "wct", "adaattn", "stylekernel", "photo"])
def test_what_does_not_move_does_not_flicker_whatever_the_engine(engine):
    for index, frame in enumerate(clip(height=360, width=140)):  # its reach is within the 200 rows between
        Image.fromarray(frame).save(f"in/{8 + index}.png")
    assert video("in", "--style", "irises", "--engine", engine, "-o", "steady") == 0
    assert flicker("steady", top=250) == 0


@pytest.mark.usefixtures("folder")
def test_a_video_becomes_a_video_of_the_same_length_and_speed():
    assert video("in", "--style", "irises", "--fps", "30000/1001", "-o", "made.mp4") == 0
    assert video("made.mp4", "--style", "irises", "-o", "again.mkv", "--weight", "0.5") == 0
    assert video("made.mp4", "--style", "irises", "-o", "out/") == 0
    for name in ("made.mp4", "again.mkv"):
        info = probe(Path(name))
        assert info.rate == Fraction(30000, 1001)
        assert len(list(frames_of(Path(name)))) == FRAMES
    assert sorted(path.name for path in Path("out").iterdir())[0] == "frame-000001.png"
    assert not list(Path().glob(".*part*"))


@pytest.mark.usefixtures("folder")
def test_each_frame_of_a_video_is_stylized_at_its_own_time(capsys):
    assert (
        video(str(CASES / "flash.mp4"), "--style", "irises", "--weight", "0", "-o", "out.mkv", "--json") == 0
    )
    assert json.loads(capsys.readouterr().out)["frames"] == 10
    before, after = (list(frames_of(path)) for path in (CASES / "flash.mp4", Path("out.mkv")))
    assert [float(f.time) for f in after] == pytest.approx([float(f.time) for f in before], abs=0.001)
    assert max(to_array(frame.pixels).mean() for frame in after) > 200  # the only white one
    assert video(str(CASES / "al.mov"), "--style", "irises", "-o", "out.mp4") == 0
    assert capsys.readouterr().err == "Note: out.mp4 cannot be transparent: the frames were laid on white.\n"
    assert video(str(CASES / "hdr.mp4"), "--style", "irises", "-o", "hdr.mp4") == 1
    assert "is HDR (PQ)" in capsys.readouterr().err
    assert not Path("hdr.mp4").exists()


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
    assert "not a video" in says(capsys, 1, "clip.mp4", "-o", "out")
    assert "no file none.mp4" in says(capsys, 1, "none.mp4", "-o", "out")
    monkeypatch.setitem(sys.modules, "av", None)
    assert "pip install av" in says(capsys, 1, "clip.mp4", "-o", "out")
    assert "pip install av" in says(capsys, 1, "in", "-o", "out.mp4")
    assert not Path("out").exists()


def ended_after(frames: int, *arguments: str) -> None:
    """Run the command in a process of its own and kill it once so many frames are painted."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from scumble_daemon.cli import main; main()", "video", *arguments]
    )
    deadline = time.monotonic() + 120
    while len(list(Path().glob("*.frames/*.frame"))) < frames and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert process.poll() is None, "it was ready before it could be killed"
    process.kill()
    process.wait()


@pytest.mark.usefixtures("folder")
def test_a_video_that_was_killed_goes_on_where_it_was(capsys):
    for path in Path("in").iterdir():
        path.unlink()
    for index in range(34):  # with alpha, which Matroska keeps without loss
        scene = Image.fromarray(np.roll(clip()[0], 5 * index, axis=1))
        scene.putalpha(200)
        scene.save(f"in/{100 + index}.png")
    command = ("in", "--style", "irises", "--resume", "-o")
    ended_after(3, *command, "out.mkv")
    assert not Path("out.mkv").exists()
    assert video(*command, "out.mkv", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["frames"] == 34
    assert 3 <= told["earlier"] < 34
    assert not Path("out.mkv.frames").exists()
    assert video(*command, "unbroken.mkv", "--json") == 0
    assert json.loads(capsys.readouterr().out)["earlier"] == 0
    broken, unbroken = (
        [to_array(frame.pixels) for frame in frames_of(Path(name))] for name in ("out.mkv", "unbroken.mkv")
    )
    assert all(np.array_equal(one, other) for one, other in zip(broken, unbroken, strict=True))


@pytest.mark.usefixtures("folder")
def test_frames_in_a_folder_are_painted_again_only_where_something_changed(capsys):
    def run(*more: str) -> int:
        assert video("in", "--style", "irises", "-o", "out", "--resume", "--json", *more) == 0
        return json.loads(capsys.readouterr().out)["earlier"]

    assert run("--references", "0") == 0
    assert run("--references", "0") == FRAMES
    Path("out/9.png").unlink()
    Path("out/10.png").write_bytes(b"cut short")
    Image.fromarray(clip()[0] // 2).save("in/8.png")
    assert run("--references", "0") == FRAMES - 3
    assert run("--references", "0", "--weight", "0.4") == 0
    assert run("--references", "2", "--weight", "0.4") == 0


@pytest.mark.usefixtures("folder")
def test_what_lies_where_frames_would_be_kept_is_not_touched(capsys):
    Path("out.mp4.frames").mkdir()
    Path("out.mp4.frames/diary.txt").write_text("mine")
    assert "out.mp4.frames is in the way" in says(capsys, 1, "in", "-o", "out.mp4", "--resume")
    assert Path("out.mp4.frames/diary.txt").read_text() == "mine"
    Path("damaged.mkv.frames").mkdir()
    Path("damaged.mkv.frames/8.png.frame").write_bytes(b"no frame")
    assert video("in", "--style", "irises", "-o", "damaged.mkv", "--resume") == 0
