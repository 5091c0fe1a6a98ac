"""What a painted layer keeps to be rid of its styles again, and what it says where that cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scumble import Bounds, Extent, PixelFormat, Pixels, ScumbleError
from scumble.editing import Texts
from scumble.editing.reversals import (
    MOST,
    after_painting,
    after_unstyling,
    check_reversible,
    pack_reversals,
    unpack_reversals,
    unstyling,
)
from scumble.wire.validators import MAX_REVERSAL
from scumble_daemon.plugins.catalogue import read_po
from scumble_models.registry import list_models

ROOT = Path(__file__).resolve().parents[2]
SAID = json.dumps({"__metadata__": {"architecture": "artflow"}}).encode()
REVERSAL = len(SAID).to_bytes(8, "little") + SAID


def layer(reversal: bytes | None = None) -> Pixels:
    return Pixels(Extent(4, 3), PixelFormat("u8", "RGB"), bytes(36), reversal=reversal)


def test_the_last_style_comes_first_and_a_few_are_kept():
    kept: tuple[bytes, ...] = ()
    for number in range(MOST + 2):
        kept = after_painting(layer(b"%d" % number), kept)
    assert kept == (b"5", b"4", b"3", b"2")
    assert unpack_reversals(json.loads(json.dumps(pack_reversals(kept)))) == kept


@pytest.mark.parametrize("reversal", [None, b""])
def test_an_engine_that_cannot_go_back_ends_it(reversal):
    assert after_painting(layer(reversal), (b"before",)) == ()


@pytest.mark.parametrize(
    ("found", "left"),
    [
        (None, ()),
        ("eA==", ()),
        ([1], ()),
        (["eA==", "?"], (b"x",)),
        (["eA==", "ä", "eA=="], (b"x",)),
        ([""], ()),
        (pack_reversals((bytes(MAX_REVERSAL + 1),)), ()),
        (pack_reversals((bytes(MAX_REVERSAL),)), (bytes(MAX_REVERSAL),)),
        (["eA=="] * 99, (b"x",) * MOST),
    ],
)
def test_of_damaged_data_what_comes_before_the_damage_is_left(found, left):
    assert unpack_reversals(found) == left


def test_the_style_put_on_last_comes_off_and_the_others_are_left():
    request = unstyling(layer(), (REVERSAL, b"before"), device="cpu")
    assert request.styles[0].style.reversal == REVERSAL
    assert (request.engine, request.device) == ("artflow", "cpu")
    assert after_unstyling(request, (REVERSAL, b"before")) == (b"before",)
    part = unstyling(layer(), (REVERSAL, b"before"), Bounds(0, 0, 2, 2))
    assert after_unstyling(part, (REVERSAL, b"before")) == ()


@pytest.mark.parametrize("language", ["", "gimp", "krita"])
def test_a_layer_that_keeps_nothing_says_by_what_engine_it_would(language):
    catalogue = next(ROOT.glob(f"plugin_{language}/*/locale/de.po")) if language else None
    entries = read_po(catalogue) if catalogue else {}
    texts = Texts(lambda text: entries.get(text) or text)
    title = next(model.title for model in list_models() if model.name == "artflow-wct")
    with pytest.raises(ScumbleError) as caught:
        check_reversible(())
    assert caught.value.code == "not-reversible"
    assert f"'{texts.engine(title)}'" in texts.error(caught.value)
    assert (texts.engine(title) == title) == (language == "")


def test_all_engines_that_editors_offer_have_a_german_title():
    entries = read_po(ROOT / "plugin_gimp" / "scumble-gimp" / "locale" / "de.po")
    texts = Texts(lambda text: entries.get(text) or text)
    offered = [model.title for model in list_models() if model.traits.offered]
    assert len(offered) >= 4
    assert [title for title in offered if texts.engine(title) == title] == []
