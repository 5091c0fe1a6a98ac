"""Models by name: listing, importing, verifying, and everything that can be wrong with a file."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from scumble_models.errors import UnknownModelError, WeightsError
from scumble_models.microast import MicroAST
from scumble_models.microast.importing import PARTS
from scumble_models.registry import import_checkpoint, list_models, load_model, verify


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SCUMBLE_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data" / "models"


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """The four files of a published checkpoint, with random weights."""
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    network = MicroAST()
    for part in PARTS:
        state = network.get_submodule(part).state_dict()
        torch.save(state, folder / f"{part}_iter_160000.pth.tar")
    return folder


def test_every_builtin_model_is_whole():
    for info in list_models():
        verify(info.name)


def test_an_imported_model_is_listed_verified_and_loaded(checkpoint):
    info = import_checkpoint("microast", checkpoint, "mine")
    assert [m.name for m in list_models() if not m.builtin] == ["mine"]
    verify("mine")
    assert load_model("mine").info == info


def test_the_newest_of_several_checkpoints_is_taken(checkpoint):
    for part in PARTS:
        (checkpoint / f"{part}_iter_20000.pth.tar").write_bytes(b"an older, unreadable file")
    import_checkpoint("microast", checkpoint, "mine")


def test_an_unknown_model_suggests_near_names():
    with pytest.raises(UnknownModelError) as caught:
        load_model("microats")
    assert "microast" in caught.value.suggestions
    assert "microast" in caught.value.hint


def test_a_changed_file_is_refused(checkpoint, data_folder):
    import_checkpoint("microast", checkpoint, "mine")
    path = data_folder / "mine.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(WeightsError, match="sha256"):
        load_model("mine")


def test_a_missing_file_is_one_sentence(checkpoint, data_folder):
    import_checkpoint("microast", checkpoint, "mine")
    (data_folder / "mine.safetensors").unlink()
    with pytest.raises(WeightsError, match="cannot be read"):
        load_model("mine")


def test_a_missing_part_is_named(checkpoint):
    (checkpoint / "decoder_iter_160000.pth.tar").unlink()
    with pytest.raises(WeightsError, match="decoder_iter_N"):
        import_checkpoint("microast", checkpoint, "mine")


@pytest.mark.parametrize("name", ["../evil", "A Name", "", ".hidden", "x" * 80])
def test_a_name_that_could_leave_the_folder_is_refused(checkpoint, name):
    with pytest.raises(WeightsError, match="cannot name a model"):
        import_checkpoint("microast", checkpoint, name)


def test_a_builtin_name_cannot_be_taken(checkpoint):
    with pytest.raises(WeightsError, match="built in"):
        import_checkpoint("microast", checkpoint, "microast")


def test_a_row_that_names_another_file_is_ignored(data_folder):
    data_folder.mkdir(parents=True)
    row = '{"name": "../x", "architecture": "microast", "title": "", "sha256": "", "licence": ""}'
    (data_folder / "x.json").write_text(row)
    assert all(info.builtin for info in list_models())
