"""The style library without a daemon: what is in it, what may be put in, and what is refused."""

from __future__ import annotations

import hashlib
import io
import sys
import threading
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from scumble import ScumbleError, StyleSource
from scumble.marks import MARKS
from scumble_daemon.library import Library, Recipe
from scumble_daemon.library.builtin import tomllib
from scumble_daemon.library.entries import credits_from
from scumble_daemon.library.names import clean_text, library_name, unique_name
from scumble_daemon.library.places import builtin_folder
from scumble_daemon.library.signals import FILE_NAME, load_signals, signals_files, signals_name
from scumble_daemon.library.thumbnails import MAX_BYTES, SIDE, make_thumbnail, read_thumbnail

BUILTIN = builtin_folder()


@pytest.fixture
def library(tmp_path) -> Library:
    return Library(user=tmp_path / "styles")


def picture(seed: int = 0, kind: str = "PNG", size: tuple[int, int] = (90, 60)) -> bytes:
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (5, 7, 3), np.uint8))
    buffer = io.BytesIO()
    small.resize(size).save(buffer, kind)
    return buffer.getvalue()


def code_of(call, *arguments) -> str:
    with pytest.raises(ScumbleError) as caught:
        call(*arguments)
    assert caught.value.message.endswith(".")
    return caught.value.code


def test_there_are_at_least_32_built_in_styles_in_at_least_14_families(library):
    entries = [entry for entry in library.entries() if entry.kind == "builtin"]
    assert len(entries) >= 32
    assert len({entry.credits.family for entry in entries}) >= 14
    assert all(entry.credits.licence and entry.credits.source for entry in entries)


def test_every_built_in_style_says_with_which_marks_it_is_made(library):
    marks = Counter(entry.credits.mark for entry in library.entries())
    assert set(marks) == set(MARKS)
    assert all(library.describe(entry)["mark"] in MARKS for entry in library.entries())


def test_built_in_styles_have_german_titles_that_travel(library):
    described = [library.describe(entry) for entry in library.entries()]
    assert sum(bool(row["titles"].get("de")) for row in described) > 60
    assert library.describe(library.find("kiss"))["titles"] == {"de": "Der Kuss"}


def test_titles_that_are_none_are_left_out():
    found = credits_from({"titles": {"de": "A\nB", "far-too-long": "x", "fr": 3, "it": ""}}, "A").titles
    assert found == {"de": "A B"}
    assert credits_from({"titles": ["de"]}, "A").titles == {}


def test_photo_looks_come_with_their_engine_and_paintings_with_none(library):
    looks = [entry for entry in library.entries() if entry.credits.mark == "photo"]
    assert len(looks) >= 12
    assert all(library.describe(entry)["settings"] == {"engine": "photo"} for entry in looks)
    assert library.describe(library.find("comic"))["settings"] == {}


def test_a_mark_that_is_none_is_left_out():
    assert credits_from({"mark": "Line"}, "A").mark == "line"
    assert credits_from({"mark": "sausage"}, "A").mark == ""


def test_every_built_in_style_shows_its_painting_and_has_small_signals():
    for folder in (path.parent for path in BUILTIN.glob("*/style.toml")):
        thumbnail = folder / "thumbnail.jpg"
        assert thumbnail.stat().st_size < 12 * 1024 + 1
        with Image.open(thumbnail) as image, Image.open(folder / "picture.jpg") as picture:
            assert (image.format, max(image.size)) == ("JPEG", 192)
            assert min(image.size) >= 144
            painting = ImageOps.fit(picture.convert("RGB"), image.size)
            coarse = [np.asarray(one.convert("RGB").resize((24, 24)), float) for one in (image, painting)]
        assert np.abs(coarse[0] - coarse[1]).mean() < 3, folder.name
        files = signals_files(folder / "signals")
        assert files
        assert all(path.stat().st_size < 64 * 1024 for path in files)


def test_built_in_signals_are_of_the_weights_that_are_shipped(library):
    """When this fails the weights are new: run tools/make_styles.py."""
    for entry in library.entries():
        engine = entry.settings.get("engine", "microast")
        table = tomllib.loads((BUILTIN.parent / f"models/scumble_models/{engine}/engine.toml").read_text())
        weights = table["models"][engine]["sha256"]
        assert load_signals(entry, weights), entry.name
        assert [FILE_NAME.fullmatch(path.name)[2] for path in signals_files(entry.signals_folder)].count(
            weights[:16]
        ) == 1  # fmt: skip


def test_the_list_that_the_script_works_from_is_what_is_built_in(library):
    table = tomllib.loads((BUILTIN.parent / "tools/styles.toml").read_text(encoding="utf-8"))
    assert {entry.name for entry in library.entries()} == table.keys()


def test_names_of_built_in_styles_can_travel(library):
    for entry in library.entries():
        assert StyleSource(library=entry.name).library == entry.name


def test_the_library_does_not_load_torch():
    import subprocess

    code = (
        "import sys, scumble_daemon.library.sharing, scumble_daemon.server.library_handler;"
        "import scumble_daemon.cli.styles, "
        "scumble_daemon.cli.batch, scumble_daemon.cli.sweep, scumble_daemon.cli.stylize;"
        "from scumble_daemon.library import Library; Library().entries();"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_style_is_found_by_name_or_title_in_any_case(library):
    assert library.find("IRISES").name == "irises"
    assert library.find("fine wind, clear morning").name == "red-fuji"


def test_an_unknown_style_gets_the_near_names(library):
    with pytest.raises(ScumbleError, match="iriss") as caught:
        library.find("iriss")
    assert (caught.value.code, "irises" in caught.value.hint) == ("unknown-style", True)


@given(st.text(max_size=300))
def test_any_title_becomes_a_name_that_can_travel(title):
    name = library_name(title)
    assert StyleSource(library=name).library == name
    assert not set(name) & set("./\\\0:")


@given(st.text(max_size=300))
def test_a_cleaned_text_is_one_line(text):
    cleaned = clean_text(text)
    assert len(cleaned) <= 200
    assert cleaned == " ".join(cleaned.split())
    assert cleaned.isprintable()


def test_a_taken_name_is_numbered():
    assert unique_name("sea", {"sea", "sea 2"}) == "sea 3"


@pytest.mark.parametrize(
    "title",
    ["../../etc/passwd", "a\0b", "CON", "nul.txt", "..", "", "/", "Ölbild № 1", "波", "x" * 500, "-rf"],
)
def test_an_image_is_kept_under_its_hash_whatever_its_title(library, tmp_path, title):
    data = picture()
    entry = library.add_image(data, title)
    digest = hashlib.sha256(data).hexdigest()
    assert entry.folder == tmp_path / "styles" / digest
    assert entry.image is not None
    assert entry.image.read_bytes() == data
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    inside = {f"styles/{digest}/{name}" for name in ("style.json", "image", "thumbnail.jpg")}
    assert written == inside | {"styles/.lock", "styles/library.json"}
    assert library.find(entry.name) == entry


def test_a_unicode_title_is_kept(library):
    entry = library.add_image(picture(), "Hafen № 1 · 波 “Mittag”")
    assert entry.credits.title == "Hafen № 1 · 波 “Mittag”"
    assert library.find("hafen № 1 · 波 “mittag”") == entry


def test_the_same_image_is_not_taken_twice(library):
    first = library.add_image(picture(), "one")
    assert library.add_image(picture(), "two") == first
    assert [entry.name for entry in library.entries() if entry.kind == "user"] == ["one"]


def test_a_name_that_is_taken_gets_a_number(library):
    assert library.add_image(picture(1), "irises").name == "irises 2"
    assert library.add_image(picture(2), "IRISES").name == "IRISES 3"


def test_what_is_no_image_is_refused_and_leaves_nothing(library, tmp_path):
    assert code_of(library.add_image, b"not an image", "x") == "not-an-image"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "CMYK"])
def test_a_thumbnail_is_small_whatever_the_picture(tmp_path, mode):
    noise = np.random.default_rng(0).integers(0, 256, (700, 500, 3), np.uint8)
    Image.fromarray(noise).convert(mode).save(tmp_path / "big.tif")
    make_thumbnail(tmp_path / "big.tif", tmp_path / "deep" / "thumbnail.jpg")
    with Image.open(tmp_path / "deep" / "thumbnail.jpg") as image:
        assert (image.format, max(image.size)) == ("JPEG", SIDE)
    assert (tmp_path / "deep" / "thumbnail.jpg").stat().st_size <= MAX_BYTES


def test_renaming_keeps_the_style_and_its_mark(library):
    library.add_image(picture(), "sea")
    library.favourite("sea")
    renamed = library.rename("sea", "Hafen/Mittag")
    assert (renamed.name, renamed.credits.title, renamed.favourite) == ("Hafen-Mittag", "Hafen/Mittag", True)
    assert code_of(library.find, "sea") == "unknown-style"


def test_renaming_onto_another_style_is_refused(library):
    library.add_image(picture(), "sea")
    assert code_of(library.rename, "sea", "Irises") == "name-taken"


def test_a_removed_style_is_gone_with_its_mark(library, tmp_path):
    folder = library.add_image(picture(), "sea").folder
    library.favourite("sea")
    library.remove("sea")
    assert not folder.exists()
    assert not library.add_image(picture(), "sea").favourite


@pytest.mark.parametrize("change", [lambda x: x.remove("irises"), lambda x: x.rename("irises", "y")])
def test_built_in_styles_stay_as_they_are(library, change):
    assert code_of(change, library) == "not-yours"


def test_favourites_last_and_can_be_taken_back(library, tmp_path):
    library.favourite("irises")
    again = Library(user=tmp_path / "styles")
    assert [entry.name for entry in again.entries() if entry.favourite] == ["irises"]
    assert not again.favourite("irises", on=False).favourite


def test_another_process_sees_a_change(library, tmp_path):
    other = Library(user=tmp_path / "styles")
    before = len(other.entries())
    library.add_image(picture(), "sea")
    assert len(other.entries()) == before + 1
    library.rename("sea", "shore")
    assert other.find("shore").name == "shore"


def test_names_stay_unique_when_many_add_at_once(tmp_path):
    def add(seed: int) -> None:
        Library(user=tmp_path).add_image(picture(seed), "sea")

    threads = [threading.Thread(target=add, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = [entry.name for entry in Library(user=tmp_path).entries() if entry.kind == "user"]
    assert sorted(names) == ["sea", *(f"sea {n}" for n in range(2, 9))]


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b'{"name": 3}', b'{"name": "../x"}', b"\xff", b"[" * 5000]
)
def test_a_damaged_style_is_left_out(library, damage):
    entry = library.add_image(picture(), "sea")
    (entry.folder / "style.json").write_bytes(damage)
    library.favourite("irises")
    assert all(e.kind == "builtin" for e in library.entries())


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"favourites": 3}', b"\xff"])
def test_damaged_settings_are_the_default(library, damage):
    library.favourite("irises")
    (library.folder / "library.json").write_bytes(damage)
    assert not library.find("irises").favourite
    assert library.favourite("tiles").favourite


def test_a_half_written_style_is_not_seen(library):
    library.add_image(picture(), "sea")
    part = library.folder / ".0123456789abcdef.part"
    part.mkdir()
    (part / "style.json").write_text('{"name": "ghost"}')
    assert code_of(library.find, "ghost") == "unknown-style"


def test_pictures_of_a_watched_folder_are_styles(library, tmp_path):
    folder = tmp_path / "watched"
    folder.mkdir()
    library.watch(folder)
    (folder / "sea.png").write_bytes(picture(1))
    (folder / "notes.txt").write_text("no picture")
    (folder / ".hidden.png").write_bytes(picture(2))
    assert [e.name for e in library.entries() if e.kind == "watched"] == ["sea"]
    (folder / "irises.png").write_bytes(picture(3))
    assert [e.name for e in library.entries() if e.kind == "watched"] == ["irises 2", "sea"]
    before = library.find("sea").identity
    (folder / "sea.png").write_bytes(picture(4, size=(91, 60)))
    assert library.find("sea").identity != before
    assert code_of(library.remove, "sea") == "not-yours"
    library.watch(folder, on=False)
    assert not [e for e in library.entries() if e.kind == "watched"]
    assert (folder / "sea.png").exists()


def test_a_watched_folder_that_goes_away_is_empty(library, tmp_path):
    folder = tmp_path / "watched"
    folder.mkdir()
    library.watch(folder)
    folder.rmdir()
    assert not [e for e in library.entries() if e.kind == "watched"]
    assert code_of(library.watch, tmp_path / "nowhere") == "file-missing"


def test_a_recipe_comes_down_to_its_styles(library):
    inner = library.add_recipe(Recipe((("irises", 1.0), ("tiles", 3.0))), "Inner")
    outer = library.add_recipe(Recipe(((inner.name, 1.0), ("comic", 1.0)), {"weight": 0.8}), "Outer")
    parts = {entry.name: share for entry, share in library.parts(outer)}
    assert parts == {"irises": 0.125, "tiles": 0.375, "comic": 0.5}
    described = library.describe(outer)
    assert described["settings"] == {"weight": 0.8}
    assert described["engines"] == library.describe(library.find("irises"))["engines"]
    assert read_thumbnail(outer).startswith(b"\xff\xd8")


def test_a_recipe_whose_style_is_gone_is_listed_and_of_no_use(library):
    library.add_image(picture(), "sea")
    recipe = library.add_recipe(Recipe((("sea", 1.0),)), "Mix")
    library.remove("sea")
    assert library.describe(library.find("Mix"))["engines"] == []
    with pytest.raises(ScumbleError, match="The recipe Mix mixes 'sea'") as caught:
        library.parts(recipe)
    assert caught.value.code == "unknown-style"


def test_recipes_follow_a_style_that_is_renamed(library):
    library.add_image(picture(), "sea")
    library.add_recipe(Recipe((("sea", 1.0), ("irises", 1.0)), {"weight": 0.5}), "Mix")
    library.add_recipe(Recipe((("Mix", 1.0),)), "Outer")
    library.rename("sea", "ocean")
    library.rename("Mix", "Blend")
    assert [entry.name for entry, _ in library.parts(library.find("Outer"))] == ["ocean", "irises"]
    assert library.describe(library.find("Blend"))["settings"] == {"weight": 0.5}


@pytest.mark.parametrize("title", ["", "  ", "\n"])
def test_a_title_cannot_be_taken_away(library, title):
    library.add_image(picture(), "sea")
    assert code_of(library.rename, "sea", title) == "bad-style"


def test_recipes_that_contain_each_other_are_refused(library):
    library.add_recipe(Recipe((("irises", 1.0),)), "A")
    library.add_recipe(Recipe((("A", 1.0),)), "B")
    library.remove("A")
    library.rename("B", "A")  # A now mixes A
    assert code_of(library.parts, library.find("A")) == "bad-style"


@pytest.mark.parametrize(
    ("parts", "settings"),
    [
        ((), {}),
        ((("irises", -1.0),), {}),
        ((("irises", float("nan")),), {}),
        ((("irises", 0.0),), {}),
        ((("../x", 1.0),), {}),
        ((("irises", 1.0),) * 17, {}),
        ((("irises", 1.0),), {"weight": [1]}),
        ((("irises", 1.0),), {"Weight!": 1}),
        ((("irises", 1.0),), {"weight": float("inf")}),
    ],
)
def test_an_impossible_recipe_is_refused(parts, settings):
    assert code_of(Recipe, parts, settings) == "bad-style"


def test_a_recipe_of_unknown_styles_is_refused(library):
    assert code_of(library.add_recipe, Recipe((("nowhere", 1.0),)), "Mix") == "unknown-style"


def test_signals_are_found_by_their_weights_alone(library):
    entry = library.add_image(picture(), "sea")
    name = signals_name("microast", "ab" * 32)
    (entry.signals_folder / name).write_bytes(b"signals")
    assert load_signals(entry, "ab" * 32) == b"signals"
    assert load_signals(entry, "cd" * 32) is None
    assert library.describe(entry)["engines"] == ["microast"]


def test_the_users_folder_is_that_of_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SCUMBLE_DATA_DIR", str(tmp_path))
    assert Library().folder == tmp_path / "styles"


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    Path(tmp_path / "file").touch()
    assert code_of(Library(user=tmp_path / "file" / "styles").favourite, "irises") == "cannot-write"
