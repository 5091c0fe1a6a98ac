"""The real GIMP: the new layer's pixels are those of Client.stylize, whatever the image is made of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gimp_images import Case, apply, crop

from scumble import Bounds, Client, PixelFormat

pytestmark = pytest.mark.editors

STYLE = Path(__file__).parents[2] / "examples" / "styles" / "swirls.jpg"
WEIGHT = 0.8

CASES = {
    "8-bit": Case(),
    "8-bit with alpha": Case(kind="RGBA_IMAGE", format=PixelFormat("u8", "RGBA")),
    "8-bit perceptual": Case(precision="U8_PERCEPTUAL"),
    "16-bit": Case(
        precision="U16_NON_LINEAR", kind="RGBA_IMAGE", format=PixelFormat("u16", "RGBA"), width=33, height=21
    ),
    "half": Case(precision="HALF_NON_LINEAR", kind="RGBA_IMAGE", format=PixelFormat("f16", "RGBA")),
    "float": Case(precision="FLOAT_NON_LINEAR", format=PixelFormat("f32", "RGB")),
    "gray": Case(base="GRAY", kind="GRAY_IMAGE", format=PixelFormat("u8", "GRAY")),
    "gray 16-bit with alpha": Case(
        base="GRAY", precision="U16_NON_LINEAR", kind="GRAYA_IMAGE", format=PixelFormat("u16", "GRAYA")
    ),
    "one pixel": Case(width=1, height=1),
    "one row": Case(width=70, height=1, kind="RGBA_IMAGE", format=PixelFormat("u8", "RGBA")),
}

# These travel as floats; GIMP stores them in its own way again. The largest difference is one step of
# the image's own depth (for floats: of the conversion).
CONVERTED = {
    "8-bit linear": (Case(precision="U8_LINEAR"), "RGB u8", "u1", 1),
    "16-bit linear": (Case(precision="U16_LINEAR"), "RGB u16", "<u2", 1),
    "32-bit integer": (Case(precision="U32_NON_LINEAR"), "R'G'B' u32", "<u4", 1024),
    "float linear": (Case(precision="FLOAT_LINEAR"), "RGB float", "<f4", 1e-6),
    "half linear": (Case(precision="HALF_LINEAR"), "RGB half", "<f2", 1e-3),
    "double": (Case(precision="DOUBLE_NON_LINEAR"), "R'G'B' double", "<f8", 1e-6),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_new_layer_is_the_clients_result_bit_for_bit(gimp, client: Client, case: Case):
    done = apply(gimp, case, STYLE, weight=WEIGHT)
    assert bytes(done.source.view()) == bytes(case.pixels().view())
    wanted = client.stylize(case.pixels(), style=STYLE, weight=WEIGHT)
    assert bytes(done.result.view()) == bytes(wanted.view())
    assert done.facts["same_type"]
    assert done.facts["name"] == "swirls 80% · Photo"
    assert done.facts["tree"] == ["swirls 80% · Photo", "Photo"]
    assert not done.facts["mask"]


@pytest.mark.parametrize("name", CONVERTED)
def test_depths_that_do_not_travel_as_they_are_lose_nothing_that_shows(gimp, client: Client, name: str):
    case, native, dtype, step = CONVERTED[name]
    case = case._replace(format=PixelFormat("f32", "RGB"), encoding="R'G'B' float")
    done = apply(gimp, case, STYLE, weight=WEIGHT)
    wanted = client.stylize(done.source, style=STYLE, weight=WEIGHT)
    (gimp.folder / "wanted.raw").write_bytes(wanted.view())
    stored = gimp.run(
        f"""
        import gi
        gi.require_version("Babl", "0.1")
        from gi.repository import Babl
        rectangle = Gegl.Rectangle.new(0, 0, {case.width}, {case.height})
        for name in ("wanted", "after"):
            buffer = Gegl.Buffer.new({native!r}, 0, 0, {case.width}, {case.height})
            buffer.set(rectangle, "R'G'B' float", (FOLDER / (name + ".raw")).read_bytes())
            data = buffer.get(rectangle, 1.0, {native!r}, Gegl.AbyssPolicy.NONE)
            (FOLDER / (name + ".native")).write_bytes(bytes(data))
        """
    )
    assert stored is None
    ours, theirs = (
        np.frombuffer((gimp.folder / f"{n}.native").read_bytes(), dtype).astype(np.float64)
        for n in ("after", "wanted")
    )
    assert np.abs(ours - theirs).max() <= step
    assert done.facts["same_type"]


def test_weight_0_gives_the_layer_back_in_a_linear_image(gimp):
    case = Case(precision="U16_LINEAR", format=PixelFormat("u16", "RGB"))
    done = apply(gimp, case, STYLE, weight=0.0)
    assert bytes(done.result.view()) == bytes(done.source.view())


def test_an_image_with_a_profile_of_its_own_keeps_its_numbers(gimp, client: Client):
    case = Case()
    set_profile = "image.set_color_profile(Gimp.ColorProfile.new_rgb_adobe()); "
    set_profile += "fill(layer, (FOLDER / 'source.raw').read_bytes())"
    done = apply(gimp, case, STYLE, weight=WEIGHT, before=set_profile)
    assert bytes(done.source.view()) == bytes(case.pixels().view())
    wanted = client.stylize(case.pixels(), style=STYLE, weight=WEIGHT)
    assert bytes(done.result.view()) == bytes(wanted.view())


def test_a_layer_larger_than_the_canvas_and_off_it_keeps_size_and_place(gimp, client: Client):
    case = Case(width=60, height=50)
    layer = "layer = new_layer(image, 'Photo', 60, 50, x=-17, y=23)"
    done = apply(gimp, case, STYLE, weight=WEIGHT, layer=layer)
    assert done.facts["offsets"] == [-17, 23]
    assert done.facts["size"] == [60, 50]
    wanted = client.stylize(case.pixels(), style=STYLE, weight=WEIGHT)
    assert bytes(done.result.view()) == bytes(wanted.view())


def test_a_layer_in_a_group_gets_its_neighbour_in_the_same_group(gimp):
    layer = """
group = Gimp.GroupLayer.new(image, 'Group')
image.insert_layer(group, None, 0)
new_layer(image, 'Below', 48, 40, parent=group)
layer = new_layer(image, 'Photo', 48, 40, parent=group)
new_layer(image, 'Above', 48, 40, parent=group)
"""
    done = apply(gimp, Case(), STYLE, layer=layer)
    assert done.facts["tree"] == [["Group", ["Above", "swirls 100% · Photo", "Photo", "Below"]]]


def test_a_group_is_stylized_as_it_looks(gimp, client: Client):
    layer = """
group = Gimp.GroupLayer.new(image, 'Group')
image.insert_layer(group, None, 0)
inner = new_layer(image, 'Photo', 48, 40, 'RGBA_IMAGE', parent=group)
fill(inner, (FOLDER / 'source.raw').read_bytes())
whole, layer, fill = fill, group, lambda *arguments: None
"""
    case = Case(kind="RGBA_IMAGE", format=PixelFormat("u8", "RGBA"))
    done = apply(gimp, case, STYLE, weight=WEIGHT, layer=layer)
    wanted = client.stylize(done.source, style=STYLE, weight=WEIGHT)
    assert bytes(done.result.view()) == bytes(wanted.view())
    assert done.facts["tree"] == ["swirls 80% · Group", ["Group", ["Photo"]]]


SELECTIONS = {
    "rectangle": ("image.select_rectangle(Gimp.ChannelOps.REPLACE, 5, 7, 20, 10)", Bounds(5, 7, 20, 10)),
    "over the edge": (
        "image.select_rectangle(Gimp.ChannelOps.REPLACE, 30, 30, 100, 100)",
        Bounds(30, 30, 18, 10),
    ),
    "feathered": (
        "image.select_rectangle(Gimp.ChannelOps.REPLACE, 18, 15, 12, 10); Gimp.Selection.feather(image, 8.0)",
        None,
    ),
}


@pytest.mark.parametrize("kind", ["RGB_IMAGE", "RGBA_IMAGE"])
@pytest.mark.parametrize("name", SELECTIONS)
def test_a_selection_is_computed_alone_and_becomes_the_layer_mask(gimp, client: Client, name: str, kind: str):
    select, bounds = SELECTIONS[name]
    case = Case(kind=kind, format=PixelFormat("u8", "RGBA" if kind == "RGBA_IMAGE" else "RGB"))
    coverage = select + "; (FOLDER / 'selection.raw').write_bytes(raw(image.get_selection(), 'Y u8'))"
    done = apply(gimp, case, STYLE, weight=WEIGHT, before=coverage)
    selected = (gimp.folder / "selection.raw").read_bytes()
    assert done.mask == selected
    if name == "feathered":
        rows, columns = np.nonzero(np.frombuffer(selected, np.uint8).reshape(case.height, case.width))
        assert len(set(selected)) > 10
        corner = int(columns.min()), int(rows.min())
        bounds = Bounds(*corner, int(columns.max()) + 1 - corner[0], int(rows.max()) + 1 - corner[1])
    wanted = client.stylize(case.pixels(), style=STYLE, weight=WEIGHT, region=bounds)
    assert crop(done.result, bounds) == bytes(wanted.view())
    outside = np.frombuffer(done.result.view(), np.uint8) != np.frombuffer(done.source.view(), np.uint8)
    outside = outside.reshape(case.height, case.width, -1)
    outside[bounds.y : bounds.bottom, bounds.x : bounds.right] = False
    assert not outside.any()


def test_the_whole_layer_can_be_painted_despite_a_selection(gimp, client: Client):
    select = SELECTIONS["rectangle"][0]
    done = apply(gimp, Case(), STYLE, weight=WEIGHT, before=select, apply_to="layer")
    assert not done.facts["mask"]
    wanted = client.stylize(Case().pixels(), style=STYLE, weight=WEIGHT)
    assert bytes(done.result.view()) == bytes(wanted.view())


def test_a_layer_of_several_strips_arrives_whole(gimp, client: Client):
    # 16 bytes a pixel: two strips.
    case = Case(
        width=1200,
        height=900,
        precision="FLOAT_NON_LINEAR",
        kind="RGBA_IMAGE",
        format=PixelFormat("f32", "RGBA"),
    )
    done = apply(gimp, case, STYLE, weight=0.0)
    assert bytes(done.result.view()) == bytes(case.pixels().view())


def test_blend_mode_and_opacity_are_the_new_layers(gimp):
    done = apply(gimp, Case(), STYLE, layer_mode="overlay", opacity=40.0)
    assert done.facts["opacity"] == pytest.approx(40, abs=0.5)
    assert done.facts["mode"] == "overlay"


def test_two_styles_are_mixed(gimp, client: Client):
    other = STYLE.with_name("points.jpg")
    inside = gimp.folder / other.name
    inside.write_bytes(other.read_bytes())
    done = apply(gimp, Case(), STYLE, weight=1.0, second_style_file=str(inside), mix=0.25)
    assert done.facts["name"] == "swirls + points 100% · Photo"
    wanted = client.stylize(Case().pixels(), style=[(STYLE, 0.75), (other, 0.25)])
    assert bytes(done.result.view()) == bytes(wanted.view())


def test_four_styles_are_mixed_by_their_shares(gimp, client: Client):
    done = apply(
        gimp,
        Case(),
        STYLE,
        weight=1.0,
        second_style_name="comic",
        third_style_name="irises",
        fourth_style_name="chalk",
        mix=0.25,
        third_share=0.125,
        fourth_share=0.375,
    )
    assert done.facts["name"] == "swirls + Comic + Irises + Chalk 100% · Photo"
    shares = [(STYLE, 0.375), ("comic", 0.125), ("irises", 0.125), ("chalk", 0.375)]
    wanted = client.stylize(Case().pixels(), style=shares)
    assert bytes(done.result.view()) == bytes(wanted.view())


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_photo_of_24_megapixels_arrives_bit_for_bit(gimp, client: Client):
    case, settings = Case(width=6000, height=4000), {"weight": WEIGHT, "engine": "photo"}  # the fastest one
    done = apply(gimp, case, STYLE, **settings)
    wanted = client.stylize(case.pixels(), style=STYLE, **settings)
    assert bytes(done.result.view()) == bytes(wanted.view())
