"""Several layers that are selected in the real Krita: each is painted, and what ends that."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from krita_docker import choose, click, show_docker
from krita_images import Case, close_documents, raw, wait_for_active_layer
from krita_session import KritaSession

from scumble import Client, Extent, PixelFormat, Pixels
from scumble.editing import Effect, StyleChoice

pytestmark = pytest.mark.editors

CASE = Case(width=64, height=48)
ADD = """
def add(name, parent, above):
    node = document.createNode(name, "paintlayer")
    parent.addChildNode(node, above)
    data = bytes(layer.pixelData(0, 0, document.width(), document.height()))
    fill(node, data[400:] + data[:400], 0, 0, document.width(), document.height())
    return node
"""


@pytest.fixture
def layers(krita: KritaSession) -> Iterator[KritaSession]:
    """The shared Krita with an image of one layer, and the docker in sight."""
    show_docker(krita)
    CASE.open(krita)
    show_docker(krita)
    krita.run(ADD)
    yield krita
    krita.run("panel.studio.cancel(); panel.job.show_error(None)")
    close_documents(krita)


def select_all(krita: KritaSession, count: int) -> None:
    krita.until("is_active(layer)")
    krita.run("app.action('select_all_layers').trigger()")
    krita.until(f"len(app.activeWindow().activeView().selectedNodes()) >= {count}")


def test_all_layers_that_are_selected_are_painted_as_each_would_be(layers, client: Client):
    krita = layers
    krita.run(
        """
        second = add("Second", document.rootNode(), layer)
        group = document.createGroupLayer("Group")
        document.rootNode().addChildNode(group, second)
        inner = add("Inner", group, None)
        document.waitForDone()
        """
    )
    select_all(krita, 3)
    style = choose(krita, 2)
    before = len(krita.run("result = history()"))
    click(krita, "panel.job.apply_button")
    krita.until("not panel.studio.busy and len(document.topLevelNodes()) == 6", 60)
    wait_for_active_layer(krita)
    assert krita.run("result = panel.job.error_text()") == ""
    names = krita.run("result = [node.name() for node in document.topLevelNodes()]")
    assert names[::2] == ["Photo", "Second", "Group"]
    assert [name.rpartition(" · ")[2] for name in names[1::2]] == ["Photo", "Second", "Group"]
    krita.run(
        """
        for number, node in enumerate(document.topLevelNodes()):
            keep(str(number) + ".raw", node.projectionPixelData(0, 0, 64, 48))
        """
    )
    effect = Effect((StyleChoice("library", style),), weight=0.8)
    for number in (0, 2, 4):
        source = Pixels(Extent(64, 48), PixelFormat("u8", "BGRA"), raw(krita, str(number)))
        wanted = client.submit(effect.request(source)).result()
        assert bytes(wanted.view()) == raw(krita, str(number + 1))
    assert len(krita.run("result = history()")) == before + 3
    krita.run("undo(3)")
    assert krita.run("result = len(document.topLevelNodes())") == 3


def test_what_is_painted_of_several_stays_when_one_of_them_fails(layers):
    krita = layers
    krita.run(
        """
        empty = document.createNode("Empty", "paintlayer")
        document.rootNode().addChildNode(empty, layer)
        document.waitForDone()
        """
    )
    select_all(krita, 2)
    choose(krita, 2)
    click(krita, "panel.job.apply_button")
    assert "The layer is empty" in krita.until("not panel.studio.busy and panel.job.error_text()", 60)
    assert krita.run("result = len(document.topLevelNodes())") == 3
    krita.run("panel.job.show_error(None)")
    krita.run("document.setActiveNode(layer)")
    krita.until("is_active(layer)")
    click(krita, "panel.job.apply_button")
    krita.until("not panel.studio.busy and len(document.topLevelNodes()) == 4", 60)


def test_results_of_a_layer_are_shown_one_after_another_and_undo_knows_nothing_of_it(layers):
    krita = layers
    for number in range(3):
        choose(krita, number)
        click(krita, "panel.job.apply_button")
        krita.until(f"not panel.studio.busy and len(document.topLevelNodes()) == {number + 2}", 60)
        wait_for_active_layer(krita)
    assert krita.run("result = document.activeNode() == layer")
    before = krita.run("result = history()")
    # The newest lies above the older ones, where it is seen.
    visible = "result = [node.visible() for node in document.topLevelNodes()]"
    seen = []
    for _press in range(5):
        krita.run("app.action('scumble_next').trigger(); document.waitForDone()")
        seen.append(krita.run(visible))
        assert krita.run("result = panel.job.status_text()").startswith("Shown: ")
    newest, older, oldest, none = (
        [True, False, False, True],
        [True, False, True, False],
        [True, True, False, False],
        [True, False, False, False],
    )
    assert seen == [newest, older, oldest, none, newest]
    assert krita.run("result = history()") == before
    # A result stands for the layer that it was painted from.
    krita.run("document.setActiveNode(document.topLevelNodes()[1])")
    krita.until("is_active(document.topLevelNodes()[1])")
    # By mouse, in the menu beside the pencil.
    x, y = krita.run(
        "b = panel.job.edit_button; p = b.mapToGlobal(QPoint(b.width() - 5, b.height() // 2))\n"
        "result = [p.x(), p.y()]"
    )
    krita.shell(f"xdotool mousemove {x} {y} click 1")
    x, y = krita.until(
        "b.menu().isVisible() and (lambda p: [p.x(), p.y()])"
        "(b.menu().mapToGlobal(b.menu().actionGeometry(b.menu().actions()[1]).center()))"
    )
    krita.shell(f"xdotool sleep 0.3 mousemove {x} {y} sleep 0.1 click 1")
    krita.until(f"{visible.removeprefix('result = ')} == {older!r}")


def test_without_a_result_there_is_nothing_to_show(layers):
    layers.run("app.action('scumble_next').trigger()")
    assert layers.until("panel.job.error_text()").startswith("Nothing was painted from this layer yet")
