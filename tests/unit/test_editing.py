"""What both editors' plug-ins share: settings, gallery, texts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scumble import Bounds, Extent, PixelFormat, Pixels, Progress, ScumbleError
from scumble.editing import (
    EditorSettings,
    Effect,
    Gallery,
    HistoryEntry,
    StyleChoice,
    Texts,
    load_settings,
    save_settings,
    settings_file,
)
from scumble.editing.effect import ELSEWHERE
from scumble.editing.engines import engine_choices
from scumble.editing.estimate import JOINING, Estimate, preview_side, work
from scumble.editing.gallery import FAVOURITES, LAYERS, RECENT
from scumble.editing.history import MAX_HISTORY, MAX_PICTURE
from scumble.editing.mix import evened, put, with_mask, with_share, without
from scumble.editing.style_words import FAMILIES, TAGS
from scumble.editing.texts import fraction
from scumble.pixels.masks import uncovered
from scumble_daemon.library.builtin import tomllib
from scumble_models.cascade.grids import enlargement, level_grids
from scumble_models.tiling.box import Box

WAVES = StyleChoice("library", "waves", "Great Waves")
FIRE = StyleChoice("library", "fire", "Fire")
EFFECT = Effect((WAVES, StyleChoice("library", "fire", "Fire", 0.5)), weight=0.8)
LIBRARY = [
    {"name": "waves", "title": "Great Waves", "family": "woodcut", "tags": ["sea", "blue"]},
    {"name": "fire", "title": "Fire", "family": "abstract", "tags": ["red"], "favourite": True},
]
STYLES = Path(__file__).parents[2] / "styles"
LAYER = Pixels(Extent(2, 1), PixelFormat("u8", "RGB"), bytes(6))


def titles(styles):
    return [style.title for style in styles]


def test_settings_come_back_as_they_were_saved(tmp_path):
    settings = EditorSettings().used(EFFECT).toggled(FIRE)
    file = tmp_path / "new" / "gimp.json"
    save_settings(file, settings)
    assert load_settings(file) == settings
    assert [found.name for found in file.parent.iterdir()] == ["gimp.json"]


def test_settings_live_in_the_users_configuration_directory(tmp_path, monkeypatch):
    monkeypatch.setenv("SCUMBLE_CONFIG_DIR", str(tmp_path))
    assert settings_file("krita") == tmp_path / "krita.json"


def test_damaged_settings_are_kept_aside_and_defaults_used(tmp_path):
    file = tmp_path / "gimp.json"
    file.write_bytes(b'{"effect": {"weight"')
    assert load_settings(file) == EditorSettings()
    assert (tmp_path / "gimp.json.damaged").read_bytes() == b'{"effect": {"weight"'


def test_settings_that_cannot_be_written_leave_the_old_ones(tmp_path, monkeypatch):
    file = tmp_path / "gimp.json"
    save_settings(file, EditorSettings(effect=EFFECT))

    def full(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="disk full"):
        save_settings(file, EditorSettings())
    assert load_settings(file).effect == EFFECT
    assert [found.name for found in tmp_path.iterdir()] == ["gimp.json"]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
FIELDS = [*Effect().to_dict(), "recent", "favourites", "history", "effect", "kind", "value", "amount"]


@given(st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_odd_settings_become_valid_ones(fields):
    effect = Effect.from_dict(fields)
    assert 0 <= effect.weight <= 1
    assert Effect.from_dict(effect.to_dict()) == effect
    settings = EditorSettings.from_dict({**fields, "effect": fields})
    assert EditorSettings.from_dict(settings.to_dict()) == settings


def test_the_newest_style_is_the_first_of_the_recent_ones():
    settings = EditorSettings().used(Effect((FIRE,))).used(Effect((WAVES,))).used(Effect((FIRE,)))
    assert [style.value for style in settings.recent] == ["fire", "waves"]
    assert settings.effect == Effect((FIRE,))


def test_a_style_toggled_twice_is_no_favourite():
    assert EditorSettings().toggled(FIRE).favourites == (FIRE,)
    assert EditorSettings().toggled(FIRE).toggled(FIRE) == EditorSettings()


def test_an_effect_becomes_a_request(tmp_path):
    painting = tmp_path / "painting.png"
    painting.write_bytes(b"picture")
    effect = Effect((StyleChoice("file", str(painting)), StyleChoice("layer", "7", amount=2.0)), weight=0.5)
    request = effect.request(LAYER, Bounds(0, 0, 1, 1), {"7": LAYER}.__getitem__)
    assert request.styles[0].style.file == b"picture"
    assert request.styles[1].style.pixels is LAYER
    assert request.styles[1].weight == 2.0
    assert (request.weight, request.region) == (0.5, Bounds(0, 0, 1, 1))


def test_an_effect_without_a_style_says_so():
    with pytest.raises(ScumbleError, match="No style is chosen"):
        Effect().request(LAYER)


def test_the_gallery_shows_favourites_first():
    gallery = Gallery(EditorSettings())
    gallery.set_library(LIBRARY)
    assert titles(gallery.shown()) == ["Fire", "Great Waves"]
    gallery.remember(EditorSettings().toggled(WAVES))
    assert titles(gallery.shown(group=FAVOURITES)) == ["Great Waves", "Fire"]


@pytest.mark.parametrize(
    ("search", "found"),
    [("SEA", ["Great Waves"]), ("wood great", ["Great Waves"]), ("abstract", ["Fire"]), ("sea red", [])],
)
def test_search_finds_titles_families_and_tags(search, found):
    gallery = Gallery(EditorSettings())
    gallery.set_library(LIBRARY)
    assert titles(gallery.shown(search)) == found


def test_a_search_finds_what_the_artists_language_calls_it_and_what_english_does():
    german = {"woodcut": "Holzschnitt", "blue": "blau", "Print": "Druck"}
    gallery = Gallery(EditorSettings(), "de", Texts(lambda text: german.get(text, text)))
    gallery.set_library([{**style, "titles": {"de": "Wellen"}, "mark": "print"} for style in LIBRARY[:1]])
    assert gallery.shown()[0].family == "Holzschnitt"
    for search in ("wellen", "great waves", "holzschnitt blau", "woodcut blue", "druck", "print"):
        assert titles(gallery.shown(search)) == ["Wellen"], search


def test_the_catalogues_have_the_words_of_all_built_in_styles():
    found = [tomllib.loads(file.read_text("utf-8")) for file in STYLES.glob("*/style.toml")]
    assert len(found) > 60
    assert {style["family"] for style in found} == set(FAMILIES)
    assert {tag for style in found for tag in style["tags"]} <= {*TAGS, *FAMILIES}


def test_the_gallery_shows_recent_styles_in_the_order_of_their_use(tmp_path):
    painting = tmp_path / "my_painting.jpg"
    painting.touch()
    gone = StyleChoice("file", str(tmp_path / "gone.jpg"))
    file = StyleChoice("file", str(painting))
    settings = EditorSettings().used(Effect((FIRE,))).used(Effect((gone,))).used(Effect((file,)))
    gallery = Gallery(settings)
    gallery.set_library(LIBRARY)
    assert titles(gallery.shown(group=RECENT)) == ["my painting", "Fire"]


def test_the_gallery_bears_a_library_that_is_odd():
    gallery = Gallery(EditorSettings())
    gallery.set_library([{}, {"name": 3}, {"name": "ok", "tags": "red", "title": None, "favourite": 1}])
    assert titles(gallery.shown()) == ["ok"]


def test_styles_lie_together_by_the_kind_of_their_marks():
    gallery = Gallery(EditorSettings())
    marks = {"Reeds": "ink", "Waves": "print", "Fire": "brush", "Own": "", "Oil": "brush", "Odd": 7}
    gallery.set_library([{"name": name, "mark": mark} for name, mark in marks.items()])
    assert titles(gallery.shown()) == ["Fire", "Oil", "Waves", "Reeds", "Own", "Odd"]
    assert titles(gallery.shown(group="brush")) == ["Fire", "Oil"]
    assert titles(gallery.shown("ink")) == ["Reeds"]
    assert gallery.marks() == ["brush", "print", "ink"]


def test_the_layers_of_the_image_are_a_group_of_their_own():
    gallery = Gallery(EditorSettings())
    gallery.set_library(LIBRARY)
    gallery.add(StyleChoice("layer", "12", "Sketch"))
    gallery.add(StyleChoice("layer", "12", "Sketch"))
    assert titles(gallery.shown("sketch", LAYERS)) == ["Sketch"]
    assert titles(gallery.shown()) == ["Fire", "Great Waves"]
    assert gallery.find("layer", "12") is not None


def test_a_recipe_of_the_library_brings_its_settings():
    gallery = Gallery(EditorSettings())
    gallery.set_library([{"name": "bold", "settings": {"weight": 0.4}}])
    assert gallery.find("library", "bold").settings == {"weight": 0.4}


def test_styles_have_titles_in_the_artists_language_where_there_are_any():
    library = [{"name": "kiss", "title": "The Kiss", "titles": {"de": "Der Kuss", "fr": 7}}, {"name": "own"}]
    titles = {}
    for language in ("", "de", "fr"):
        gallery = Gallery(EditorSettings(), language)
        gallery.set_library(library)
        titles[language] = [style.title for style in gallery.shown()]
    assert titles == {"": ["The Kiss", "own"], "de": ["Der Kuss", "own"], "fr": ["The Kiss", "own"]}


def test_a_photo_look_brings_its_engine_and_a_painting_takes_it_back():
    gallery = Gallery(EditorSettings())
    look = {"name": "fog", "mark": "photo", "settings": {"engine": "photo"}}
    gallery.set_library([look, {"name": "comic", "mark": "line"}, {"name": "own"}])
    fog, comic, own = (gallery.find("library", name) for name in ("fog", "comic", "own"))
    assert gallery.engine_for(fog.choice, "adain") == "photo"
    assert gallery.engine_for(comic.choice, "photo") == "microast"
    assert gallery.engine_for(comic.choice, "adain") == "adain"
    # Any picture may be meant as a look: what says nothing of its marks changes nothing.
    assert gallery.engine_for(own.choice, "photo") == "photo"
    assert gallery.engine_for(StyleChoice("file", "/a.jpg"), "photo") == "photo"


def test_the_layer_is_named_after_style_weight_and_layer():
    texts = Texts()
    assert texts.layer_name(Effect((WAVES,)), "Background") == "Great Waves 100% · Background"
    assert texts.layer_name(EFFECT, "Sky") == "Great Waves + Fire 80% · Sky"
    assert len(texts.layer_name(Effect((WAVES,)), "long " * 100)) <= 120


def test_a_file_gives_its_name_to_the_style():
    assert StyleChoice("file", "/pictures/starry_night.jpg").label == "starry night"


def test_an_error_is_its_sentence_and_its_hint():
    error = ScumbleError("worker-died", "The worker died.", hint="Try again.")
    assert Texts().error(error) == "The worker died. Try again."
    assert Texts({"The worker died.": "Tot.", "Try again.": "Nochmal."}.get).error(error) == "Tot. Nochmal."


def test_an_engine_and_where_it_computes_are_said_without_names_of_networks():
    assert (
        Texts().engine("microast") == Texts().engine("Strokes of the painting") == "Strokes of the painting"
    )
    assert Texts().engine("theirs") == "theirs"
    where = Texts().computed
    assert where("auto", ("cpu",)) == where("cpu", ("cuda", "cpu")) == "on the processor"
    assert where("auto", ("cpu", "cuda:0")) == where("cuda:0", ("cpu", "cuda:0")) == "on the graphics card"


@pytest.mark.parametrize(
    ("eta", "text"),
    [
        (0.4, "Painting…"),
        (12.2, "Painting… about 12 seconds left"),
        (200.0, "Painting… about 3 minutes left"),
    ],
)
def test_progress_tells_the_time_left(eta, text):
    assert Texts().progress(Progress(1, 4, "patch", eta)) == text


@given(st.integers(-5, 100), st.integers(-5, 100))
def test_a_fraction_is_between_0_and_1(done, total):
    assert 0 <= fraction(Progress(done, total)) <= 1


def test_what_was_painted_is_remembered_with_its_picture(tmp_path):
    file = tmp_path / "krita.json"
    entry = HistoryEntry(EFFECT, "Background", 1.5, b"\xff\xd8picture")
    save_settings(file, EditorSettings().painted(entry))
    settings = load_settings(file)
    assert settings.history == (entry,)
    assert settings.effect == EFFECT
    assert [style.value for style in settings.recent] == ["waves", "fire"]


def test_a_full_history_can_still_be_read(tmp_path):
    """A file over the limit for settings would be put aside as damaged."""
    settings = EditorSettings()
    for number in range(MAX_HISTORY + 5):
        settings = settings.painted(HistoryEntry(EFFECT, "Layer", number, bytes(MAX_PICTURE)))
    save_settings(tmp_path / "krita.json", settings)
    assert [entry.when for entry in load_settings(tmp_path / "krita.json").history] == list(
        range(MAX_HISTORY + 4, 4, -1)
    )


@given(st.lists(st.dictionaries(st.sampled_from(["effect", "layer", "when", "picture"]), JSON), max_size=3))
def test_an_odd_history_becomes_a_valid_one(found):
    settings = EditorSettings.from_dict({"history": [{"effect": EFFECT.to_dict(), **f} for f in found]})
    assert EditorSettings.from_dict(settings.to_dict()) == settings


SEA = StyleChoice("library", "sea", "Sea")


def shares(styles):
    return {style.value: round(style.amount, 6) for style in styles}


def test_a_style_joins_a_mix_with_a_fair_share():
    mix = put(put(put((), WAVES, 0), FIRE, 1), SEA, 2)
    assert shares(mix) == {"waves": 0.333333, "fire": 0.333333, "sea": 0.333333}
    assert put(mix, FIRE, 0) == mix
    full = put(mix, StyleChoice("file", "a"), 9)
    assert put(full, StyleChoice("file", "b"), 9) == full
    assert len(full) == 4


def test_a_style_takes_the_place_and_share_of_another():
    mix = with_share(put(put((), WAVES, 0), FIRE, 1), 0, 0.8)
    assert shares(put(mix, SEA, 0)) == {"sea": 0.8, "fire": 0.2}


def test_a_style_that_takes_anothers_place_is_where_that_was():
    mix = (replace(WAVES, mask="sky"), FIRE)
    assert [style.mask for style in put(mix, SEA, 0)] == ["sky", ""]


def masks(mix):
    return [style.mask for style in mix]


def test_the_first_mask_sends_the_other_styles_elsewhere_and_the_last_one_brings_them_back():
    mix = with_mask(put(put((), WAVES, 0), FIRE, 1), 1, "sky")
    assert masks(mix) == [ELSEWHERE, "sky"]
    assert masks(put(mix, SEA, 9)) == [ELSEWHERE, "sky", ELSEWHERE]
    assert masks(with_mask(mix, 0, "")) == ["", "sky"]
    assert masks(with_mask(mix, 0, "sea")) == ["sea", "sky"]
    assert masks(with_mask(mix, 1, "")) == masks(with_mask(mix, 1, ELSEWHERE)) == ["", ""]
    assert masks(without(mix, 1)) == [""]
    assert masks(without(mix, 0)) == ["sky"]


def test_styles_are_where_their_masks_are_and_elsewhere_is_what_these_leave():
    covered = {"sky": bytes([255, 100]), "sea": bytes([0, 200])}
    rest = StyleChoice("library", "irises", mask=ELSEWHERE)
    mix = (replace(WAVES, mask="sky"), rest, replace(SEA, mask="sea"), FIRE)
    request = Effect(mix).request(LAYER, coverage=covered.__getitem__)
    assert [style.mask for style in request.styles] == [covered["sky"], b"\0\0", covered["sea"], None]
    request = Effect(mix[:2]).request(LAYER, coverage=covered.__getitem__)
    assert [style.mask for style in request.styles] == [covered["sky"], bytes([0, 155])]
    assert [style.mask for style in Effect((rest, FIRE)).request(LAYER).styles] == [None, None]
    with pytest.raises(ScumbleError, match="Great Waves") as caught:
        Effect(mix).request(LAYER)
    assert caught.value.code == "bad-style"


@given(st.integers(1, 9), st.integers(1, 4), st.randoms(use_true_random=False))
def test_what_masks_leave_is_255_less_their_sum(length, count, random):
    masks = [random.randbytes(length) for _ in range(count)]
    wanted = [max(0, 255 - sum(pixel)) for pixel in zip(*masks, strict=True)]
    assert list(uncovered(masks)) == wanted
    long = [mask * 20_000 for mask in masks]
    assert uncovered(long) == bytes(wanted) * 20_000


def test_what_a_mask_protects_is_what_the_request_leaves_out():
    covered = {"sky": b"\xff\x00", "face": bytes([0, 200])}
    effect = Effect((replace(WAVES, mask="sky"), FIRE), protect_mask="face", protect_skin=0.5)
    request = effect.request(LAYER, coverage=covered.__getitem__)
    assert (request.mask, request.protect_skin) == (bytes([255, 55]), 0.5)
    assert effect.masks == ("face", "sky")
    assert Effect.from_dict(json.loads(json.dumps(effect.to_dict()))) == effect
    assert Effect.from_dict({"protect_mask": 7}) == Effect()
    with pytest.raises(ScumbleError, match="not at hand"):
        Effect((FIRE,), protect_mask="face").request(LAYER)


def test_masks_are_remembered_with_an_effect_but_not_with_recent_and_favourite_styles():
    placed = replace(WAVES, mask="selection")
    settings = EditorSettings().used(Effect((placed,))).toggled(placed)
    assert EditorSettings.from_dict(settings.to_dict()).effect.styles == (placed,)
    assert [style.mask for style in (*settings.recent, *settings.favourites)] == ["", ""]


@given(st.lists(st.floats(0, 1), min_size=2, max_size=4), st.integers(0, 3), st.floats(0, 1))
def test_shares_always_sum_to_one(amounts, at, share):
    mix = evened([StyleChoice("library", str(n), amount=amount) for n, amount in enumerate(amounts)])
    at %= len(mix)
    assert sum(style.amount for style in mix) == pytest.approx(1)
    changed = with_share(mix, at, share)
    assert changed[at].amount == pytest.approx(share)
    assert sum(style.amount for style in changed) == pytest.approx(1)
    assert sum(style.amount for style in without(mix, at)) == pytest.approx(1)


def test_one_style_is_all_of_it():
    assert shares(with_share((WAVES,), 0, 0.2)) == {"waves": 1.0}
    assert without((WAVES,), 0) == ()


def test_a_recipe_brings_its_settings_and_nothing_else():
    effect = Effect((WAVES,)).taking({"weight": 0.4, "styles": [], "detail": "much", "patch": 64, "grain": 1})
    assert effect == Effect((WAVES,), weight=0.4, patch=64)


def test_an_engine_that_another_surpasses_is_not_offered():
    class Client:
        def models(self) -> list[dict]:
            return [
                {"name": "best", "title": "Best", "traits": {"cascades": False}},
                {"name": "other", "title": "Other", "traits": {"offered": False}},
                {"name": "old", "title": "Of a daemon that tells nothing"},
            ]

    found = engine_choices(Client())  # type: ignore[arg-type]
    assert {name: choice.has_strokes for name, choice in found.items()} == {"best": False, "old": True}


@given(st.integers(500, 9000), st.floats(0.4, 2.5), st.floats(0.25, 4))
def test_as_many_pixels_are_estimated_as_the_engines_paint(width, ratio, stroke_size):
    height = round(width * ratio)
    whole = Box(0, 0, width, height)
    factor = enlargement(whole, stroke_size)
    coarsest, *finer = (grid.area for grid in level_grids(whole, stroke_size))
    painted = factor**2 * whole.area if factor > 1 else coarsest + JOINING * sum(finer)
    assert work(Extent(width, height), stroke_size) == pytest.approx(painted, rel=0.05)  # sides are rounded


@given(st.integers(641, 9000), st.floats(0.25, 4))
def test_what_a_preview_paints_is_the_coarsest_levels_of_the_layer(longest, stroke_size):
    side = min(longest, preview_side(stroke_size))
    preview, whole = Box(0, 0, side, side), Box(0, 0, longest, longest)
    if longest * stroke_size >= 640 and longest > 1.02 * side:
        painted = level_grids(preview, stroke_size)
        assert enlargement(preview, stroke_size) == 1.0
        assert level_grids(whole, stroke_size)[: len(painted)] == painted


def test_a_layer_takes_as_long_as_its_small_copy_for_each_pixel_and_a_part_not_only_its_share():
    estimate, small, layer = Estimate(), Extent(640, 480), Extent(5760, 4320)
    assert not estimate.knows("a")
    estimate.learn("a", 2.0, small, 1.0)
    assert estimate.knows("a")
    assert not estimate.knows("b")
    assert estimate.seconds(small, None, 1.0) == pytest.approx(2.0)
    whole = estimate.seconds(layer, None, 1.0)
    assert whole == pytest.approx(2.0 * (JOINING * (81 + 9) + 1))
    assert estimate.seconds(layer, Bounds(0, 0, 5760, 4300), 1.0) == whole
    quarter = estimate.seconds(layer, Bounds(0, 0, 2880, 2160), 1.0)
    assert whole / 2 < quarter < whole
