"""Painted layers in the real GIMP remember how they were made, and can be changed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from daemon_process import until
from gimp_dialog import AFTER, THUMBNAIL, choose_a_style, content, paint, search
from gimp_images import INSIDE

pytestmark = pytest.mark.editors

STYLES = Path(__file__).parents[2] / "examples" / "styles"
PAINTED = """
image = new_image(90, 70)
photo = new_layer(image, "Photo", 90, 70)
fill(photo, bytes(range(210)) * 90)
"""


def run(gimp, code: str):
    """Run code with the helpers, on an image with a photo; what it leaves in `result`."""
    return gimp.run(f"{INSIDE}\n{PAINTED}\n{code}\nimage.delete()")


def test_a_layer_is_painted_again_as_it_was_and_keeps_what_was_set(gimp, style):
    found = run(
        gimp,
        f"""
image.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 5, 40, 30)
painted = Gimp.Item.get_by_id(scumble(image, [photo], style_file={style!r}, weight=0.7)["layer"])
first = raw(painted)
painted.set_mode(Gimp.LayerMode.DODGE)
painted.set_opacity(60.0)
painted.set_visible(False)
Gimp.Selection.none(image)
answer = scumble(image, [painted], procedure="plug-in-scumble-edit")
new = Gimp.Item.get_by_id(answer["layer"])
coverage = bytes(new.get_mask().get_buffer().get(rectangle(new), 1.0, "Y u8", Gegl.AbyssPolicy.NONE))
result = [answer["status"], tree(image), raw(new) == first, new.get_mode() == Gimp.LayerMode.DODGE,
          round(new.get_opacity()), new.get_visible(), coverage[10 * 90 + 20], coverage[60 * 90 + 60]]
""",
    )
    assert found == ["success", ["swirls 70% · Photo", "Photo"], True, True, 60, False, 255, 0]


def test_it_follows_the_layer_that_it_was_made_of(gimp, style):
    same, other, tree = run(
        gimp,
        f"""
painted = Gimp.Item.get_by_id(scumble(image, [photo], style_file={style!r})["layer"])
first = raw(painted)
fill(photo, bytes(reversed(range(210))) * 90)
new = Gimp.Item.get_by_id(scumble(image, [painted], procedure="plug-in-scumble-edit")["layer"])
fresh = Gimp.Item.get_by_id(scumble(image, [photo], style_file={style!r})["layer"])
result = [raw(new) == raw(fresh), raw(new) != first, tree(image)]
""",
    )
    assert same
    assert other
    assert tree == ["swirls 100% · Photo #1", "swirls 100% · Photo", "Photo"]


def test_it_is_remembered_in_the_file(gimp, style):
    tree, same = run(
        gimp,
        f"""
painted = Gimp.Item.get_by_id(scumble(image, [photo], style_file={style!r}, weight=0.4)["layer"])
first = raw(painted)
file = Gio.File.new_for_path(str(FOLDER / "kept.xcf"))
Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, file, None)
again = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file)
answer = scumble(again, [again.get_layers()[0]], procedure="plug-in-scumble-edit")
result = [tree(again), raw(again.get_layers()[0]) == first]
again.delete()
""",
    )
    assert tree == ["swirls 40% · Photo", "Photo"]
    assert same


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("layer = photo", "was not painted by Scumble"),
        ("layer = painted; image.remove_layer(photo)", "painted from is gone"),
        (
            "layer = painted; layer.attach_parasite(Gimp.Parasite.new('scumble-effect', 1, b'{}'))",
            "not painted",
        ),
    ],
)
def test_what_cannot_be_edited_is_one_sentence(gimp, style, code: str, sentence: str):
    answer, before, after = run(
        gimp,
        f"""
painted = Gimp.Item.get_by_id(scumble(image, [photo], style_file={style!r})["layer"])
{code}
before = tree(image)
result = [scumble(image, [layer], procedure="plug-in-scumble-edit"), before, tree(image)]
""",
    )
    assert answer["status"] == "execution-error"
    assert sentence in answer["error"]
    assert before == after


def test_the_dialog_opens_with_the_settings_and_another_style_takes_the_place(start_gimp):
    gimp = start_gimp(windows=True)
    style = shutil.copy(STYLES / "swirls.jpg", gimp.folder)
    running = gimp.begin(
        f"""
{INSIDE}
{PAINTED}
image.scale(300, 200)
display = Gimp.Display.new(image)
painted = Gimp.Item.get_by_id(scumble(image, [photo], style_file={style!r}, weight=0.35)["layer"])
result = scumble(image, [painted], run_mode=Gimp.RunMode.INTERACTIVE, procedure="plug-in-scumble-edit")
result["name"] = image.get_layers()[0].get_name()
result["tree"] = tree(image)
display.delete()
"""
    )
    window = gimp.window("^Scumble$")
    until(lambda: content(gimp, window, THUMBNAIL)[0] > 200, "the thumbnails")
    until(lambda: content(gimp, window, AFTER)[0] > 200, "the preview")
    search(gimp, window, "comic")
    choose_a_style(gimp, window)
    done = paint(gimp, running, window)
    assert done["tree"] == ["Comic 35% · Photo", "Photo"]


def test_only_one_painted_layer_is_edited_at_a_time(gimp, style):
    answer = run(
        gimp,
        f"""
painted = Gimp.Item.get_by_id(scumble(image, [photo], style_file={style!r})["layer"])
result = scumble(image, [painted, photo], procedure="plug-in-scumble-edit")
""",
    )
    assert "one at a time" in answer["error"]
