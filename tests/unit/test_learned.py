"""What is learned, on disk: beside a style, noted, found again, shared, and begun but not ended."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load, save

from scumble import ScumbleError, StyleSource
from scumble_daemon.library import Library, Recipe
from scumble_daemon.library.checkpoints import MAX_KEPT, Begun, Checkpoints
from scumble_daemon.library.learned import (
    MAX_BYTES,
    Lesson,
    add_learned,
    forget_old_pictures,
    learned_folder,
    learned_stamp,
    lesson_of,
    load_learned,
    picture_entry,
    save_learned,
)
from scumble_daemon.library.records import record_in, with_record
from scumble_daemon.library.sharing import export_style, import_style

from .test_library import code_of, library, picture

__all__ = ["library"]

WEIGHTS = "0123456789abcdef" * 4
NAME = "microast-0123456789abcdef.safetensors"
TENSORS = {"mean1": np.zeros((1, 4), "f4"), "decoder.weight": np.ones((2, 3, 3, 3), "f2")}
LESSON = Lesson(150, 37, 5, "ab" * 32, 2)


def test_a_note_stays_with_the_tensors_and_changes_none():
    data = save(TENSORS, {"architecture": "microast"})
    noted = with_record(data, {"steps": 150, "title": "Ünï"})
    assert record_in(noted) == {"steps": 150, "title": "Ünï"}
    assert record_in(with_record(noted, {"steps": 2})) == {"steps": 2}
    found = load(noted)
    assert found.keys() == TENSORS.keys()
    assert all(np.array_equal(found[name], TENSORS[name]) for name in TENSORS)
    length = int.from_bytes(noted[:8], "little")
    assert json.loads(noted[8 : 8 + length])["__metadata__"]["architecture"] == "microast"
    assert length % 8 == 0


@given(st.binary(max_size=60))
def test_what_is_no_file_of_tensors_holds_no_note(data):
    assert record_in(data) == {}
    with pytest.raises(ValueError, match="no safetensors"):
        with_record(data, {})


def test_what_is_learned_lies_beside_the_style_and_changes_its_stamp(library):
    entry = library.add_image(picture(), "sea")
    before = learned_stamp(entry)
    assert (load_learned(entry, WEIGHTS), lesson_of(entry, WEIGHTS)) == (None, None)
    assert library.describe(entry)["learned"] == {}
    save_learned(entry, "microast", WEIGHTS, save(TENSORS), LESSON)
    assert lesson_of(entry, WEIGHTS) == LESSON
    assert not LESSON.whole
    assert library.describe(entry)["learned"] == {"microast": {"steps": 150, "done": 37}}
    assert library.describe(entry)["engines"] == ["microast"]
    data = load_learned(entry, WEIGHTS)
    assert data is not None
    assert load(data).keys() == TENSORS.keys()
    assert load_learned(entry, "f" * 64) is None
    assert learned_stamp(entry) != before


def test_a_recipe_is_learned_when_all_its_parts_are(library):
    for seed, name in enumerate(("one", "two")):
        entry = library.add_image(picture(seed), name)
        assert library.describe(entry)["learned"] == {}
    mix = library.add_recipe(Recipe((("one", 1.0), ("two", 1.0))), "Both")
    save_learned(library.find("one"), "microast", WEIGHTS, save(TENSORS), LESSON)
    assert library.describe(mix)["learned"] == {}
    save_learned(library.find("two"), "microast", WEIGHTS, save(TENSORS), LESSON)
    assert library.describe(mix)["learned"] == {"microast": {}}


@pytest.mark.parametrize(
    "note", ["{", "[]", '{"steps": -1, "done": 0, "seed": 0, "image": ""}', '{"steps": 1}']
)
def test_a_note_that_makes_no_sense_is_none(library, note):
    entry = library.add_image(picture(), "sea")
    learned_folder(entry).mkdir()
    (learned_folder(entry) / NAME).write_bytes(save(TENSORS, {"scumble": note}))
    assert lesson_of(entry, WEIGHTS) is None
    assert library.describe(entry)["learned"] == {"microast": {}}


def test_a_picture_of_no_library_has_a_place_and_the_oldest_go(library):
    entries = [picture_entry(library.folder, bytes([number]) * 32) for number in range(4)]
    for entry in entries:
        save_learned(entry, "microast", WEIGHTS, save(TENSORS), LESSON)
    forget_old_pictures(library.folder, most=2)
    left = [entry for entry in entries if load_learned(entry, WEIGHTS) is not None]
    assert len(left) == 2
    assert all(entry.kind != "picture" for entry in library.entries())


def test_no_room_is_said_in_plain_words_and_the_older_tensors_stay(library, monkeypatch):
    entry = library.add_image(picture(), "sea")
    save_learned(entry, "microast", WEIGHTS, save(TENSORS), LESSON)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ScumbleError, match="no room") as caught:
        save_learned(entry, "microast", WEIGHTS, save({"a": np.ones((1, 1), "f4")}), replace(LESSON, done=75))
    assert caught.value.code == "disk-full"
    assert lesson_of(entry, WEIGHTS) == LESSON
    assert [path.name for path in learned_folder(entry).iterdir()] == [NAME]


def test_a_folder_that_cannot_be_written_is_a_typed_error(library):
    entry = library.add_image(picture(), "sea")
    learned_folder(entry).write_text("a file where the folder should be")
    assert code_of(save_learned, entry, "microast", WEIGHTS, save(TENSORS), LESSON) == "cannot-write"


BEGUN = Begun("aa" * 32, "Sea", "microast", 150, 37, 5, "")


def test_a_learning_that_was_begun_is_found_by_the_same_request_only(tmp_path):
    checkpoints, key = Checkpoints(tmp_path / "learning"), BEGUN.key(WEIGHTS)
    assert (checkpoints.load(key), checkpoints.all()) == (None, [])
    checkpoints.save(key, BEGUN, save(TENSORS))
    found = checkpoints.load(key)
    assert found is not None
    assert found[0] == BEGUN
    assert load(found[1]).keys() == TENSORS.keys()
    same = [replace(BEGUN, done=1), replace(BEGUN, title="Ocean")]
    assert all(begun.key(WEIGHTS) == key for begun in same)
    others = [{"steps": 151}, {"seed": 6}, {"image": "b"}, {"style": "bb" * 32}, {"minutes": 150.0}]
    assert all(replace(BEGUN, **other).key(WEIGHTS) != key for other in others)
    assert BEGUN.key("f" * 64) != key
    in_time = [replace(BEGUN, minutes=2.0, steps=steps).key(WEIGHTS) for steps in (0, 150, 300)]
    assert len(set(in_time)) == 1
    checkpoints.remove(key)
    assert checkpoints.load(key) is None


def test_damaged_checkpoints_are_passed_over_and_few_are_kept(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    (tmp_path / f"{BEGUN.key(WEIGHTS)}.safetensors").write_bytes(b"\0" * 40)
    assert (checkpoints.load(BEGUN.key(WEIGHTS)), checkpoints.all()) == (None, [])
    for seed in range(MAX_KEPT + 3):
        begun = replace(BEGUN, seed=seed)
        checkpoints.save(begun.key(WEIGHTS), begun, save(TENSORS))
    assert len(list(tmp_path.iterdir())) <= MAX_KEPT


def test_the_library_says_what_was_begun(library):
    entry = library.add_image(picture(), "sea")
    begun = replace(BEGUN, style=entry.identity.hex())
    library.checkpoints.save(begun.key(WEIGHTS), begun, save(TENSORS))
    assert library.describe(entry)["begun"] == {"engine": "microast", "done": 37, "steps": 150}
    measuring = replace(begun, steps=0, done=0)
    library.checkpoints.save(begun.key(WEIGHTS), measuring, save(TENSORS))
    assert library.describe(entry)["begun"] == {}


def test_what_is_learned_travels_with_a_style(library, tmp_path):
    theirs = Library(user=tmp_path / "theirs")
    entry = library.add_image(picture(), "sea")
    save_learned(entry, "microast", WEIGHTS, save(TENSORS), LESSON)
    export_style(library, "sea", tmp_path / "file")  # without signals and image: tensors are enough
    taken = import_style(theirs, tmp_path / "file")
    assert load_learned(taken, WEIGHTS) == load_learned(entry, WEIGHTS)
    assert lesson_of(taken, WEIGHTS) == LESSON
    assert import_style(theirs, tmp_path / "file") == taken
    export_style(library, "sea", tmp_path / "whole", with_image=True)
    again = import_style(Library(user=tmp_path / "third"), tmp_path / "whole")
    assert again.image is not None
    assert load_learned(again, WEIGHTS) == load_learned(entry, WEIGHTS)


def test_a_style_that_is_here_takes_what_others_have_learned_and_keeps_its_own(library, tmp_path):
    theirs = Library(user=tmp_path / "theirs")
    save_learned(library.add_image(picture(), "sea"), "microast", WEIGHTS, save(TENSORS), LESSON)
    export_style(library, "sea", tmp_path / "file", with_image=True)
    mine = theirs.add_image(picture(), "my sea")
    assert import_style(theirs, tmp_path / "file").name == "my sea"
    assert lesson_of(mine, WEIGHTS) == LESSON
    add_learned(mine, {NAME: b"other"})
    assert lesson_of(mine, WEIGHTS) == LESSON


@pytest.mark.parametrize(
    "learned",
    [
        [],
        {"../../x.safetensors": ""},
        {NAME: "no base64"},
        {NAME: base64.b64encode(b"nothing").decode()},
        {NAME: base64.b64encode(save({"a": np.full((1, 1), np.nan, "f4")})).decode()},
        {NAME: base64.b64encode(save({"a": np.zeros((1, 1), "i8")})).decode()},
        {NAME: base64.b64encode(save({"a": np.zeros((1, MAX_BYTES), "f4")})).decode()},
        {NAME: base64.b64encode(save({})).decode()},
    ],
)
def test_learned_tensors_that_are_not_sound_are_refused(library, tmp_path, learned):
    file = tmp_path / "file"
    file.write_text(json.dumps({"scumble-style": 1, "title": "Sea", "learned": learned}))
    assert code_of(import_style, library, file) == "bad-style-file"
    assert not any(entry.kind == "user" for entry in library.entries())


def test_a_name_of_a_style_is_no_picture_of_the_user(library):
    assert library.of_picture(b"x" * 32) is None
    entry = library.add_image(picture(), "sea")
    assert library.of_picture(entry.identity) == entry
    assert StyleSource(library="sea").file is None
    assert isinstance(entry.folder, Path)
