"""The dialog's gallery in the real GIMP: search, favourites, a second style, a dropped file."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from daemon_process import connected, no_learning, until
from gimp_dialog import (
    AFTER,
    EXAMPLES,
    FIFTH,
    FIRST,
    FOURTH,
    GROUP,
    MIDDLE,
    MIX,
    ON_LAYER,
    SEARCH,
    SECOND,
    SECOND_THUMBNAIL,
    SHARE,
    STAR,
    THIRD,
    THIRD_THUMBNAIL,
    THUMBNAIL,
    choose_a_style,
    click,
    content,
    leave,
    open_dialog,
    paint,
    search,
)
from gimp_images import INSIDE
from PIL import Image

from scumble import Client, Extent, PixelFormat, Pixels, StyleSource
from scumble.editing import EditorSettings, save_settings

pytestmark = pytest.mark.editors

DRAG_SOURCE = """
import sys
import gi
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, Gtk
window = Gtk.Window(title="Drag source", default_width=200, default_height=120)
box = Gtk.EventBox()
box.add(Gtk.Label(label="a file"))
box.drag_source_set(Gdk.ModifierType.BUTTON1_MASK, [], Gdk.DragAction.COPY)
box.drag_source_add_uri_targets()
box.connect("drag-data-get", lambda _box, _context, data, *_rest: data.set_uris([sys.argv[1]]))
window.add(box)
window.show_all()
Gtk.main()
"""


@pytest.fixture
def gimp(new_gimp):
    """GIMP with windows and nothing chosen yet."""
    return new_gimp


def control_click(gimp, window: str, place: str) -> None:
    """Click with Control held."""
    gimp.shell(
        f"xdotool windowactivate --sync {window} keydown ctrl mousemove --window {window} {place} click 1 "
        "sleep 0.4 keyup ctrl"
    )


def keys(gimp, *names: str) -> None:
    """Press keys, slowly enough for a menu to follow."""
    gimp.shell("xdotool key --delay 250 " + " ".join(names) + " sleep 0.3")


def test_a_style_that_was_searched_for_is_painted_and_is_the_most_recent_one(gimp):
    running, window = open_dialog(gimp, "300, 200")
    search(gimp, window, "comic")
    choose_a_style(gimp, window)
    assert paint(gimp, running, window)["name"] == "Comic 100% · Background"

    running, window = open_dialog(gimp, "300, 200")
    click(gimp, window, GROUP)
    keys(gimp, "Down", "Down", "Return")  # Favourites, Recent
    until(lambda: content(gimp, window, THUMBNAIL)[0] > 200, "the recent styles")
    click(gimp, window, FIRST)
    assert paint(gimp, running, window)["name"] == "Comic 100% · Background"


def colours_of(done: dict) -> tuple[np.ndarray, np.ndarray]:
    """RGB of the photo and of what was painted, each a row a pixel."""
    photo, painted = (np.frombuffer(bytes.fromhex(text), np.uint8) for text in done["colours"])
    return photo.reshape(-1, 3), painted.reshape(-1, 3)


def test_a_photo_look_moves_colours_only_and_a_painting_after_it_paints(gimp):
    def pairs_of_colours(style: str, name: str) -> tuple[int, int, np.ndarray]:
        running, window = open_dialog(gimp, "300, 200")
        search(gimp, window, style)
        choose_a_style(gimp, window)
        done = paint(gimp, running, window)
        assert done["name"] == name
        photo, painted = colours_of(done)
        both = np.unique(np.concatenate([photo, painted], 1), axis=0)
        return len(np.unique(photo, axis=0)), len(both), painted

    colours, pairs, look = pairs_of_colours("tungsten", "Tungsten 100% · Background")
    assert pairs == colours > 100  # what is one colour in the photo is one in the look
    assert look[:, 0].mean() > look[:, 2].mean() + 40
    colours, pairs, _ = pairs_of_colours("comic", "Comic 100% · Background")
    assert pairs > colours


def test_a_starred_style_is_the_only_one_among_the_favourites_until_the_star_goes(gimp):
    running, window = open_dialog(gimp, "300, 200")
    assert content(gimp, window, SECOND_THUMBNAIL)[0] > 200
    choose_a_style(gimp, window)
    click(gimp, window, STAR)
    click(gimp, window, GROUP)
    keys(gimp, "Down", "Return")
    until(lambda: content(gimp, window, SECOND_THUMBNAIL)[0] < 20, "a gallery of one style")
    assert content(gimp, window, THUMBNAIL)[0] > 200
    click(gimp, window, STAR)
    until(lambda: content(gimp, window, THUMBNAIL)[0] < 20, "an empty gallery")
    leave(gimp, running, window)


def test_a_second_style_is_mixed_in(gimp):
    running, window = open_dialog(gimp, "300, 200")
    choose_a_style(gimp, window)
    alone = content(gimp, window, AFTER)
    control_click(gimp, window, THIRD)
    until(lambda: content(gimp, window, AFTER)[1] != alone[1], "the preview of both")
    name = paint(gimp, running, window)["name"]
    assert name == "Portrait of Adele Bloch-Bauer I + The Large Blue Horses 100% · Background"


def test_up_to_four_styles_are_mixed_and_a_plain_click_takes_one_alone(gimp, base):
    running, window = open_dialog(gimp, "300, 200")
    choose_a_style(gimp, window)
    for place in (SECOND, THIRD, FOURTH, FIFTH):  # the fifth has no room
        control_click(gimp, window, place)
    control_click(gimp, window, SECOND)  # and away again
    name = paint(gimp, running, window)["name"]
    titles = ("Portrait of Adele Bloch-Bauer I", "The Large Blue Horses", "Luncheon of the Boating Party")
    assert name.startswith(" + ".join(titles) + " 100%")

    running, window = open_dialog(gimp, "300, 200")  # with the mix of before
    before = content(gimp, window, MIX)
    click(gimp, window, THIRD)
    until(lambda: content(gimp, window, MIX)[1] != before[1], "one style in place of three")
    assert paint(gimp, running, window)["name"] == "The Large Blue Horses 100% · Background"


def test_a_share_is_set_by_its_slider(gimp):
    running, window = open_dialog(gimp, "300, 200")
    choose_a_style(gimp, window)
    control_click(gimp, window, THIRD)
    gimp.shell(f"xdotool mousemove --window {window} {SHARE} click 1 key End sleep 0.5")
    name = paint(gimp, running, window)["name"]
    assert name == "Portrait of Adele Bloch-Bauer I 100% · Background"  # of the other nothing is left


def test_the_gallery_shows_paintings_and_under_the_mouse_the_layer_and_does_not_move(gimp):
    running, window = open_dialog(gimp, "300, 200")
    gimp.shell("xdotool mousemove 5 5 sleep 1")
    others, third = content(gimp, window, SECOND_THUMBNAIL), content(gimp, window, THIRD_THUMBNAIL)
    gimp.shell(f"xdotool mousemove --window {window} {THIRD}")
    until(lambda: content(gimp, window, THIRD_THUMBNAIL)[1] != third[1], "the layer in that style")
    gimp.shell("xdotool mousemove 5 5 sleep 1")
    assert content(gimp, window, THIRD_THUMBNAIL) == third
    click(gimp, window, THIRD)
    gimp.shell("xdotool mousemove 5 5 sleep 1")
    assert content(gimp, window, SECOND_THUMBNAIL) == others
    assert content(gimp, window, THIRD_THUMBNAIL) == third  # only its frame is another
    click(gimp, window, ON_LAYER)
    gimp.shell("xdotool mousemove 5 5")
    until(lambda: content(gimp, window, SECOND_THUMBNAIL)[1] != others[1], "the layer in each style")
    leave(gimp, running, window)


def test_a_search_without_a_hit_says_so(gimp):
    running, window = open_dialog(gimp, "300, 200")
    click(gimp, window, SEARCH)
    gimp.shell("xdotool type --delay 60 sausage")
    until(lambda: content(gimp, window, SECOND_THUMBNAIL)[0] < 20, "an empty gallery")
    until(lambda: content(gimp, window, MIDDLE)[0] > 20, "a sentence in it")
    gimp.shell("xdotool key Escape sleep 1")  # empties the search
    until(lambda: content(gimp, window, SECOND_THUMBNAIL)[0] > 200, "all styles")
    leave(gimp, running, window)


def drop(gimp, window: str, style: str) -> None:
    """Drop a file on the gallery from another program, and wait for its preview."""
    before = content(gimp, window, AFTER)
    script = gimp.folder / "drag_source.py"
    script.write_text(DRAG_SOURCE)
    process = gimp.shell(f"python3 {script} file://{style} >{gimp.folder}/drag.log 2>&1 & echo $!").strip()
    source = gimp.window("^Drag source$")
    gimp.shell(f"xdotool windowmove --sync {source} 1060 700 windowactivate --sync {source} sleep 0.3")
    try:
        steps = [f"mousemove --window {source} 100 60 mousedown 1 sleep 0.2"]
        steps += [f"mousemove --window {source} {x} 60 sleep 0.1" for x in (90, 70, 40)]
        steps += [f"mousemove --window {window} {x} 300 sleep 0.2" for x in (420, 300, 220, 200)]
        gimp.shell("xdotool " + " ".join(steps) + " mouseup 1")
        until(lambda: content(gimp, window, AFTER)[1] != before[1], "the preview of the dropped style")
    finally:
        gimp.shell(f"kill {process}")


def test_a_file_dropped_on_the_gallery_becomes_the_style(gimp):
    running, window = open_dialog(gimp, "300, 200")
    drop(gimp, window, shutil.copy(EXAMPLES / "styles" / "swirls.jpg", gimp.folder))
    with connected(start=False) as client:
        learning = until(lambda: client.status()["learning"], "the learning of the dropped style")
        assert isinstance(learning, dict)
        assert paint(gimp, running, window)["name"] == "swirls 100% · Background"
        # The dialog is gone, and the daemon goes on by itself; the next tests shall not wait for it.
        assert client.status()["learning"] is not None
        until(lambda: no_learning(client), "the end of the learning")


def painted(client: Client, layer: Pixels, style: Path) -> bytes:
    """The client's own result."""
    return bytes(client.stylize(layer, style=StyleSource(file=style.read_bytes())).view())


def test_a_dropped_file_is_learned_to_the_end_and_painted_as_learned(start_gimp, base):
    config = Path(tempfile.mkdtemp(dir=base))
    save_settings(config / "gimp.json", EditorSettings(learn_steps=3))
    gimp = start_gimp(windows=True, SCUMBLE_CONFIG_DIR=str(config))
    running, window = open_dialog(gimp, "300, 200")
    with Image.open(EXAMPLES / "styles" / "swirls.jpg") as image:
        turned = image.transpose(Image.Transpose.ROTATE_180)
    style = gimp.folder / "turned.png"
    turned.save(style)
    drop(gimp, window, str(style))
    with connected(start=False) as client:
        until(lambda: client.status()["learning"] is None, "the end of the learning")
        original, result = (bytes.fromhex(hexed) for hexed in paint(gimp, running, window)["colours"])
        layer = Pixels(Extent(300, 200), PixelFormat("u8", "RGB"), original)
        assert result == painted(client, layer, style)
        # A picture that differs by one pixel is another style: it is painted as nobody has learned it.
        turned.putpixel((0, 0), (255, 0, 0))
        turned.save(style)
        at_sight, learned = (np.frombuffer(x, np.uint8) for x in (painted(client, layer, style), result))
        assert np.abs(at_sight - learned.astype(int)).mean() > 2


def test_a_layer_in_a_group_can_be_the_style(gimp):
    running = gimp.begin(
        f"""
{INSIDE}
image = new_image(300, 200)
group = Gimp.GroupLayer.new(image, "Group")
image.insert_layer(group, None, 0)
inner = new_layer(image, "Inner", 300, 200, parent=group)
inner.fill(Gimp.FillType.PATTERN)
photo = new_layer(image, "Photo", 300, 200)
photo.fill(Gimp.FillType.WHITE)
display = Gimp.Display.new(image)
result = scumble(image, [photo], run_mode=Gimp.RunMode.INTERACTIVE)
result["name"] = image.get_layers()[0].get_name()
display.delete()
"""
    )
    window = gimp.window("^Scumble$")
    until(lambda: content(gimp, window, THUMBNAIL)[0] > 200, "the thumbnails")
    click(gimp, window, GROUP)
    library = content(gimp, window, THUMBNAIL)
    keys(gimp, "Down", "Down", "Down", "Return")  # Favourites, Recent, Layers of this image
    until(lambda: content(gimp, window, THUMBNAIL)[1] != library[1], "the layers")
    choose_a_style(gimp, window, THIRD)
    assert paint(gimp, running, window)["name"] == "Inner 100% · Photo"
