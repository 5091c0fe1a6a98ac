"""Styles taken off again by the panel: layer for layer, and what ends it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from daemon_process import noise
from PIL import Image
from scumble_krita.panel.editor import Painted, Work

from scumble import Pixels
from scumble.conversion import as_pixels, to_array
from scumble.editing import Effect, StyleChoice

from .driving import EXAMPLES, Document, Panel, click, click_style, wait

EFFECT = Effect((StyleChoice("library", "scream"),), engine="artflow-wct")


def photo() -> np.ndarray:
    with Image.open(EXAMPLES / "photos" / "coffee.jpg") as image:
        return np.asarray(image.convert("RGBA").resize((150, 99)))


def as_painted(name: str, result: Pixels) -> Painted:
    kept = (result.reversal,) if result.reversal else ()
    return Painted(name, kept, lambda _on_read: Work(name, result))


def error(result: Pixels) -> float:
    return float(np.abs(to_array(result).astype(float) - photo())[..., :3].mean())


@pytest.fixture
def painted(panel: Panel, document: Document) -> Pixels:
    """A photo that the panel has painted, which is what is selected now."""
    document.layer = as_pixels(photo())
    wait(lambda: panel.controls.engine.findData("artflow-wct") >= 0)
    panel.studio.set_effect(EFFECT)
    click(panel.job.apply_button)
    wait(lambda: not panel.studio.busy)
    result = document.above[0][1]
    assert error(result) > 10
    document.chosen = [as_painted("Painted", result)]
    return result


def test_the_engine_is_there_to_be_chosen(panel: Panel, painted: Pixels):
    assert panel.controls.engine.currentText() == "Light and colours, to be taken off again"
    assert not panel.controls.stroke.isEnabled()


def test_each_layer_that_is_selected_is_rid_of_its_style(panel: Panel, document: Document, painted: Pixels):
    document.chosen = [as_painted(name, painted) for name in ("One", "Two")]
    click(panel.job.live_button)
    wait(lambda: document.preview)
    panel.job.edit_button.menu().actions()[2].trigger()
    assert document.preview is None
    wait(lambda: not panel.studio.busy)
    assert [name for name, _result in document.above[1:]] == ["Style off · One", "Style off · Two"]
    assert all(error(result) < 6 for _name, result in document.above[1:])
    assert document.left == [(), ()]
    assert panel.job.status_text() == "Style taken off: Two"
    assert len(panel.studio.library.settings.history) == 1


def test_nothing_is_done_where_one_of_them_cannot_be(panel: Panel, document: Document, painted: Pixels):
    other = replace(painted, reversal=None)
    document.chosen = [as_painted("One", painted), as_painted("Two", other)]
    panel.perform("unstyle")
    assert "not painted so that its style can be taken off" in panel.job.error_text()
    assert not panel.studio.busy
    assert len(document.above) == 1


def test_what_the_daemon_refuses_is_said(panel: Panel, document: Document, painted: Pixels):
    assert painted.reversal
    model = next(
        number for number in range(9, len(painted.reversal)) if painted.reversal[number:][:8] == b'weights"'
    )
    other = bytearray(painted.reversal)
    other[model + 12 : model + 20] = b"00000000"
    document.chosen = [Painted("One", (bytes(other),), lambda _on_read: Work("One", painted))]
    panel.perform("unstyle")
    wait(lambda: not panel.studio.busy)
    assert panel.job.error_text().startswith("The picture was painted by other weights of artflow-wct")
    assert len(document.above) == 1


def test_cancel_ends_it_and_what_is_there_stays(panel: Panel, document: Document, painted: Pixels):
    large = as_pixels(noise(1600, 1600, channels=4))
    assert painted.reversal
    kept = (painted.reversal,)
    document.chosen = [
        as_painted("One", painted),
        *(Painted(f"Large {number}", kept, lambda _on_read: Work("Large", large)) for number in range(50)),
    ]
    panel.perform("unstyle")
    wait(lambda: len(document.above) == 2)
    click(panel.job.cancel_button)
    wait(lambda: not panel.studio.busy)
    assert 2 <= len(document.above) < 52
    assert panel.job.status_text() == "Cancelled. The layers that are painted stay."
    # The next job is not disturbed by what was on its way.
    click_style(panel, 2)
    panel.perform("apply")
    wait(lambda: not panel.studio.busy)
    assert panel.job.error_text() == ""
