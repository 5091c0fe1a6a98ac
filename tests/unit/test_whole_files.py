"""Whatever is written is whole or not there: on a full disk, over a size limit, in every format."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from scumble import Extent, PixelFormat, Pixels, ScumbleError
from scumble.editing.effect import Effect
from scumble.editing.settings import EditorSettings, save_settings
from scumble.files import append_line, atomic_file, write_whole
from scumble.launch.connection_file import write_connection
from scumble.wire.connection import ConnectionInfo
from scumble_daemon.images import large, write_image
from scumble_daemon.library import Library
from scumble_daemon.library.learned import add_learned
from scumble_daemon.library.sharing import export_style
from scumble_daemon.plugins.bundle import zip_folder
from scumble_models.files import save_atomically, save_picture, save_state, write_atomically

resource = pytest.importorskip("resource", reason="limits are POSIX")

ROOM = 20 << 10  # bytes, less than any of these writers needs
OLD = b"the good old file"


@pytest.fixture(params=["a size limit", "a full disk"])
def tight(request, tmp_path) -> Iterator[Callable[[], contextlib.AbstractContextManager[None]]]:
    """A context manager in which `tmp_path`/tight takes no more than about `ROOM` bytes a file."""
    folder = tmp_path / "tight"
    folder.mkdir()
    if request.param == "a size limit":
        yield _size_limit
        return
    size = ROOM + (8 << 10)  # whole pages, and the old file
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield contextlib.nullcontext
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextlib.contextmanager
def _size_limit() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def noise(dtype: type = np.uint8, side: int = 200) -> Pixels:
    values = np.random.default_rng(0).integers(0, 256, (side, side, 3)).astype(dtype)
    name = {np.uint8: "u8", np.uint16: "u16", np.float32: "f32"}[dtype]
    return Pixels(Extent(side, side), PixelFormat(name, "RGB"), values.tobytes())


def written_large(path: Path) -> None:
    like = path.parent.parent / "like.png"
    Image.new("RGB", (8, 8)).save(like)
    large.write_large(path, noise(), like)


def exported(path: Path) -> None:
    library = Library(user=path.parent.parent / "library")
    image = path.parent.parent / "painting.png"
    write_image(image, noise(side=60))
    entry = library.add_image(image.read_bytes(), "Noise")
    add_learned(entry, {"microast-0123456789abcdef.safetensors": os.urandom(2 * ROOM)})
    with contextlib.suppress(ScumbleError):
        export_style(library, entry.name, path.with_name("other"), with_image=True)
    export_style(library, entry.name, path, with_image=True)


def zipped(path: Path) -> None:
    folder = path.parent.parent / "folder"
    folder.mkdir(exist_ok=True)
    (folder / "data").write_bytes(os.urandom(ROOM - 100))
    (folder / "more").write_bytes(os.urandom(ROOM - 100))
    zip_folder(folder, path)


NOISE = Image.fromarray(np.frombuffer(noise().data, np.uint8).reshape(200, 200, 3))
WRITERS: dict[str, Callable[[Path], object]] = {
    "a.jpg": lambda path: write_image(path, noise()),
    "a.png": lambda path: write_image(path, noise()),
    "a.webp": lambda path: write_image(path, noise()),
    "a.tif": lambda path: write_image(path, noise()),
    "deep.png": lambda path: write_image(path, noise(np.uint16)),
    "float.tif": lambda path: write_image(path, noise(np.float32)),
    "large.jpg": written_large,
    "large.png": written_large,
    "large.tif": written_large,
    "large.webp": written_large,
    "tensors.safetensors": lambda path: save_atomically({"a": torch.rand(100, 100)}, path),
    "checkpoint.pt": lambda path: save_state({"a": torch.rand(100, 100)}, path),
    "sheet.jpg": lambda path: save_picture(NOISE, path, quality=95),
    "report.json": lambda path: write_atomically(b"[" + b"1," * ROOM + b"1]", path),
    "library.json": lambda path: write_whole(path, b"1" * 2 * ROOM),
    "plugin.zip": zipped,
}


@pytest.mark.parametrize("name", WRITERS)
def test_what_does_not_fit_leaves_the_old_file_and_nothing_else(tmp_path, tight, name):
    path = tmp_path / "tight" / name
    path.write_bytes(OLD)
    with pytest.raises((ScumbleError, OSError)) as caught, tight():
        WRITERS[name](path)
    if isinstance(caught.value, ScumbleError):
        assert caught.value.code in ("cannot-write", "disk-full")
    assert path.read_bytes() == OLD
    assert sorted(entry.name for entry in path.parent.iterdir()) == [name]


@pytest.mark.parametrize("name", WRITERS)
def test_the_same_writers_write_where_there_is_room(tmp_path, name):
    (tmp_path / "wide").mkdir()
    path = tmp_path / "wide" / name
    path.write_bytes(OLD)
    WRITERS[name](path)
    assert path.stat().st_size > ROOM
    assert sorted(entry.name for entry in path.parent.iterdir()) == [name]


def test_an_exported_style_is_whole_or_not_there(tmp_path):
    path = tmp_path / "tight" / "a.scumble-style"
    path.parent.mkdir()
    exported(path)
    size, mode = path.stat().st_size, path.stat().st_mode
    path.write_bytes(OLD)
    library = Library(user=tmp_path / "library")
    with pytest.raises(ScumbleError) as caught, _size_limit():
        export_style(library, "Noise", path, with_image=True)
    assert (caught.value.code, path.read_bytes()) == ("cannot-write", OLD)
    assert size > ROOM
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(mode)


def test_a_style_that_does_not_fit_is_not_in_the_library(tmp_path):
    library = Library(user=tmp_path / "library")
    write_image(tmp_path / "big.png", noise())
    with pytest.raises(ScumbleError) as caught, _size_limit():
        library.add_image((tmp_path / "big.png").read_bytes(), "Big")
    assert caught.value.code == "cannot-write"
    assert [entry.name for entry in library.entries() if entry.kind == "user"] == []


@pytest.mark.parametrize("what", ["settings", "connection"])
def test_small_files_of_the_client_are_whole_and_private(tmp_path, what, monkeypatch):
    def write() -> Path:
        if what == "settings":
            save_settings(tmp_path / "settings.json", EditorSettings(effect=Effect()))
            return tmp_path / "settings.json"
        info = ConnectionInfo(1, 2.0, 3, "tcp://a", "tcp://b", b"k" * 32, "1.0", "0.1")
        return write_connection(tmp_path, info)

    path = write()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40, old[1]))
    try:
        with pytest.raises(OSError, match="large"):
            write()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_a_line_is_added_whole_or_not_at_all(tmp_path, tight):
    path = tmp_path / "tight" / "journal.jsonl"
    append_line(path, "a" * 1000)
    with contextlib.suppress(OSError), tight():
        for _ in range(100):
            append_line(path, "b" * 1000)
    assert path.stat().st_size < 100_000
    lines = path.read_text().splitlines()
    assert {len(line) for line in lines} == {1000}
    assert path.read_bytes().endswith(b"\n")


def test_a_line_that_was_cut_short_costs_itself_only(tmp_path):
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b'{"output": "a"}\n{"outp')
    append_line(path, '{"output": "b"}')
    assert path.read_text().splitlines() == ['{"output": "a"}', '{"outp', '{"output": "b"}']


def test_encoders_get_no_descriptor_to_write_past_a_full_disk(tmp_path):
    with atomic_file(tmp_path / "a") as file:
        assert file.descriptor > 2
        with pytest.raises(OSError, match="fileno"):
            file.fileno()


def test_a_name_of_any_length_and_in_any_bytes_is_written(tmp_path):
    for name in ("é" * 127, "n" * 255, os.fsdecode(b"bad\xff\xe4"), "\U0001f408" * 63):
        write_whole(tmp_path / name, b"1")
        assert (tmp_path / name).read_bytes() == b"1"


@pytest.mark.usefixtures("permissions")
def test_a_write_protected_file_is_not_replaced(tmp_path):
    (tmp_path / "a").write_bytes(OLD)
    (tmp_path / "a").chmod(0o444)
    with pytest.raises(PermissionError):
        write_whole(tmp_path / "a", b"1")
    assert (tmp_path / "a").read_bytes() == OLD


def test_a_link_keeps_leading_to_its_file(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there" / "file")
    write_whole(tmp_path / "link", b"1")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there" / "file").read_bytes() == b"1"
