"""Presets: effects under a name, kept for both editors and the command line."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scumble import ScumbleError
from scumble.editing import (
    Effect,
    Preset,
    StyleChoice,
    delete_preset,
    list_presets,
    load_preset,
    save_preset,
)
from scumble.editing.presets import MAX_PRESET_NAME, presets_dir

WAVES = StyleChoice("library", "waves", "Great Waves", 0.75)
FILE = StyleChoice("file", "/home/me/übung.jpg", amount=0.25)
EFFECT = Effect((WAVES, FILE), weight=0.6, stroke_size=2.0, preserve_color="palette")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SCUMBLE_DATA_DIR", str(tmp_path))
    return tmp_path / "presets"


def code_of(function, *arguments) -> str:
    with pytest.raises(ScumbleError) as caught:
        function(*arguments)
    assert "\n" not in str(caught.value)
    return caught.value.code


def test_a_preset_comes_back_as_it_was_saved_and_goes_when_it_is_deleted(folder):
    assert list_presets().found == ()
    save_preset("Soft sea", EFFECT)
    save_preset("a storm", Effect((WAVES,)))
    assert load_preset("Soft sea") == Preset("Soft sea", EFFECT)
    assert [preset.name for preset in list_presets().found] == ["a storm", "Soft sea"]
    delete_preset("soft SEA")
    assert [preset.name for preset in list_presets().found] == ["a storm"]
    assert len(list(folder.iterdir())) == 1


def test_saving_under_a_name_that_is_there_replaces_that_preset():
    save_preset("Soft sea", EFFECT)
    save_preset("  soft\tsea ", Effect((WAVES,)))
    assert list_presets().found == (Preset("soft sea", Effect((WAVES,))),)


@pytest.mark.parametrize("name", ["../../x", "con", "a/b\\c:d*?", "Öl auf Holz", "油絵", ".", "-", "é" * 80])
def test_any_name_is_safe_as_a_file(folder, name):
    assert save_preset(name, EFFECT).name == name
    assert load_preset(name).effect == EFFECT
    (file,) = folder.iterdir()
    assert file.parent == folder
    assert set(file.stem) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert len(file.name) < 80
    delete_preset(name)


@pytest.mark.parametrize("name", ["", " \n\t", "\0", "x" * (MAX_PRESET_NAME + 1)])
def test_what_is_no_name_is_refused_and_nothing_is_written(folder, name):
    assert code_of(save_preset, name, EFFECT) == "bad-preset"
    assert not folder.exists()


def test_only_what_fits_every_picture_is_kept():
    assert code_of(save_preset, "none", Effect()) == "bad-preset"
    assert code_of(save_preset, "layer", Effect((WAVES, StyleChoice("layer", "7")))) == "bad-preset"
    placed = Effect((StyleChoice("library", "waves", mask="selection"),), protect_mask="selection")
    kept = save_preset("placed", placed).effect
    assert (kept.styles[0].mask, kept.protect_mask) == ("", "")


def test_what_is_not_there_is_one_sentence_with_the_nearest_name():
    save_preset("Soft sea", EFFECT)
    assert code_of(load_preset, "Hard rock") == "unknown-preset"
    with pytest.raises(ScumbleError, match="Did you mean Soft sea") as caught:
        delete_preset("soft see")
    assert caught.value.code == "unknown-preset"


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[]", b"{}", b'{"name": "x"}', b"\xff\xfe", b" " * 70_000, b"[" * 50_000, b'{"name": 3}'],
)
def test_a_damaged_file_is_told_and_hides_no_other_preset(folder, text):
    save_preset("good", EFFECT)
    (folder / "bad.json").write_bytes(text)
    (folder / "notes.txt").write_text("not ours")
    presets = list_presets()
    assert [preset.name for preset in presets.found] == ["good"]
    (error,) = presets.errors
    assert error.code == "bad-preset"
    assert "bad.json" in error.message


def test_a_damaged_preset_says_so_by_its_name_and_can_be_deleted_or_saved_anew(folder):
    save_preset("good", EFFECT)
    (file,) = folder.iterdir()
    file.write_bytes(file.read_bytes()[:20])
    assert code_of(load_preset, "good") == "bad-preset"
    save_preset("good", EFFECT)
    assert load_preset("good").effect == EFFECT
    file.write_bytes(b"")
    delete_preset("good")
    assert code_of(load_preset, "good") == "unknown-preset"


def test_a_file_under_any_name_is_a_preset_with_the_name_that_is_inside(folder):
    save_preset("good", EFFECT)
    (file,) = folder.iterdir()
    file.rename(folder / "from a friend.json")
    save_preset("good", Effect((WAVES,)))
    assert [found.name for found in folder.iterdir()] == ["from a friend.json"]
    assert load_preset("good").effect == Effect((WAVES,))


def test_a_folder_that_cannot_be_written_is_one_sentence(folder):
    folder.write_text("a file in its place")
    assert code_of(save_preset, "good", EFFECT) == "cannot-write"
    assert [error.code for error in list_presets().errors] == ["bad-preset"]


@given(name=st.text(max_size=100), data=st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["name", "effect", "styles", "kind", "value"]), inner, max_size=4),
    max_leaves=12,
))  # fmt: skip
def test_no_content_of_a_file_makes_listing_fail(name, data):
    presets_dir().mkdir(exist_ok=True)
    file = presets_dir() / "any.json"
    file.write_text(json.dumps({"name": name, "effect": data} if len(name) % 2 else data))
    presets = list_presets()
    assert len(presets.found) + len(presets.errors) == 1
    file.unlink()
