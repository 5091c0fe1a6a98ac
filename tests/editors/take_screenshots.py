"""Take the screenshots of GIMP in docs/images again: pytest tests/editors/take_screenshots.py

Not among the tests that run by themselves: its name keeps it out of the collection.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from editors_root import enter
from gimp_dialog import (
    EXAMPLES,
    FIRST_PLACE,
    FOURTH,
    PLACES,
    begin_dialog,
    choose_a_style,
    click,
    doubled,
    filled,
    leave,
    open_dialog,
)
from gimp_images import INSIDE
from PIL import Image

pytestmark = pytest.mark.editors

IMAGES = Path(__file__).parents[2] / "docs" / "images"
CAFE_TERRACE = "158 230"
GERMAN = "de_DE.UTF-8"
LOOKS = [("light", "en"), ("dark", "en"), ("light", "de"), ("dark", "de")]
looks = pytest.mark.parametrize(("theme", "language"), LOOKS)


@pytest.fixture
def gimp(new_gimp):
    """GIMP with windows and nothing chosen yet."""
    return new_gimp


@pytest.fixture(scope="session")
def speaking(editors_root, base):
    """What a GIMP is started with to speak a language.

    Our texts follow LANGUAGE alone. GIMP's own want a locale as well, and there are no sources of one in the
    root: this machine's are taken (Debian's package locales).
    """
    folder = base / "locales"
    folder.mkdir()
    definition = ["localedef", "-c", "-i", "de_DE", "-f", "UTF-8", folder / GERMAN]
    command = enter(editors_root, base, "env", "I18NPATH=/host/usr/share/i18n", *definition)
    subprocess.run(command, check=True, capture_output=True)
    return {"de": {"LANGUAGE": "de", "LC_ALL": GERMAN, "LOCPATH": str(folder)}, "en": {"LANGUAGE": "en"}}


@looks
def test_screenshot_of_the_dialog(start_gimp, base, speaking, theme, language):
    gimp = start_gimp(windows=True, rc=colours(theme), **speaking[language], **unused(base))
    running, window = open_dialog(gimp)
    choose_a_style(gimp, window, CAFE_TERRACE)
    # Away from the gallery, where it would bring up a tooltip; and until the line says "Ready".
    gimp.shell("xdotool mousemove 5 5 sleep 20")
    take(gimp, f"gimp-100-{theme}-{language}", window)
    leave(gimp, running, window)


@looks
def test_screenshot_of_a_dense_screen(start_gimp, base, speaking, theme, language):
    """1920x1200 at 200%: what is cut off there is cut off for many."""
    dense = {"screen": "1920x1200", "GDK_SCALE": "2"}
    gimp = start_gimp(windows=True, rc=colours(theme), **dense, **speaking[language], **unused(base))
    running = begin_dialog(gimp)
    window = gimp.window("^Scumble$")
    gimp.shell("xdotool sleep 8")
    click(gimp, window, doubled(FOURTH))
    gimp.shell("xdotool mousemove 5 5 sleep 12")
    take(gimp, f"gimp-200-{theme}-{language}", quality=55)
    gimp.press(window, "Escape")
    running.result()


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
    take(gimp, "gimp-places", window)
    leave(gimp, running, window)


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
    take(gimp, "gimp-result", window)


def colours(theme: str) -> str:
    """What gimprc says of it."""
    return f"(theme-color-scheme {theme})\n"


def unused(base: Path) -> dict[str, str]:
    """Settings in which nothing is chosen yet."""
    return {"SCUMBLE_CONFIG_DIR": tempfile.mkdtemp(dir=base)}


def take(gimp, name: str, window: str = "root", quality: int = 75) -> None:
    """Save a picture of a window, or of the screen; about 100 KB each, as the pages show many."""
    with Image.open(gimp.screenshot(gimp.folder / "window.png", window)) as picture:
        picture.convert("RGB").save(IMAGES / f"{name}.jpg", quality=quality, optimize=True, progressive=True)
