"""Memory that processes share: nobody can shrink it, and what was frozen cannot be written."""

from __future__ import annotations

import errno
import mmap
import multiprocessing
import os
import sys
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from scumble.pixels import shared_memory as shared
from scumble.pixels.content import digest_of
from scumble.pixels.disk import release
from scumble.pixels.shared_memory import (
    SHARED_FROM,
    SharedBlock,
    block_behind,
    find_block,
    frozen_block,
    new_block,
)
from scumble_daemon.worker import pipe

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
    monkeypatch.setattr(shared, "AVAILABLE", False)
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


# What another process shows ------------------------------------------------------------------------


@pytest.fixture
def frozen() -> SharedBlock:
    block = frozen_block(CONTENT[:SIZE])
    assert block is not None
    return block


def _look(address: list[int], size: int, answer: Connection) -> None:
    """What another process finds there."""
    block = find_block(address, size)
    answer.send(block is not None and digest_of(block.view()))


@linux
def test_another_process_finds_a_frozen_block(frozen: SharedBlock):
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_look, args=(frozen.address(), SIZE, theirs))
    process.start()
    found = ours.recv()
    process.join()
    assert found == digest_of(CONTENT[:SIZE])


@linux
def test_what_was_found_outlives_the_block_and_can_be_frozen_again(frozen: SharedBlock):
    found = find_block(frozen.address(), SIZE)
    assert found is not None
    found.freeze()
    frozen.close()
    assert bytes(found.view()) == CONTENT[:SIZE]


@linux
def test_a_block_that_can_still_be_written_is_not_found():
    block = filled()
    assert find_block(block.address(), SIZE) is None
    block.freeze()
    assert find_block(block.address(), SIZE) is not None


@linux
def test_a_block_that_is_not_all_in_memory_is_not_found():
    block = new_block(SIZE)
    assert block is not None
    block.write(0, b"the rest would be made when it is read")
    block.freeze()
    assert find_block(block.address(), SIZE) is None


@linux
def test_an_address_that_is_not_right_finds_nothing(frozen: SharedBlock):
    pid, number, inode = frozen.address()
    for address in (
        [pid, number, inode + 1],
        [pid, number + 500, inode],
        [1 << 50, number, inode],
        [0, 0, 0],
    ):
        assert find_block(address, SIZE) is None
    assert find_block([pid, number], SIZE) is None
    for size in (SIZE - 1, SIZE + 1, 0):
        assert find_block([pid, number, inode], size) is None
    frozen.close()
    assert find_block([pid, number, inode], SIZE) is None


@linux
def test_only_memory_is_found_and_nothing_else_is_opened(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(CONTENT[:SIZE])
    for name, flags in (("pipe", os.O_RDWR), ("file", os.O_RDONLY)):
        descriptor = os.open(tmp_path / name, flags)
        size = os.fstat(descriptor).st_size
        assert find_block([os.getpid(), descriptor, os.fstat(descriptor).st_ino], size) is None
        os.close(descriptor)


@linux
def test_what_is_written_into_a_view_of_ones_own_stays_there(frozen: SharedBlock):
    view = frozen.own_view()
    view[:3] = b"abc"
    written = digest_of(view)  # which lets pages of other maps go
    release(view)
    assert digest_of(view) == written == digest_of(b"abc" + CONTENT[3:SIZE])
    assert bytes(frozen.view()[:3]) == CONTENT[:3]


@linux
def test_a_block_that_somebody_has_mapped_to_write_is_not_frozen():
    block = filled()
    mapping = mmap.mmap(block.fileno(), SIZE)
    with pytest.raises(OSError, match="busy"):
        block.freeze()
    mapping.close()
    block.freeze()
    assert block.is_frozen()


@linux
def test_without_room_there_is_no_copy(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left")

    monkeypatch.setattr(os, "pwrite", refuse)
    assert frozen_block(CONTENT[:SIZE]) is None
    assert frozen_block(b"small") is None


@linux
def test_a_part_of_a_layer_is_not_taken_for_all_of_it(frozen: SharedBlock):
    view = frozen.view()
    assert block_behind(view) is frozen
    assert [block_behind(part) for part in (view[1:], view[::-1], view[:-5])] == [None] * 3
    first = frozen_block(view[: SHARED_FROM + 1])
    assert first is not None
    assert bytes(first.view()) == CONTENT[: SHARED_FROM + 1]
    assert block_behind(view.cast("B", (1, SIZE))) is frozen


@linux
def test_half_of_the_descriptors_are_the_program_s(frozen: SharedBlock, monkeypatch: pytest.MonkeyPatch):
    import resource

    monkeypatch.setattr("resource.getrlimit", lambda which: (2 * frozen.fileno(), 1 << 20))
    assert new_block(SIZE) is None
    assert find_block(frozen.address(), SIZE) is None
    monkeypatch.setattr("resource.getrlimit", lambda which: (resource.RLIM_INFINITY, 1 << 20))
    assert find_block(frozen.address(), SIZE) is not None
