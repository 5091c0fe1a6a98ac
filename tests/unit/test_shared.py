"""Memory that broker and worker share: nobody can shrink it, and what is read cannot be written."""

from __future__ import annotations

import errno
import mmap
import multiprocessing
import os
import sys

import pytest

from scumble_daemon import pipe, shared
from scumble_daemon.shared import SHARED_FROM, SharedBlock, block_behind, new_block

SIZE = SHARED_FROM + 5
CONTENT = bytes(range(251)) * (SIZE // 251 + 1)

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memfd is Linux's")


def filled() -> SharedBlock:
    block = new_block(SIZE)
    assert block is not None
    for offset in range(0, SIZE, 1 << 20):
        block.write(offset, CONTENT[offset : min(SIZE, offset + (1 << 20))])
    return block


@linux
def test_what_was_written_is_read_and_outlives_the_block():
    block = filled()
    view = block.view()
    assert view.readonly
    assert block_behind(view) is block
    block.close()
    assert bytes(view) == CONTENT[:SIZE]


@linux
def test_frozen_contents_cannot_be_written_by_anyone():
    block = filled()
    block.freeze()
    again = SharedBlock(os.dup(block.fileno()), SIZE)
    for attempt in (
        lambda: os.pwrite(again.fileno(), b"x", 0),
        lambda: mmap.mmap(again.fileno(), SIZE),
        lambda: again.write(0, b"x"),
    ):
        with pytest.raises((PermissionError, MemoryError)):
            attempt()
    assert bytes(block.view()) == CONTENT[:SIZE]


@linux
@pytest.mark.parametrize("size", [0, SIZE - 1, SIZE + 1])
def test_no_block_ever_changes_its_size(size):
    block = filled()
    with pytest.raises(PermissionError):
        os.ftruncate(block.fileno(), size)


def test_small_contents_and_other_systems_have_ordinary_memory(monkeypatch: pytest.MonkeyPatch):
    assert new_block(SHARED_FROM - 1) is None
    assert block_behind(b"bytes") is None
    monkeypatch.setattr(shared, "_AVAILABLE", False)
    assert new_block(SIZE) is None


@linux
def test_without_descriptors_contents_are_ordinary_memory(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "memfd_create", refuse)
    assert new_block(SIZE) is None


@linux
def test_contents_and_blocks_go_through_the_pipe_together():
    ours, theirs = pipe.pair(multiprocessing.get_context("spawn"))
    sent = filled()
    sent.freeze()
    result = new_block(SIZE)
    assert result is not None
    pipe.send(ours, "job", {"a": 1}, [b"small", b""], [sent, result])
    note = pipe.receive(theirs, blocks=True)
    assert (note.kind, note.fields, [bytes(c) for c in note.contents]) == ("job", {"a": 1}, [b"small", b""])
    assert bytes(note.blocks[0].view()) == CONTENT[:SIZE]
    note.blocks[1].write(0, b"abc")
    assert bytes(result.view()[:4]) == b"abc\0"
    pipe.send(theirs, "done", {})
    assert pipe.receive(ours).blocks == []


@linux
def test_the_broker_takes_no_shared_memory_from_its_worker():
    ours, theirs = pipe.pair(multiprocessing.get_context("spawn"))
    pipe.send(theirs, "result", {}, [], [filled()])
    with pytest.raises(ValueError, match="shared memory"):
        pipe.receive(ours)


@linux
def test_a_lack_of_descriptors_is_a_lack_of_memory(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    block = filled()
    monkeypatch.setattr(os, "dup", refuse)
    with pytest.raises(MemoryError):
        block.again()
