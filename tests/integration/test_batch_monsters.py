"""Folders as people really have them: one bad entry is one line, and the others are done."""

from __future__ import annotations

import json
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from scumble import ScumbleError
from scumble_daemon import cli
from scumble_daemon.cli import batch_run

PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8))


def _socket(path: Path) -> None:
    server = socket.socket(socket.AF_UNIX)
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(path.parent)  # a socket's path is short
        server.bind(path.name)
    finally:
        os.fchdir(here)
        os.close(here)
        server.close()


# What each is to a batch: a picture, a failure, or nothing that is opened.
MONSTERS: dict[str, tuple[str, str, Callable[[Path], object]]] = {
    "not UTF-8": ("done", os.fsdecode(b"bad\xff\xe4.jpg"), lambda path: PICTURE.save(path)),
    "too long with its suffix": ("done", "n" * 251 + ".jpg", lambda path: PICTURE.save(path)),
    "longest letters": ("done", "\U0001f408" * 62 + ".png", lambda path: PICTURE.save(path)),
    "a line break": ("done", "a\nb.png", lambda path: PICTURE.save(path)),
    "an option": ("done", "--help.png", lambda path: PICTURE.save(path)),
    "braces": ("done", "{0}{stem}.png", lambda path: PICTURE.save(path)),
    "not what its name says": ("done", "really-png.jpg", lambda path: PICTURE.save(path, "PNG")),
    "a pipe": ("", "pipe.jpg", os.mkfifo),
    "a socket": ("", "socket.jpg", _socket),
    "a link to nowhere": ("", "gone.jpg", lambda path: path.symlink_to("nowhere")),
    "a link to itself": ("", "loop.jpg", lambda path: path.symlink_to(path.name)),
    "a folder with a picture's name": ("", "folder.jpg", lambda path: path.mkdir()),
    "a device": ("", "zero.jpg", lambda path: path.symlink_to("/dev/zero")),
    "empty": ("failed", "empty.jpg", lambda path: path.touch()),
    "text": ("failed", "text.png", lambda path: path.write_text("no picture")),
    "cut short": ("failed", "short.png", lambda path: path.write_bytes(_half())),
    "another kind": ("", "clip.mov", lambda path: path.touch()),
}


def _half() -> bytes:
    import io

    buffer = io.BytesIO()
    PICTURE.save(buffer, "PNG")
    return buffer.getvalue()[:600]


@pytest.fixture
def folder(tmp_path, monkeypatch, shared_place) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    return tmp_path


def batch(*arguments: str) -> int:
    return cli.run(["batch", *arguments, "--style", "irises"])


def statuses(report: Path) -> dict[str, str]:
    rows = [json.loads(line) for line in report.read_bytes().splitlines()]
    return {Path(row["input"]).name: row["status"] for row in rows}


@settings(max_examples=6)
@given(chosen=st.sets(st.sampled_from(sorted(MONSTERS)), min_size=1), recursive=st.booleans())
def test_a_folder_of_monsters_is_done_but_for_what_cannot_be(
    tmp_path_factory, shared_place, chosen, recursive
):
    home = tmp_path_factory.mktemp("monsters")
    place, out = home / "in", home / "out"
    place.mkdir()
    PICTURE.save(place / "sound.jpg")
    expected = {"sound.jpg": "done"}
    for name in chosen:
        fate, file_name, make = MONSTERS[name]
        make(place / file_name)
        if fate:
            expected[file_name] = fate
    line = [str(place), "-o", str(out), "--report", str(home / "report.jsonl")]
    line += ["--recursive"] if recursive else []
    failed = "failed" in expected.values()
    assert batch(*line) == int(failed)
    assert statuses(home / "report.jsonl") == expected
    results = [path for path in out.iterdir() if not path.name.startswith(".")]
    assert len(results) == sum(fate == "done" for fate in expected.values())
    for path in results:
        with Image.open(path) as result:
            assert result.size == PICTURE.size
    # Taken up again, everything that was done is skipped, whatever its name is made of.
    assert batch(*line, "--resume") == int(failed)
    again = {name: "skipped" if fate == "done" else fate for name, fate in expected.items()}
    assert statuses(home / "report.jsonl") == again


@pytest.mark.usefixtures("folder")
def test_all_monsters_at_once_are_one_line_each(capsys):
    PICTURE.save("in/sound.jpg")
    for _, name, make in MONSTERS.values():
        make(Path("in", name))
    assert batch("in", "-o", "out") == 1
    out, err = capsys.readouterr()
    fates = [fate for fate, _, _ in MONSTERS.values()]
    assert out == f"out: {fates.count('done') + 1} done, {fates.count('failed')} failed\n"
    assert err.count("Error: ") == fates.count("failed")
    assert "Traceback" not in err
    assert "1 video" in err
    assert "2 links that lead nowhere" in err
    assert "3 pipes, sockets or devices" in err


@pytest.mark.usefixtures("folder")
def test_a_pipe_that_is_named_is_not_opened(capsys):
    os.mkfifo("pipe.jpg")
    for command in (["stylize", "pipe.jpg", "--style", "irises", "-o", "out.png"],
                    ["batch", "pipe.jpg", "--style", "irises", "-o", "out"],
                    ["stylize", "pipe.jpg", "--style", "pipe.jpg", "-o", "out.png"]):  # fmt: skip
        assert cli.run(command) == 1
        assert "is not an ordinary file" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_a_picture_that_goes_or_changes_meanwhile_is_its_own_matter(monkeypatch, capsys):
    for name in ("a", "b", "c"):
        PICTURE.save(f"in/{name}.png")
    real = batch_run.stylize_file

    def meddled(connect, source, target, job, **options):
        if source.name == "a.png":
            source.unlink()
        result = real(connect, source, target, job, **options)
        if source.name == "b.png":
            PICTURE.rotate(90).save(source)
        return result

    monkeypatch.setattr(batch_run, "stylize_file", meddled)
    assert batch("in", "-o", "out", "--report", "report.jsonl") == 1
    assert statuses(Path("report.jsonl")) == {"a.png": "failed", "b.png": "done", "c.png": "done"}
    assert "b.png was changed meanwhile" in capsys.readouterr().err

    assert batch(str(Path.cwd() / "in"), "-o", "out", "--resume", "--report", "report.jsonl") in (0, 1)


@pytest.mark.usefixtures("folder")
def test_a_bug_in_one_picture_is_that_picture_s_line(monkeypatch, capsys):
    PICTURE.save("in/a.png")
    PICTURE.save("in/b.png")
    real = batch_run.stylize_file

    def broken(connect, source, *arguments, **options):
        if source.name == "a.png":
            raise RuntimeError("the cat sat on it")
        return real(connect, source, *arguments, **options)

    monkeypatch.setattr(batch_run, "stylize_file", broken)
    assert batch("in", "-o", "out") == 1
    out, err = capsys.readouterr()
    assert out == "out: 1 done, 1 failed\n"
    assert "the cat sat on it" in err


@pytest.mark.usefixtures("folder")
def test_what_is_interrupted_is_not_done_and_not_failed(monkeypatch, capsys):
    for name in ("a", "b"):
        PICTURE.save(f"in/{name}.png")

    def interrupted(*arguments, **options):
        raise ScumbleError("cancelled", "The job was cancelled.")

    monkeypatch.setattr(batch_run, "stylize_file", interrupted)
    assert batch("in", "-o", "out", "--report", "report.jsonl") == 130
    assert statuses(Path("report.jsonl")) == {"a.png": "not done", "b.png": "not done"}
    out, err = capsys.readouterr()
    assert (out, err.count("Error: ")) == ("out: 2 not done\n", 1)


@pytest.mark.usefixtures("folder")
def test_a_journal_or_report_that_cannot_be_written_stops_nothing(capsys):
    PICTURE.save("in/a.png")
    Path("out").mkdir()
    Path("out/.scumble-batch.jsonl").mkdir()
    assert batch("in", "-o", "out") == 0
    out, err = capsys.readouterr()
    assert out == "out: 1 done\n"
    assert "--resume will do these pictures again" in err
    assert batch("in", "-o", "out", "--report", "/dev/full") == 1
    out, err = capsys.readouterr()
    assert out == "out: 1 done\n"
    assert "The report /dev/full cannot be written: No space left on device." in err


@pytest.mark.usefixtures("folder", "permissions")
def test_a_folder_that_cannot_be_read_is_said(capsys):
    PICTURE.save("in/a.png")
    Path("in/locked").mkdir(mode=0)
    assert batch("in", "--recursive", "-o", "out") == 1
    assert "locked cannot be read" in capsys.readouterr().err
    Path("in/locked").chmod(stat.S_IRWXU)
