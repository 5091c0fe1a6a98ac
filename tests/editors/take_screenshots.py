"""Take the screenshots of GIMP in docs/images again: pytest tests/editors/take_screenshots.py

Not among the tests that run by themselves: its name keeps it out of the collection.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from gimp_dialog import (
    EXAMPLES,
    FIRST_PLACE,
    FOURTH,
    PLACES,
    begin_dialog,
    choose_a_style,
    click,
    filled,
    leave,
    open_dialog,
)
from gimp_images import INSIDE
from PIL import Image

pytestmark = pytest.mark.editors

IMAGES = Path(__file__).parents[2] / "docs" / "images"
CAFE_TERRACE = "158 230"


@pytest.fixture
def gimp(new_gimp):
    """GIMP with windows and nothing chosen yet."""
    return new_gimp


def test_screenshot_of_the_dialog(gimp):
    running, window = open_dialog(gimp)
    choose_a_style(gimp, window, CAFE_TERRACE)
    # Away from the gallery, where it would bring up a tooltip; and until the line says "Ready".
    gimp.shell("xdotool mousemove 5 5 sleep 20")
    take(gimp, window, "gimp-dialog.jpg")
    leave(gimp, running, window)


def test_screenshot_of_the_places(gimp):
    shutil.copy(EXAMPLES / "photos" / "coffee.jpg", gimp.folder)
    running = gimp.begin(
        f"""
{INSIDE}
image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(str(FOLDER / "coffee.jpg")))
image.scale(1500, 1000)
image.select_ellipse(Gimp.ChannelOps.REPLACE, 170, -120, 1020, 1090)
Gimp.Selection.feather(image, 40)
Gimp.Selection.save(image).set_name("Cup")
Gimp.Selection.none(image)
display = Gimp.Display.new(image)
result = scumble(image, image.get_layers(), run_mode=Gimp.RunMode.INTERACTIVE)
display.delete()
"""
    )
    window = filled(gimp)
    choose_a_style(gimp, window, CAFE_TERRACE)
    gimp.shell(f"xdotool keydown ctrl mousemove --window {window} {FOURTH} click 1 keyup ctrl sleep 1")
    click(gimp, window, PLACES)
    click(gimp, window, FIRST_PLACE)
    gimp.shell("sleep 0.5 && xdotool key --delay 250 Down Down Return sleep 3")
    # The line to the right, so that more of the result is seen.
    gimp.shell(
        f"xdotool mousemove --window {window} 634 200 mousedown 1 sleep 0.2 "
        f"mousemove --window {window} 700 200 sleep 0.2 mousemove --window {window} 790 200 mouseup 1"
    )
    gimp.shell("xdotool mousemove 5 5 sleep 25")
    take(gimp, window, "gimp-places.jpg")
    leave(gimp, running, window)


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_screenshot_of_a_dense_screen(start_gimp, base, theme, language):
    """1920x1200 at 200%: what is cut off there is cut off for many."""
    gimp = start_gimp(
        windows=True,
        screen="1920x1200",
        rc=f"(theme-color-scheme {theme})\n",
        GDK_SCALE="2",
        LANGUAGE=language,
        SCUMBLE_CONFIG_DIR=tempfile.mkdtemp(dir=base),
    )
    running = begin_dialog(gimp)
    window = gimp.window("^Scumble$")
    gimp.shell("xdotool sleep 8")
    click(gimp, window, " ".join(str(2 * int(place)) for place in FOURTH.split()))
    gimp.shell("xdotool mousemove 5 5 sleep 6")
    with Image.open(gimp.screenshot(gimp.folder / "window.png")) as picture:
        name = f"gimp-200-{theme}" + ("" if language == "de" else "-en")
        picture.convert("RGB").save(IMAGES / f"{name}.jpg", quality=85, optimize=True)
    gimp.press(window, "Escape")
    running.result()


def test_screenshot_of_the_result(gimp):
    shutil.copy(EXAMPLES / "photos" / "coffee.jpg", gimp.folder)
    done = gimp.run(
        f"""
{INSIDE}
image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(str(FOLDER / "coffee.jpg")))
image.scale(1200, 800)
display = Gimp.Display.new(image)
image.select_ellipse(Gimp.ChannelOps.REPLACE, 100, -20, 900, 860)
Gimp.Selection.feather(image, 120)
result = scumble(image, image.get_layers(), style_name="comic")
Gimp.Selection.none(image)
Gimp.displays_flush()
"""
    )
    assert done["status"] == "success", done
    window = gimp.window("1200x800.*GIMP$")
    gimp.shell(f"xdotool windowsize --sync {window} 1000 680 windowactivate --sync {window}")
    # Shift+Ctrl+J fits the image into the window.
    gimp.shell("xdotool sleep 1 key shift+ctrl+j sleep 2")
    take(gimp, window, "gimp-result.jpg")


def take(gimp, window: str, name: str) -> None:
    """Save a picture of the window; as a JPEG it has a third of the bytes and looks the same."""
    with Image.open(gimp.screenshot(gimp.folder / "window.png", window)) as picture:
        picture.convert("RGB").save(IMAGES / name, quality=90, subsampling=0, optimize=True)
