"""Every way of getting the command line wrong: one sentence, the right exit code, no traceback."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scumble_daemon import cli
from scumble_daemon.cli import report

SCUMBLE = [sys.executable, "-c", "from scumble_daemon.cli import main; main()"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Iterator[Path]:
    """A folder with a picture, a style and every kind of file that is neither."""
    home = tmp_path / "home"
    for name in ("RUNTIME", "LOG", "DATA", "CONFIG", "SPOOL"):
        monkeypatch.setenv(f"SCUMBLE_{name}_DIR", str(home / name.lower()))
    monkeypatch.delenv("SCUMBLE_DEBUG", raising=False)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    pixels = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    Image.fromarray(pixels).save("photo.jpg")
    Image.fromarray(pixels[::-1]).save("painting.png")
    Path("empty.jpg").touch()
    for name in ("text.jpg", "film.mp4", "drawing.svg"):
        Path(name).write_text("not a picture\n")
    Path("short.jpg").write_bytes(Path("photo.jpg").read_bytes()[:1000])
    Path("folder.jpg").mkdir()
    Image.new("L", (10, 10)).save("mask.png")
    yield work
    # None of this is worth starting a daemon for.
    assert not (home / "runtime" / "daemon.json").exists()


def one_sentence(capsys) -> str:
    """The only thing that was said, as one line on stderr."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err


def run(line: str) -> int:
    return cli.run(line.split())


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("stylize photo.jpg --style painting.png", "Missing option '-o'"),
        ("stylize --style painting.png -o out.png", "Missing argument 'IN...'"),
        ("stylize photo.jpg -o out.png", "Missing option '--style'"),
        ("stylize photo.jpg --style painting.png -o out.png --weight 1.5", "1.5 is not in the range"),
        ("stylize photo.jpg --style painting.png -o out.png --strength -0.1", "is not in the range"),
        ("stylize photo.jpg --style painting.png -o out.png --weight nan", "between 0 and 1"),
        ("stylize photo.jpg --style painting.png -o out.png --weight much", "not a valid float"),
        ("stylize photo.jpg --style painting.png -o out.png --region 1,2", "four whole numbers"),
        ("stylize photo.jpg --style painting.png -o out.png --region 60,0,9,9", "outside the layer"),
        ("stylize photo.jpg --style painting.png -o out.png --device tpu", "not one of auto, cpu"),
        ("stylize photo.jpg --style painting.png -o out.png --tiling none", "is not one of"),
        ("stylize photo.jpg --style painting.png -o out.png --patch 3", "is not in the range"),
        ("stylize photo.jpg --style painting.png -o out.png --wieght 1", "No such option"),
        ("stylize photo.jpg --style painting.png:-1 -o out.png", "0 or more"),
        ("stylize photo.jpg --style painting.png:0 -o out.png", "weight above 0"),
        ("stylize photo.jpg --style painting.png -o out.png --engine ../x", "cannot be the name"),
        ("stylize photo.jpg painting.png --style mask.png -o out.png", "do not fit into one file"),
        ("stylize photo.jpg --style painting.png -o photo.jpg", "is not overwritten"),
        ("stylize photo.jpg --style painting.png -o painting.png", "is not overwritten"),
        ("stylize photo.jpg --style painting.png -o out.png --scheduler head", "such as tcp://head:8786"),
        ("stylise photo.jpg", "There is no command stylise. Did you mean stylize?"),
        ("frobnicate photo.jpg", "No such command"),
        ("models import microast", "Missing argument"),
        ("daemon dance", "No such command"),
    ],
)
def test_a_wrong_command_line_is_one_sentence(capsys, folder, line, says):
    assert run(line) == 2
    assert says in one_sentence(capsys)
    assert not (folder / "out.png").exists()


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("stylize nophoto.jpg --style painting.png -o out.png", "There is no file nophoto.jpg."),
        ("stylize photo.jpeg --style painting.png -o out.png", "Did you mean photo.jpg"),
        ("stylize empty.jpg --style painting.png -o out.png", "empty.jpg is an empty file."),
        ("stylize text.jpg --style painting.png -o out.png", "text.jpg is not an image"),
        ("stylize film.mp4 --style painting.png -o out.png", "A film is painted by scumble video."),
        ("stylize drawing.svg --style painting.png -o out.png", "Export it as PNG or TIFF"),
        ("video photo.jpg --style painting.png -o out.mp4", "A picture is painted by scumble stylize."),
        ("stylize photo.jpg --style painting.png -o out", "no extension of a format that Scumble writes"),
        ("stylize no/photo.jpg --style painting.png -o out.png", "There is no file no/photo.jpg."),
        ("stylize short.jpg --style painting.png -o out.png", "short.jpg is damaged or cut short"),
        ("stylize folder.jpg --style painting.png -o out.png", "folder.jpg is a folder."),
        ("stylize photo.jpg --style folder.jpg -o out.png", "folder.jpg is a folder."),
        ("stylize photo.jpg --style paintin.png -o out.png", "Did you mean painting.png"),
        ("stylize photo.jpg --style paintin.png:0.5 -o out.png", "Did you mean painting.png"),
        ("stylize photo.jpg --style text.jpg -o out.png", "text.jpg is not an image"),
        ("stylize photo.jpg --style painting.png -o out.psd", "no format that Scumble writes"),
        ("stylize photo.jpg --style painting.png -o no/out.png", "there is no folder no."),
        ("stylize photo.jpg --style painting.png -o text.jpg/x/", "cannot be made"),
        ("stylize photo.jpg --style painting.png -o out.png --mask mask.png", "The mask mask.png is 10x10"),
        ("stylize photo.jpg --style painting.png -o out.png --mask no.png", "There is no file no.png."),
        ("models import microast nowhere --name mine", "nowhere is not a folder."),
        ("models import microast . --name BAD/NAME", "cannot name a model"),
        ("models verify vgg", "There is no model named 'vgg'. List them with: scumble models list"),
        ("models verify microst", "There is no model named 'microst'. Did you mean microast"),
    ],
)  # fmt: skip
def test_files_that_will_not_do_are_one_sentence(capsys, folder, line, says):
    before = sorted(folder.iterdir())
    assert run(line) == 1
    assert says in one_sentence(capsys)
    assert sorted(folder.iterdir()) == before


def test_a_decompression_bomb_is_one_sentence(capsys, folder):
    Image.new("1", (30_000, 30_000)).save(folder / "bomb.png")
    assert run("stylize bomb.png --style painting.png -o out.png") == 1
    assert "larger than the 268 megapixels" in one_sentence(capsys)


@pytest.mark.parametrize("line", ["photo.jpg", "a\nb.jpg"])
def test_odd_file_names_still_make_one_line(capsys, line):
    assert cli.run(["stylize", line + "x", "--style", "painting.png", "-o", "out.png"]) == 1
    one_sentence(capsys)


def test_a_name_with_a_null_byte_is_one_sentence(capsys):
    assert cli.run(["stylize", "a\0b", "--style", "painting.png", "-o", "out.png"]) in (1, 2)
    one_sentence(capsys)


@pytest.mark.usefixtures("permissions")
def test_what_may_not_be_written_is_said_before_anything_is_painted(capsys, folder):
    (folder / "locked").mkdir(mode=0o500)
    (folder / "old.png").touch(mode=0o444)
    for target, locked in (("locked/out.png", "locked"), ("locked/", "locked"), ("old.png", "old.png")):
        assert run(f"stylize photo.jpg --style painting.png -o {target}") == 1
        assert f"cannot be written: {locked} is write-protected." in one_sentence(capsys)


def test_a_bug_is_one_line_with_the_place_of_its_traceback(capsys, monkeypatch, tmp_path):
    def broken(*_args, **_options):
        raise RuntimeError("the cat\nsat on it")

    monkeypatch.setattr("scumble_daemon.images.read_image", broken)
    assert run("stylize photo.jpg --style painting.png -o out.png") == 1
    log = tmp_path / "home" / "log" / "cli.log"
    assert str(log) in one_sentence(capsys)
    assert "the cat" in log.read_text()


def test_debug_shows_the_traceback(capsys, monkeypatch):
    monkeypatch.setenv("SCUMBLE_DEBUG", "1")
    try:
        raise RuntimeError("here")
    except RuntimeError as error:
        report.unexpected(error)
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    "line",
    ["", "stylize", "daemon", "daemon start", "daemon stop", "daemon status", "daemon logs",
     "models", "models list", "models import", "models verify", "train", "evaluate", "doctor"],
)  # fmt: skip
def test_every_command_shows_examples(capsys, line):
    assert run(f"{line} --help") == 0
    out = capsys.readouterr().out
    assert "Example" in out
    assert f"scumble {line}".strip() in out


def test_the_process_itself_leaves_with_one_sentence_and_the_code(folder):
    command = [*SCUMBLE, "stylize", "missing.jpg", "--style", "painting.png", "-o", "out.png"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == "Error: There is no file missing.jpg.\n"


def test_help_and_version_import_nothing_heavy():
    script = (
        "import sys\nfrom scumble_daemon.cli import run\n"
        "assert run(['--version']) == 0 and run(['stylize', '--help']) == 0\n"
        "heavy = {'torch', 'numpy', 'PIL', 'zmq', 'rich'} & set(sys.modules)\n"
        "sys.exit(' '.join(sorted(heavy)) or 0)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=100, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")
