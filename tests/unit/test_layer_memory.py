"""Layers on their way to the daemon: read in pieces, hashed meanwhile, never changed afterwards."""

from __future__ import annotations

import errno
import itertools
import os
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scumble.pixels import shared_memory as shared
from scumble.pixels.content import LEAF, leaf_digest, leaves_of
from scumble.pixels.layer_memory import LayerMemory, copy_of
from scumble.pixels.shared_memory import SHARED_FROM, block_behind, frozen_block

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memfd is Linux's")
SIZE = SHARED_FROM + 5
CONTENT = bytes(range(251)) * (SIZE // 251 + 1)
LAYER = CONTENT[:SIZE]
SIZES = pytest.mark.parametrize("size", [SIZE, 1000, 0], ids=["large", "small", "empty"])


@SIZES
@pytest.mark.parametrize("piece", [999_999, LEAF, 5 * LEAF // 2, SIZE])
def test_a_layer_that_is_read_in_pieces_comes_out_whole(size: int, piece: int):
    memory = LayerMemory(size)
    for offset in range(0, size, piece):
        memory.append(CONTENT[offset : min(size, offset + piece)])
    assert bytes(memory.finish()) == CONTENT[:size]


@linux
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 50_000), max_size=6))
def test_the_digests_found_meanwhile_are_those_of_the_leaves(
    monkeypatch: pytest.MonkeyPatch, cuts: list[int]
):
    content = CONTENT[:50_000]
    monkeypatch.setattr(shared, "SHARED_FROM", 1)
    monkeypatch.setattr("scumble.pixels.layer_memory.LEAF", 4096)
    memory = LayerMemory(len(content))
    edges = [0, *sorted(cuts), len(content)]
    for start, end in itertools.pairwise(edges):
        memory.append(content[start:end])
    block = block_behind(memory.finish())
    assert block is not None
    assert block.leaves == [leaf_digest(content[at : at + 4096]) for at in range(0, len(content), 4096)]


@linux
def test_a_large_layer_is_neither_copied_nor_hashed_again(monkeypatch: pytest.MonkeyPatch):
    layer = copy_of(LAYER)
    expected = leaves_of(LAYER)
    monkeypatch.setattr("scumble.pixels.content.leaf_digest", None)
    assert leaves_of(layer) == expected
    own, lent = block_behind(layer), frozen_block(layer)
    assert own is not None
    assert lent is not None
    assert own.address()[2] == lent.address()[2]
    assert lent.leaves == expected


@linux
def test_a_layer_that_ends_early_is_hashed_as_it_is():
    memory = LayerMemory(SIZE)
    memory.append(LAYER[:-9])
    found = memory.finish()
    assert bytes(found) == LAYER[:-9] + bytes(9)
    assert leaves_of(found) == leaves_of(bytes(found))


@SIZES
def test_a_copy_does_not_change_with_what_it_was_made_of(size: int):
    source = bytearray(CONTENT[:size])
    copy = copy_of(source)
    source[:4] = b"ABCD"[:size]
    assert bytes(copy) == CONTENT[:size]


@linux
@pytest.mark.parametrize("call", ["ftruncate", "memfd_create"])
def test_without_memory_to_share_a_layer_is_ordinary_memory(monkeypatch: pytest.MonkeyPatch, call: str):
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    monkeypatch.setattr(os, call, refuse)
    memory = LayerMemory(SIZE)
    memory.append(LAYER)
    found = memory.finish()
    assert block_behind(found) is None
    assert found == LAYER == copy_of(LAYER)
