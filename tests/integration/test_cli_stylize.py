"""Pictures through the whole of Scumble: command line, client, daemon, worker, network, file."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import png
import pytest
import tifffile
from PIL import Image, ImageCms

from scumble_daemon import cli

SCUMBLE = [sys.executable, "-c", "from scumble_daemon.cli import main; main()"]
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.fixture(scope="module", autouse=True)
def daemon(tmp_path_factory):
    """One daemon for this module, in folders of its own; ended afterwards."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("RUNTIME", "LOG", "DATA", "CONFIG", "SPOOL"):
            patch.setenv(f"SCUMBLE_{name}_DIR", str(home / name.lower()))
        assert cli.run(["daemon", "start"]) == 0
        yield home
        assert cli.run(["daemon", "stop"]) == 0


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    stripes = np.zeros((96, 96, 3), np.uint8)
    stripes[::8], stripes[:, ::12] = (250, 200, 20), (20, 60, 200)
    Image.fromarray(stripes).save("style.png")
    return tmp_path


def photo(width: int, height: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (6, 8, 3), np.uint8))
    return np.asarray(small.resize((width, height), Image.Resampling.BICUBIC))


def stylize(*arguments: str) -> int:
    return cli.run(["stylize", *arguments])


@pytest.mark.parametrize("engine", ["microast", "adain", "photo"])
@pytest.mark.parametrize("size", [(1, 1), (3, 7), (640, 480)])
def test_a_picture_comes_back_stylized_in_its_size(size, engine):
    source = photo(*size)
    Image.fromarray(source).save("photo.png")
    assert stylize("photo.png", "--style", "style.png", "--engine", engine, "-o", "out.png") == 0
    with Image.open("out.png") as result:
        assert result.size == size
        assert result.mode == "RGB"
        assert (np.asarray(result) != source).any()


def test_weight_0_returns_the_picture_bit_for_bit():
    source = photo(50, 40)
    Image.fromarray(source).save("photo.png")
    assert stylize("photo.png", "--style", "style.png", "--weight", "0", "-o", "out.png") == 0
    with Image.open("out.png") as result:
        np.testing.assert_array_equal(np.asarray(result), source)


def test_a_16_bit_picture_comes_back_with_more_than_8_bits():
    ramp = np.linspace(20_000, 24_000, 300).astype(np.uint16)
    rows = np.repeat(np.stack([ramp, ramp // 2, ramp[::-1]], -1)[None], 40, 0)
    with Path("photo.png").open("wb") as file:
        png.Writer(300, 40, bitdepth=16, greyscale=False).write(file, rows.reshape(40, -1))
    assert stylize("photo.png", "--style", "style.png", "-o", "out.png") == 0
    _, _, lines, info = png.Reader(bytes=Path("out.png").read_bytes()).read()
    assert info["bitdepth"] == 16
    assert len(np.unique(np.vstack(list(lines)))) > 256


def test_alpha_profile_and_exif_come_along():
    source = np.dstack([photo(32, 24), np.arange(32 * 24).reshape(24, 32) % 256]).astype(np.uint8)
    exif = Image.Exif()
    exif[274], exif[315] = 6, "An artist"
    Image.fromarray(source).save("photo.png", icc_profile=SRGB, exif=exif.tobytes())
    assert stylize("photo.png", "--style", "style.png", "-o", "out.png") == 0
    with Image.open("out.png") as result:
        assert result.size == (24, 32)
        assert result.info["icc_profile"] == SRGB
        assert (result.getexif()[274], result.getexif()[315]) == (1, "An artist")
        np.testing.assert_array_equal(np.asarray(result)[..., 3], np.rot90(source[..., 3], -1))


def test_a_region_is_that_part_of_the_whole_result():
    Image.fromarray(photo(120, 90)).save("photo.png")
    common = ("photo.png", "--style", "style.png", "-o")
    assert stylize(*common, "whole.png") == 0
    assert stylize(*common, "part.png", "--region", "30,20,50,40") == 0
    with Image.open("whole.png") as whole, Image.open("part.png") as part:
        expected = np.asarray(whole, int)[20:60, 30:80]
        assert np.abs(np.asarray(part, int) - expected).max() <= 1


def test_a_mask_keeps_what_is_black():
    source = photo(64, 48)
    Image.fromarray(source).save("photo.png")
    mask = np.zeros((48, 64), np.uint8)
    mask[:, 32:] = 255
    Image.fromarray(mask).save("mask.png")
    assert stylize("photo.png", "--style", "style.png", "--mask", "mask.png", "-o", "out.png") == 0
    with Image.open("out.png") as result:
        stylized = np.asarray(result)
    np.testing.assert_array_equal(stylized[:, :32], source[:, :32])
    assert (stylized[:, 32:] != source[:, 32:]).any()


def test_a_mix_lies_between_its_styles():
    Image.fromarray(photo(64, 48)).save("photo.png")
    Image.new("RGB", (64, 64), "red").save("red.png")
    for name, styles in {
        "a": ["style.png"],
        "b": ["red.png"],
        "mix": ["style.png:0.5", "red.png:0.5"],
    }.items():
        options = [word for style in styles for word in ("--style", style)]
        assert stylize("photo.png", *options, "-o", f"{name}.png") == 0
    a, b, mix = (np.asarray(Image.open(f"{n}.png").convert("RGB"), float) for n in ("a", "b", "mix"))
    assert np.abs(mix - a).mean() < np.abs(b - a).mean()
    assert np.abs(mix - b).mean() < np.abs(b - a).mean()
    assert np.abs(mix - a).mean() > 0


def test_a_picture_that_fails_does_not_stop_the_others(capsys):
    Image.fromarray(photo(20, 16)).save("one.png")
    Image.fromarray(photo(24, 16)).save("three.png")
    Path("two.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    line = ("one.png", "two.png", "three.png", "--style", "style.png", "-o", "out/", "--json")
    assert stylize(*line) == 1
    out, err = capsys.readouterr()
    results = json.loads(out)["results"]
    assert [result["ok"] for result in results] == [True, False, True]
    assert (results[0]["width"], results[0]["height"]) == (20, 16)
    assert results[1]["error"]["code"] in ("not-an-image", "image-truncated")
    assert sorted(p.name for p in Path("out").iterdir()) == ["one-style.png", "three-style.png"]
    assert err.count("\n") == 1


def test_an_engine_that_is_not_there_suggests_the_near_one(capsys):
    Image.fromarray(photo(8, 8)).save("photo.png")
    assert stylize("photo.png", "--style", "style.png", "--engine", "microsat", "-o", "out.png") == 1
    assert "microast" in capsys.readouterr().err
    assert not Path("out.png").exists()


def test_a_pipe_gets_results_and_no_progress_bar():
    Image.fromarray(photo(200, 150)).save("photo.png")
    command = [*SCUMBLE, "stylize", "photo.png", "--style", "style.png", "-o", "out.jpg"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("out.jpg (200x150, ")
    assert "\x1b" not in result.stdout


@pytest.mark.skipif(os.name != "posix", reason="terminals are POSIX here")
def test_a_terminal_gets_a_progress_bar():
    import pty

    Image.fromarray(photo(700, 600)).save("photo.png")
    command = [*SCUMBLE, "stylize", "photo.png", "--style", "style.png", "-o", "out.jpg"]
    controller, terminal = pty.openpty()
    with subprocess.Popen(command, stdout=terminal, stderr=terminal) as process:
        os.close(terminal)
        shown = read_all(controller)
        assert process.wait(timeout=100) == 0
    assert b"photo.png" in shown
    assert b"100%" in shown or b"%" in shown


def read_all(descriptor: int) -> bytes:
    buffer = io.BytesIO()
    with open(descriptor, "rb", buffering=0) as file:
        while True:
            try:
                chunk = file.read(4096)
            except OSError:  # Linux's way to say that the other end is closed
                break
            if not chunk:
                break
            buffer.write(chunk)
    return buffer.getvalue()


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_ctrl_c_cancels_the_job_and_leaves_nothing_half_written(folder):
    import pty

    Image.fromarray(photo(2200, 1700)).save("photo.jpg")
    Path("out.png").write_bytes(b"an older result")
    before = sorted(p.name for p in folder.iterdir())
    line = ["stylize", "photo.jpg", "--style", "style.png", "--tiling", "exact", "-o", "out.png"]
    controller, terminal = pty.openpty()
    # On a terminal the bar tells when the job runs: no sleeping, no guessing.
    with subprocess.Popen([*SCUMBLE, *line], stdout=terminal, stderr=terminal) as process:
        os.close(terminal)
        seen = b""
        while b"%" not in seen:
            seen += os.read(controller, 4096)
        process.send_signal(signal.SIGINT)
        rest = read_all(controller)
        assert process.wait(timeout=100) == 130
    assert b"Traceback" not in rest
    assert Path("out.png").read_bytes() == b"an older result"
    assert sorted(p.name for p in folder.iterdir()) == before


def test_the_daemon_says_what_it_does(capsys):
    assert cli.run(["daemon", "status", "--json"]) == 0
    status = json.loads(capsys.readouterr().out)
    assert status["running"] is True
    assert status["status"]["pid"] > 0
    assert cli.run(["daemon", "status"]) == 0
    assert "The daemon runs." in capsys.readouterr().out
    assert cli.run(["daemon", "logs"]) == 0


def test_no_daemon_is_said_and_is_exit_code_1(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("SCUMBLE_RUNTIME_DIR", str(tmp_path / "nobody"))
    assert cli.run(["daemon", "status"]) == 1
    assert "No daemon runs." in capsys.readouterr().out
    assert cli.run(["daemon", "stop", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"stopped": False}


@pytest.mark.skipif(os.name != "posix", reason="needs a script that can be run")
def test_a_daemon_that_does_not_start_says_why(capsys, monkeypatch, tmp_path):
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho no module named torch >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("SCUMBLE_PYTHON", str(broken))
    monkeypatch.setenv("SCUMBLE_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("SCUMBLE_LOG_DIR", str(tmp_path / "log"))
    Image.fromarray(photo(8, 8)).save("one.png")
    Image.fromarray(photo(8, 8)).save("two.png")
    assert stylize("one.png", "two.png", "--style", "style.png", "-o", "out/") == 1
    err = capsys.readouterr().err
    assert err.count("could not be started") == 1
    assert "no module named torch" in err
    assert "Traceback" not in err


def test_the_doctor_finds_a_healthy_installation(capsys):
    assert cli.run(["doctor", "--json"]) == 0
    findings = json.loads(capsys.readouterr().out)["findings"]
    topics = {finding["topic"] for finding in findings}
    assert {"python", "packages", "device", "models", "folders", "daemon"} <= topics
    assert all(finding["state"] != "problem" for finding in findings)
    assert any(finding["text"].startswith("running") for finding in findings)
    assert cli.run(["doctor"]) == 0


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX")
def test_the_doctor_sees_a_runtime_folder_that_others_can_read(daemon, capsys):
    file = daemon / "runtime" / "daemon.json"
    file.chmod(0o644)
    try:
        assert cli.run(["doctor"]) == 1
    finally:
        file.chmod(0o600)
    assert "chmod 600" in capsys.readouterr().out


def test_a_photo_look_on_a_folder_of_16_bit_tiffs_keeps_depth_profile_and_words(tmp_path):
    """A photographer's folder through `batch`: nothing of a shot is lost."""
    (tmp_path / "shots").mkdir()
    for number in range(2):
        deep = photo(120, 90, number).astype(np.uint16) * 257 + number
        tifffile.imwrite(
            f"shots/{number}.tif", deep, photometric="rgb", iccprofile=SRGB, description=f"shot {number}"
        )
    assert cli.run(["batch", "shots", "--engine", "photo", "--style", "style.png", "-o", "out"]) == 0
    for number in range(2):
        with tifffile.TiffFile(f"out/{number}-style.tif") as file:
            page, values = file.pages[0], file.asarray()
            profile, words = page.tags[34675].value, page.description
        assert (values.dtype, values.shape) == (np.uint16, (90, 120, 3))
        assert len(np.unique(values)) > 5 * 256  # more than 8 bits hold
        assert profile == SRGB
        assert words == f"shot {number}"
