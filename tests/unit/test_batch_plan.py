"""Which pictures a batch takes, what it calls their outputs, and what it remembers."""

from __future__ import annotations

import os
from pathlib import Path

import click
import pytest

from scumble import ScumbleError
from scumble_daemon.cli.batch_find import PassedOver, find_pictures
from scumble_daemon.cli.batch_plan import plan
from scumble_daemon.storage.batch_journal import NAME, Journal, job_key

FIELDS = {"style": "sea", "weight": "0.5", "engine": "microast"}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("in/b.jpg", "in/a.PNG", "in/c.gif", "in/notes.txt", "in/.hidden.jpg", "in/deep/er/d.jpg"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    return tmp_path


def found(*places: str, recursive: bool = False, output: str = "out") -> list[str]:
    return [source.as_posix() for source, _ in find_pictures(places, recursive, Path(output))]


def planned(pattern: str, *places: str, recursive: bool = False, output: str = "out") -> list[str]:
    pictures = find_pictures(places or ("in",), recursive, Path(output))
    return [p.target.as_posix() for p in plan(pictures, Path(output), pattern, FIELDS, [])]


def test_a_folder_is_its_pictures_in_order():
    assert found("in") == ["in/a.PNG", "in/b.jpg", "in/c.gif"]


def test_recursive_goes_into_folders():
    assert found("in", recursive=True) == ["in/a.PNG", "in/b.jpg", "in/c.gif", "in/deep/er/d.jpg"]


def test_the_output_folder_is_no_input():
    assert found("in", recursive=True, output="in/deep") == ["in/a.PNG", "in/b.jpg", "in/c.gif"]


def test_results_of_an_earlier_batch_are_no_inputs_unless_they_are_named():
    journal = Journal(Path("in"))
    journal.note(Path("in/b.jpg"), "key")
    made = journal.outputs()
    for place in ("in", "in/*"):
        pictures = find_pictures([place], False, Path("in"), made)
        assert [source.as_posix() for source, _ in pictures] == ["in/a.PNG", "in/c.gif"]
    assert find_pictures(["in/b.jpg"], False, Path("in"), made) == [(Path("in/b.jpg"), Path())]


def test_patterns_are_understood_without_a_shell():
    assert found("in/*.jpg") == ["in/b.jpg"]
    assert found("in/**/*.jpg", recursive=True) == ["in/b.jpg", "in/deep/er/d.jpg"]


def test_a_picture_comes_once():
    assert found("in", "in/b.jpg", "in/*.jpg", "./in") == ["in/a.PNG", "in/b.jpg", "in/c.gif"]


def test_a_file_that_is_not_there_is_left_to_fail_among_the_others():
    assert found("in/b.jpg", "in/missing.jpg") == ["in/b.jpg", "in/missing.jpg"]


@pytest.mark.parametrize("place", ["nowhere/*.jpg", "in/deep"])
def test_no_picture_at_all_is_a_wrong_command_line(place):
    with pytest.raises(click.UsageError, match="no picture"):
        found(place)


def test_outputs_keep_the_folders_and_formats_that_can_be_written():
    assert planned("{stem}-{style}{suffix}", recursive=True) == [
        "out/a-sea.PNG",
        "out/b-sea.jpg",
        "out/c-sea.png",
        "out/deep/er/d-sea.jpg",
    ]


def test_a_pattern_may_count_and_make_folders():
    assert planned("{style}/{index}-{weight}.png") == [f"out/sea/000{n}-0.5.png" for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("{nothing}.png", "cannot be filled in"),
        ("{stem", "cannot be filled in"),
        ("{stem.__class__}.png", "cannot be filled in"),
        ("{}.png", "cannot be filled in"),
        ("../{stem}.png", "leads out"),
        ("/tmp/{stem}.png", "leads out"),
        ("a/../../{stem}.png", "leads out"),
        ("", "leads out"),
        ("same.png", "would both be written"),
    ],
)
def test_an_impossible_pattern_is_a_wrong_command_line(pattern, says):
    with pytest.raises(click.UsageError, match=says):
        planned(pattern)


def test_a_format_that_cannot_be_written_is_said_at_once():
    with pytest.raises(ScumbleError) as caught:
        planned("{stem}.psd")
    assert caught.value.code == "unsupported-format"


def test_no_input_is_overwritten():
    with pytest.raises(click.UsageError, match="is not overwritten"):
        planned("{name}", "in/*.jpg", output="in")
    Path("in/b-sea.jpg").touch()
    with pytest.raises(click.UsageError, match="is not overwritten"):
        planned("{stem}-{style}.jpg", "in/*.jpg", output="in")


def test_the_journal_knows_what_is_finished(folder):
    out = Path("out")
    out.mkdir()
    target = out / "a.png"
    journal = Journal(out)
    journal.note(target, "key")
    assert not Journal(out).has(target, "key")  # the output is gone
    target.write_bytes(b"a picture")
    assert Journal(out).has(target, "key")
    assert not Journal(out).has(target, "another key")
    journal.note(target, "key")
    assert Journal(out).has(target, "key")
    target.write_bytes(b"a pic")  # cut short since
    assert not Journal(out).has(target, "key")


def test_what_is_no_picture_to_us_is_counted_by_kind():
    for name in ("a.jp2", "b.XCF", "c.jxl", "d.mov"):
        Path("in", name).touch()
    os.mkfifo("in/pipe.jpg")
    Path("in/gone.png").symlink_to("nowhere")
    passed = PassedOver()
    assert len(find_pictures(["in"], False, Path("out"), passed=passed)) == 3
    assert passed.kinds["JPEG XL"] == passed.kinds["video"] == 1
    assert passed.kinds["pipes, sockets or devices"] == passed.kinds["links that lead nowhere"] == 1
    assert passed.sentences()[0].startswith("Passed over: ")


def test_a_name_that_is_too_long_is_cut_the_same_way_each_time():
    for stem in ("n" * 251, "m" * 251, "\U0001f408" * 62, "n" * 250 + "o"):
        Path("in", f"{stem}.jpg").touch()
    first = planned("{stem}-{style}{suffix}")
    assert first == planned("{stem}-{style}{suffix}")
    assert len(set(first)) == len(first) == 7
    assert max(len(os.fsencode(Path(name).name)) for name in first) <= 255
    assert all("-sea." in name for name in first)


def test_two_inputs_of_one_name_are_told_the_way_out():
    Path("in/c.bmp").touch()
    with pytest.raises(click.UsageError, match=r"\{name\}"):
        planned("{stem}-{style}{suffix}")
    assert len(planned("{name}-{style}{suffix}")) == 4


def test_the_journal_survives_a_crash_and_rubbish():
    out = Path("out")
    out.mkdir()
    for name in ("a.png", "b.png"):
        (out / name).write_bytes(b"a picture")
        Journal(out).note(out / name, "key")
    with (out / NAME).open("ab") as file:
        file.write(b'[]\n{"output": "c.png"}\n{"output": "b.png", "ke')
    again = Journal(out)
    assert again.has(out / "a.png", "key")
    assert again.has(out / "b.png", "key")
    again.compact()
    assert len((out / NAME).read_text().splitlines()) == 2
    assert Journal(out).has(out / "b.png", "key")


def test_a_key_changes_with_the_settings_and_the_picture():
    Path("x").write_bytes(b"one")
    key = job_key({"weight": 1.0}, Path("x"))
    assert job_key({"weight": 1.0}, Path("x")) == key
    assert job_key({"weight": 0.5}, Path("x")) != key
    Path("x").write_bytes(b"two")
    assert job_key({"weight": 1.0}, Path("x")) != key
