"""Painted layers in the real Krita remember how they were made, and can be changed."""

from __future__ import annotations

import pytest
from krita_docker import choose, click, open_photo, show_docker
from krita_images import Case, apply, close_documents, open_document, raw

pytestmark = [pytest.mark.editors, pytest.mark.usefixtures("documents_closed")]

SELECT = "s = Selection(); s.select(18, 15, 12, 10, 255); s.feather(4); document.setSelection(s); del s"
EDIT = """
target = D.edited_target(document, new)
answer = stylize(target, effect)
old, new = new, D.insert_result(target, answer, "Again", effect)
keep("edited.raw", new.pixelData(*target.bounds))
keep("shown_again.raw", new.projectionPixelData(*target.bounds))
"""
REOPEN = """
document = in_view(app.openDocument(str(FOLDER / "kept.kra")))
"""


@pytest.fixture
def effect(krita_style) -> dict:
    """An effect with a style that lies inside."""
    return {"styles": [krita_style], "weight": 0.7}


@pytest.mark.parametrize("select", ["", SELECT], ids=["all", "selection"])
def test_a_layer_is_painted_again_as_it_was_and_keeps_what_was_set(krita, effect, select: str):
    Case().open(krita)
    done = apply(krita, effect, select)
    krita.until("is_active(new)")
    krita.run("document.setSelection(None)" if select else "")
    krita.run("new.setBlendingMode('multiply'); new.setOpacity(60); new.setVisible(False)")
    krita.run("steps = len(history())\n" + EDIT)
    assert raw(krita, "edited") == raw(krita, "after")
    assert raw(krita, "shown_again") == raw(krita, "shown")
    assert krita.run("result = str(tree())") == str(done["tree"]).replace("Result", "Again")
    state = "result = [new.blendingMode(), new.opacity(), new.visible()]"
    assert krita.run(state) == ["multiply", 60, False]
    krita.until("is_active(new)")
    assert krita.run("result = history()[steps:]") == ["Convert to a Paint Layer"]
    there = "now = document.topLevelNodes()[1]; result = str(tree())"
    old_tree, new_tree = str(done["tree"]), str(done["tree"]).replace("Result", "Again")
    assert krita.run("undo();" + there) == old_tree
    assert krita.run("keep('undone.raw', now.pixelData(*target.bounds)); result = now == old")
    assert raw(krita, "undone") == raw(krita, "after")
    assert krita.run("redo();" + there) == new_tree
    assert krita.run("keep('redone.raw', now.projectionPixelData(*target.bounds)); result = now == new")
    assert raw(krita, "redone") == raw(krita, "shown")
    assert krita.run(state) == ["multiply", 60, False]
    assert krita.run("undo(3); result = tree()") == ["Photo"]  # with the mode, which is a step too
    assert krita.run("redo(); redo(); redo();" + there) == new_tree


def test_it_follows_the_layer_that_it_was_made_of_and_can_be_edited_again(krita, effect):
    Case().open(krita)
    apply(krita, effect)
    krita.until("is_active(layer)")
    krita.run("fill(layer, bytes(range(192)) * 40, 0, 0, 48, 40)")
    krita.run(EDIT)
    apply(krita, effect)
    assert raw(krita, "edited") == raw(krita, "after")
    krita.run("new.remove(); new = next(n for n in document.topLevelNodes() if n.name() == 'Again')")
    krita.run("effect = Effect(effect.styles, weight=0.2)\n" + EDIT)
    # The layer that was painted stands for what was painted last from it.
    for node in ("layer", "new"):
        krita.until(f"is_active({node})")
        found = krita.run("found = D.painted_layer(document); result = [found[0] == new, found[1].weight]")
        assert found == [True, 0.2]
    assert krita.run("result = tree()") == ["Again", "Photo"]


@pytest.mark.parametrize("select", ["", SELECT], ids=["all", "selection"])
def test_it_is_remembered_in_the_file(krita, effect, select: str):
    Case(x=-3, y=4, image=(60, 50)).open(krita)
    apply(krita, effect, select)
    krita.until("is_active(layer)")
    krita.run("document.setSelection(None); document.saveAs(str(FOLDER / 'kept.kra'))")
    close_documents(krita)
    krita.run(REOPEN)
    krita.until("document.activeNode() is not None")
    krita.run("new = next(n for n in document.topLevelNodes() if n.name() == 'Result')")
    krita.until("is_active(new)")
    krita.run("new, effect = D.painted_layer(document)\n" + EDIT)
    assert raw(krita, "edited") == raw(krita, "after")
    assert raw(krita, "shown_again") == raw(krita, "shown")


WRONG = {
    "never painted": (
        "node = document.createNode('Other', 'paintlayer'); document.rootNode().addChildNode(node, new)",
        "was not painted by Scumble",
    ),
    "source gone": ("layer.remove(); node = new", "painted from is gone"),
    "damaged": ("document.setAnnotation('scumble-layers', '', QByteArray(b'{')); node = new", "not painted"),
    "a copy": ("node = new.duplicate(); document.rootNode().addChildNode(node, new)", "not painted"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_edited_is_one_sentence_and_changes_nothing(krita, effect, name: str):
    Case().open(krita)
    apply(krita, effect)
    krita.run(f"{WRONG[name][0]}; document.waitForDone()")
    krita.until("is_active(node)")
    code, message, same = krita.run(
        """
        before = tree(), history()
        try:
            D.painted_layer(document)
        except ScumbleError as error:
            result = [error.code, error.message, before == (tree(), history())]
        """
    )
    assert code == "bad-layer"
    assert WRONG[name][1] in message
    assert same


def test_editing_by_mouse_shows_the_settings_previews_in_place_and_replaces(krita):
    open_photo(krita)
    show_docker(krita)
    choose(krita, 3)
    krita.run("panel.studio.set_effect(panel.studio.effect.taking({'weight': 0.35, 'stroke_size': 2.0}))")
    painted = krita.run("result = panel.studio.effect.to_dict()")
    click(krita, "panel.job.apply_button")
    krita.until("len(names()) == 2 and not panel.studio.busy")
    choose(krita, 4)
    krita.run("name = document.topLevelNodes()[1].name()")
    click(krita, "panel.job.edit_button")
    krita.until(f"panel.studio.effect.to_dict() == {painted!r}")
    assert krita.run("result = panel.job.edit_line.text() == 'Editing: ' + name")
    krita.run("panel.controls.weight._set(0.9)")
    click(krita, "panel.job.live_button")
    krita.until("previews()")
    assert krita.run("result = document.topLevelNodes()[2].name()").startswith("[Preview]")
    click(krita, "panel.job.apply_button")
    krita.until("not panel.studio.busy and panel.studio.edited is None and not previews()")
    assert krita.run("result = names() == ['Photo', name.replace('35%', '90%')]")
    assert krita.run("result = [panel.job.edit_line.text(), panel.job.apply_button.text()]") == ["", "Apply"]
    # Another document in front, or the cross, ends it; a layer that is gone is one sentence.
    krita.run("app.action('scumble_edit').trigger()")
    krita.until("panel.job.edit_line.text()")
    click(krita, "panel.job.edit_line.leave_button")
    krita.until("panel.studio.edited is None")
    krita.run("app.action('scumble_edit').trigger()")
    krita.until("panel.job.edit_line.text()")
    krita.run("document.topLevelNodes()[1].remove(); document.waitForDone()")
    click(krita, "panel.job.apply_button")
    assert "is gone" in krita.until("panel.job.error_text()")
    assert krita.run("result = names()") == ["Photo"]
    krita.run("app.action('edit_undo').trigger(); document.waitForDone()")
    krita.until("is_active(document.topLevelNodes()[1])")  # Krita forgets it while it takes the step back
    krita.run("app.action('scumble_edit').trigger()")
    krita.until("panel.job.edit_line.text()")
    open_document(krita, 30, 20)
    krita.until("panel.studio.edited is None and not panel.job.edit_line.text()")
    krita.run("panel.job.show_error(None)")
