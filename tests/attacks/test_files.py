"""Files from strangers: pictures, styles and checkpoints made to fill memory, run code or get out."""

from __future__ import annotations

import base64
import builtins
import json
import os
import pickle
import random
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from attackers import MIB, linux, peak_rss
from daemon_process import noise
from hostile_images import bombs, png, tiff, webp, zeros
from safetensors.numpy import save
from safetensors.torch import save_file

from scumble import Client, ScumbleError
from scumble_daemon.images import decode_image
from scumble_daemon.library import Library
from scumble_daemon.library.sharing import import_style
from scumble_models.errors import WeightsError
from scumble_models.microast import MicroAST
from scumble_models.microast.importing import PARTS, read_authors_checkpoint
from scumble_models.registry import import_checkpoint, load_candidate

HARMLESS = {
    "PNG of 8 x 8 and a gibibyte",
    "PNG of 8 x 8 x 16 bits and a gibibyte",
    "TIFF with a deflated gibibyte, 8 bits",
    "TIFF that is its own next page",
    "TIFF with a tag of 2^32 bytes",
    "PNG with a text of 256 MiB",  # texts are carried folded
}
ALLOWED = 64 * MIB
SIGNALS = "microast-0123456789abcdef.safetensors"


def rise(call: Callable[[], object]) -> int:
    """How many bytes of memory this process needs at most for `call`, beyond what it has."""
    Path("/proc/self/clear_refs").write_text("5")
    before = peak_rss(os.getpid())
    call()
    return peak_rss(os.getpid()) - before


def outcome(call: Callable[[], object]) -> str:
    """`taken`, or the code of the typed error; nothing else may come out."""
    try:
        call()
    except ScumbleError as error:
        return error.code
    return "taken"


@linux
def test_image_bombs(record_property):
    """Nineteen PNG, TIFF and WebP files that are small and unfold to gigabytes, or claim to.

    The size in the header is checked before anything is decoded, and no part is unfolded beyond that size.
    """
    seen: dict[str, str] = {}

    def decode(name: str, data: bytes) -> None:
        seen[name] = outcome(lambda: decode_image(data))

    decode("", b"")  # so that the decoders are loaded
    decode("", tiff(bytes(64 * 64 * 6)))
    del seen[""]
    for name, data in bombs().items():
        assert rise(lambda n=name, d=data: decode(n, d)) < ALLOWED, name
    assert set(seen.values()) <= {"image-too-large", "image-truncated", "taken"}
    refused = [name for name in seen if seen[name] != "taken"]
    assert set(seen) - set(refused) <= HARMLESS
    record_property("tries", len(seen))
    record_property("outcome", f"{len(refused)} refused, the others harmless; less than 64 MiB each")


@linux
def test_an_image_bomb_as_a_style(client: Client, record_property):
    """The worst of them is sent to the daemon as the style of a job.

    The worker that decodes it answers with a typed error, lives on and does the next job.
    """
    client.stylize(noise(32, 32), noise(32, 32))
    worker = client.status()["worker"]["pid"]
    before = peak_rss(worker)
    for bomb in (webp(16_383, 16_383), tiff(zeros(64), 8), png(60_000, 60_000, zeros(1))):
        code = outcome(lambda b=bomb: client.stylize(noise(32, 32), b))
        assert code in ("image-too-large", "image-truncated")
    assert peak_rss(worker) - before < ALLOWED
    client.stylize(noise(32, 32), noise(32, 32))
    assert client.status()["worker"]["pid"] == worker
    record_property("tries", 3)
    record_property("outcome", "refused: image-too-large, image-truncated; the worker lives")


@pytest.fixture
def checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The four files of a published checkpoint, and a data directory of the test's own."""
    monkeypatch.setenv("SCUMBLE_DATA_DIR", str(tmp_path / "data"))
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    network = MicroAST()
    for part in PARTS:
        torch.save(network.get_submodule(part).state_dict(), folder / f"{part}_iter_1.pth.tar")
    return folder


class _Calls:
    """Pickles to a call."""

    def __init__(self, function: Callable, *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple:
        return self.call


def _pickled_in_zip(value: object, path: Path) -> None:
    """The form that torch.save has had since 1.6, with another pickle in it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(value, protocol=2))
        archive.writestr("archive/version", "3\n")
        archive.writestr("archive/byteorder", "little")


def test_checkpoints_that_run_code(checkpoint: Path, tmp_path: Path, record_property):
    """Pickles that call os.system, exec, eval or __import__ are given to `models import`, plain and zipped.

    Checkpoints are read with `weights_only`: a list of names that make tensors, and no other is called.
    """
    witness = tmp_path / "witness"
    source = f"open({str(witness)!r}, 'w')"
    evil = [
        _Calls(Path.touch, witness),
        _Calls(os.system, f"touch {witness}"),
        _Calls(exec, source),
        _Calls(eval, source),
        _Calls(builtins.__import__, "antigravity"),
        {"conv.weight": _Calls(eval, source)},
        _Calls(getattr, Path, "cwd"),
    ]
    part = checkpoint / f"{PARTS[-1]}_iter_1.pth.tar"
    for value in evil:
        part.write_bytes(pickle.dumps(value, protocol=2))
        with pytest.raises(WeightsError, match="not read"):
            import_checkpoint("microast", checkpoint, "mine")
        _pickled_in_zip(value, part)
        with pytest.raises(WeightsError, match="not read"):
            import_checkpoint("microast", checkpoint, "mine")
    command = [sys.executable, "-c", "from scumble_daemon.cli import main; main()", "models", "import"]
    command += ["microast", str(checkpoint), "--name", "mine"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode != 0, ended.stderr.count("\n")) == (True, 1), ended.stderr
    assert not witness.exists()
    record_property("tries", 2 * len(evil))
    record_property("outcome", "refused before anything was called")


def test_damaged_checkpoints(checkpoint: Path, record_property):
    """A good checkpoint with 100 random changes: bytes turned over, cut off, repeated.

    Whatever the reader raises becomes one typed error, or the tensors still fit.
    """
    part = checkpoint / f"{PARTS[-1]}_iter_1.pth.tar"
    good, chance, taken = part.read_bytes(), random.Random(8), 0
    for _ in range(100):
        data, at = bytearray(good), chance.randrange(len(good))
        kind = chance.randrange(3)
        if kind == 0:
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del data[at:]
        else:
            data[at:at] = data[at : at + chance.randrange(1, 4096)]
        part.write_bytes(data)
        try:
            read_authors_checkpoint(checkpoint)
            taken += 1
        except WeightsError:
            continue
    record_property("tries", 100)
    record_property("outcome", f"{100 - taken} refused; in {taken} only numbers had changed")


def _safetensors(header: object, size: int | None = None, data: bytes = bytes(64)) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if size is None else size) + text + data


TENSOR = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 8,
        _safetensors({}, 1 << 62),
        _safetensors(b"{" * 10_000),
        _safetensors(b"[" * 100_000),
        _safetensors({"a": {**TENSOR, "data_offsets": [0, 1 << 62]}}),
        _safetensors({"a": {**TENSOR, "data_offsets": [16, 0]}}),
        _safetensors({"a": TENSOR, "b": TENSOR}),
        _safetensors({"a": {**TENSOR, "shape": [1 << 62, 1 << 62]}}),
        _safetensors({"a": {**TENSOR, "shape": [-4]}}),
        _safetensors({"a": {**TENSOR, "dtype": "object"}}),
        _safetensors({"../../a": TENSOR}, None, bytes(16)),
        pickle.dumps(_Calls(print, "run")),
    ],
    ids=["empty", "ones", "length", "depth", "lists", "end", "turned", "shared", "overflow", "negative",
         "dtype", "path", "pickle"],
)  # fmt: skip
def test_malicious_safetensors(tmp_path: Path, content, record_property):
    """Weights as safetensors with a header of 2^62 bytes, offsets that overlap or leave the file, a pickle.

    Offsets are held against the file before use, and the tensors' names and shapes against the network.
    """
    path = tmp_path / "evil.safetensors"
    path.write_bytes(content)
    with pytest.raises(WeightsError):
        load_candidate(str(path))
    record_property("outcome", "refused: bad-weights")


def test_weights_of_another_network(tmp_path: Path, record_property):
    """Sound weights of another network.

    Names and shapes must be those of the network.
    """
    path = tmp_path / "other.safetensors"
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(WeightsError, match="not of the architecture"):
        load_candidate(str(path))
    record_property("outcome", "refused: bad-weights")


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """A user's library, next to which nothing may appear."""
    yield Library(user=tmp_path / "library")
    assert {path.name for path in tmp_path.iterdir()} <= {"library", "evil"}


def _style(**changes: object) -> bytes:
    signals = base64.b64encode(save({"mean1": np.zeros((1, 4), "f4")})).decode()
    return json.dumps({"scumble-style": 1, "title": "Sea", "signals": {SIGNALS: signals}, **changes}).encode()


def _archive(tmp_path: Path, name: str) -> bytes:
    with zipfile.ZipFile(tmp_path / "evil", "w") as archive:
        archive.writestr(name, "out")
    return (tmp_path / "evil").read_bytes()


def test_style_files_that_lead_out(library: Library, tmp_path: Path, record_property):
    """Style files whose names are paths (`../`, absolute, a drive, NUL), and archives in place of one.

    A style file is JSON and not an archive: names in it are checked against a pattern, and its folder is
    named by a digest that is computed here.
    """
    signals = base64.b64encode(save({"mean1": np.zeros((1, 4), "f4")})).decode()
    names = ["../../evil.safetensors", "/tmp/evil-0123456789abcdef.safetensors", f"../{SIGNALS}",
             f"{SIGNALS}\0", f"C:\\{SIGNALS}", f"..\\{SIGNALS}", "", "."]  # fmt: skip
    tried = [_style(signals={name: signals}) for name in names]
    tried += [_archive(tmp_path, name) for name in ("../evil", "/tmp/evil", "style.json")]
    tried += [_style(signals={SIGNALS: base64.b64encode(pickle.dumps(_Calls(print, "run"))).decode()})]
    for content in tried:
        (tmp_path / "evil").write_bytes(content)
        assert outcome(lambda: import_style(library, tmp_path / "evil")) == "bad-style-file"
    (tmp_path / "evil").write_bytes(_style(title="../../x\0\x1b[31m\nrm"))
    entry = import_style(library, tmp_path / "evil")
    assert entry.folder.parent == library.folder
    assert entry.credits.title.isprintable()
    record_property("tries", len(tried) + 1)
    record_property("outcome", "refused: bad-style-file; a title is one harmless line")
