"""A style taken off again in the real GIMP: what the layer was comes back, as a new layer above it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from daemon_process import until
from gimp_dialog import AFTER, cancel_in_status_bar, content, filled, paint
from gimp_images import INSIDE
from PIL import Image

from scumble import Client

pytestmark = pytest.mark.editors

PHOTO = Path(__file__).parents[2] / "examples" / "photos" / "coffee.jpg"
SIZE = (150, 99)
BITS = {8: ("U8_NON_LINEAR", np.uint8, 1), 16: ("U16_NON_LINEAR", np.uint16, 257)}
PAINT = 'layer_of(scumble(image, [{}], style_name="scream", engine="artflow-wct", apply_to="layer"))'
UNSTYLE = 'scumble(image, [{}], procedure="plug-in-scumble-unstyle")'
LAYER_OF = """
def layer_of(answer):
    return Gimp.Item.get_by_id(answer["layer"])
"""


def run(gimp, code: str, bits: int = 8):
    """Run code with the helpers, on an image with a photo; what it leaves in `result`."""
    precision, dtype, factor = BITS[bits]
    (gimp.folder / "photo.raw").write_bytes((photo().astype(dtype) * factor).tobytes())
    return gimp.run(
        f"""
{INSIDE}
{LAYER_OF}
image = new_image(*{SIZE}, precision={precision!r})
photo = new_layer(image, "Photo", *{SIZE})
fill(photo, (FOLDER / "photo.raw").read_bytes())
{code}
image.delete()
"""
    )


def photo() -> np.ndarray:
    with Image.open(PHOTO) as image:
        return np.asarray(image.convert("RGB").resize(SIZE, Image.Resampling.LANCZOS))


def error(gimp, name: str, bits: int = 8) -> float:
    """Mean distance from the photo of what a test has kept, in levels of 8 bits."""
    _precision, dtype, factor = BITS[bits]
    found = np.frombuffer((gimp.folder / name).read_bytes(), dtype).reshape(photo().shape)
    return float(np.abs(found / factor - photo()).mean())


@pytest.mark.parametrize(("bits", "most"), [(8, 6.0), (16, 2.0)])
def test_what_the_layer_was_comes_back(gimp, bits: int, most: float):
    names = run(
        gimp,
        f"""
painted = {PAINT.format("photo")}
kept = raw(painted)
new = layer_of({UNSTYLE.format("painted")})
(FOLDER / "painted.raw").write_bytes(kept)
(FOLDER / "again.raw").write_bytes(raw(new))
assert raw(painted) == kept, "the painted layer changed"
result = tree(image)
""",
        bits,
    )
    assert names == ["Style off · The Scream 100% · Photo", "The Scream 100% · Photo", "Photo"]
    assert error(gimp, "painted.raw", bits) > 10
    assert error(gimp, "again.raw", bits) < most


def test_a_copy_and_the_file_know_it_too_and_two_styles_come_off_one_after_the_other(gimp):
    names = run(
        gimp,
        f"""
once = {PAINT.format("photo")}
twice = layer_of(scumble(image, [once], style_name="kiss", engine="artflow-wct"))
copy = twice.copy()
image.insert_layer(copy, None, 0)
for layer in (photo, once, twice):
    image.remove_layer(layer)
file = Gio.File.new_for_path(str(FOLDER / "twice.xcf"))
Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, file, None)
image.delete()
image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file)
first = layer_of({UNSTYLE.format("image.get_layers()[0]")})
second = layer_of({UNSTYLE.format("first")})
(FOLDER / "first.raw").write_bytes(raw(first))
(FOLDER / "second.raw").write_bytes(raw(second))
last = {UNSTYLE.format("second")}
result = [len(tree(image)), last["error"]]
""",
        bits=16,
    )
    assert names[0] == 3
    assert "This layer was not painted so that its style can be taken off again." in names[1]
    assert error(gimp, "first.raw", 16) > 10
    assert error(gimp, "second.raw", 16) < 2


def test_with_a_selection_the_style_comes_off_there(gimp):
    names, mask, beyond = run(
        gimp,
        f"""
painted = {PAINT.format("photo")}
all_of_it = raw(layer_of({UNSTYLE.format("painted")}))
image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 150, 40)
part = layer_of({UNSTYLE.format("painted")})
(FOLDER / "part.raw").write_bytes(raw(part))
(FOLDER / "all.raw").write_bytes(all_of_it)
coverage = raw(part.get_mask(), "Y u8")
result = [tree(image)[1], [coverage[10 * 150], coverage[60 * 150]],
          raw(part)[50 * 450:] == raw(painted)[50 * 450:]]
""",
    )
    assert names == "Style off · The Scream 100% · Photo #1"
    assert mask == [255, 0]
    assert beyond
    whole, part = (
        np.frombuffer((gimp.folder / f"{name}.raw").read_bytes(), np.uint8).reshape(photo().shape)[:40]
        for name in ("all", "part")
    )
    assert np.abs(whole.astype(int) - part).max() <= 1


def test_mixes_strengths_editing_and_other_images_keep_the_way_back_and_places_end_it(gimp):
    facts, sentence = run(
        gimp,
        f"""
mixed = layer_of(scumble(image, [photo], style_name="scream", second_style_name="kiss", mix=0.4, weight=0.6,
                         engine="artflow-wct"))
first = raw(mixed)
edited = layer_of(scumble(image, [mixed], procedure="plug-in-scumble-edit"))
other = new_image(*{SIZE})
fill(new_layer(other, "Photo", *{SIZE}), raw(photo))
opened = scumble(image, [edited], procedure="plug-in-scumble-open")
facts = [raw(edited) == first, opened["status"], raw(other.get_layers()[0]) == first]
(FOLDER / "edited.raw").write_bytes(raw(layer_of({UNSTYLE.format("edited")})))
(FOLDER / "other.raw").write_bytes(raw(layer_of(
    scumble(other, [other.get_layers()[0]], procedure="plug-in-scumble-unstyle"))))
channel = Gimp.Channel.new(image, "Left", 150, 99, 50.0, Gegl.Color.new("red"))
image.insert_channel(channel, None, 0)
fill(channel, (b"\\xff" * 70 + bytes(80)) * 99, "Y u8")
placed = layer_of(scumble(image, [photo], style_name="scream", style_mask=channel, engine="artflow-wct"))
result = [facts, {UNSTYLE.format("placed")}["error"]]
other.delete()
""",
    )
    assert facts == [True, "success", True]
    assert error(gimp, "edited.raw") < 6
    assert error(gimp, "other.raw") < 6
    assert "not painted so that its style can be taken off again" in sentence


def test_the_dialog_shows_and_paints_with_this_engine(start_gimp):
    gimp = start_gimp(windows=True)
    running = gimp.begin(
        f"""
{INSIDE}
{LAYER_OF}
image = new_image(300, 200)
photo = new_layer(image, "Photo", 300, 200)
fill(photo, bytes(range(180)) * 1000)
display = Gimp.Display.new(image)
painted = {PAINT.format("photo")}
result = scumble(image, [painted], run_mode=Gimp.RunMode.INTERACTIVE, procedure="plug-in-scumble-edit")
new = layer_of(result)
result["same"] = new.get_name() == "The Scream 100% · Photo" and new.get_width() == 300
result["again"] = {UNSTYLE.format("new")}["status"]
display.delete()
"""
    )
    window = filled(gimp)
    until(lambda: content(gimp, window, AFTER)[0] > 100, "the preview")
    done = paint(gimp, running, window)
    assert (done["same"], done["again"]) == (True, "success")


OTHERS = {
    "a photo": ("layer = photo", "This layer was not painted so that its style can be taken off again."),
    "another engine": (
        "layer = layer_of(scumble(image, [photo], style_name='scream'))",
        "Paint a whole layer with the engine 'Light and colours, to be taken off again'",
    ),
    "a part": (
        "image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 60, 50); "
        "layer = layer_of(scumble(image, [photo], style_name='scream', engine='artflow-wct')); "
        "Gimp.Selection.none(image)",
        "This layer was not painted so that its style can be taken off again.",
    ),
    "damaged": (
        "layer = photo; layer.attach_parasite(Gimp.Parasite.new('scumble-reversals', 1, b'[\"eA==\", 1]'))",
        "is damaged, so its style cannot be taken off.",
    ),
    "other weights": (
        f"""
import base64, json, re
layer = {PAINT.format("photo")}
(kept,) = json.loads(bytes(layer.get_parasite("scumble-reversals").get_data()))
other = re.sub(rb'("weights": ?")[0-9a-f]{{8}}', rb"\\g<1>00000000", base64.b64decode(kept))
text = json.dumps([base64.b64encode(other).decode()]).encode()
layer.attach_parasite(Gimp.Parasite.new("scumble-reversals", 3, text))
""",
        "The picture was painted by other weights of artflow-wct, so its style cannot be taken off.",
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_cannot_be_taken_off_is_one_sentence_and_changes_nothing(gimp, name: str):
    code, sentence = OTHERS[name]
    answer, before, after = run(
        gimp,
        f"""
{code}
before = tree(image)
result = [{UNSTYLE.format("layer")}, before, tree(image)]
""",
    )
    assert answer["status"] == "execution-error", answer
    assert sentence in answer["error"]
    assert before == after


def test_one_undo_takes_it_back_and_gimps_cancel_ends_it(gimp_window, client: Client):
    gimp = gimp_window
    image, display = run(
        gimp,
        f"""
display = Gimp.Display.new(image)
painted = {PAINT.format("photo")}
{UNSTYLE.format("painted")}
Gimp.displays_flush()
result = [image.get_id(), display.get_id()]
image = new_image(1, 1)
""",
    )
    names = f"{INSIDE}\nresult = tree(Gimp.Image.get_by_id({image}))"
    painted = ["The Scream 100% · Photo", "Photo"]
    assert gimp.run(names) == ["Style off · The Scream 100% · Photo", *painted]
    window = gimp.window("150x99.*GIMP$")
    gimp.shell(f"xdotool windowactivate --sync {window} key ctrl+z")
    until(lambda: gimp.run(names) == painted, "one step back")
    running = gimp.begin(
        f"""
{INSIDE}
{LAYER_OF}
small = Gimp.Image.get_by_id({image}).get_layers()[0]
image = new_image(2400, 1600)
large = new_layer(image, "Large", 2400, 1600)
large.attach_parasite(small.get_parasite("scumble-reversals"))
display = Gimp.Display.new(image)
result = {UNSTYLE.format("large")}
result["tree"] = tree(image)
display.delete()
"""
    )
    cancel_in_status_bar(gimp, "2400x1600.*GIMP$", lambda: client.status()["running"])
    done = running.result()
    assert done["status"] == "cancel", done
    assert done["tree"] == ["Large"]
    gimp.run(f"Gimp.Display.get_by_id({display}).delete()")
