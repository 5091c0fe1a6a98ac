"""Presets on the command line: saved, shown, used by other commands, deleted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from daemon_process import noise
from PIL import Image

from scumble.editing import Effect, StyleChoice, load_preset, save_preset
from scumble.editing.presets import presets_dir
from scumble_daemon import cli

pytestmark = pytest.mark.usefixtures("shared_place")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(noise(60, 80)).save("photo.png")
    Image.fromarray(noise(64, 64, seed=3)).save("me@home:2.png")
    yield
    for file in presets_dir().glob("*.json"):
        file.unlink()


def run(*arguments: str) -> int:
    return cli.run(list(arguments))


STYLES = ("--style", "irises:0.75", "--style", "me@home:2.png:0.25")


def test_a_picture_is_painted_by_a_preset_as_by_its_options_and_given_ones_win(tmp_path, monkeypatch):
    options = (*STYLES, "--weight", "0.6", "--contrast", "1.2", "--preserve-color", "palette")
    assert run("presets", "save", "Soft sea", *options) == 0
    assert run("stylize", "photo.png", *options, "-o", "wanted.png") == 0
    assert run("stylize", "photo.png", *options, "--weight", "1", "-o", "full.png") == 0
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert run("stylize", "../photo.png", "--preset", "soft sea", "-o", "../got.png") == 0
    assert run("stylize", "../photo.png", "--preset", "soft sea", "--weight", "1", "-o", "../all.png") == 0
    assert run("batch", "../photo.png", "--preset", "Soft sea", "-o", "out", "--pattern", "b.png") == 0
    read = [(tmp_path / name).read_bytes() for name in ("wanted.png", "got.png", "full.png", "all.png")]
    assert read[0] == read[1] != read[2]
    assert read[2] == read[3]
    assert Path("out/b.png").read_bytes() == read[0]


def test_what_an_editor_saved_is_listed_shown_changed_and_deleted(capsys):
    save_preset("Meer & Öl", Effect((StyleChoice("library", "irises", "Schwertlilien"),), weight=0.3))
    assert run("presets", "list") == 0
    assert run("presets", "show", "meer & öl") == 0
    out = capsys.readouterr().out
    assert "Meer & Öl: irises" in out
    assert "weight: 0.3" in out
    assert run("presets", "save", "More", "--preset", "Meer & Öl", "--detail", "0.5") == 0
    assert load_preset("More").effect == Effect(
        (StyleChoice("library", "irises", "Irises"),), 0.3, detail=0.5
    )
    capsys.readouterr()
    assert run("presets", "list", "--json") == 0
    assert [found["name"] for found in json.loads(capsys.readouterr().out)["presets"]] == [
        "Meer & Öl",
        "More",
    ]
    assert run("presets", "delete", "More", "Meer & Öl") == 0
    assert list(presets_dir().iterdir()) == []


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        (("stylize", "photo.png", "--preset", "Soft sae", "-o", "out.png"), 1, "Did you mean Soft sea?"),
        (("presets", "delete", "nothing"), 1, "There is no preset named nothing."),
        (("presets", "save", "x", "--style", "nobody"), 1, "nobody is neither a file nor a style"),
        (("presets", "save", "x", "--style", "irises@photo.png"), 2, "leave the masks away"),
        (("presets", "save", "x", "--style", "irises", "--patch", "512"), 2, "leave --patch away"),
        (("presets", "save", " ", "--style", "irises"), 1, "A preset needs a name."),
        (("presets", "save", "x"), 2, "Missing option '--style'"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_changes_nothing(capsys, line, code, says):
    save_preset("Soft sea", Effect((StyleChoice("library", "irises"),)))
    assert run(*line) == code
    err = capsys.readouterr().err
    assert says in err
    assert err.count("\n") == 1
    assert [file.name[:8] for file in presets_dir().iterdir()] == ["soft-sea"]
    assert not Path("out.png").exists()


def test_a_damaged_preset_is_told_beside_the_others(capsys):
    save_preset("good", Effect((StyleChoice("library", "irises"),)))
    (presets_dir() / "bad.json").write_text("{")
    assert run("presets", "list") == 1
    captured = capsys.readouterr()
    assert captured.out == "good: irises\n"
    assert captured.err.count("\n") == 1
    assert "bad.json holds no preset" in captured.err
