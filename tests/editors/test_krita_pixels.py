"""The real Krita: the new layer's pixels are those of Client.stylize, whatever the image is made of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gimp_images import crop
from krita_images import Case, apply, open_document, raw

from scumble import Bounds, Client, Extent, PixelFormat, Pixels

pytestmark = [pytest.mark.editors, pytest.mark.usefixtures("documents_closed")]

STYLE = Path(__file__).parents[2] / "examples" / "styles" / "swirls.jpg"
WEIGHT = 0.8
SRGB = "sRGB-elle-V2-srgbtrc.icc"

CASES = {
    "8-bit": Case(),
    "8-bit linear": Case(profile="sRGB-elle-V2-g10.icc"),
    "16-bit": Case(depth="U16", width=33, height=21),
    "half": Case(depth="F16", profile=SRGB),
    "float": Case(depth="F32", profile=SRGB),
    "gray": Case(model="GRAYA"),
    "gray 16-bit": Case(model="GRAYA", depth="U16"),
    "gray float": Case(model="GRAYA", depth="F32"),
    "one pixel": Case(width=1, height=1),
    "one row": Case(width=70, height=1),
    "offset": Case(x=11, y=7, image=(100, 80)),
    "over the edges": Case(width=90, height=70, x=-17, y=23, image=(60, 50)),
}


@pytest.fixture
def effect(krita_style) -> dict:
    """An effect with a style that lies inside."""
    return {"styles": [krita_style], "weight": WEIGHT}


def source_of(krita, done: dict) -> Pixels:
    return Pixels(Extent(*done["bounds"][2:]), PixelFormat(*done["format"]), raw(krita, "before"))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_new_layer_is_the_clients_result_bit_for_bit(krita, client: Client, effect, case: Case):
    case.open(krita)
    done = apply(krita, effect)
    assert raw(krita, "before") == bytes(case.pixels().view())
    assert done["bounds"] == [case.x, case.y, case.width, case.height]
    wanted = client.stylize(case.pixels(), style=STYLE, weight=WEIGHT)
    assert raw(krita, "after") == bytes(wanted.view())
    assert done["space"] == done["source_space"]
    assert done["space"][:2] == [case.model, case.depth]
    assert done["tree"] == ["Result", "Photo"]


SELECTIONS = {
    "rectangle": "s.select(5, 7, 20, 10, 255)",
    "over the edge": "s.select(25, 15, 100, 100, 255)",
    "feathered": "s.select(18, 15, 12, 10, 255); s.feather(4)",
}


@pytest.mark.parametrize("case", [CASES["8-bit"], CASES["16-bit"], CASES["float"], CASES["offset"]])
@pytest.mark.parametrize("name", SELECTIONS)
def test_a_selection_is_computed_alone_and_becomes_a_mask(
    krita, series, client, effect, name: str, case: Case
):
    case.open(krita)
    done = apply(krita, effect, f"s = Selection(); {SELECTIONS[name]}; document.setSelection(s); del s")
    coverage = np.frombuffer(raw(krita, "selection"), np.uint8).reshape(case.height, case.width)
    rows, columns = np.nonzero(coverage)
    region = Bounds(int(columns.min()), int(rows.min()), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1)
    assert tuple(done["region"]) == region
    assert (len(set(coverage.ravel().tolist())) > 5) == (name == "feathered")
    wanted = client.stylize(case.pixels(), style=STYLE, weight=WEIGHT, region=region)
    after = Pixels(Extent(case.width, case.height), case.format, raw(krita, "after"))
    shown = samples(Pixels(after.extent, after.format, raw(krita, "shown")))[..., -1]
    alpha = region_of(samples(wanted), region, coverage.shape)[..., -1] * (coverage / 255.0)
    assert np.abs(shown - alpha).max() <= {"U8": 1, "U16": 1, "F32": 1e-6}[case.depth]
    if series == "5.1":
        assert done["tree"] == ["Result", "Photo"]
        inside = coverage > 0
        colours = samples(after)[..., :-1]
        expected = region_of(samples(wanted), region, coverage.shape)[..., :-1]
        assert np.array_equal(colours[inside], expected[inside])
        assert not samples(after)[~inside].any()
    else:
        assert done["tree"] == [["Result", ["Selection"]], "Photo"]
        assert crop(after, region) == bytes(wanted.view())
        beyond = np.ones(coverage.shape, bool)
        beyond[region.y : region.bottom, region.x : region.right] = False
        assert np.array_equal(samples(after)[beyond], samples(case.pixels())[beyond])


def samples(pixels: Pixels) -> np.ndarray:
    kind = {"u8": "u1", "u16": "<u2", "f16": "<f2", "f32": "<f4"}[pixels.format.dtype]
    shape = (pixels.extent.height, pixels.extent.width, pixels.format.channel_count)
    return np.frombuffer(pixels.view(), kind).reshape(shape)


def region_of(part: np.ndarray, region: Bounds, shape: tuple[int, int]) -> np.ndarray:
    whole = np.zeros((*shape, part.shape[-1]), part.dtype)
    whole[region.y : region.bottom, region.x : region.right] = part
    return whole


def test_the_whole_layer_can_be_painted_despite_a_selection(krita, client, effect):
    CASES["8-bit"].open(krita)
    select = "s = Selection(); s.select(5, 7, 20, 10, 255); document.setSelection(s); del s"
    done = apply(krita, effect, select, whole_layer=True)
    wanted = client.stylize(CASES["8-bit"].pixels(), style=STYLE, weight=WEIGHT)
    assert raw(krita, "after") == bytes(wanted.view())
    assert done["tree"] == ["Result", "Photo"]


OTHERS = {
    "group": (
        "node = document.createGroupLayer('Other'); document.rootNode().addChildNode(node, layer)\n"
        "inner = document.createNode('Inner', 'paintlayer'); node.addChildNode(inner, None)\n"
        "fill(inner, (FOLDER / 'source.raw').read_bytes(), 0, 0, 48, 40)",
        Bounds(0, 0, 48, 40),
    ),
    "clone": (
        "node = document.createCloneLayer('Other', layer); document.rootNode().addChildNode(node, layer)",
        Bounds(0, 0, 48, 40),
    ),
    "fill": (
        "info = InfoObject(); info.setProperties({'color': '<!DOCTYPE color><color channeldepth=\"U8\">"
        '<sRGB r="0.2" g="0.5" b="0.8" space="sRGB-elle-V2-srgbtrc.icc"/></color>\'})\n'
        "s = Selection(); s.select(0, 0, 48, 40, 255)\n"
        "node = document.createFillLayer('Other', 'color', info, s)\n"
        "document.rootNode().addChildNode(node, layer)",
        Bounds(0, 0, 48, 40),
    ),
    "vector": (
        "node = document.createVectorLayer('Other'); document.rootNode().addChildNode(node, layer)\n"
        'node.addShapesFromSvg(\'<svg width="48pt" height="40pt" viewBox="0 0 48 40">'
        '<rect x="5" y="6" width="20" height="12" fill="#c04020"/></svg>\')',
        None,
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_layers_without_pixels_of_their_own_are_painted_as_they_look(krita, client, effect, name: str):
    make, bounds = OTHERS[name]
    CASES["8-bit"].open(krita)
    krita.run(make + "\ndocument.refreshProjection(); document.waitForDone()")
    krita.until("is_active(node) and any(bytes(node.projectionPixelData(8, 8, 1, 1)))")
    done = apply(krita, effect)
    if bounds is not None:
        assert tuple(done["bounds"]) == bounds
    assert len(set(raw(krita, "before"))) > 1
    wanted = client.stylize(source_of(krita, done), style=STYLE, weight=WEIGHT)
    assert raw(krita, "after") == bytes(wanted.view())
    assert done["tree"] == ["Result", ["Other", ["Inner"]] if name == "group" else "Other", "Photo"]


def test_a_layer_in_a_group_gets_its_neighbour_in_the_same_group(krita, effect):
    CASES["8-bit"].open(krita)
    krita.run(
        """
        group = document.createGroupLayer("Group")
        document.rootNode().addChildNode(group, layer)
        inner = document.createNode("Inner", "paintlayer")
        group.addChildNode(inner, None)
        fill(inner, (FOLDER / "source.raw").read_bytes(), 0, 0, 48, 40)
        group.addChildNode(document.createNode("Above", "paintlayer"), inner)
        """
    )
    krita.until("is_active(inner)")
    done = apply(krita, effect)
    assert done["tree"] == [["Group", ["Above", "Result", "Inner"]], "Photo"]


def test_a_mask_of_the_source_is_part_of_how_it_looks(krita, series, client, effect):
    if series == "5.1":
        pytest.skip("scripts cannot make transparency masks before Krita 5.2")
    CASES["8-bit"].open(krita)
    krita.run(
        """
        s = Selection()
        s.select(0, 0, 24, 40, 255)
        mask = document.createTransparencyMask("Half")
        mask.setSelection(s)
        layer.addChildNode(mask, None)
        document.refreshProjection()
        document.waitForDone()
        """
    )
    krita.until("is_active(layer)")
    done = apply(krita, effect)
    alpha = samples(source_of(krita, done))[..., 3]
    assert alpha[:, :24].all()
    assert not alpha[:, 24:].any()
    wanted = client.stylize(source_of(krita, done), style=STYLE, weight=WEIGHT)
    assert raw(krita, "after") == bytes(wanted.view())


def test_a_layer_of_another_colour_space_than_the_image_keeps_it(krita, client, effect):
    open_document(krita, 48, 40)
    case = Case(depth="U16")
    (krita.folder / "source.raw").write_bytes(case.pixels().view())
    krita.run(
        """
        layer = document.activeNode()
        layer.setName("Photo")
        layer.setColorSpace("RGBA", "U16", layer.colorProfile())
        document.waitForDone()
        fill(layer, (FOLDER / "source.raw").read_bytes(), 0, 0, 48, 40)
        """
    )
    done = apply(krita, effect)
    wanted = client.stylize(case.pixels(), style=STYLE, weight=WEIGHT)
    assert raw(krita, "after") == bytes(wanted.view())
    assert done["space"][:2] == ["RGBA", "U16"]


@pytest.mark.slow
def test_a_large_photo_arrives_bit_for_bit_and_a_part_of_it_is_painted(krita, client, effect, series):
    # 24 megapixels once: what differs between the series does not grow with the picture, and time does.
    width, height = (6000, 4000) if series == "5.2" else (3600, 2400)
    case = Case(width=width, height=height)
    case.open(krita)
    apply(krita, {**effect, "weight": 0.0})
    assert raw(krita, "before") == raw(krita, "after") == bytes(case.pixels().view())
    select = (
        "new.remove(); s = Selection(); s.select(2900, 1900, 300, 200, 255); document.setSelection(s); del s"
    )
    done = apply(krita, {**effect, "tiling": "thumbnail"}, select)
    region = Bounds(2900, 1900, 300, 200)
    assert tuple(done["region"]) == region
    wanted = client.stylize(case.pixels(), style=STYLE, weight=WEIGHT, region=region, tiling="thumbnail")
    after = Pixels(Extent(width, height), case.format, raw(krita, "after"))
    # The second job knows the statistics and paints only parts of the coarser levels, cut otherwise.
    painted, again = (
        np.frombuffer(data, np.uint8).astype(int) for data in (crop(after, region), bytes(wanted.view()))
    )
    assert np.abs(painted - again).max() <= 1
