"""What a Krita document remembers of painted layers: read once, and never too long."""

from __future__ import annotations

import json
from typing import Any

import pytest
from scumble_krita import annotations, kept
from scumble_krita.kept import Kept, is_kept, keep, kept_selections

from scumble.editing import Effect, StyleChoice

EFFECT = Effect((StyleChoice("library", "irises", mask="selection 0"),))


class Node:
    """A layer, of which only its id is asked."""

    def __init__(self, name: str) -> None:
        self._name = name

    def uniqueId(self) -> Node:  # noqa: N802
        return self

    def toString(self) -> str:  # noqa: N802
        return self._name


class Paper:
    """A document that keeps annotations."""

    def __init__(self) -> None:
        self.text = b""

    def annotation(self, kind: str) -> bytes:
        return self.text

    def setAnnotation(self, kind: str, title: str, text: Any) -> None:  # noqa: N802
        self.text = bytes(text)


def selection(length: int) -> dict[str, Any]:
    return {"selection 0": {"bounds": [0, 0, 1, 1], "data": "x" * length}}


def test_the_annotation_is_parsed_once_until_it_changes(monkeypatch):
    parsed = []

    def loads(text: str, loads: Any = json.loads) -> Any:
        parsed.append(text)
        return loads(text)

    paper, source = Paper(), Node("photo")
    keep(paper, Node("one"), Kept(EFFECT, source, selections=selection(5)))
    monkeypatch.setattr(annotations.json, "loads", loads)
    annotations._parsed.cache_clear()
    for _ in range(3):
        assert is_kept(paper, Node("one"))
        assert kept_selections(paper, Node("one")) == selection(5)
    assert len(parsed) == 1
    keep(paper, Node("two"), Kept(EFFECT, source))
    assert is_kept(paper, Node("two"))
    assert len(parsed) == 2


def test_beyond_the_limit_the_oldest_lose_their_selections_and_nothing_else(monkeypatch):
    monkeypatch.setattr(kept, "MOST_BYTES", 9000)
    paper, source = Paper(), Node("photo")
    for number in range(6):
        keep(paper, Node(f"layer {number}"), Kept(EFFECT, source, selections=selection(2000)))
    assert len(paper.text) <= 9000
    assert [bool(kept_selections(paper, Node(f"layer {n}"))) for n in range(6)] == [False] * 3 + [True] * 3
    assert all(is_kept(paper, Node(f"layer {n}")) for n in range(6))


def test_the_newest_keeps_its_selection_however_long_it_is(monkeypatch):
    monkeypatch.setattr(kept, "MOST_BYTES", 100)
    paper = Paper()
    keep(paper, Node("one"), Kept(EFFECT, Node("photo"), selections=selection(500)))
    assert kept_selections(paper, Node("one")) == selection(500)


@pytest.mark.parametrize("text", [b"", b"nonsense", b"[1]", b"\xff", b"[" * 100_000])
def test_what_is_no_annotation_of_ours_is_nothing(text):
    paper = Paper()
    paper.text = text
    assert not is_kept(paper, Node("one"))
    assert kept_selections(paper, Node("one")) == {}
