"""The layers that people have: several selected, groups, filters that are not in the pixels."""

from __future__ import annotations

import numpy as np
import pytest
from area_means import area_means
from gimp_dialog import EXAMPLES
from gimp_images import INSIDE
from PIL import Image

pytestmark = pytest.mark.editors

PHOTOS = """
image = new_image(90, 70)
photo = new_layer(image, "Photo", 90, 70)
fill(photo, bytes(range(210)) * 90)
other = new_layer(image, "Other", 60, 40, x=20, y=10)
fill(other, bytes(reversed(range(240))) * 30)
"""


def run(gimp, code: str):
    """Run code with the helpers, on an image with two layers; what it leaves in `result`."""
    return gimp.run(f"{INSIDE}\n{PHOTOS}\n{code}\nimage.delete()")


def test_all_layers_that_are_selected_are_painted_as_each_would_be(gimp, style):
    tree_both, same = run(
        gimp,
        f"""
alone = [raw(Gimp.Item.get_by_id(scumble(image, [layer], style_file={style!r})["layer"]))
         for layer in (photo, other)]
for layer in image.get_layers():
    if layer.get_name().startswith("swirls"):
        image.remove_layer(layer)
answer = scumble(image, [photo, other], style_file={style!r})
painted = {{layer.get_name(): raw(layer) for layer in image.get_layers()}}
result = [tree(image), [painted["swirls 100% · Photo"], painted["swirls 100% · Other"]] == alone]
""",
    )
    assert tree_both == ["swirls 100% · Other", "Other", "swirls 100% · Photo", "Photo"]
    assert same


def test_what_is_painted_of_several_stays_when_one_of_them_fails(gimp, style):
    status, names = run(
        gimp,
        f"""
image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 15, 9)  # beside the other layer
answer = scumble(image, [photo, other], style_file={style!r})
result = [answer["status"], tree(image)]
""",
    )
    assert status == "execution-error"
    assert names == ["Other", "swirls 100% · Photo", "Photo"]


def test_a_group_is_painted_as_it_is_seen(gimp, style):
    tree_after, same = run(
        gimp,
        f"""
group = Gimp.GroupLayer.new(image, "Both")
image.insert_layer(group, None, 0)
for layer in (photo, other):
    image.reorder_item(layer, group, 0)
merged = Gimp.Layer.new_from_visible(image, image, "Merged")
painted = Gimp.Item.get_by_id(scumble(image, [group], style_file={style!r})["layer"])
image.insert_layer(merged, None, 0)
fresh = Gimp.Item.get_by_id(scumble(image, [merged], style_file={style!r})["layer"])
result = [tree(image)[2:], raw(painted, "R'G'B' u8") == raw(fresh, "R'G'B' u8")]
""",
    )
    assert tree_after == ["swirls 100% · Both", ["Both", ["Other", "Photo"]]]
    assert same


def test_filters_on_a_layer_are_painted_and_stay_as_they_are(gimp, style):
    same, plain, filters, part = run(
        gimp,
        f"""
photo.append_filter(Gimp.DrawableFilter.new(photo, "gegl:invert-gamma", "Inverted"))
before = raw(photo)
painted = Gimp.Item.get_by_id(scumble(image, [photo], style_file={style!r})["layer"])
inverted = new_layer(image, "Inverted", 90, 70)
fill(inverted, bytes(255 - value for value in before))
fresh = Gimp.Item.get_by_id(scumble(image, [inverted], style_file={style!r})["layer"])
image.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 5, 40, 30)
part = Gimp.Item.get_by_id(scumble(image, [photo], style_file={style!r})["layer"])
beyond = raw(part)[-90 * 3 * 10:] == bytes(255 - value for value in before[-90 * 3 * 10:])
result = [raw(painted) == raw(fresh), raw(photo) == before, len(photo.get_filters()), beyond]
""",
    )
    assert same
    assert plain
    assert filters == 1
    assert part


def test_an_indexed_image_is_converted_when_the_artist_says_so(start_gimp):
    gimp = start_gimp(windows=True)
    for key, base, titles in (("Escape", "INDEXED", ["Other", "Photo"]), ("Return", "RGB", None)):
        running = gimp.begin(
            f"""
{INSIDE}
{PHOTOS}
image.convert_indexed(Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.WEB, 0, 0, 0, "")
display = Gimp.Display.new(image)
result = scumble(image, [photo], run_mode=Gimp.RunMode.INTERACTIVE)
result["base"], result["tree"] = image.get_base_type().value_nick.upper(), tree(image)
display.delete()
"""
        )
        window = gimp.window("^Scumble: Indexed Image$")
        gimp.press(window, key)
        if titles is None:  # then comes the dialog itself, without a style
            gimp.press(gimp.window("^Scumble$"), "Escape")
        done = running.result()
        assert done["base"] == base
        assert titles in (None, done["tree"])


def test_a_large_layer_as_a_style_paints_as_its_file_does(gimp):
    with Image.open(EXAMPLES / "styles" / "swirls.jpg") as picture:
        picture.resize((1500, 1200)).save(gimp.folder / "large.png")
    by_layer, by_file = gimp.run(
        f"""
{INSIDE}
photo = new_image(200, 150)
layer = new_layer(photo, "Photo", 200, 150)
fill(layer, bytes(range(250)) * (200 * 150 * 3 // 250))
large = str(FOLDER / "large.png")
painting = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(large))
result = []
for arguments in (dict(style_layer=painting.get_layers()[0]), dict(style_file=large)):
    painted = Gimp.Item.get_by_id(scumble(photo, [layer], **arguments)["layer"])
    result.append(raw(painted, "R'G'B' u8").hex())
painting.delete()
photo.delete()
"""
    )
    by_layer, by_file = (np.frombuffer(bytes.fromhex(data), np.uint8) for data in (by_layer, by_file))
    assert np.abs(by_layer.astype(int) - by_file).mean() < 2


@pytest.mark.parametrize("kind", ["RGB", "GRAY"])
def test_a_small_copy_is_the_mean_over_the_pixels_of_each_of_its_own(gimp, kind):
    with Image.open(EXAMPLES / "photos" / "coffee.jpg") as photo:
        picture = photo.convert("RGB" if kind == "RGB" else "L").resize((1301, 870))
    noise = np.random.default_rng(3).integers(-60, 60, (870, 1301, 1))
    values = np.clip(np.asarray(picture, int).reshape(870, 1301, -1) + noise, 0, 255).astype(np.uint8)
    (gimp.folder / "detailed.raw").write_bytes(values.tobytes())
    size, channel_count = gimp.run(
        f"""
{INSIDE}
import sys
sys.path.insert(0, str(FOLDER / "profile" / "plug-ins" / "scumble-gimp"))
from scumble_gimp import layers
image = new_image(1301, 870, {kind!r})
layer = new_layer(image, "Detailed", 1301, 870, {kind + "_IMAGE"!r})
fill(layer, (FOLDER / "detailed.raw").read_bytes())
small = layers.small_copy(layer, 640)
(FOLDER / "small.raw").write_bytes(small.view())
result = [list(small.extent), small.format.channel_count]
image.delete()
"""
    )
    assert size == [640, 428]
    small = np.fromfile(gimp.folder / "small.raw", np.uint8).reshape(428, 640, channel_count)
    assert (small[..., -1] == 255).all()
    means = area_means(values, 428, 640)
    assert np.abs(small[..., :-1] - means).mean() < 0.6
