"""Large contents in temporary files: what went in comes out, and memory stays small."""

from __future__ import annotations

import subprocess
import sys

import pytest

from scumble import ScumbleError
from scumble.pixels import disk as spool
from scumble.pixels.content import digest_of


@pytest.mark.parametrize("over", [0, 1 << 20], ids=["in a file", "in memory"])
def test_pieces_come_back_as_one(over, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    content = bytes(range(256)) * 40
    landing = spool.Landing(len(content), over)
    for offset in range(0, len(content), 999):
        landing.write(offset, content[offset : offset + 999])
    found = landing.finish()
    assert bytes(found) == content
    assert b"".join(bytes(piece) for piece in spool.pieces(found, 1000)) == content
    spool.release(found)
    assert bytes(found[:9]) == content[:9]
    assert digest_of(found) == digest_of(content)
    assert list(tmp_path.iterdir()) == []


def test_letting_a_large_content_in_memory_go_loses_nothing():
    landing = spool.Landing(spool.LARGE)
    landing.write(0, b"a" * spool.LARGE)
    found = landing.finish()
    before = digest_of(found)
    spool.release(found)
    assert digest_of(found) == before == digest_of(b"a" * spool.LARGE)


def test_an_empty_content_is_one_empty_piece():
    assert [bytes(piece) for piece in spool.pieces(b"", 8)] == [b""]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/dev/full is Linux's")
def test_a_full_disk_is_a_typed_error():
    landing = spool.Landing(10, 0)
    landing.close()
    landing._file = open("/dev/full", "wb", buffering=0)  # noqa: SIM115, PTH123
    with pytest.raises(ScumbleError) as caught:
        landing.write(0, b"0123456789")
    landing.close()
    assert caught.value.code == "disk-full"
    assert "disk" in caught.value.hint


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_large_content_is_read_in_little_memory():
    code = """
from scumble.pixels import disk as spool
from scumble.pixels.content import digest_of
landing = spool.Landing(400 << 20, 0)
for offset in range(0, 400 << 20, 1 << 20):
    landing.write(offset, bytes(1 << 20))
content = landing.finish()
digest_of(content)
with open("/proc/self/status") as status:
    print(next(line for line in status if line.startswith("VmHWM")).split()[1])
"""
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(shown.stdout) < 120_000
