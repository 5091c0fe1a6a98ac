"""Style files that travel between people: what comes back is what was sent, and traps do not spring."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from scumble import ScumbleError
from scumble_daemon.library import Library, Recipe
from scumble_daemon.library.sharing import SUFFIX, export_style, import_style
from scumble_daemon.library.signals import signals_files
from scumble_daemon.library.thumbnails import read_thumbnail

from .test_library import BUILTIN, code_of, picture

SIGNALS = "microast-0123456789abcdef.safetensors"


@pytest.fixture
def mine(tmp_path) -> Library:
    return Library(user=tmp_path / "mine")


@pytest.fixture
def theirs(tmp_path) -> Library:
    return Library(user=tmp_path / "theirs")


def encoded(library: Library, title: str = "sea", seed: int = 0):
    """A style of the user with signals, as if it had been used."""
    entry = library.add_image(picture(seed), title)
    source = next((BUILTIN / "irises" / "signals").iterdir())
    shutil.copy(source, entry.signals_folder / source.name)
    return entry


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def good() -> dict[str, Any]:
    return {
        "scumble-style": 1,
        "title": "Sea",
        "signals": {SIGNALS: b64(save({"mean1": np.zeros((1, 4), "f4")}))},
    }


def write(path: Path, data: Any) -> Path:
    path.write_text(json.dumps(data))
    return path


def test_a_style_goes_without_its_image_unless_it_is_asked_for(mine, theirs, tmp_path):
    entry = encoded(mine)
    file = tmp_path / f"sea{SUFFIX}"
    export_style(mine, "sea", file)
    assert b64(picture())[:60] not in file.read_text()
    assert str(tmp_path) not in file.read_text()
    taken = import_style(theirs, file)
    assert (taken.name, taken.kind, taken.image) == ("sea", "user", None)
    sent, got = (signals_files(e.signals_folder) for e in (entry, taken))
    assert [(p.name, p.read_bytes()) for p in sent] == [(p.name, p.read_bytes()) for p in got]
    assert read_thumbnail(taken).startswith(b"\xff\xd8")


def test_a_style_goes_with_its_image(mine, theirs, tmp_path):
    mine.add_image(picture(), "sea")
    export_style(mine, "sea", tmp_path / "sea", with_image=True)
    taken = import_style(theirs, tmp_path / "sea")
    assert taken.image is not None
    assert taken.image.read_bytes() == picture()


def test_a_style_that_was_never_used_has_nothing_to_give_away_but_its_image(mine, tmp_path):
    mine.add_image(picture(), "sea")
    assert code_of(export_style, mine, "sea", tmp_path / "sea") == "no-signals"
    assert not (tmp_path / "sea").exists()


def test_an_image_that_is_not_here_cannot_go(mine, theirs, tmp_path):
    encoded(mine)
    export_style(mine, "sea", tmp_path / "sea")
    import_style(theirs, tmp_path / "sea")
    with pytest.raises(ScumbleError) as caught:
        export_style(theirs, "sea", tmp_path / "x", with_image=True)
    assert caught.value.code == "no-image"


def test_a_recipe_takes_the_users_styles_along(mine, theirs, tmp_path):
    encoded(mine, "sea")
    theirs.add_image(picture(7), "sea")  # another one has the name there
    mine.add_recipe(Recipe((("sea", 1.0), ("irises", 3.0)), {"weight": 0.5}), "Mix")
    export_style(mine, "Mix", tmp_path / "mix")
    assert (tmp_path / "mix").stat().st_size < 32 * 1024
    taken = import_style(theirs, tmp_path / "mix")
    assert {entry.name: share for entry, share in theirs.parts(taken)} == {"sea 2": 0.25, "irises": 0.75}
    assert taken.recipe is not None
    assert dict(taken.recipe.settings) == {"weight": 0.5}


def test_a_file_is_not_taken_twice(mine, theirs, tmp_path):
    encoded(mine)
    export_style(mine, "sea", tmp_path / "sea")
    assert import_style(theirs, tmp_path / "sea") == import_style(theirs, tmp_path / "sea")


def test_a_recipe_that_comes_home_finds_the_styles_that_it_mixes(mine, tmp_path):
    encoded(mine, "sea")
    mine.add_recipe(Recipe((("sea", 1.0), ("irises", 3.0)), {}), "Mix")
    before = [entry.name for entry in mine.entries()]
    export_style(mine, "Mix", tmp_path / "mix")
    assert import_style(mine, tmp_path / "mix") == mine.find("Mix")
    assert [entry.name for entry in mine.entries()] == before


BOMB = b64(save({"mean1": np.zeros((1, 400_000), "f4")}))
NOT_FINITE = b64(save({"mean1": np.full((1, 4), np.nan, "f4")}))
WRONG_SHAPE = b64(save({"mean1": np.zeros((1, 1, 1, 1, 64), np.float32)}))
ATTACKS = {
    "a path for signals": {"signals": {"../../evil.safetensors": good()["signals"][SIGNALS]}},
    "an absolute path": {"signals": {"/tmp/evil-0123456789abcdef.safetensors": good()["signals"][SIGNALS]}},
    "a drive": {"signals": {"C:\\evil-0123456789abcdef.safetensors": good()["signals"][SIGNALS]}},
    "signals that are a pickle": {"signals": {SIGNALS: b64(b"\x80\x04\x95cos\nsystem\n.")}},
    "signals that are too large": {"signals": {SIGNALS: BOMB}},
    "signals that are not finite": {"signals": {SIGNALS: NOT_FINITE}},
    "signals of another shape": {"signals": {SIGNALS: WRONG_SHAPE}},
    "signals that are cut short": {"signals": {SIGNALS: good()["signals"][SIGNALS][:40]}},
    "signals with a huge header": {"signals": {SIGNALS: b64(b"\xff" * 8 + b"{}")}},
    "no base64": {"signals": {SIGNALS: "***"}},
    "signals that are a list": {"signals": []},
    "nothing": {"signals": {}},
    "an image of another digest": {"image": b64(picture()), "sha256": "0" * 64},
    "a thumbnail that is none": {"thumbnail": b64(b"GIF89a")},
    "a thumbnail that is too large": {"thumbnail": b64(picture(kind="JPEG", size=(2000, 10)))},
    "another version": {"scumble-style": 2},
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_hostile_file_is_refused_and_leaves_nothing(theirs, tmp_path, attack):
    file = write(tmp_path / "evil", {**good(), **ATTACKS[attack]})
    assert code_of(import_style, theirs, file) == "bad-style-file"
    assert [path.name for path in tmp_path.iterdir()] == ["evil"]


def test_an_image_that_is_none_is_refused(theirs, tmp_path):
    data = b"no picture"
    change = {"image": b64(data), "sha256": hashlib.sha256(data).hexdigest()}
    assert code_of(import_style, theirs, write(tmp_path / "evil", {**good(), **change})) == "not-an-image"


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b"PK\x03\x04", b"null"])
def test_what_is_no_style_file_is_refused(theirs, tmp_path, raw):
    (tmp_path / "evil").write_bytes(raw)
    assert code_of(import_style, theirs, tmp_path / "evil") == "bad-style-file"


@pytest.mark.parametrize(
    "recipe",
    [
        {"styles": []},
        {"styles": "irises"},
        {"styles": [{"style": "../x"}]},
        {"styles": [{"style": "irises", "share": "much"}]},
        {"styles": [{"style": "irises"}], "settings": [1]},
        [],
    ],
)
def test_a_hostile_recipe_is_refused(theirs, tmp_path, recipe):
    file = write(tmp_path / "evil", {"scumble-style": 1, "title": "x", "recipe": recipe})
    assert code_of(import_style, theirs, file) == "bad-style"


def test_a_recipe_of_styles_that_are_not_here_is_refused(theirs, tmp_path):
    recipe = {"styles": [{"style": "nowhere"}]}
    file = write(tmp_path / "evil", {"scumble-style": 1, "title": "x", "recipe": recipe})
    assert code_of(import_style, theirs, file) == "unknown-style"


def test_a_title_from_a_stranger_is_one_harmless_line(theirs, tmp_path):
    title = "../../\x1b[31m\nrm -rf\0" + "x" * 5000
    entry = import_style(theirs, write(tmp_path / "evil", {**good(), "title": title, "tags": [1, "a\nb"]}))
    assert entry.credits.title.isprintable()
    assert len(entry.credits.title) <= 200
    assert entry.credits.tags == ("a b",)
    assert entry.folder.parent == theirs.folder


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("scumble-style", "title", "tags", "signals", "thumbnail", "image", "sha256", "recipe", "embedded")


@given(st.sampled_from(FIELDS), json_values)
def test_any_value_in_any_field_is_taken_or_refused_with_a_type(tmp_path_factory, field, value):
    folder = tmp_path_factory.mktemp("fuzz")
    file = write(folder / "style", {**good(), field: value})
    codes = ("bad-style-file", "bad-style", "unknown-style", "not-an-image")
    with contextlib.suppress(ScumbleError):
        entry = import_style(Library(user=folder / "library"), file)
        assert entry.folder.parent == folder / "library"
        return
    assert code_of(import_style, Library(user=folder / "library"), file) in codes
