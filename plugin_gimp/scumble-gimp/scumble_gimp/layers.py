"""A layer's pixels, out of GIMP and back, without a change of depth that could be seen or undone.

Images of 8 and 16 bit integers and of 16 and 32 bit floats that are not linear go as they are, in the
image's own colour space: no bit changes. The network works on values as the eye sees them, so linear
images, and depths that the wire does not know (32-bit integer, double), go as 32-bit floats; GIMP
converts there and back, and floats hold whatever the image held.
"""

from __future__ import annotations

from typing import Callable, Dict, List, NamedTuple, Optional, Tuple

from gi.repository import Babl, Gegl, Gimp

from scumble import Bounds, Extent, PixelFormat, Pixels, ScumbleError
from scumble.pixels.layer_memory import LayerMemory

from .i18n import _

STRIP_BYTES = 16 << 20
STYLE_SIDE = 1024
MOST_AVERAGED = 64_000_000
"""Pixels of a layer whose small copy is made of all of them: 4 bytes each, beside it."""

_DTYPES = {"u8": "u8", "u16": "u16", "half": "f16", "float": "f32"}
_CHANNELS = {"R'G'B'A": "RGBA", "R'G'B'": "RGB", "Y'A": "GRAYA", "Y'": "GRAY"}
#: Copies of layers with their filters in the pixels, by the layers' numbers.
_SEEN: Dict[int, Gimp.Layer] = {}


class Transfer(NamedTuple):
    """How a layer's pixels travel: the wire's format, and the name that GEGL knows it by."""

    format: PixelFormat
    babl: str


def check_layers(image, drawables) -> List[Gimp.Layer]:
    """The layers to work on, one at least.

    Raises ScumbleError `bad-layer` for anything else, with what to do.
    """
    if not drawables or not all(isinstance(drawable, Gimp.Layer) for drawable in drawables):
        raise ScumbleError(
            "bad-layer", _("Scumble paints layers: select one or more, and no mask or channel.")
        )
    if image.get_base_type() == Gimp.ImageBaseType.INDEXED:
        raise ScumbleError(
            "bad-layer",
            _("This image is indexed: convert it with Image > Mode > RGB first."),
        )
    return list(drawables)


def all_layers(image) -> List[Gimp.Layer]:
    """The layers of an image, those in groups too, from bottom to top."""
    found, waiting = [], list(image.get_layers())
    while waiting:
        layer = waiting.pop(0)
        found.append(layer)
        if layer.is_group():
            waiting[:0] = layer.get_children()
    return found[::-1]


def target(image, layer, apply_to: str) -> Optional[Bounds]:
    """The part of the layer, in its own coordinates, that the selection asks for; None for all of it.

    Raises ScumbleError `bad-region` when the selection does not touch the layer.
    """
    if apply_to == "layer" or Gimp.Selection.is_empty(image):
        return None
    touches, x, y, width, height = layer.mask_intersect()
    if not touches:
        raise ScumbleError(
            "bad-region",
            _("The selection does not touch the layer: select a part of it, or nothing."),
        )
    return Bounds(x, y, width, height)


def transfer_of(layer) -> Transfer:
    """How the pixels of that layer travel."""
    native = layer.get_format()
    model, _space, depth = Babl.format_get_encoding(native).partition(" ")
    perceptual = model.replace("~", "'")
    if perceptual in _CHANNELS and depth in _DTYPES:
        return Transfer(PixelFormat(_DTYPES[depth], _CHANNELS[perceptual]), Babl.get_name(native))
    if perceptual not in _CHANNELS:
        perceptual = {"RGBA": "R'G'B'A", "RGB": "R'G'B'", "YA": "Y'A", "Y": "Y'"}.get(model, "R'G'B'A")
    through = Babl.format_with_space(perceptual + " float", native)
    return Transfer(PixelFormat("f32", _CHANNELS[perceptual]), Babl.get_name(through))


def seen(layer, again: bool = False):
    """The layer as it is seen: its filters are not in its pixels. Itself where it has none.

    A copy with the filters in its pixels is kept, which nobody may change; `again` makes a new one.
    """
    kept = _SEEN.get(layer.get_id())
    if kept is not None and not again:
        return kept
    if kept is not None:
        _SEEN.pop(layer.get_id()).delete()
    if not layer.get_filters():
        return layer
    copy = layer.copy()
    copy.merge_filters()
    (_ok, x, y), (_also, new_x, new_y) = layer.get_offsets(), copy.get_offsets()
    copy.resize(layer.get_width(), layer.get_height(), new_x - x, new_y - y)  # a shadow may make it larger
    _SEEN[layer.get_id()] = copy
    return copy


def read_layer(layer, transfer: Transfer, on_strip: Callable[[float], None]) -> Pixels:
    """All pixels of a layer, read in strips; `on_strip` gets how much is done, 0 to 1."""
    whole = Bounds(0, 0, layer.get_width(), layer.get_height())
    buffer = seen(layer, again=True).get_buffer()
    memory = LayerMemory(transfer.format.byte_count(whole.extent))
    for strip in _strips(whole, transfer.format):
        piece = buffer.get(Gegl.Rectangle.new(*strip), 1.0, transfer.babl, Gegl.AbyssPolicy.NONE)
        memory.append(piece)
        on_strip(strip.bottom / whole.height)
    return Pixels(whole.extent, transfer.format, memory.finish())


def write_layer(layer, transfer: Transfer, bounds: Bounds, pixels: Pixels) -> None:
    """Put pixels of the size of `bounds` into a layer, in strips."""
    buffer, view, offset = layer.get_buffer(), pixels.view(), 0
    for strip in _strips(bounds, transfer.format):
        size = transfer.format.byte_count(strip.extent)
        buffer.set(Gegl.Rectangle.new(*strip), transfer.babl, bytes(view[offset : offset + size]))
        offset += size
    buffer.flush()
    layer.update(*bounds)


def result_layer(
    image, layer, name: str, transfer: Transfer, region: Optional[Bounds], result: Pixels
) -> Gimp.Layer:
    """A layer with the result in it, where the painted one lies; not in the image yet.

    Complete before the image sees it, so that nothing half done can stay behind.
    """
    if not layer.is_valid() or not image.is_valid():
        raise ScumbleError("bad-layer", _("The layer was deleted while Scumble was painting."))
    whole = Bounds(0, 0, layer.get_width(), layer.get_height())
    bounds = whole if region is None else region
    new = Gimp.Layer.new(image, name, whole.width, whole.height, layer.type(), 100.0, Gimp.LayerMode.NORMAL)
    if region is not None:
        # Beyond the selection the new layer is the old one: painting on its mask reveals no hole.
        rectangle = Gegl.Rectangle.new(*whole)
        seen(layer).get_buffer().copy(rectangle, Gegl.AbyssPolicy.NONE, new.get_buffer(), rectangle)
    write_layer(new, transfer, bounds, result)
    _ok, x, y = layer.get_offsets()
    new.set_offsets(x, y)
    return new


def insert_above(image, layer, new, masked: bool) -> None:
    """Put a layer above another in one undo step; `masked`: with the selection as its mask."""
    image.undo_group_start()
    try:
        image.insert_layer(new, layer.get_parent(), image.get_item_position(layer))
        if masked:
            new.add_mask(new.create_mask(Gimp.AddMaskType.SELECTION))
    finally:
        image.undo_group_end()


def put_in_place(image, old, new) -> None:
    """Let a layer take the place of another, with its mask and what else an artist may have set.

    In one undo step. Raises ScumbleError `bad-layer` when the other is gone.
    """
    if not old.is_valid():
        raise ScumbleError("bad-layer", _("The layer was deleted while Scumble was painting."))
    name = new.get_name()
    image.undo_group_start()
    try:
        image.insert_layer(new, old.get_parent(), image.get_item_position(old))
        mask = old.get_mask()
        if mask is not None:
            new.add_mask(_copied_mask(old, new, mask))
            new.set_apply_mask(old.get_apply_mask())
        new.set_visible(old.get_visible())
        new.set_color_tag(old.get_color_tag())
        image.remove_layer(old)
        new.set_name(name)  # which GIMP has made unique beside the old one's
        image.set_selected_layers([new])
    finally:
        image.undo_group_end()


def _copied_mask(old, new, mask):
    """A mask like the old layer's, wherever both lie; black where that layer was not."""
    copy = new.create_mask(Gimp.AddMaskType.BLACK)
    (_ok, old_x, old_y), (_also, x, y) = old.get_offsets(), new.get_offsets()
    source = Gegl.Rectangle.new(0, 0, old.get_width(), old.get_height())
    target = Gegl.Rectangle.new(old_x - x, old_y - y, old.get_width(), old.get_height())
    mask.get_buffer().copy(source, Gegl.AbyssPolicy.NONE, copy.get_buffer(), target)
    return copy


def scaled(layer, bounds: Bounds, side: int) -> Pixels:
    """A part of a layer, scaled down so that neither side is longer than `side`.

    8-bit RGBA, of a gray layer GRAYA: it is painted in gray.
    """
    factor, extent = scale_of(bounds, side)
    corner = (int(bounds.x * factor), int(bounds.y * factor))
    babl, channels = ("Y'A u8", "GRAYA") if layer.is_gray() else ("R'G'B'A u8", "RGBA")
    place = Gegl.Rectangle.new(*corner, *extent)
    data = at_scale(seen(layer).get_buffer(), place, factor, babl, Gegl.AbyssPolicy.CLAMP)
    return Pixels(extent, PixelFormat("u8", channels), data)


def small_copy(layer, side: int) -> Pixels:
    """All of a layer, scaled down so that neither side is longer than `side`: means over its pixels' values.

    A preview is as near to the result as its copy is to such means. `scaled` is quicker, and 2 of 255 off: it
    takes the nearest of GEGL's halved copies, whose means are of light. Layers of more than `MOST_AVERAGED`
    pixels are left to it.
    """
    whole = Bounds(0, 0, layer.get_width(), layer.get_height())
    factor, extent = scale_of(whole, side)
    if factor == 1.0 or whole.extent.area > MOST_AVERAGED:
        return scaled(layer, whole, side)
    perceptual, linear, channels = (
        ("Y'A u8", "YA u8", "GRAYA") if layer.is_gray() else ("R'G'B'A u8", "RGBA u8", "RGBA")
    )
    _start_gegl()
    # GEGL scales in linear light: values that are called linear are averaged as they are.
    values, source = Gegl.Buffer.new(linear, *whole), seen(layer).get_buffer()
    for strip in _strips(whole, PixelFormat("u8", channels)):
        place = Gegl.Rectangle.new(*strip)
        values.set(place, linear, bytes(source.get(place, 1.0, perceptual, Gegl.AbyssPolicy.NONE)))
    result = Gegl.Buffer.new(linear, 0, 0, *extent)
    graph = Gegl.Node()
    reading, scaling, writing = (
        graph.create_child("gegl:" + name) for name in ("buffer-source", "scale-size", "write-buffer")
    )
    reading.set_property("buffer", values)
    scaling.set_property("x", float(extent.width))
    scaling.set_property("y", float(extent.height))
    scaling.set_property("sampler", Gegl.SamplerType.LINEAR)
    writing.set_property("buffer", result)
    reading.link(scaling)
    scaling.link(writing)
    writing.process()
    data = result.get(Gegl.Rectangle.new(0, 0, *extent), 1.0, linear, Gegl.AbyssPolicy.NONE)
    return Pixels(extent, PixelFormat("u8", channels), bytes(data))


def coverage(image, layer, bounds: Bounds, side: int) -> bytes:
    """How much of each pixel is selected, of the same picture as `scaled` gives; one byte a pixel."""
    factor, extent = scale_of(bounds, side)
    _ok, x, y = layer.get_offsets()
    corner = (int((bounds.x + x) * factor), int((bounds.y + y) * factor))
    place = Gegl.Rectangle.new(*corner, *extent)
    return at_scale(image.get_selection().get_buffer(), place, factor, "Y u8")


def at_scale(buffer, place, factor: float, babl: str, beyond=Gegl.AbyssPolicy.NONE) -> bytes:
    """A part of a buffer, of which `place` is a rectangle once all of it has been scaled by a factor."""
    _start_gegl()
    return bytes(buffer.get(place, factor, babl, beyond))


def _start_gegl() -> None:
    """Before GEGL scales or makes a graph: a run with a dialog has it started by GimpUi, others have not.

    Without, what is read at another scale is black, and a graph ends the plug-in.
    """
    Gegl.init(None)


def scale_of(bounds: Bounds, side: int) -> Tuple[float, Extent]:
    """By what a part is scaled so that neither side is longer than `side`, and its size then."""
    # Rounded as the daemon rounds its coarsest level, which a preview is to equal.
    factor = min(1.0, side / max(bounds.width, bounds.height))
    return factor, Extent(max(1, round(bounds.width * factor)), max(1, round(bounds.height * factor)))


def style_pixels(layer) -> Pixels:
    """A layer as a style; more than `STYLE_SIDE` pixels tell nothing more about it."""
    return small_copy(layer, STYLE_SIDE)


def _strips(bounds: Bounds, pixel_format: PixelFormat):
    row = bounds.width * pixel_format.bytes_per_pixel
    return bounds.strips(max(1, STRIP_BYTES // row))
