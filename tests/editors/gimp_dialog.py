"""The plug-in's dialog in the real GIMP, as the tests find it on the screen."""

from __future__ import annotations

import shutil
from pathlib import Path

from daemon_process import until
from gimp_images import INSIDE

EXAMPLES = Path(__file__).parents[2] / "examples"
THUMBNAIL = "80x60+24+72"
"""Where the first picture of the gallery is, in the dialog's window."""
AFTER = "150x200+450+60"
"""The left part of the preview, which shows the result once there is one."""


def content(gimp, window: str, part: str) -> tuple[int, str]:
    """How many colours a part of a window has, and a digest of it."""
    gimp.shell(f"import -window {window} -crop {part} +repage {gimp.folder}/part.png")
    colours = gimp.shell(f"identify -format %k {gimp.folder}/part.png")
    return int(colours), gimp.shell(f"convert {gimp.folder}/part.png rgb:- | md5sum")


def open_dialog(gimp, size: str = "1500, 1000"):
    """Open the dialog on a photo; the call that runs, and the window with its gallery filled."""
    shutil.copy(EXAMPLES / "photos" / "coffee.jpg", gimp.folder)
    running = gimp.begin(
        f"""
{INSIDE}
file = Gio.File.new_for_path(str(FOLDER / "coffee.jpg"))
image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file)
image.scale({size})
display = Gimp.Display.new(image)
result = scumble(image, image.get_layers(), run_mode=Gimp.RunMode.INTERACTIVE)
result["tree"] = tree(image)
result["name"] = image.get_layers()[0].get_name()
display.delete()
"""
    )
    window = gimp.window("^Scumble$")
    until(lambda: content(gimp, window, THUMBNAIL)[0] > 200, "the thumbnails")
    return running, window


def choose_the_first_style(gimp, window: str) -> None:
    """Click it and wait for its preview: a Return sent before the click has arrived paints nothing."""
    before = content(gimp, window, AFTER)
    gimp.shell(f"xdotool mousemove --window {window} 62 100 click 1")
    until(lambda: content(gimp, window, AFTER)[1] != before[1], "the preview")
