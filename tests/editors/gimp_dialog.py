"""The plug-in's dialog in the real GIMP, as the tests find it on the screen."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from daemon_process import until
from gimp_images import INSIDE

from scumble import Bounds

EXAMPLES = Path(__file__).parents[2] / "examples"

# Where things are in the dialog's window, at its own size. What clicks them waits for what that does,
# and so fails when they have moved.
SEARCH, GROUP, STAR = "120 29", "334 29", "366 533"
ZOOM = "797 29"
FIRST, SECOND, THIRD, FOURTH, FIFTH = "62 100", "158 100", "254 100", "350 100", "62 230"
"""Pictures in the gallery's first row, and one of the next."""
ON_LAYER, SHARE = "30 568", "680 482"
"""The box below the gallery, and the slider of the first style of a mix."""
PRESETS, PLACES, FIRST_PLACE = "180 541", "518 360", "720 400"
"""The button below the gallery, the page of the places, and the list of the first style there."""
PROTECT, PROTECT_MASK = "640 360", "680 482"
"""The page of what is protected, and the list of masks there."""
PROTECT_SKIN, PROTECT_EDGES = "720 402", "720 442"
"""The fields with the numbers there."""
MIX, MIDDLE = "160x100+435+465", "300x100+60+240"
"""The styles of the mix with their names, and the middle of the gallery."""
THUMBNAIL, SECOND_THUMBNAIL, THIRD_THUMBNAIL = "76x60+25+72", "76x60+121+72", "76x60+217+72"
"""The parts of the window with the first pictures of the gallery, within their frames."""
AFTER = "150x200+450+80"
"""The left part of the preview, which shows the result once there is one."""


PART = Bounds(550, 360, 400, 280)
"""The middle of a layer of 1500x1000, which the preview shows at actual size."""


def content(gimp, window: str, part: str) -> tuple[int, str]:
    """How many colours a part of a window has, and a digest of it."""
    gimp.shell(f"import -window {window} -crop {part} +repage {gimp.folder}/part.png")
    colours = gimp.shell(f"identify -format %k {gimp.folder}/part.png")
    return int(colours), gimp.shell(f"convert {gimp.folder}/part.png rgb:- | md5sum")


def open_dialog(gimp, size: str = "1500, 1000", photo: str = "coffee"):
    """Open the dialog on a photo; the call that runs, and the window with its gallery filled."""
    running = begin_dialog(gimp, size, photo)
    return running, filled(gimp)


def filled(gimp) -> str:
    """The dialog's window, once its gallery is filled."""
    window = gimp.window("^Scumble$")
    until(lambda: content(gimp, window, THUMBNAIL)[0] > 200, "the thumbnails")
    return window


def begin_dialog(gimp, size: str = "1500, 1000", photo: str = "coffee"):
    """Call the plug-in interactively on a photo; the call that runs."""
    shutil.copy(EXAMPLES / "photos" / f"{photo}.jpg", gimp.folder)
    return gimp.begin(
        f"""
{INSIDE}
file = Gio.File.new_for_path(str(FOLDER / "{photo}.jpg"))
image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file)
image.scale({size})
display = Gimp.Display.new(image)
result = scumble(image, image.get_layers(), run_mode=Gimp.RunMode.INTERACTIVE)
result["tree"] = tree(image)
result["name"] = image.get_layers()[0].get_name()
if {size!r} == "1500, 1000":
    part = Gegl.Rectangle.new(*{tuple(PART)!r})
    data = image.get_layers()[0].get_buffer().get(part, 1.0, "R'G'B' u8", Gegl.AbyssPolicy.NONE)
    result["part"] = list(data)
else:
    layers = image.get_layers()
    result["colours"] = [raw(layer, "R'G'B' u8").hex() for layer in (layers[-1], layers[0])]
display.delete()
"""
    )


def click(gimp, window: str, place: str) -> None:
    """Click a place of the window, and leave it a moment to follow."""
    gimp.shell(
        f"xdotool windowactivate --sync {window} mousemove --window {window} {place} click 1 sleep 0.4"
    )


def doubled(place: str) -> str:
    """Where a place of the dialog is on a screen at 200%."""
    return " ".join(str(2 * int(number)) for number in place.split())


def zoom(gimp, window: str, steps: int, place: str = ZOOM) -> None:
    """Choose a zoom from the list at `place`, so many below the one that is chosen."""
    click(gimp, window, place)
    gimp.shell("sleep 1")  # keys that come before the list is open go to the gallery
    gimp.shell("xdotool key --delay 250 " + "Down " * steps + "Return sleep 0.3")


def cancel_in_status_bar(gimp, title: str, at_work: Callable[[], object]) -> str:
    """Once there is something at work, press the button in an image's status bar; that image's window."""
    window = gimp.window(title)
    gimp.shell(f"xdotool windowsize --sync {window} 1200 660; xdotool windowmove --sync {window} 4 24")
    until(at_work, "the job")
    # Left of the right dock.
    gimp.shell(f"xdotool windowactivate --sync {window} mousemove --window {window} 920 640 click 1")
    return window


def choose_a_style(gimp, window: str, place: str = FIRST) -> None:
    """Click it and wait for its preview: a Return sent before the click has arrived paints nothing."""
    before = content(gimp, window, AFTER)
    # Which brings the dialog to the front: the image's own window may come late, and above it.
    click(gimp, window, place)
    until(lambda: content(gimp, window, AFTER)[1] != before[1], "the preview")


def search(gimp, window: str, text: str) -> None:
    """Type into the search and wait for another gallery."""
    before = content(gimp, window, THUMBNAIL)
    click(gimp, window, SEARCH)
    gimp.shell(f"xdotool type --delay 60 {text}")
    until(lambda: content(gimp, window, THUMBNAIL)[1] != before[1], "what was searched for")


def paint(gimp, running, window: str) -> dict:
    """Press Paint by its letter, as Return would open a list that has the focus; what the call returned."""
    gimp.shell(f"xdotool windowactivate --sync {window} key alt+p")
    done = running.result()
    assert done["status"] == "success", done
    return done


def leave(gimp, running, window: str) -> None:
    """Leave the dialog without a result."""
    gimp.press(window, "Escape")
    assert running.result()["status"] == "cancel"
