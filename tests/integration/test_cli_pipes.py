"""Pictures through pipes, and styles that bring little: what is said, and that the results are right."""

from __future__ import annotations

import io
import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scumble import Extent, PixelFormat, Pixels, ScumbleError
from scumble_daemon import cli
from scumble_daemon.images import read_image
from scumble_daemon.images.odd_styles import visible_part

CASES = Path(__file__).parents[1] / "cases"
SCUMBLE = [sys.executable, "-c", "from scumble_daemon.cli import main; main()"]
PICTURE = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch, shared_place) -> Path:
    monkeypatch.chdir(tmp_path)
    Image.fromarray(PICTURE).save("photo.png")
    return tmp_path


def piped(*arguments: str, stdin: bytes = b"", stdout=subprocess.PIPE) -> subprocess.CompletedProcess[bytes]:
    line = [*SCUMBLE, *arguments]
    return subprocess.run(line, input=stdin, stdout=stdout, stderr=subprocess.PIPE, timeout=100, check=False)


@pytest.mark.parametrize(
    ("name", "kind"),
    [(None, "PNG"), ("jpg", "JPEG"), ("JPEG", "JPEG"), ("tif", "TIFF"), ("tiff", "TIFF"), ("webp", "WEBP")],
)
def test_a_picture_goes_through_pipes(name, kind):
    line = ["stylize", "-", "--style", "irises", "--weight", "0", "-o", "-"]
    done = piped(*line, *(["--format", name] if name else []), stdin=Path("photo.png").read_bytes())
    assert (done.returncode, done.stderr) == (0, b"")
    with Image.open(io.BytesIO(done.stdout)) as result:
        assert (result.format, result.size) == (kind, (32, 24))
        if kind in ("PNG", "TIFF"):
            np.testing.assert_array_equal(np.asarray(result), PICTURE)


def test_one_end_may_be_a_file():
    done = piped("stylize", "-", "--style", "irises", "-o", "out.jpg", stdin=Path("photo.png").read_bytes())
    assert (done.returncode, Path("out.jpg").exists()) == (0, True)
    done = piped("stylize", "photo.png", "--style", "irises", "-o", "-")
    assert done.returncode == 0
    assert done.stdout.startswith(b"\x89PNG")


def test_what_comes_wrong_through_a_pipe_is_one_sentence():
    for data, says in ((b"", b"- is an empty file."), (b"text", b"- is not an image")):
        done = piped("stylize", "-", "--style", "irises", "-o", "-", stdin=data)
        assert (done.returncode, done.stdout) == (1, b"")
        assert says in done.stderr
        assert done.stderr.count(b"\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full device")
def test_a_full_stdout_is_a_plain_message():
    with Path("/dev/full").open("wb") as full:
        picture = piped("stylize", "photo.png", "--style", "irises", "-o", "-", stdout=full)
        words = piped("stylize", "photo.png", "--style", "irises", "-o", "out.png", stdout=full)
        listed = piped("styles", "list", "--json", stdout=full)
    assert (picture.returncode, words.returncode, listed.returncode) == (1, 1, 1)
    assert b"cannot be written to the standard output: No space left on device." in picture.stderr
    for done in (words, listed):
        assert b"cannot be written to the standard output" in done.stderr
        assert b"Traceback" not in done.stderr
    for option in ("--help", "--version"):
        with Path("/dev/full").open("wb") as full:
            done = piped(option, stdout=full)
        assert (done.returncode, done.stderr.count(b"\n"), b"No space left" in done.stderr) == (1, 1, True)
    assert Path("out.png").exists()


@pytest.mark.skipif(os.name == "nt", reason="a shell closes them")
@pytest.mark.parametrize(
    ("closing", "line", "code", "says"),
    [
        ("<&-", "stylize - --style irises -o out.png", 1, "The standard input cannot be read"),
        ("<&-", "stylize photo.png --style irises -o out.png", 0, ""),
        (">&-", "stylize photo.png --style irises -o -", 1, "cannot be written to the standard output"),
        (">&-", "stylize photo.png --style irises -o out.png", 1, "cannot be written to the standard output"),
        (">&-", "--help", 1, "cannot be written to the standard output"),
        ("2>&-", "stylize photo.png --style irises -o out.png", 0, ""),
        ("<&- >&- 2>&-", "stylize photo.png --style irises -o out.png", 1, ""),
    ],
)
def test_streams_that_are_closed_are_said_and_no_file_takes_their_place(closing, line, code, says):
    command = f"{shlex.join([*SCUMBLE, *line.split()])} {closing}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, timeout=100, check=False)
    assert done.returncode == code
    assert (says.encode() in done.stderr, done.stderr.count(b"\n")) == (True, 1 if says else 0)
    if line.endswith("out.png") and "-o" in line and " - " not in line:
        with Image.open("out.png") as result:
            assert result.size == (32, 24)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("batch - --style irises -o out", "A batch cannot be piped"),
        ("video - --style irises -o out.mp4", "A video cannot be piped"),
        ("stylize - photo.png --style irises -o out/", "give - alone"),
        ("stylize photo.png --style irises -o - --json", "leave --json away"),
        ("stylize photo.png --style irises -o out.png --format jpg", "--format is for -o -"),
        ("stylize photo.png photo.png --style irises -o -", "One picture goes through a pipe"),
        ("stylize photo.png --style - -o out.png", "A style cannot be piped: give a file"),
        ("stylize photo.png --style irises -o - --format gif", "'gif' is not one of"),
    ],
)
def test_what_cannot_be_piped_is_said(capsys, line, says):
    assert cli.run(line.split()) == 2
    out, err = capsys.readouterr()
    assert (out, says in err, err.count("\n")) == ("", True, 1)


# --- styles that bring little -----------------------------------------------------------------


def rgba(array: np.ndarray) -> Pixels:
    extent = Extent(array.shape[1], array.shape[0])
    return Pixels(extent, PixelFormat("u8", "RGBA"), np.ascontiguousarray(array).tobytes())


def test_a_style_of_one_pixel_is_used_and_said(capsys):
    assert cli.run(["stylize", "photo.png", "--style", str(CASES / "one.png"), "-o", "out.png"]) == 0
    assert "The style one.png is of one colour" in capsys.readouterr().err


def test_transparent_parts_of_a_style_do_not_count():
    array = np.zeros((60, 80, 4), np.uint8)
    array[10:50, 20:60] = np.dstack(
        [np.random.default_rng(0).integers(1, 256, (40, 40, 3)), np.full((40, 40), 255)]
    )
    pixels, notes = visible_part(rgba(array), "s.png")
    assert (pixels.extent, notes) == (Extent(40, 40), [])
    array[20:40, 30:50] = 0  # a hole
    pixels, notes = visible_part(rgba(array), "s.png")
    assert notes == ["25% of the style s.png is transparent and does not count."]
    found = np.frombuffer(pixels.data, np.uint8).reshape(40, 40, 4)
    assert found.min() > 0  # none of the hole's black
    with pytest.raises(ScumbleError, match="transparent everywhere") as caught:
        visible_part(rgba(np.zeros((4, 4, 4), np.uint8)), "s.png")
    assert caught.value.code == "bad-style"


def test_strokes_stand_in_for_what_is_transparent_in_a_style():
    stripes = np.repeat(np.where(np.arange(160) // 4 % 2, 250, 5).astype(np.uint8)[None], 120, 0)
    array = np.dstack([stripes, stripes, stripes, np.full_like(stripes, 255)])
    y, x = np.ogrid[:120, :160]
    array[(y - 50) ** 2 + (x - 90) ** 2 < 40**2] = 0
    pixels, _ = visible_part(rgba(array), "s.png")
    found = np.frombuffer(pixels.data, np.uint8).reshape(120, 160, 4)[..., 0].astype(float)
    along, across = (np.abs(np.diff(found, axis=axis)).mean() for axis in (0, 1))
    assert along < across / 10  # pixels one by one would make both alike


@pytest.mark.parametrize("value", [np.nan, -3.0, 7.0])
def test_a_style_that_is_one_colour_to_the_network_is_said(value):
    array = np.full((40, 40, 3), value, np.float32) * np.linspace(1, 2, 40, dtype=np.float32)[:, None, None]
    _, notes = visible_part(Pixels(Extent(40, 40), PixelFormat("f32", "RGB"), array.tobytes()), "s.tif")
    assert notes == ["The style s.tif is of one colour: it brings no strokes, only its colour."]


def test_a_small_style_is_said():
    _, notes = visible_part(read_image("photo.png").pixels, "photo.png")
    assert notes == ["The style photo.png is only 32x24 pixels large: it brings little but its colours."]
