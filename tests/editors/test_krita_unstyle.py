"""A style taken off again in the real Krita: what the layer was comes back, as a new layer above it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from krita_docker import EXAMPLES, click, show_docker
from krita_images import close_documents, open_document, wait_for_active_layer
from krita_session import KritaSession
from PIL import Image

pytestmark = pytest.mark.editors

SIZE = (150, 99)
DEPTHS = {"U8": (np.uint8, 1), "U16": (np.uint16, 257)}
NAMES = "[node.name() for node in document.topLevelNodes() if node.type() == 'paintlayer']"
PAINTED = "The Scream 100% · Photo"


@pytest.fixture
def docker(krita: KritaSession) -> Iterator[KritaSession]:
    """The shared Krita with the docker in sight."""
    open_document(krita, 8, 8)
    show_docker(krita)
    yield krita
    krita.run("panel.studio.cancel(); panel.job.show_error(None)")
    close_documents(krita)


def photo() -> np.ndarray:
    with Image.open(EXAMPLES / "photos" / "coffee.jpg") as image:
        return np.asarray(image.convert("RGB").resize(SIZE, Image.Resampling.LANCZOS))


def open_photo(krita: KritaSession, depth: str = "U8") -> None:
    """A photo of that depth, as `document`, with the layer Photo."""
    dtype, factor = DEPTHS[depth]
    pixels = np.full((*photo().shape[:2], 4), 255 * factor, dtype)
    pixels[..., :3] = photo()[..., ::-1].astype(dtype) * factor
    (krita.folder / "photo.raw").write_bytes(pixels.tobytes())
    open_document(krita, *SIZE, "RGBA", depth)
    krita.run(
        f"""
        layer = document.activeNode()
        layer.setName("Photo")
        fill(layer, (FOLDER / "photo.raw").read_bytes(), 0, 0, *{SIZE})
        """
    )
    krita.until("is_active(layer)")


def error(krita: KritaSession, name: str, depth: str = "U8") -> float:
    """Mean distance from the photo of the layer with that name, in levels of 8 bits."""
    dtype, factor = DEPTHS[depth]
    krita.run(
        f"""
        node = next(node for node in document.topLevelNodes() if node.name() == {name!r})
        keep("found.raw", node.pixelData(0, 0, *{SIZE}))
        """
    )
    found = np.frombuffer((krita.folder / "found.raw").read_bytes(), dtype).reshape(*photo().shape[:2], 4)
    return float(np.abs(found[..., 2::-1] / factor - photo()).mean())


def paint(krita: KritaSession, style: str = "scream", engine: str = "artflow-wct", layers: int = 2) -> None:
    """Paint the active layer, until there are so many."""
    krita.run(
        f"""
        style = panel.studio.library.gallery.find("library", {style!r}).choice
        panel.studio.set_effect(Effect((style,), engine={engine!r}))
        """
    )
    click(krita, "panel.job.apply_button")
    krita.until(f"len({NAMES}) == {layers} and not panel.studio.busy")
    wait_for_active_layer(krita)


def unstyle(krita: KritaSession, layers: int) -> None:
    """Take the style of the active layer off, until there are so many."""
    krita.run("app.action('scumble_unstyle').trigger()")
    krita.until(f"panel.job.error_text() or len({NAMES}) == {layers} and not panel.studio.busy")
    assert krita.run("result = panel.job.error_text()") == ""
    wait_for_active_layer(krita)


@pytest.mark.parametrize(("depth", "most"), [("U8", 6.0), ("U16", 2.0)])
def test_what_the_layer_was_comes_back_in_one_step(docker, depth: str, most: float):
    krita = docker
    open_photo(krita, depth)
    paint(krita)
    assert error(krita, PAINTED, depth) > 10
    krita.run("steps = len(history())")
    unstyle(krita, 3)  # the photo is the active layer: it stands for what was painted from it
    again = f"Style off · {PAINTED}"
    assert krita.run(f"result = {NAMES}") == ["Photo", PAINTED, again]
    assert error(krita, again, depth) < most
    assert krita.run("result = panel.job.status_text()") == f"Style taken off: {PAINTED}"
    assert krita.run("result = len(history()) - steps") == 1
    krita.run("undo()")
    assert krita.run(f"result = {NAMES}") == ["Photo", PAINTED]


def test_mixes_live_and_editing_keep_the_way_back(docker):
    krita = docker
    open_photo(krita)
    krita.run(
        """
        find = panel.studio.library.gallery.find
        styles = tuple(find("library", name).choice for name in ("scream", "kiss"))
        panel.studio.set_effect(Effect(styles, weight=0.6, engine="artflow-wct"))
        """
    )
    click(krita, "panel.job.live_button")
    krita.until("previews()")
    click(krita, "panel.job.apply_button")
    krita.until(f"len({NAMES}) == 2 and not panel.studio.busy and not previews()")
    wait_for_active_layer(krita)
    krita.run("app.action('scumble_edit').trigger()")
    krita.until("panel.job.edit_line.text()")
    krita.run("panel.controls.weight._set(0.9)")
    click(krita, "panel.job.apply_button")
    krita.until("not panel.studio.busy and panel.studio.edited is None")
    wait_for_active_layer(krita)
    painted = "The Scream + The Kiss 90% · Photo"
    assert krita.run(f"result = {NAMES}") == ["Photo", painted]
    assert krita.run("result = panel.studio.library.settings.history[0].effect.engine") == "artflow-wct"
    unstyle(krita, 3)
    assert error(krita, f"Style off · {painted}") < 6


def test_a_copy_and_the_file_know_it_too_and_two_styles_come_off_one_after_the_other(docker):
    krita = docker
    open_photo(krita, "U16")
    paint(krita)
    krita.run("once = document.topLevelNodes()[1]")
    krita.until("is_active(once)")
    paint(krita, "kiss", layers=3)
    krita.run(
        """
        twice = document.topLevelNodes()[2]
        copy = twice.duplicate()
        copy.setName("Copy")
        document.rootNode().addChildNode(copy, twice)
        document.waitForDone()
        for node in (layer, once, twice):
            node.remove()
        document.waitForDone()
        """
    )
    krita.until("is_active(copy)")
    krita.run("document.saveAs(str(FOLDER / 'twice.kra'))")
    close_documents(krita)
    krita.run("document = in_view(app.openDocument(str(FOLDER / 'twice.kra')))")
    krita.until("document.activeNode() is not None and document.activeNode().name() == 'Copy'")
    show_docker(krita)
    unstyle(krita, 2)
    assert error(krita, "Style off · Copy", "U16") > 10
    krita.run("first = document.topLevelNodes()[1]")
    krita.until("is_active(first)")
    unstyle(krita, 3)
    assert error(krita, "Style off · Style off · Copy", "U16") < 2
    krita.run("second = document.topLevelNodes()[2]")
    krita.until("is_active(second)")
    click(krita, "panel.job.live_button")  # an error that is shown goes with what is done next
    krita.run("app.action('scumble_unstyle').trigger()")
    assert "not painted so that its style can be taken off" in krita.until("panel.job.error_text()")


def test_with_a_selection_the_style_comes_off_there(docker):
    krita = docker
    open_photo(krita)
    paint(krita)
    krita.run("s = Selection(); s.select(0, 0, 150, 40, 255); document.setSelection(s); del s")
    unstyle(krita, 3)
    covered = krita.run(
        f"""
        new = document.topLevelNodes()[2]
        shown = bytes(new.projectionPixelData(0, 0, *{SIZE}))
        keep("shown.raw", shown)
        result = [shown[(10 * 150 + 5) * 4 + 3], shown[(60 * 150 + 5) * 4 + 3]]
        """
    )
    assert covered == [255, 0]
    shown = np.frombuffer((krita.folder / "shown.raw").read_bytes(), np.uint8).reshape(99, 150, 4)
    assert np.abs(shown[:40, :, 2::-1].astype(float) - photo()[:40]).mean() < 6


def test_what_cannot_be_taken_off_is_one_sentence_and_changes_nothing(docker):
    krita = docker
    open_photo(krita)
    refused = "This layer was not painted so that its style can be taken off again."

    def said() -> str:
        before = krita.run(f"panel.job.show_error(None); result = {NAMES}")
        krita.run("app.action('scumble_unstyle').trigger()")
        sentence = krita.until("not panel.studio.busy and panel.job.error_text()")
        assert krita.run(f"result = {NAMES}") == before
        return sentence

    assert said().startswith(refused)
    paint(krita, engine="microast")
    assert said().startswith(refused)
    paint(krita, layers=3)
    krita.run(
        """
        import base64, json, re
        found = json.loads(bytes(document.annotation("scumble-reversals")))
        for fields in found.values():
            data = base64.b64decode(fields["reversals"][0])
            other = re.sub(rb'("weights": ?")[0-9a-f]{8}', rb"\\g<1>00000000", data)
            assert other != data
            fields["reversals"] = [base64.b64encode(other).decode()]
        document.setAnnotation("scumble-reversals", "", QByteArray(json.dumps(found).encode()))
        """
    )
    assert "painted by other weights of artflow-wct" in said()
    krita.run('document.setAnnotation("scumble-reversals", "", QByteArray(b"{"))')
    assert said().startswith(refused)


def test_cancel_ends_it_and_the_docker_offers_it_beside_the_pencil(docker):
    krita = docker
    open_photo(krita)
    paint(krita)
    krita.run("document.scaleImage(2400, 1600, 72, 72, 'Bilinear'); document.waitForDone()")
    krita.run("panel.job.edit_button.menu().actions()[2].trigger()")
    krita.until("panel.job._bar.value() > 0")
    click(krita, "panel.job.cancel_button")
    krita.until("not panel.studio.busy")
    assert krita.run(f"result = {NAMES}") == ["Photo", PAINTED]
    assert krita.run("result = panel.job.status_text()") == "Cancelled. Nothing was changed."
