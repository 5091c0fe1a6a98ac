"""The dialog's gallery in the real GIMP: search, favourites, a second style, a dropped file."""

from __future__ import annotations

import shutil
import tempfile

import pytest
from daemon_process import until
from gimp_dialog import AFTER, EXAMPLES, THUMBNAIL, choose_the_first_style, content, open_dialog

pytestmark = pytest.mark.editors

SEARCH, GROUP, STAR, SECOND, PAINT = "120 29", "334 29", "366 561", "680 472", "779 678"
"""Where the widgets are in the dialog's window."""
SECOND_THUMBNAIL = "80x60+120+72"
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
def gimp(start_gimp, base):
    """GIMP with windows and nothing chosen yet: what these tests choose would be in the next dialog."""
    return start_gimp(windows=True, SCUMBLE_CONFIG_DIR=tempfile.mkdtemp(dir=base))


def click(gimp, window: str, place: str) -> None:
    gimp.shell(
        f"xdotool windowactivate --sync {window} mousemove --window {window} {place} click 1 sleep 0.4"
    )


def keys(gimp, *names: str) -> None:
    """Press keys, slowly enough for a menu to follow."""
    gimp.shell("xdotool key --delay 250 " + " ".join(names) + " sleep 0.3")


def search(gimp, window: str, text: str) -> None:
    """Type into the search and wait for another gallery."""
    before = content(gimp, window, THUMBNAIL)
    click(gimp, window, SEARCH)
    gimp.shell(f"xdotool type --delay 60 {text}")
    until(lambda: content(gimp, window, THUMBNAIL)[1] != before[1], "what was searched for")


def paint(gimp, running, window: str) -> str:
    """Press Paint and give the new layer's name; Return would open a list that has the focus."""
    click(gimp, window, PAINT)
    done = running.result()
    assert done["status"] == "success", done
    return done["name"]


def leave(gimp, running, window: str) -> None:
    gimp.shell(f"xdotool windowactivate --sync {window} key Escape")
    assert running.result()["status"] == "cancel"


def test_a_style_that_was_searched_for_is_painted_and_is_the_most_recent_one(gimp):
    running, window = open_dialog(gimp, "300, 200")
    search(gimp, window, "comic")
    choose_the_first_style(gimp, window)
    assert paint(gimp, running, window) == "Comic 80% · Background"

    running, window = open_dialog(gimp, "300, 200")
    click(gimp, window, GROUP)
    keys(gimp, "Down", "Down", "Return")  # Favourites, Recent
    until(lambda: content(gimp, window, THUMBNAIL)[0] > 200, "the recent styles")
    gimp.shell(f"xdotool mousemove --window {window} 62 100 click 1 sleep 0.3")
    assert paint(gimp, running, window) == "Comic 80% · Background"


def test_a_starred_style_is_the_only_one_among_the_favourites_until_the_star_goes(gimp):
    running, window = open_dialog(gimp, "300, 200")
    assert content(gimp, window, SECOND_THUMBNAIL)[0] > 200
    choose_the_first_style(gimp, window)
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
    choose_the_first_style(gimp, window)
    alone = content(gimp, window, AFTER)
    click(gimp, window, SECOND)
    keys(gimp, "Down", "Down", "Down", "Return")
    until(lambda: content(gimp, window, AFTER)[1] != alone[1], "the preview of both")
    name = paint(gimp, running, window)
    assert name.startswith("Portrait of Adele Bloch-Bauer I + ")


def test_a_file_dropped_on_the_gallery_becomes_the_style(gimp):
    running, window = open_dialog(gimp, "300, 200")
    before = content(gimp, window, AFTER)
    style = shutil.copy(EXAMPLES / "styles" / "swirls.jpg", gimp.folder)
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
    assert paint(gimp, running, window) == "swirls 80% · Background"
