"""What the words of a command line mean, and where its outputs go."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scumble import Bounds, Extent, ScumbleError
from scumble_daemon.cli import run
from scumble_daemon.cli.options import for_size
from scumble_daemon.cli.outputs import make_folders, plan_outputs
from scumble_daemon.cli.style_text import parse_style, style_files, style_label
from scumble_daemon.cli.stylize import parse_region


@pytest.mark.parametrize(
    ("text", "path", "share"),
    [
        ("sea.jpg", "sea.jpg", 1.0),
        ("sea.jpg:0.6", "sea.jpg", 0.6),
        ("sea.jpg:3", "sea.jpg", 3.0),
        ("C:\\styles\\sea.jpg", "C:\\styles\\sea.jpg", 1.0),
        ("C:\\styles\\sea.jpg:0.25", "C:\\styles\\sea.jpg", 0.25),
        ("a:b:c.jpg", "a:b:c.jpg", 1.0),
        ("a:b.jpg:.5", "a:b.jpg", 0.5),
        (":0.5", ":0.5", 1.0),
    ],
)
def test_a_style_may_end_in_its_share(text, path, share):
    assert parse_style(text) == (Path(path), share, None)


def test_a_file_of_the_whole_name_wins_over_a_share(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("take:2").touch()
    assert parse_style("take:2") == (Path("take:2"), 1.0, None)
    assert parse_style("take:2:0.5") == (Path("take:2"), 0.5, None)


@pytest.mark.parametrize(
    ("text", "path", "share", "mask"),
    [
        ("irises@sky.png", "irises", 1.0, "sky.png"),
        ("sea.jpg@sky.png", "sea.jpg", 1.0, "sky.png"),
        ("sea.jpg:0.25@sky.png", "sea.jpg", 0.25, "sky.png"),
        ("sea.jpg@sky.png:0.25", "sea.jpg", 0.25, "sky.png"),
        ("me@home.jpg", "me@home.jpg", 1.0, None),
        ("me@home.jpg:2", "me@home.jpg", 2.0, None),
        ("me@home.jpg@a@b:1.png", "me@home.jpg", 1.0, "a@b:1.png"),
        ("take:2:3@a@b:1.png", "take:2", 3.0, "a@b:1.png"),
        ("irises@a@b:1.png:0.5", "irises", 0.5, "a@b:1.png"),
        ("irises@missing.png", "irises", 1.0, "missing.png"),
        ("sea.jpg@missing.png", "sea.jpg", 1.0, "missing.png"),
        ("no.jpg@sky.png", "no.jpg", 1.0, "sky.png"),
        ("no@file.jpg", "no", 1.0, "file.jpg"),
        ("no.jpg@none.png", "no.jpg@none.png", 1.0, None),
        ("irises@", "irises@", 1.0, None),
        ("@sky.png", "@sky.png", 1.0, None),
    ],
)
def test_a_style_may_have_a_mask_and_file_names_any_sign(text, path, share, mask):
    for name in ("sea.jpg", "sky.png", "me@home.jpg", "a@b:1.png", "take:2"):
        Path(name).touch()
    assert parse_style(text) == (Path(path), share, None if mask is None else Path(mask))


def test_masks_are_files_that_are_read_and_no_part_of_an_outputs_name():
    Path("sea.jpg").touch()
    styles = ["sea.jpg@left.png", "irises@right.png"]
    assert style_files(styles) == [Path("sea.jpg"), Path("left.png"), Path("right.png")]
    assert style_label(styles) == "sea+irises"


@given(st.integers(0, 9999), st.integers(0, 9999), st.integers(1, 9999), st.integers(1, 9999))
def test_a_region_is_four_numbers(x, y, width, height):
    assert parse_region(f"{x},{y},{width},{height}") == Bounds(x, y, width, height)


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "-1,0,5,5", "0,0,0,5", "1.5,0,2,2"])
def test_what_is_no_region_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - int() and unpacking word it themselves
        parse_region(text)


def plan(inputs: list[str], output: str) -> list[str]:
    paths = [Path(name) for name in inputs]
    return [path.as_posix() for path in plan_outputs(paths, output, "sea", paths)]


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.jpg", "b.PNG", "c.gif"):
        Path(name).touch()


def test_one_picture_goes_to_one_file():
    assert plan(["a.jpg"], "out.png") == ["out.png"]


@pytest.mark.parametrize("output", ["out/", "out"])
def test_several_pictures_go_to_a_folder_under_names_of_their_own(output):
    assert plan(["a.jpg", "b.PNG", "c.gif"], output) == [
        "out/a-sea.jpg",
        "out/b-sea.PNG",
        "out/c-sea.png",
    ]


def test_one_picture_goes_into_a_folder_that_exists():
    Path("there").mkdir()
    assert plan(["a.jpg"], "there") == ["there/a-sea.jpg"]


def test_planning_makes_no_folder():
    plan(["a.jpg"], "out/")
    assert not Path("out").exists()
    make_folders([Path("out/deep/a.jpg")])
    assert Path("out/deep").is_dir()


def test_several_pictures_do_not_go_to_one_file():
    with pytest.raises(click.UsageError, match="2 pictures do not fit into one file"):
        plan(["a.jpg", "b.PNG"], "out.jpg")


def test_two_pictures_do_not_go_to_the_same_file():
    Path("sub").mkdir()
    Path("sub/a.jpg").touch()
    with pytest.raises(click.UsageError, match="would both be written to"):
        plan(["a.jpg", "sub/a.jpg"], "out/")


@pytest.mark.parametrize("output", ["a.jpg", "./a.jpg", "link.jpg"])
def test_an_input_is_never_overwritten(output):
    Path("link.jpg").symlink_to("a.jpg")
    with pytest.raises(click.UsageError, match="is not overwritten"):
        plan(["a.jpg"], output)


def test_an_older_result_is_overwritten():
    Path("out.jpg").touch()
    assert plan(["a.jpg"], "out.jpg") == ["out.jpg"]


@pytest.mark.parametrize(
    ("output", "code"),
    [("out.xyz", "unsupported-format"), ("out", "unsupported-format"), ("no/out.jpg", "cannot-write")],
)  # fmt: skip
def test_an_output_that_cannot_be_written_is_refused_before_the_work(output, code):
    with pytest.raises(ScumbleError) as caught:
        plan(["a.jpg"], output)
    assert caught.value.code == code


def test_a_folder_below_a_file_cannot_be_made():
    with pytest.raises(ScumbleError) as caught:
        make_folders([Path("a.jpg/x/y.jpg")])
    assert caught.value.code == "cannot-write"


def test_strokes_in_pixels_are_relative_to_each_picture():
    settings = {"contrast": 1.2, "stroke_pixels": 50}
    assert for_size(settings, Extent(4000, 3000)) == {"contrast": 1.2, "stroke_size": 1.0}
    assert for_size(settings, Extent(1000, 8000))["stroke_size"] == 0.5
    assert for_size({"stroke_pixels": 16}, Extent(320, 100))["stroke_size"] == 2.0
    assert for_size({"contrast": 1.2}, Extent(10, 10)) == {"contrast": 1.2}
    with pytest.raises(ScumbleError, match=r"12.5 to 200 pixels"):
        for_size({"stroke_pixels": 201}, Extent(4000, 3000))


class NoBench:
    """Finds no measuring programs, as where Scumble is installed from its wheel."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "scumble_bench":
            raise ModuleNotFoundError(name=name)


def test_without_its_measuring_programs_bench_says_where_they_are(monkeypatch, capsys):
    monkeypatch.setattr(sys, "meta_path", [NoBench, *sys.meta_path])
    for name in ("scumble_bench", "scumble_bench.command", "scumble_daemon.cli.bench"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert run(["bench", "--section", "wire"]) == 1
    assert "pip install -e bench" in capsys.readouterr().err
