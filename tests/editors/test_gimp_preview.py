"""The preview in the real GIMP: a soft selection as it will be, and a dense screen used in full."""

from __future__ import annotations

import shutil
import tempfile

import numpy as np
import pytest
from daemon_process import until
from gimp_dialog import AFTER, EXAMPLES, ZOOM, choose_a_style, content, doubled, filled, leave, zoom
from gimp_images import INSIDE

pytestmark = pytest.mark.editors

WIDTH, HEIGHT = 600, 400
SOFT = np.clip((np.arange(WIDTH) - 50) * 255 / 150, 1, 255).astype(np.uint8)
"""Of each column of the layer so much is selected: hardly any to 50, all from 200."""
SELECT = f"""
channel = Gimp.Channel.new(image, "Soft", {WIDTH}, {HEIGHT}, 50.0, Gegl.Color.new("red"))
image.insert_channel(channel, None, 0)
fill(channel, bytes({SOFT.tolist()}) * {HEIGHT})
image.select_item(Gimp.ChannelOps.REPLACE, channel)
"""
STRIPED = 900
STRIPES = f"""
image = new_image({STRIPED}, {STRIPED})
layer = new_layer(image, "Stripes", {STRIPED}, {STRIPED})
fill(layer, bytes([0, 0, 0, 255, 255, 255]) * ({STRIPED} * {STRIPED} // 2))
"""


def begin(gimp, code: str):
    """Open the dialog on the `image` that the code makes; the call that runs."""
    return gimp.begin(
        f"""
{INSIDE}
{code}
display = Gimp.Display.new(image)
result = scumble(image, image.get_layers(), run_mode=Gimp.RunMode.INTERACTIVE)
display.delete()
"""
    )


def seen(gimp, window: str, part: str) -> np.ndarray:
    """The pixels of a part of the window."""
    gimp.shell("xdotool mousemove 5 5 sleep 0.5")  # a tooltip would be seen too
    gimp.shell(f"import -window {window} -crop {part} +repage -depth 8 rgb:{gimp.folder}/seen.raw")
    width, height = map(int, part.split("+")[0].split("x"))
    return np.fromfile(gimp.folder / "seen.raw", np.uint8).reshape(height, width, 3).astype(float)


def test_where_a_selection_is_soft_the_preview_blends_as_the_mask_will(new_gimp):
    gimp = new_gimp
    shutil.copy(EXAMPLES / "photos" / "coffee.jpg", gimp.folder)
    photo = f"""
image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(str(FOLDER / "coffee.jpg")))
image.scale({WIDTH}, {HEIGHT})
"""
    shown = []
    for select in ("", SELECT):
        running = begin(gimp, photo + select)
        window = filled(gimp)
        before = seen(gimp, window, AFTER)
        choose_a_style(gimp, window)
        shown.append(seen(gimp, window, AFTER))
        leave(gimp, running, window)
    painted, blended = shown
    change = painted - before
    share = ((blended - before) * change).sum((0, 2)) / (change**2).sum((0, 2))
    # All of the layer is 400 columns of the preview; where it begins in the window is found by the best fit.
    columns = np.arange(share.size) * WIDTH / 400
    wanted = [np.interp(first + columns, np.arange(WIDTH), SOFT / 255) for first in range(60)]
    assert min(np.abs(share - row).max() for row in wanted) < 0.05
    assert ((share > 0.2) & (share < 0.8)).sum() > 40


def test_at_200_percent_each_pixel_of_the_layer_is_one_of_the_screen(start_gimp, base):
    gimp = start_gimp(
        windows=True, screen="1920x1200", GDK_SCALE="2", SCUMBLE_CONFIG_DIR=tempfile.mkdtemp(dir=base)
    )
    running = begin(gimp, STRIPES)
    window = gimp.window("^Scumble$")
    # Its gallery is filled when the first picture has come.
    until(lambda: content(gimp, window, "152x120+50+144")[0] > 200, "the thumbnails")
    part = "200x100+1100+300"
    fitted = seen(gimp, window, part)
    assert np.abs(np.diff(fitted, axis=1)).max() < 200, "of all of the layer no column has a pixel of its own"
    zoom(gimp, window, 2, doubled(ZOOM))  # 50%, 100%
    until(lambda: np.abs(np.diff(seen(gimp, window, part), axis=1)).min() > 200, "black and white in turn")
    leave(gimp, running, window)
