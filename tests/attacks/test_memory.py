"""Memory that a client with the key shows to the daemon: not what it says, not frozen, not its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from attackers import MIB, descriptors, error_on, linux, peak_rss, reply
from daemon_process import Place, until

from scumble.pixels.content import digest_of
from scumble.pixels.shared_memory import SHARED_FROM, SharedBlock, frozen_block, new_block
from scumble.wire import messages as m
from scumble.wire.connection import Connection
from scumble.wire.zmtp import Dealer

pytestmark = linux
CONTENT = bytes(range(256)) * (SHARED_FROM // 256)
NAME = digest_of(CONTENT)


@pytest.fixture
def frozen() -> Iterator[SharedBlock]:
    block = frozen_block(CONTENT)
    assert block is not None
    with block:
        yield block


def shares(connection: Connection) -> bool:
    """Whether the daemon under attack looks into its clients' memory: only on ipc."""
    return "shared-memory" in connection.welcome.features


def lend(connection: Connection, address: list[int], size: int = SHARED_FROM, name: bytes = NAME) -> str:
    """Lend a content and have it refused, with this code."""
    connection.send(m.Lend(7, name, size, address))
    error = error_on(connection)
    assert error.request == 7
    connection.send(m.Have(8, [name]))
    assert reply(connection) == m.Missing(8, [name])
    return error.code


def test_memory_that_can_still_change(connection: Connection, record_property):
    """Memory is lent that its owner can write afterwards: pixels change once they have been checked.

    Only a block that the kernel has sealed against writing is taken.
    """
    block = new_block(SHARED_FROM)
    assert block is not None
    with block:
        block.write(0, CONTENT)
        assert lend(connection, block.address()) == "memory-not-shared"
    record_property("outcome", "refused: memory-not-shared")


@pytest.mark.parametrize("change", [-1, 1, SHARED_FROM, 1 << 50])
def test_memory_of_another_size(connection: Connection, frozen: SharedBlock, change, record_property):
    """More or less memory is announced than was sealed, so that reading it would end in a fault.

    The size must be the block's, which is sealed against shrinking.
    """
    assert lend(connection, frozen.address(), SHARED_FROM + change) == "memory-not-shared"
    record_property("outcome", "refused: memory-not-shared")


def test_memory_that_is_not_there(connection: Connection, serving: Place, record_property):
    """A terabyte is lent that was never written: reading it would make the daemon allocate it.

    All of a block must be in memory before it is looked at.
    """
    before = peak_rss(serving.info.pid)
    for size in (SHARED_FROM, 200 * MIB, 1 << 40):
        block = new_block(size)
        assert block is not None
        with block:
            block.freeze()
            assert lend(connection, block.address(), size) == "memory-not-shared"
    assert peak_rss(serving.info.pid) - before < 8 * MIB
    record_property("tries", 3)
    record_property("outcome", "refused: memory-not-shared; memory unchanged")


def test_memory_that_is_not_what_its_digest_says(
    connection: Connection, frozen: SharedBlock, record_property
):
    """Sealed memory is lent under the digest of pixels that a later job will name.

    The digest is computed by the daemon, as for pixels that are sent.
    """
    code = lend(connection, frozen.address(), name=bytes(32))
    assert code == ("bad-digest" if shares(connection) else "memory-not-shared")
    record_property("outcome", f"refused: {code}")


def test_a_descriptor_that_is_no_memory(
    connection: Connection, serving: Place, tmp_path: Path, record_property
):
    """The daemon is shown a pipe, a device, a file, its own files: to hang it, or to have it read them.

    What is no regular file of this user's with that number is not opened, and what is not sealed not read.
    """
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(CONTENT)
    tries = 0
    for path, flags in ((tmp_path / "pipe", os.O_RDWR), ("/dev/zero", os.O_RDONLY), (tmp_path / "file", 0)):
        descriptor = os.open(path, flags)
        status = os.fstat(descriptor)
        address = [os.getpid(), descriptor, status.st_ino]
        assert lend(connection, address, max(status.st_size, SHARED_FROM)) == "memory-not-shared"
        os.close(descriptor)
        tries += 1
    for path in Path(f"/proc/{serving.info.pid}/fd").iterdir():
        status = path.stat()
        address = [serving.info.pid, int(path.name), status.st_ino]
        assert lend(connection, address, max(status.st_size, SHARED_FROM)) == "memory-not-shared"
        tries += 1
    record_property("tries", tries)
    record_property("outcome", "refused: memory-not-shared, at once")


@pytest.mark.parametrize(
    "numbers", [[], [1], [1, 2], [1, 2, 3, 4], [-1, 3, 4], [1 << 54, 3, 4], [1.0, 2, 3]], ids=str
)
def test_an_address_that_is_none(connection: Connection, numbers, record_property):
    """An address of too few or too many numbers, of negative ones, of fractions.

    Three whole numbers; whatever else is no message, or nothing is found there.
    """
    connection.send(m.Lend(7, NAME, SHARED_FROM, numbers))
    code = error_on(connection).code
    assert code == ("memory-not-shared" if len(numbers) < 3 else "bad-message")
    record_property("outcome", f"refused: {code}")


def test_a_flood_of_loans(connection: Connection, serving: Place, frozen: SharedBlock, record_property):
    """The same memory is lent two hundred times under different names, without waiting for an answer.

    Each loan counts against the client's share, and only so many are looked at at once.
    """
    before, tries = descriptors(serving.info.pid), 200
    answers = []
    for number in range(tries):
        # Every other one under the first name: each takes the place of the one before.
        connection.send(
            m.Lend(number, digest_of(bytes([number % 2 and number])), SHARED_FROM, frozen.address())
        )
    for _ in range(tries):
        answers.append(error_on(connection).code)
    expected = {"bad-digest", "daemon-full"} if shares(connection) else {"memory-not-shared"}
    assert set(answers) == expected
    until(lambda: descriptors(serving.info.pid) <= before, "the end of the daemon's descriptors")
    record_property("tries", tries)
    record_property("outcome", f"refused: {', '.join(sorted(expected))}; no descriptor kept")


def test_a_lender_that_leaves(serving: Place, frozen: SharedBlock, record_property):
    """A client lends its memory and is gone before the daemon has looked at it.

    What is checked then belongs to nobody and is dropped.
    """
    before = descriptors(serving.info.pid)
    for _ in range(20):
        connection = Connection.open(serving.info, "job", Dealer.connect, timeout=10)
        connection.send(m.Lend(1, NAME, SHARED_FROM, frozen.address()))
        connection.close()
    until(lambda: descriptors(serving.info.pid) <= before, "the end of the daemon's descriptors")
    record_property("tries", 20)
    record_property("outcome", "dropped; no descriptor kept")
