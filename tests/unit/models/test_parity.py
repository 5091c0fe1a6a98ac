"""The network against the authors' own, on arrays that their code and weights made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from scumble_models.registry import StyleModel, import_checkpoint, load_model

UPSTREAM = Path(__file__).parents[4] / "shared" / "upstream" / "microast"
TOLERANCE = 1e-4

pytestmark = pytest.mark.skipif(
    not UPSTREAM.is_dir(), reason="the authors' weights are not part of the project; put them at ../shared"
)


@pytest.fixture(scope="module")
def authors(tmp_path_factory: pytest.TempPathFactory) -> StyleModel:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCUMBLE_DATA_DIR", str(tmp_path_factory.mktemp("data")))
        import_checkpoint("microast", UPSTREAM, "microast-authors")
        return load_model("microast-authors")


@pytest.fixture(scope="module")
def reference() -> dict[str, np.ndarray]:
    with np.load(UPSTREAM / "microast_reference.npz") as arrays:
        return dict(arrays)


def tensor(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255


@pytest.mark.parametrize("case", ["even", "odd", "wide"])
def test_style_signals_equal_the_authors(authors, reference, case):
    signals = authors.network.encode_style(tensor(reference[f"{case}_style"]))
    for name in ("mean", "std", "weight", "bias"):
        for level in (0, 1):
            found = signals.tensors[f"{name}{level + 1}"][0].numpy()
            assert np.abs(found - reference[f"{case}_signal_{name}{level}"]).max() <= TOLERANCE


@pytest.mark.parametrize("case", ["even", "odd", "wide"])
def test_full_stylization_equals_the_authors(authors, reference, case):
    signals = authors.network.encode_style(tensor(reference[f"{case}_style"]))
    output = authors.network(tensor(reference[f"{case}_content"]), signals)[0].permute(1, 2, 0).numpy()
    assert np.abs(output - reference[f"{case}_out_alpha1.0"]).max() <= TOLERANCE
