"""The real Krita: what was painted in one document, in all other open ones."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from krita_docker import choose, click, show_docker
from krita_images import Case, close_documents, open_document, wait_for_active_layer
from krita_session import KritaSession

pytestmark = pytest.mark.editors

NAMES = "[[node.name() for node in one.topLevelNodes()] for one in (first, second, odd, document)]"


@pytest.fixture
def documents(krita: KritaSession) -> Iterator[KritaSession]:
    """The shared Krita with two images, one in CMYK, and a fourth in front; the docker in sight."""
    show_docker(krita)
    for name in ("first", "second"):
        Case(width=64, height=48).open(krita)
        krita.run(f"{name} = document")
    open_document(krita, 40, 30, "CMYKA")
    krita.run("odd = document; odd.activeNode().setName('Ink')")
    Case(width=50, height=40).open(krita)
    show_docker(krita)
    yield krita
    krita.run("panel.studio.cancel(); panel.job.show_error(None)")
    close_documents(krita)


def test_active_layers_of_all_other_documents_are_painted_alike_and_what_cannot_be_is_told(documents):
    krita = documents
    choose(krita, 2)
    click(krita, "panel.job.apply_button")
    krita.until("not panel.studio.busy and len(names()) == 2", 60)
    wait_for_active_layer(krita)
    title = krita.run("result = names()[1]")
    choose(krita, 3)  # which is not what was painted with
    krita.run("app.action('scumble_open').trigger()")
    assert krita.run("result = panel.studio.busy")
    krita.until("not panel.studio.busy", 60)
    assert krita.run(f"result = {NAMES}") == [["Photo", title], ["Photo", title], ["Ink"], ["Photo", title]]
    assert krita.run("result = panel.job.status_text()") == "2 of 3 images were painted."
    told = krita.run("result = panel.job.error_text()")
    assert "Scumble paints in RGB and gray" in told
    assert len(told.splitlines()) == 1
    same = "result = bytes(first.topLevelNodes()[1].pixelData(0, 0, 64, 48)) == bytes({}(0, 0, 64, 48))"
    assert krita.run(same.format("second.topLevelNodes()[1].pixelData"))
    assert not krita.run(same.format("first.topLevelNodes()[0].pixelData"))
    # Again, of a painted layer that is selected: its settings, above what is there, of the same source.
    wait_for_active_layer(krita)
    krita.until("is_active(document.topLevelNodes()[1])")
    krita.run("panel.studio.library._save(lambda known: known.used(panel.studio.effect))")
    krita.run("app.action('scumble_open').trigger()")
    krita.until("not panel.studio.busy", 60)
    assert krita.run(f"result = {NAMES}")[:2] == [["Photo", title, title]] * 2
    wait_for_active_layer(krita)
    # One step back in each of them.
    for number, name in enumerate(("first", "second")):
        krita.run(
            f"""
            from PyQt5.QtWidgets import QMdiArea
            area = window.findChild(QMdiArea)
            area.setActiveSubWindow(area.subWindowList()[{number}])
            """
        )
        # Its active layer is the one of before, and not what was painted while it was behind another one.
        krita.until(f"app.activeDocument() == {name} and {name}.activeNode() == {name}.topLevelNodes()[0]")
        krita.until("len(history()) == 2 and app.action('edit_undo').isEnabled()")
        krita.run("app.action('edit_undo').trigger()")
        krita.until(f"len({name}.topLevelNodes()) == 2")
    assert krita.run(f"result = {NAMES}")[:2] == [["Photo", title]] * 2
    # Cancel between two documents leaves what is painted.
    krita.run(
        """
        panel.studio.others.painted.connect(panel.studio.cancel)
        app.action('scumble_open').trigger()
        """
    )
    krita.until("not panel.studio.busy", 60)
    krita.run("panel.studio.others.painted.disconnect(panel.studio.cancel)")
    assert sorted(len(nodes) for nodes in krita.run(f"result = {NAMES}")) == [1, 2, 2, 3]
    assert krita.run("result = panel.job.status_text()") == "Cancelled. The layers that are painted stay."
