"""In the real Krita each style of a mix is where its mask is: pixels are those of the client's own result."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from krita_docker import click, open_photo, show_docker
from krita_images import Case, close_documents, raw, wait_for_active_layer

from scumble import Client, Extent, PixelFormat, Pixels, StyleSource, StyleWeight, StylizeRequest

pytestmark = [pytest.mark.editors, pytest.mark.usefixtures("documents_closed")]

STYLES = Path(__file__).parents[2] / "examples" / "styles"
PLACES = """
from scumble_krita import places
from scumble_krita.panel.editor import SELECTION
s = Selection(); s.select(0, 0, 20, 40, 255); s.feather(3); document.setSelection(s)
local = document.createSelectionMask("Local")
local.setSelection(s)
layer.addChildNode(local, None)
white = document.createNode("White", "paintlayer")
document.rootNode().addChildNode(white, layer)
fill(white, bytes([255, 255, 255, 255] * 20 + [0, 0, 0, 255] * 4 + [255, 255, 255, 0] * 4) * 40, 0, 0, 28, 40)
"""


def half(width: int, height: int, columns: int) -> np.ndarray:
    covered = np.zeros((height, width), np.uint8)
    covered[:, :columns] = 255
    return covered


def test_layers_masks_and_the_selection_say_where(krita):
    Case(x=-3, y=2, image=(60, 50)).open(krita)
    krita.run(PLACES)
    krita.until("is_active(white)")
    found = krita.run(
        """
        target = D.active_target(document, True)._replace(bounds=Bounds(-3, 2, 48, 40))
        named = {title: value for value, title in places.choices(document)}
        for title in ("The selection", "Local of Photo", "Layer White"):
            keep(title + ".raw", places.coverage(target, Extent(48, 40), named[title]))
        keep("small.raw", places.coverage(target, Extent(24, 20), named["Layer White"]))
        result = list(named)
        """
    )
    assert found[:2] == ["Everywhere", "Where no other style is"]
    assert sorted(found[2:]) == ["Layer Photo", "Layer White", "Local of Photo", "The selection"]
    selected = np.frombuffer(raw(krita, "The selection"), np.uint8).reshape(40, 48)
    assert len(set(selected.ravel().tolist())) > 5
    assert raw(krita, "Local of Photo") == selected.tobytes()
    white = np.frombuffer(raw(krita, "Layer White"), np.uint8).reshape(40, 48)
    wanted = half(48, 40, 23)  # the layer begins three pixels right of what is painted, and two above
    wanted[:, :3] = wanted[38:] = 0
    assert np.array_equal(white, wanted)
    small = np.frombuffer(raw(krita, "small"), np.uint8).reshape(20, 24)
    assert np.abs(small.astype(int) - white.reshape(20, 2, 24, 2).mean((1, 3))).max() <= 1


@pytest.mark.parametrize("case", [Case(), Case(depth="U16"), Case(model="GRAYA")], ids=["u8", "u16", "gray"])
def test_two_halves_are_painted_by_two_styles(krita, client: Client, case: Case):
    case.open(krita)
    files = ("swirls.jpg", "glass.jpg")
    for name in files:
        (krita.folder / name).write_bytes((STYLES / name).read_bytes())
    krita.run(PLACES)
    krita.until("is_active(layer)")
    krita.run(
        """
        target = D.active_target(document, True)
        mask = local.uniqueId().toString()
        effect = Effect((StyleChoice("file", str(FOLDER / "swirls.jpg"), mask=mask),
                         StyleChoice("file", str(FOLDER / "glass.jpg"), mask="elsewhere")))
        small = places.coverage(target, target.bounds.extent, mask)
        keep("mask.raw", small)
        request = effect.request(D.read(target), None, None,
                                 lambda mask: places.coverage(target, target.bounds.extent, mask))
        peer = Client.connect()
        new = D.insert_result(target, peer.submit(request).result(), "Result", effect)
        peer.close()
        keep("after.raw", new.pixelData(*target.bounds))
        """
    )
    covered = raw(krita, "mask")
    rest = bytes(255 - value for value in covered)
    styles = tuple(
        StyleWeight(StyleSource(file=(STYLES / name).read_bytes()), 1.0, mask)
        for name, mask in zip(files, (covered, rest), strict=True)
    )
    wanted = client.submit(StylizeRequest(case.pixels(), styles)).result()
    assert raw(krita, "after") == bytes(wanted.view())


EDIT = """
new, effect = D.painted_layer(document)
target = D.edited_target(document, new)
small = places.coverage(target, Extent(target.bounds.width // 2, target.bounds.height // 2), "selection 0")
new = D.insert_result(target, paint(target, effect), "Again", effect)
titles = dict(places.choices(document, new))
keep("again.raw", new.pixelData(*target.bounds))
result = [effect.styles[0].mask, titles["selection 0"], "selection 0" in dict(places.choices(document))]
"""
KEPT = ["selection 0", "The selection of before", False]


def test_a_selection_that_said_where_a_style_is_is_kept_with_the_layer(krita, krita_style):
    Case(x=-3, y=4, image=(60, 50)).open(krita)
    krita.run(
        f"""
        from scumble_krita import places
        def paint(target, effect):
            request = effect.request(D.read(target), target.region, None,
                                     lambda mask: places.coverage(target, target.bounds.extent, mask))
            peer = Client.connect()
            try:
                return peer.submit(request).result()
            finally:
                peer.close()
        s = Selection(); s.select(2, 10, 20, 25, 255); s.feather(3); document.setSelection(s); del s
        effect = Effect((StyleChoice("file", {krita_style["value"]!r}, mask="selection"),))
        target = D.active_target(document, True)
        new = D.insert_result(target, paint(target, effect), "Result", effect)
        keep("placed.raw", new.pixelData(*target.bounds))
        keep("source.raw", D.read(target).view())
        s = Selection(); s.select(40, 40, 5, 5, 255); document.setSelection(s); del s
        """
    )
    assert raw(krita, "placed") != raw(krita, "source")
    krita.until("is_active(layer)")
    for _again in range(2):  # edited, it keeps the selection that it was given
        assert krita.run(EDIT) == KEPT
        assert raw(krita, "again") == raw(krita, "placed")
    krita.until("is_active(layer)")
    krita.run("document.setSelection(None); document.saveAs(str(FOLDER / 'placed.kra'))")
    krita.run("KEPT |= {'paint', 'places'}")
    close_documents(krita)
    krita.run(
        """
        document = in_view(app.openDocument(str(FOLDER / "placed.kra")))
        """
    )
    krita.until("document.activeNode() is not None")
    assert krita.run(EDIT) == KEPT
    assert raw(krita, "again") == raw(krita, "placed")


def test_a_mask_that_is_gone_is_one_sentence(krita):
    Case().open(krita)
    krita.run(PLACES + "white.remove(); document.waitForDone()")
    answer = krita.run(
        """
        target = D.active_target(document, True)
        try:
            places.coverage(target, target.bounds.extent, white.uniqueId().toString())
        except Exception as error:  # of the plug-in's own errors, which a test may have loaded anew
            result = [error.code, error.message]
        """
    )
    assert answer == ["bad-style", "A mask that was chosen is not in this image."]


def test_by_mouse_a_style_goes_where_the_selection_is_and_the_preview_shows_it(krita, client: Client):
    open_photo(krita, 300)
    show_docker(krita)
    names = ["irises", "comic"]
    krita.run(
        f"""
        s = Selection(); s.select(0, 100, 300, 100, 255)
        lower = document.createSelectionMask("Kept"); lower.setSelection(s); layer.addChildNode(lower, None)
        document.setActiveNode(layer); document.waitForDone()
        s = Selection(); s.select(0, 0, 150, 200, 255); document.setSelection(s); del s, lower
        keep("photo.raw", layer.pixelData(0, 0, 300, 200))
        panel.studio.set_effect(Effect(tuple(StyleChoice("library", name, amount=0.5) for name in {names!r})))
        row = panel.mix._rows[1]
        """
    )
    click(krita, "row.place")
    krita.until("row.menu.isVisible()")
    krita.shell("xdotool sleep 0.2 key Down key Down key Down key Return")
    krita.until("panel.studio.effect.styles[1].mask == 'selection'")
    assert krita.run("result = [row.place_text() for row in panel.mix._rows]") == [
        "Where no other style is",
        "The selection",
    ]
    krita.run("panel.protection.set_open(True)")
    click(krita, "panel.protect.place")
    krita.until("panel.protect.menu.isVisible()")
    krita.shell("xdotool sleep 0.2 key Down Down Down Return")  # none, selection, the local mask
    krita.until("panel.protect.where.toolTip() == 'Kept of Photo'")
    for bar in ("skin", "edges"):
        click(krita, f"panel.protect.{bar}")
        krita.until(f"0.3 < panel.studio.effect.protect_{bar} < 0.7")
    kept = krita.run("e = panel.studio.effect; result = [e.protect_skin, e.protect_edges]")
    click(krita, "panel.job.live_button")
    krita.until("previews()")
    krita.run("keep('preview.raw', document.topLevelNodes()[1].pixelData(0, 0, 300, 200))")
    click(krita, "panel.job.apply_button")
    krita.until("len(names()) == 2 and not panel.studio.busy and not previews()")
    wait_for_active_layer(krita)
    krita.run("keep('painted.raw', document.topLevelNodes()[1].pixelData(0, 0, 300, 200))")
    left = half(300, 200, 150)
    styles = tuple(
        StyleWeight(StyleSource(library=name), 0.5, mask.tobytes())
        for name, mask in zip(names, (255 - left, left), strict=True)
    )
    photo = Pixels(Extent(300, 200), PixelFormat("u8", "BGRA"), raw(krita, "photo"))
    upper = bytes([255]) * 30000 + bytes(30000)
    request = StylizeRequest(photo, styles, mask=upper, protect_skin=kept[0], protect_edges=kept[1])
    wanted = bytes(client.submit(request).result().view())
    assert raw(krita, "painted") == wanted
    # At this size the preview is the result.
    assert raw(krita, "preview") == wanted
