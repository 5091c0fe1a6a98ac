"""Images in a GIMP under test: made there, stylized there, and read back as bytes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from gimp_session import GimpSession

from scumble import Bounds, Extent, PixelFormat, Pixels

# Runs inside GIMP, before the code of each test.
INSIDE = """
import gi, json
gi.require_version("Babl", "0.1")
from gi.repository import Babl

def rectangle(layer):
    return Gegl.Rectangle.new(0, 0, layer.get_width(), layer.get_height())

def raw(layer, encoding=None):
    name = encoding and Babl.get_name(Babl.format_with_space(encoding, layer.get_format()))
    return bytes(layer.get_buffer().get(rectangle(layer), 1.0, name, Gegl.AbyssPolicy.NONE))

def fill(layer, data, encoding=None):
    name = Babl.get_name(Babl.format_with_space(encoding, layer.get_format()) if encoding
                         else layer.get_format())
    buffer = layer.get_buffer()
    buffer.set(rectangle(layer), name, data)
    buffer.flush()
    layer.update(0, 0, layer.get_width(), layer.get_height())

def new_image(width, height, base="RGB", precision="U8_NON_LINEAR"):
    return Gimp.Image.new_with_precision(
        width, height, getattr(Gimp.ImageBaseType, base),
        getattr(Gimp.Precision, precision))

def new_layer(image, name, width, height, kind="RGB_IMAGE", parent=None, x=0, y=0):
    layer = Gimp.Layer.new(image, name, width, height, getattr(Gimp.ImageType, kind), 100.0,
                           Gimp.LayerMode.NORMAL)
    image.insert_layer(layer, parent, 0)
    layer.set_offsets(x, y)
    return layer

def scumble(image, layers, run_mode=Gimp.RunMode.NONINTERACTIVE, procedure="plug-in-scumble", **arguments):
    pdb = Gimp.get_pdb()
    called = pdb.lookup_procedure(procedure)
    config = called.create_config()
    config.set_property("run-mode", run_mode)
    config.set_property("image", image)
    config.set_core_object_array("drawables", layers)
    for name, value in arguments.items():
        if name.endswith("file"):
            value = Gio.File.new_for_path(value)
        config.set_property(name.replace("_", "-"), value)
    values = called.run(config)
    status = values.index(0)
    answer = {"status": status.value_nick}
    if status != Gimp.PDBStatusType.SUCCESS:
        answer["error"] = pdb.get_last_error()
    elif values.length() > 1:
        answer["layer"] = values.index(1).get_id()
    return answer

def tree(image):
    def names(layers):
        return [[l.get_name(), names(l.get_children())] if l.is_group() else l.get_name() for l in layers]
    return names(image.get_layers())
"""


class Case(NamedTuple):
    """One layer to stylize: what it is made of in GIMP, and how its pixels travel."""

    width: int = 48
    height: int = 40
    base: str = "RGB"
    precision: str = "U8_NON_LINEAR"
    kind: str = "RGB_IMAGE"
    format: PixelFormat = PixelFormat("u8", "RGB")
    encoding: str | None = None

    @property
    def extent(self) -> Extent:
        return Extent(self.width, self.height)

    def pixels(self) -> Pixels:
        """Pixels for the layer, the same every time."""
        dtype = {"u8": "u1", "u16": "<u2", "f16": "<f2", "f32": "<f4"}[self.format.dtype]
        rng = np.random.default_rng(self.width)
        rows, columns = np.mgrid[0 : self.height, 0 : self.width]
        planes = [np.sin(columns / (4 + c)) * np.cos(rows / (6 + c)) / 3 + 0.5 for c in range(4)]
        values = np.stack(planes[: self.format.channel_count], -1)
        values = np.clip(values + rng.uniform(-0.1, 0.1, values.shape), 0, 1)
        if dtype[1] == "u" or dtype == "u1":
            values = np.rint(values * np.iinfo(dtype).max)
        return Pixels(self.extent, self.format, values.astype(dtype).tobytes())


class Applied(NamedTuple):
    """What an apply left: the new layer's pixels, the source's, and facts about the image."""

    source: Pixels
    result: Pixels
    facts: dict[str, Any]
    mask: bytes | None


def apply(
    gimp: GimpSession, case: Case, style: Path, *, before: str = "", layer: str = "", **arguments: Any
) -> Applied:
    """Make the case's image, run `before` on it, stylize, and read everything back.

    `layer` is Python that makes the layer in place of the usual one; `before` may use `image` and `layer`.
    """
    folder = gimp.folder
    inside_style = folder / style.name
    shutil.copy(style, inside_style)
    (folder / "source.raw").write_bytes(case.pixels().view())
    make = layer or f"layer = new_layer(image, 'Photo', {case.width}, {case.height}, {case.kind!r})"
    code = f"""
{INSIDE}
image = new_image({case.width}, {case.height}, {case.base!r}, {case.precision!r})
group = None
{make}
fill(layer, (FOLDER / "source.raw").read_bytes(), {case.encoding!r})
{before}
unchanged = raw(layer)
(FOLDER / "before.raw").write_bytes(raw(layer, {case.encoding!r}))
result = scumble(image, [layer], style_file={str(inside_style)!r}, **{arguments!r})
assert raw(layer) == unchanged, "the source layer changed"
result["tree"] = tree(image)
if "layer" in result:
    new = Gimp.Item.get_by_id(result["layer"])
    (FOLDER / "after.raw").write_bytes(raw(new, {case.encoding!r}))
    result["name"] = new.get_name()
    result["offsets"] = list(new.get_offsets())[1:]
    result["size"] = [new.get_width(), new.get_height()]
    result["same_type"] = new.get_format() == layer.get_format()
    mask = new.get_mask()
    result["mask"] = mask is not None
    if mask is not None:
        (FOLDER / "mask.raw").write_bytes(raw(mask, "Y u8"))
    result["opacity"], result["mode"] = new.get_opacity(), new.get_mode().value_nick
image.delete()
"""
    facts = gimp.run(code)
    assert facts["status"] == "success", facts
    source = Pixels(case.extent, case.format, (folder / "before.raw").read_bytes())
    result = Pixels(case.extent, case.format, (folder / "after.raw").read_bytes())
    mask = (folder / "mask.raw").read_bytes() if facts["mask"] else None
    return Applied(source, result, facts, mask)


def crop(pixels: Pixels, bounds: Bounds) -> bytes:
    """The bytes of a part of an image."""
    shape = (pixels.extent.height, pixels.extent.width, pixels.format.bytes_per_pixel)
    rows = np.frombuffer(pixels.view(), np.uint8).reshape(shape)
    return rows[bounds.y : bounds.bottom, bounds.x : bounds.right].tobytes()
