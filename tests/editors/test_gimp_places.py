"""A style in each place, in the real GIMP: by script, by mouse, and after it was painted."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from daemon_process import until
from gimp_dialog import (
    AFTER,
    EXAMPLES,
    FIRST_PLACE,
    PLACES,
    PROTECT,
    PROTECT_EDGES,
    PROTECT_MASK,
    PROTECT_SKIN,
    SECOND,
    choose_a_style,
    click,
    content,
    filled,
    paint,
)
from gimp_images import INSIDE

from scumble import Client, Extent, PixelFormat, Pixels, StyleSource, StyleWeight, StylizeRequest

pytestmark = pytest.mark.editors

WIDTH, HEIGHT = 90, 70
PAINTED = """
image = new_image(140, 100)
photo = new_layer(image, "Photo", 90, 70, x=10, y=8)
fill(photo, bytes(range(210)) * 90)
left = bytes([max(0, min(255, 600 - 10 * column)) for column in range(90)])  # white, soft at 35 to 60, black
"""
MASKS = {
    "channel": """
mask = Gimp.Channel.new(image, "Left", 140, 100, 50.0, Gegl.Color.new("red"))
image.insert_channel(mask, None, 0)
fill(mask, (bytes(10) + left + bytes(40)) * 100)
""",
    "layer mask": """
other = new_layer(image, "Other", 100, 70, x=0, y=8)
mask = other.create_mask(Gimp.AddMaskType.BLACK)
other.add_mask(mask)
fill(mask, (bytes(10) + left) * 70)
""",
    "layer": """
mask = new_layer(image, "Drawn", 60, 100, "RGBA_IMAGE", x=10)
fill(mask, b"".join(bytes([v, v, v, 255]) for v in left[:60]) * 100, "R'G'B'A u8")
""",
    "selection": """
channel = Gimp.Channel.new(image, "Left", 140, 100, 50.0, Gegl.Color.new("red"))
image.insert_channel(channel, None, 0)
fill(channel, (bytes(10) + left + bytes(40)) * 100)
image.select_item(Gimp.ChannelOps.REPLACE, channel)
mask = image.get_selection()
""",
}
LEFT = np.clip(600 - 10 * np.arange(WIDTH), 0, 255).astype(np.uint8)


def run(gimp, code: str):
    """Run code with the helpers, on an image with a photo; what it leaves in `result`."""
    return gimp.run(f"{INSIDE}\n{PAINTED}\n{code}\nimage.delete()")


def painted(
    client: Client, pixels: Pixels, *styles: tuple[str, np.ndarray | None], **settings: object
) -> bytes:
    """What the client itself makes of them: styles of the library, each with its row of coverage."""
    rows = [None if row is None else np.tile(row, pixels.extent.height).tobytes() for _, row in styles]
    weights = [
        StyleWeight(StyleSource(library=name), 0.5, row) for (name, _), row in zip(styles, rows, strict=True)
    ]
    return bytes(client.submit(StylizeRequest(pixels, tuple(weights), **settings)).result().view())


@pytest.mark.parametrize("kind", MASKS)
def test_each_style_is_where_its_mask_is_and_the_other_elsewhere(gimp, client: Client, kind):
    answer = run(
        gimp,
        f"""
{MASKS[kind]}
answer = scumble(image, [photo], style_name="comic", style_mask=mask, second_style_name="irises",
                 second_style_elsewhere=True, apply_to="layer")
result = [answer, raw(Gimp.Item.get_by_id(answer["layer"])).hex(), raw(photo).hex()]
""",
    )
    assert answer[0]["status"] == "success"
    photo = Pixels(Extent(WIDTH, HEIGHT), PixelFormat("u8", "RGB"), bytes.fromhex(answer[2]))
    wanted = painted(client, photo, ("comic", LEFT), ("irises", 255 - LEFT))
    assert bytes.fromhex(answer[1]) == wanted
    assert wanted != painted(client, photo, ("comic", None), ("irises", None))


def test_where_no_style_is_the_layer_stays(gimp):
    new, photo = run(
        gimp,
        f"""
{MASKS["layer mask"]}
answer = scumble(image, [photo], style_name="comic", style_mask=mask)
result = [raw(Gimp.Item.get_by_id(answer["layer"])).hex(), raw(photo).hex()]
""",
    )
    new, photo = (
        np.frombuffer(bytes.fromhex(data), np.uint8).reshape(HEIGHT, WIDTH, 3) for data in (new, photo)
    )
    np.testing.assert_array_equal(new[:, 61:], photo[:, 61:])
    assert (new[:, :30] != photo[:, :30]).mean() > 0.5


def test_a_painted_layer_remembers_its_masks_and_says_when_one_is_gone(gimp):
    same, gone, selected, untouched, other = run(
        gimp,
        f"""
{MASKS["layer mask"]}
def styles(mask):
    return dict(style_name="comic", style_mask=mask, second_style_name="irises", second_style_elsewhere=True)
first = Gimp.Item.get_by_id(scumble(image, [photo], **styles(mask))["layer"])
before = raw(first)
file = Gio.File.new_for_path(str(FOLDER / "kept.xcf"))
Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, file, None)
again = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file)
layer = next(layer for layer in again.get_layers() if layer.get_name().startswith("Comic"))
answer = scumble(again, [layer], procedure="plug-in-scumble-edit")
same = raw(Gimp.Item.get_by_id(answer["layer"])) == before
again.delete()
other.remove_mask(Gimp.MaskApplyMode.DISCARD)
gone = scumble(image, [first], procedure="plug-in-scumble-edit")
image.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 8, 30, 30)
by_selection = scumble(image, [photo], apply_to="layer", **styles(image.get_selection()))
placed = Gimp.Item.get_by_id(by_selection["layer"])
by_selection = raw(placed)
image.select_rectangle(Gimp.ChannelOps.REPLACE, 60, 40, 20, 20)
channels, kept = len(image.get_channels()), Gimp.Selection.bounds(image)
selected = []
for _again in range(2):
    answer = scumble(image, [placed], procedure="plug-in-scumble-edit")
    placed = Gimp.Item.get_by_id(answer["layer"])
    selected.append([answer["status"], raw(placed) == by_selection])
Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, file, None)
again = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file)
saved = again.get_layer_by_tattoo(placed.get_tattoo())
answer = scumble(again, [saved], procedure="plug-in-scumble-edit")
selected.append([answer["status"], raw(Gimp.Item.get_by_id(answer["layer"])) == by_selection])
again.delete()
untouched = [len(image.get_channels()) == channels, tuple(Gimp.Selection.bounds(image)) == tuple(kept)]
result = [same, gone, selected, untouched, by_selection != before]
""",
    )
    assert same
    assert gone["status"] == "execution-error"
    assert "The mask of Comic is gone. Choose again where the style is." in gone["error"]
    assert selected == [["success", True]] * 3
    assert untouched == [True, True]
    assert other


def test_what_a_mask_protects_stays_and_the_layer_remembers_it(gimp, client: Client):
    photo, new, again, gone = run(
        gimp,
        f"""
{MASKS["layer"]}
options = dict(style_name="comic", protect_mask=mask, protect_skin=0.8, protect_edges=0.6, apply_to="layer")
new = Gimp.Item.get_by_id(scumble(image, [photo], **options)["layer"])
result = [raw(photo).hex(), raw(new).hex()]
answer = scumble(image, [new], procedure="plug-in-scumble-edit")
again = Gimp.Item.get_by_id(answer["layer"])
result.append(raw(again).hex())
image.remove_layer(mask)
result.append(scumble(image, [again], procedure="plug-in-scumble-edit")["error"])
""",
    )
    pixels = Pixels(Extent(WIDTH, HEIGHT), PixelFormat("u8", "RGB"), bytes.fromhex(photo))
    left = np.where(np.arange(WIDTH) < 60, LEFT, 0).astype(np.uint8)  # as wide as the drawn layer
    rest = np.tile(255 - left, HEIGHT).tobytes()
    wanted = painted(client, pixels, ("comic", None), mask=rest, protect_skin=0.8, protect_edges=0.6)
    assert bytes.fromhex(new) == wanted == bytes.fromhex(again)
    assert wanted != painted(client, pixels, ("comic", None), mask=rest)
    assert "The mask of what was protected is gone. Choose again what is protected." in gone


def test_a_mask_of_another_image_is_refused(gimp):
    answer, names = run(
        gimp,
        """
elsewhere = new_image(10, 10)
mask = new_layer(elsewhere, "Mask", 10, 10)
result = [scumble(image, [photo], style_name="comic", style_mask=mask), tree(image)]
elsewhere.delete()
""",
    )
    assert "not in this image" in answer["error"]
    assert names == ["Photo"]


def test_by_mouse_two_halves_are_painted_by_two_styles_and_a_part_stays(new_gimp, client: Client):
    gimp = new_gimp
    shutil.copy(EXAMPLES / "photos" / "coffee.jpg", gimp.folder)
    running = gimp.begin(
        f"""
{INSIDE}
image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(str(FOLDER / "coffee.jpg")))
image.scale(300, 200)
(photo,) = image.get_layers()
image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 100, 300, 100)
Gimp.Selection.save(image).set_name("Lower")
image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 150, 200)
display = Gimp.Display.new(image)
result = scumble(image, [photo], run_mode=Gimp.RunMode.INTERACTIVE)
if result["status"] == "success":
    result["pixels"] = [raw(layer, "R'G'B' u8").hex() for layer in (photo, image.get_layers()[0])]
display.delete()
"""
    )
    window = filled(gimp)
    choose_a_style(gimp, window)
    gimp.shell(f"xdotool keydown ctrl mousemove --window {window} {SECOND} click 1 keyup ctrl sleep 2")
    click(gimp, window, PLACES)
    mixed = content(gimp, window, AFTER)
    click(gimp, window, FIRST_PLACE)
    gimp.shell("sleep 0.5 && xdotool key --delay 250 Down Down Return")  # everywhere, elsewhere, selection
    gimp.shell("xdotool mousemove 5 5")
    until(lambda: content(gimp, window, AFTER)[1] != mixed[1], "the preview of the half")
    placed = content(gimp, window, AFTER)
    click(gimp, window, PROTECT)
    click(gimp, window, PROTECT_MASK)
    gimp.shell("sleep 0.5 && xdotool key --delay 250 Down Down Return")  # none, selection, channel
    gimp.shell("xdotool mousemove 5 5")
    until(lambda: content(gimp, window, AFTER)[1] != placed[1], "the preview of what stays")
    for field, percent in ((PROTECT_SKIN, 60), (PROTECT_EDGES, 30)):
        click(gimp, window, field)
        gimp.shell(f"xdotool key ctrl+a type {percent}; xdotool key Tab sleep 0.3")
    photo, new = (bytes.fromhex(data) for data in paint(gimp, running, window)["pixels"])
    half = np.repeat(np.array([255, 0], np.uint8), 150)
    pixels = Pixels(Extent(300, 200), PixelFormat("u8", "RGB"), photo)
    upper = bytes([255]) * 30000 + bytes(30000)
    kept = {"protect_skin": 0.6, "protect_edges": 0.3}
    assert new == painted(client, pixels, ("adele", half), ("bedroom", 255 - half), mask=upper, **kept)
