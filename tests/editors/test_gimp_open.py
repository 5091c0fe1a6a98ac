"""The real GIMP: the same in all open images, and the results of a layer shown one after another."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from daemon_process import until
from gimp_dialog import cancel_in_status_bar
from gimp_images import INSIDE

from scumble import Client

pytestmark = pytest.mark.editors

STYLES = Path(__file__).parents[2] / "examples" / "styles"
PHOTOS = """
def photo_of(size=(90, 70), name="Photo", base="RGB", kind="RGB_IMAGE"):
    image = new_image(*size, base=base)
    layer = new_layer(image, name, *size, kind=kind)
    count = size[0] * size[1] * (1 if base == "GRAY" else 3)
    fill(layer, (bytes(range(210)) * (count // 210 + 1))[:count])
    return image, layer

image, photo = photo_of()
"""


def run(gimp, code: str):
    """Run code with the helpers, on an image with a photo; what it leaves in `result`. All images end."""
    end = "for one in Gimp.get_images():\n    one.delete()"
    return gimp.run(f"{INSIDE}\n{end}\n{PHOTOS}\n{code}\n{end}")


def test_the_selected_layers_of_all_other_images_are_painted_alike_and_what_cannot_be_is_told(gimp, style):
    found = run(
        gimp,
        f"""
painted = Gimp.Item.get_by_id(scumble(image, [photo], style_file={style!r}, weight=0.6,
                              layer_mode="multiply", opacity=70.0)["layer"])
second, below = photo_of((60, 80), "Below")
above = new_layer(second, "Above", 60, 80)
fill(above, bytes(reversed(range(180))) * 80)
second.set_selected_layers([below, above])
gray, _layer = photo_of(base="GRAY", kind="GRAY_IMAGE", name="Gray")
indexed, _layer = photo_of(name="Indexed")
indexed.convert_indexed(Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.WEB, 0, 0, 0, "")
empty = new_image(20, 20)
answer = scumble(image, [photo], procedure="plug-in-scumble-open")
facts = [[layer.get_mode().value_nick, round(layer.get_opacity()), len(raw(layer))]
         for layer in second.get_layers()[::2]]
alone = raw(Gimp.Item.get_by_id(scumble(second, [below], style_file={style!r}, weight=0.6)["layer"]))
same = alone == raw(next(one for one in second.get_layers() if one.get_name() == "swirls 60% · Below"))
result = [answer["status"], [tree(one) for one in (image, gray, indexed, empty)], facts, same]
# Of a layer that is selected its own settings are taken, and a painted one stands for its source.
scumble(image, [photo], style_file={style!r}, weight=0.2)
painted.set_mode(Gimp.LayerMode.DODGE)
gray.set_selected_layers(gray.get_layers()[:1])
scumble(image, [painted], procedure="plug-in-scumble-open")
result += [tree(gray), gray.get_layers()[0].get_mode().value_nick, tree(image)]
""",
    )
    status, trees, facts, same, again, mode, own = found
    assert status == "success"
    assert trees == [
        ["swirls 60% · Photo", "Photo"],
        ["swirls 60% · Gray", "Gray"],
        ["Indexed"],
        [],
    ]
    assert facts == [["multiply", 70, 60 * 80 * 3]] * 2
    assert same
    assert again == ["swirls 60% · Gray #1", "swirls 60% · Gray", "Gray"]
    assert mode == "dodge"
    assert own == ["swirls 20% · Photo", "swirls 60% · Photo", "Photo"]
    told = gimp.log()
    assert "2 of 4 images were painted." in told
    assert ": This image is indexed: convert it with Image > Mode > RGB first." in told
    assert ": No layer is selected: select the one to paint." in told


def test_without_another_image_or_one_that_can_be_painted_there_is_a_sentence(gimp, style):
    alone, none = run(
        gimp,
        f"""
scumble(image, [photo], style_file={style!r})
alone = scumble(image, [photo], procedure="plug-in-scumble-open")
new_image(20, 20)
result = [alone, scumble(image, [photo], procedure="plug-in-scumble-open")]
""",
    )
    assert alone["status"] == none["status"] == "execution-error"
    assert alone["error"].startswith("No other image is open.")
    assert none["error"].startswith("0 of 1 images were painted.\n")


def test_masks_of_one_image_are_left_out_in_the_others_and_that_is_told(gimp):
    names = run(
        gimp,
        """
image.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 8, 30, 30)
scumble(image, [photo], style_name="comic", style_mask=image.get_selection(), apply_to="layer")
other, _layer = photo_of()
scumble(image, [photo], procedure="plug-in-scumble-open")
result = tree(other)
""",
    )
    assert names == ["Comic 100% · Photo", "Photo"]
    assert "Masks belong to one image: in the others every style is everywhere." in gimp.log()


def test_results_are_shown_one_after_another_the_newest_first(gimp, style):
    nothing, trees, seen, selected = run(
        gimp,
        f"""
nothing = scumble(image, [photo], procedure="plug-in-scumble-next")
marker = new_layer(image, "Marker", 9, 9)
for weight in (0.2, 0.4, 0.6):
    scumble(image, [photo], style_file={style!r}, weight=weight)
seen, selected = [], []
layer = photo
for press in range(5):
    scumble(image, [layer], procedure="plug-in-scumble-next")
    seen.append([one.get_visible() for one in image.get_layers()])
    (layer,) = image.get_selected_layers()
    selected.append(layer.get_name().split(" · ")[0])
result = [nothing, tree(image), seen, selected]
""",
    )
    assert nothing["error"] == "Nothing was painted from this layer yet."
    # A newer result lies above the older ones, where it is seen.
    assert trees == [
        "Marker",
        *(f"swirls {percent}% · Photo" for percent in (60, 40, 20)),
        "Photo",
    ]
    newest, older, oldest, none = (
        [True, True, False, False, True],
        [True, False, True, False, True],
        [True, False, False, True, True],
        [True, False, False, False, True],
    )
    assert seen == [newest, older, oldest, none, newest]
    assert selected == ["swirls 60%", "swirls 40%", "swirls 20%", "Photo", "swirls 60%"]


def test_each_image_is_one_undo_step_and_cancel_leaves_what_is_painted(gimp_window, client: Client):
    gimp = gimp_window
    style = shutil.copy(STYLES / "swirls.jpg", gimp.folder)
    running = gimp.begin(
        f"""
{INSIDE}
{PHOTOS}
scumble(image, [photo], style_file={style!r}, tiling="exact")
small, below = photo_of((210, 160), "Below")
above = new_layer(small, "Above", 210, 160)
fill(above, bytes(range(210)) * 480)
small.set_selected_layers([below, above])
big, _layer = photo_of((2000, 1500), "Big")
display = Gimp.Display.new(small)
result = scumble(image, [photo], procedure="plug-in-scumble-open")
Gimp.displays_flush()
result.update(trees=[tree(one) for one in (small, big)], ids=[small.get_id(), display.get_id()])
for one in (image, big):
    one.delete()
"""
    )
    window = cancel_in_status_bar(
        gimp, "210x160.*GIMP$", lambda: (client.status()["running"] or {}).get("size") == [2000, 1500]
    )
    done = running.result()
    assert done["status"] == "cancel", done
    assert done["trees"] == [["swirls 100% · Above", "Above", "swirls 100% · Below", "Below"], ["Big"]]
    # The results are shown one after another from GIMP's search for commands, which the keys open.
    small = f"small = Gimp.Image.get_by_id({done['ids'][0]})"
    gimp.run(f"{small}; small.set_selected_layers([small.get_layers()[1]])")
    seen = f"{small}; result = [layer.get_visible() for layer in small.get_layers()]"
    for wanted in ([False, True, True, True], [True, True, True, True]):
        gimp.shell(f"xdotool windowactivate --sync {window} key slash sleep 1")
        gimp.shell("xdotool type --delay 30 'show next result'; xdotool sleep 1 key Return sleep 0.5")
        until(lambda wanted=wanted: gimp.run(seen) == wanted, "what is shown")
    gimp.shell(f"xdotool windowactivate --sync {window} key --delay 300 ctrl+z ctrl+z ctrl+z")
    tree = f"{INSIDE}\nresult = tree(Gimp.Image.get_by_id({done['ids'][0]}))"
    until(lambda: gimp.run(tree) == ["Above", "Below"], "one step back")
    gimp.run(f"Gimp.Display.get_by_id({done['ids'][1]}).delete()")
