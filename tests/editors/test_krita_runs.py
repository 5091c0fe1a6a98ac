"""The real Krita: what is refused, what Undo takes back, previews, and what happens without the daemon."""

from __future__ import annotations

import os
import signal
import time
import zipfile

import numpy as np
import pytest
from click.testing import CliRunner
from daemon_process import alive, until
from krita_images import LATE_S, Case, apply, close_documents, open_document, raw

from scumble import Client
from scumble_daemon.cli import cli

pytestmark = [pytest.mark.editors, pytest.mark.usefixtures("documents_closed")]

SELECT = "s = Selection(); s.select(5, 7, 20, 10, 255); document.setSelection(s); del s"


@pytest.fixture
def effect(krita_style) -> dict:
    """An effect with a style that lies inside."""
    return {"styles": [krita_style], "weight": 0.8}


REFUSED = {
    "CMYK": (("CMYKA", "U8"), "", "Image > Convert Image Color Space"),
    "XYZ": (("XYZA", "F32"), "", "Image > Convert Image Color Space"),
    "Lab": (("LABA", "U16"), "", "Image > Convert Image Color Space"),
    "empty layer": (
        ("RGBA", "U8"),
        "node = document.createNode('Empty', 'paintlayer'); document.rootNode().addChildNode(node, layer)",
        "The layer is empty",
    ),
    "filter layer": (
        ("RGBA", "U8"),
        "s = Selection(); s.select(0, 0, 8, 8, 255)\n"
        "node = document.createFilterLayer('Blur', app.filter('blur'), s); del s\n"
        "document.rootNode().addChildNode(node, layer)",
        "select the layer itself",
    ),
    "pass-through group": (
        ("RGBA", "U8"),
        "node = document.createGroupLayer('Group'); node.setPassThroughMode(True)\n"
        "document.rootNode().addChildNode(node, layer)",
        "turn off Pass Through",
    ),
    "selection elsewhere": (
        ("RGBA", "U8"),
        "node = document.createNode('Small', 'paintlayer'); document.rootNode().addChildNode(node, layer)\n"
        "node.setPixelData(QByteArray(bytes([255]) * 400), 30, 30, 10, 10)\n"
        "s = Selection(); s.select(0, 0, 10, 10, 255); document.setSelection(s); del s",
        "The selection does not touch the layer",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_painted_is_one_sentence_and_changes_nothing(krita, name: str):
    space, make, sentence = REFUSED[name]
    open_document(krita, 48, 40, *space)
    krita.run(f"layer = node = document.activeNode()\n{make}\ndocument.waitForDone()")
    krita.until("is_active(node)")
    answer = krita.run(
        """
        before = tree(), history()
        try:
            D.active_target(document)
            result = None
        except ScumbleError as error:
            result = [error.code, error.message, before == (tree(), history())]
        """
    )
    assert answer is not None
    code, message, unchanged = answer
    assert code in ("bad-layer", "bad-region")
    assert sentence in message
    assert unchanged


def test_one_undo_takes_the_layer_away_and_redo_brings_all_of_it_back(krita, series, effect):
    Case().open(krita)
    before = krita.run("keep('image.raw', document.pixelData(0, 0, 48, 40)); result = [tree(), history()]")
    done = apply(krita, effect, SELECT)
    krita.until("is_active(layer)")
    steps = krita.run("result = history()")
    assert len(steps) == len(before[1]) + 1
    tree = krita.run("undo(); keep('undone.raw', document.pixelData(0, 0, 48, 40)); result = tree()")
    assert tree == before[0]
    assert raw(krita, "undone") == raw(krita, "image")
    tree = krita.run(
        """
        redo()
        layers = document.rootNode().childNodes()
        again = next(node for node in layers if node.name() == "Result")
        keep("again.raw", again.pixelData(*target.bounds))
        result = tree()
        """
    )
    assert tree == done["tree"]
    assert raw(krita, "again") == raw(krita, "after")


def test_the_source_stays_the_active_layer(krita, effect):
    Case().open(krita)
    apply(krita, effect)
    time.sleep(LATE_S)  # Krita makes the new layer the active one late, and the plug-in takes that back
    krita.until("document.activeNode().name() == 'Photo'")


def test_a_hidden_locked_and_clipped_layer_is_painted_and_stays_as_it_was(krita, effect):
    Case().open(krita)
    krita.run("layer.setLocked(True); layer.setInheritAlpha(True); layer.setOpacity(100)")
    done = apply(krita, effect)
    assert done["tree"] == ["Result", "Photo"]
    state = "[n.locked(), n.inheritAlpha(), n.opacity(), n.visible()]"
    assert krita.run(f"n = layer; result = {state}") == [True, True, 100, True]
    assert krita.run(f"n = new; result = {state}") == [False, True, 255, True]


def test_the_result_goes_into_its_own_image_while_another_is_in_front(krita, effect):
    Case().open(krita)
    krita.run("first = document; target = D.active_target(first)")
    open_document(krita, 20, 10)
    done = krita.run(
        f"""
        answer = stylize(target, Effect.from_dict({effect!r}))
        D.insert_result(target, answer, "Result", Effect())
        second, document = document, first
        result = {{"first": tree()}}
        document = second
        result["second"] = tree()
        result["front"] = app.activeDocument() == second
        """
    )
    assert done == {"first": ["Result", "Photo"], "second": ["Background"], "front": True}


@pytest.mark.parametrize("gone", ["layer", "image"])
def test_a_target_that_is_gone_is_one_sentence(krita, effect, gone: str):
    Case().open(krita)
    krita.run("target = D.active_target(document); pixels = D.read(target); first = document")
    if gone == "layer":
        krita.run("document.rootNode().addChildNode(document.createNode('Other', 'paintlayer'), None)")
        krita.run("layer.remove(); document.waitForDone()")
    else:
        krita.until("close_one()")
        open_document(krita, 8, 8)
    answer = krita.run(
        """
        try:
            D.insert_result(target, pixels, "Result", Effect())
        except ScumbleError as error:
            result = [error.code, error.message]
        """
    )
    assert answer[0] == "bad-layer"
    assert ("deleted" if gone == "layer" else "closed") in answer[1]


def test_a_cancelled_job_changes_nothing(krita, effect):
    Case(width=1600, height=1200).open(krita)
    outcome = krita.run(
        f"""
        before = tree(), history()
        target = D.active_target(document)
        effect = Effect.from_dict({effect!r})
        controller = JobController()
        ticket = controller.apply(effect.request(D.read(target), target.region))
        event = controller.wait(60)
        controller.cancel(ticket)
        events = []
        while event is None or event.kind == "progress":
            event = controller.wait(60)
        controller.close()
        result = [event.kind, event.error.code, before == (tree(), history())]
        """
    )
    assert outcome == ["failed", "cancelled", True]


def test_a_daemon_killed_in_the_middle_ends_in_a_sentence_and_the_next_job_works(krita, daemon, effect):
    Case(width=2600, height=2000).open(krita)
    running = krita.begin(
        f"""
        before = tree(), history()
        target = D.active_target(document)
        try:
            stylize(target, Effect.from_dict({{**{effect!r}, "tiling": "exact"}}))
        except ScumbleError as error:
            result = [error.message, before == (tree(), history())]
        """
    )
    with Client.connect() as client:
        until(lambda: client.status().get("running"), "the job")
    pid = daemon.info.pid
    os.kill(pid, signal.SIGKILL)
    message, unchanged = running.result(60)
    assert "daemon" in message.lower() or "engine" in message.lower()
    assert unchanged
    until(lambda: not alive(pid), "the daemon's end")
    close_documents(krita)
    Case().open(krita)
    with Client.connect():
        assert apply(krita, effect)["tree"] == ["Result", "Photo"]


PREVIEW = """
target = D.active_target(document)
small = D.thumbnail(target, 24)
shown = Pixels(small.extent, small.format, bytes([10, 120, 240, 255]) * small.extent.area)
"""


@pytest.mark.parametrize("depth", ["U8", "U16"])
def test_the_copy_that_previews_paint_is_the_mean_of_all_pixels(krita, depth):
    case = Case(depth=depth, width=96, height=48)
    case.open(krita)
    facts = krita.run(
        """
        small = D.thumbnail(D.active_target(document), 24)
        keep("small.raw", small.view())
        result = [small.extent.width, small.extent.height, small.format.dtype]
        """
    )
    assert facts == [24, 12, "u8"]
    found = np.frombuffer(raw(krita, "small"), np.uint8).reshape(12, 24, 4).astype(float)
    kind = np.uint8 if depth == "U8" else np.dtype("<u2")
    values = np.frombuffer(case.pixels().view(), kind).reshape(12, 4, 24, 4, 4).astype(float)
    values *= 255 / np.iinfo(kind).max
    alpha = values[..., 3:]
    colour = (values[..., :3] * alpha).mean((1, 3)) / alpha.mean((1, 3))
    # The mean of one pixel in four is 6.4 off.
    assert np.abs(found[..., :3] - colour).mean() < 3
    assert np.abs(found[..., 3:] - alpha.mean((1, 3))).mean() < 4


def test_a_preview_leaves_no_trace_in_the_history(krita):
    Case(width=90, height=60, x=-7, y=3, image=(100, 80)).open(krita)
    before = krita.run(f"{PREVIEW}\nresult = [tree(), history()]")
    facts = krita.run(
        """
        made = P.put_preview(document, target, shown, "Waves")
        again = P.put_preview(document, target, shown, "Fire")
        result = [tree(), made == again, made.locked(), P.is_preview(made), small.extent,
                  [made.bounds().x(), made.bounds().y(), made.bounds().width(), made.bounds().height()]]
        keep("preview.raw", made.pixelData(0, 10, 1, 1))
        """
    )
    assert facts[0] == ["[Preview] Fire", "Photo"]
    assert facts[1:] == [True, True, True, [24, 16], [-7, 3, 90, 60]]
    assert raw(krita, "preview") == bytes([10, 120, 240, 255])
    krita.until("is_active(layer)")
    after = krita.run(
        "assert P.remove_preview(document); assert not P.remove_preview(document); result = tree()"
    )
    assert after == before[0]
    target = krita.run("D.insert_result(target, D.read(target), 'Result', Effect()); result = history()")
    assert len(target) == len(before[1]) + 1


def test_a_preview_is_no_source_and_goes_although_the_artist_went_on(krita):
    Case().open(krita)
    facts = krita.run(
        PREVIEW
        + """
made = P.put_preview(document, target, shown, "Waves")
other = document.createNode("Other", "paintlayer")
document.rootNode().addChildNode(other, made)
fill(other, bytes([1, 2, 3, 255]) * 100, 0, 0, 10, 10)
result = tree()
"""
    )
    assert facts == ["Other", "[Preview] Waves", "Photo"]
    krita.until("is_active(made)")
    assert krita.run("result = D.active_target(document).node.name()") == "Photo"
    assert krita.run("P.remove_preview(document); result = tree()") == ["Other", "Photo"]
    assert krita.run("undo(); result = tree()") == ["Other", "[Preview] Waves", "Photo"]
    assert krita.run("P.remove_preview(document); result = tree()") == ["Other", "Photo"]


def test_a_preview_in_a_saved_file_is_known_and_removed(krita):
    Case().open(krita)
    file = krita.folder / "preview.kra"
    krita.run(PREVIEW + f"P.put_preview(document, target, shown, 'Waves'); document.saveAs({str(file)!r})")
    close_documents(krita)
    krita.run(
        f"""
        document = in_view(app.openDocument({str(file)!r}))
        """
    )
    krita.until("document.activeNode() is not None")
    assert krita.run("result = tree()") == ["[Preview] Waves", "Photo"]
    assert krita.run("P.remove_preview(document); result = tree()") == ["Photo"]


@pytest.mark.parametrize(
    "case",
    [Case(), Case(depth="U16"), Case(depth="F32"), Case(model="GRAYA"), Case(width=1, height=1)],
    ids=["u8", "u16", "f32", "gray", "one pixel"],
)
def test_a_thumbnail_looks_like_the_layer(krita, case: Case):
    case.open(krita)
    extent = krita.run(PREVIEW + "keep('small.raw', small.view()); result = small.extent")
    small = np.frombuffer(raw(krita, "small"), np.uint8).reshape(extent[1], extent[0], 4).astype(float)
    dtype = {"u8": "u1", "u16": "<u2", "f32": "<f4"}[case.format.dtype]
    full = np.frombuffer(case.pixels().view(), dtype).reshape(case.height, case.width, -1).astype(float)
    full *= {"u8": 1, "u16": 1 / 257, "f32": 255}[case.format.dtype]
    order = {"BGRA": (0, 1, 2, 3), "RGBA": (2, 1, 0, 3), "GRAYA": (0, 0, 0, 1)}[case.format.channels]
    assert max(extent) == min(24, case.width)
    assert np.abs(small.mean((0, 1)) - full[..., order].mean((0, 1))).max() < 8


@pytest.mark.parametrize("model", ["RGBA", "GRAYA"])
@pytest.mark.parametrize("depth", ["U8", "U16", "F32"])
def test_a_preview_of_a_selection_shows_in_it_only(krita, model: str, depth: str):
    Case(model=model, depth=depth).open(krita)
    krita.run(SELECT)
    krita.run(PREVIEW + "made = P.put_preview(document, target, shown, 'x')")
    krita.run("keep('p.raw', made.pixelData(0, 0, 48, 40))")
    assert krita.run("result = [made.colorModel(), made.colorDepth()]") == [model, depth]
    kind, full = {"U8": ("u1", 1), "U16": ("<u2", 257), "F32": ("<f4", 1 / 255)}[depth]
    samples = np.frombuffer(raw(krita, "p"), kind).reshape(40, 48, -1) / full
    expected = np.zeros((40, 48), np.uint8)
    expected[7:17, 5:25] = 255
    assert samples[..., -1] == pytest.approx(expected, abs=1e-4)
    colour = {"U8": [10, 120, 240, 255], "U16": [10, 120, 240, 255], "F32": [240, 120, 10, 255]}[depth]
    if model == "GRAYA":
        colour = [(240 * 11 + 120 * 16 + 10 * 5) // 32, 255]
    assert samples[12, 12] == pytest.approx(colour, abs=1.01)
    assert krita.run("result = history()") == ["Add Layer"]


def test_kritas_own_importer_takes_the_archive(krita, tmp_path):
    done = CliRunner().invoke(cli, ["plugins", "build", str(tmp_path)])
    assert done.exit_code == 0, done.output
    archive = next(tmp_path.glob("scumble-krita-*.zip"))
    (krita.folder / "plugin.zip").write_bytes(archive.read_bytes())
    (krita.folder / "imported").mkdir(exist_ok=True)
    imported = krita.run(
        """
        import builtins, plugin_importer.plugin_importer as importer
        if not hasattr(builtins, "i18n"):
            builtins.i18n = str
        archive, target = str(FOLDER / "plugin.zip"), str(FOLDER / "imported")
        plugins = importer.PluginImporter(archive, target, lambda plugin: True).import_all()
        result = [[plugin["name"], plugin["ui_name"]] for plugin in plugins]
        """
    )
    assert imported == [["scumble_krita", "Scumble"]]
    with zipfile.ZipFile(archive) as packed:
        names = [name for name in packed.namelist() if name.startswith("scumble_krita/") and name[-1] != "/"]
    folder = krita.folder / "imported"
    assert sorted(names) == sorted(
        file.relative_to(folder / "pykrita").as_posix()
        for file in (folder / "pykrita" / "scumble_krita").rglob("*")
        if file.is_file()
    )
    assert (folder / "pykrita" / "scumble_krita.desktop").is_file()
    assert (folder / "actions" / "scumble_krita.action").is_file()
