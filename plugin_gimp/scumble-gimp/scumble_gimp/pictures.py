"""Pixels and image files as GdkPixbuf, which is what GTK shows."""

from __future__ import annotations

from typing import Optional, Sequence, Tuple

from gi.repository import GdkPixbuf, GLib

from scumble import Extent, PixelFormat, Pixels

CHECKS = (8, 0x99999999, 0x66666666)
BAR_HEIGHT = 6
BAR_DONE, BAR_LEFT = 0xFFFFFFFF, 0x000000A0


def pixbuf_of(pixels: Pixels) -> GdkPixbuf.Pixbuf:
    """Pixels of `rgba`, over a chequerboard where they are transparent."""
    return _over_checks(_plain(pixels))


def rgba(pixels: Pixels) -> Pixels:
    """8-bit GRAYA as 8-bit RGBA; RGBA as it is."""
    if pixels.format.channels == "RGBA":
        return pixels
    data, view = bytearray(4 * pixels.extent.area), pixels.view()
    for channel in range(3):
        data[channel::4] = view[0::2]
    data[3::4] = view[1::2]
    return Pixels(pixels.extent, PixelFormat("u8", "RGBA"), data)


def thumbnail_of_file(path: str, side: int) -> Optional[GdkPixbuf.Pixbuf]:
    """A picture no wider or taller than `side`; None for a file that is no picture."""
    try:
        return GdkPixbuf.Pixbuf.new_from_file_at_scale(path, side, side, True)
    except GLib.Error:
        return None


def thumbnail_of_bytes(data: bytes, side: int) -> Optional[GdkPixbuf.Pixbuf]:
    """The same for the bytes of an image file."""
    loader = GdkPixbuf.PixbufLoader()
    try:
        loader.write(data)
        loader.close()
    except GLib.Error:
        return None
    picture = loader.get_pixbuf()
    return None if picture is None else scaled_down(picture, side)


def scaled_down(picture: GdkPixbuf.Pixbuf, side: int) -> GdkPixbuf.Pixbuf:
    """The picture no wider or taller than `side`."""
    factor = side / max(picture.get_width(), picture.get_height())
    if factor >= 1.0:
        return picture
    width, height = (max(1, round(n * factor)) for n in (picture.get_width(), picture.get_height()))
    return picture.scale_simple(width, height, GdkPixbuf.InterpType.BILINEAR)


def resized(pixels: Pixels, extent: Extent) -> Pixels:
    """Pixels of `rgba` at another size."""
    if pixels.extent == extent:
        return pixels
    return _pixels(_plain(pixels).scale_simple(*extent, GdkPixbuf.InterpType.BILINEAR))


def enlarged(picture: GdkPixbuf.Pixbuf, times: int) -> GdkPixbuf.Pixbuf:
    """The picture with each pixel as a square of so many."""
    if times == 1:
        return picture
    size = times * picture.get_width(), times * picture.get_height()
    return picture.scale_simple(*size, GdkPixbuf.InterpType.NEAREST)


def square(picture: Optional[GdkPixbuf.Pixbuf], side: int) -> GdkPixbuf.Pixbuf:
    """The middle of the picture as a square; a gray one where there is no picture."""
    if picture is None:
        empty = GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, True, 8, side, side)
        empty.fill(0x80808030)
        return empty
    width, height = picture.get_width(), picture.get_height()
    shorter = min(width, height)
    middle = picture.new_subpixbuf((width - shorter) // 2, (height - shorter) // 2, shorter, shorter)
    return middle.scale_simple(side, side, GdkPixbuf.InterpType.BILINEAR)


def framed(picture: GdkPixbuf.Pixbuf, lines: Sequence[Tuple[int, int]]) -> GdkPixbuf.Pixbuf:
    """A copy with lines along its edge, from the outside in: colour and width of each."""
    copy = picture.copy()
    at, size = 0, copy.get_width()
    for colour, width in lines:
        inner = size - 2 * at
        for x, y, w, h in (
            (at, at, inner, width),
            (at, size - at - width, inner, width),
            (at, at, width, inner),
            (size - at - width, at, width, inner),
        ):
            copy.new_subpixbuf(x, y, w, h).fill(colour)
        at += width
    return copy


def with_bar(picture: GdkPixbuf.Pixbuf, done: float, dense: int) -> GdkPixbuf.Pixbuf:
    """A copy with a bar along its lower edge, white as far as `done`, 0 to 1, and `dense` times as high."""
    copy, height = picture.copy(), dense * BAR_HEIGHT
    width, top = copy.get_width(), copy.get_height() - height
    copy.new_subpixbuf(0, top, width, height).fill(BAR_LEFT)
    white = min(width - 2, round(done * (width - 2)))
    if white > 0:
        copy.new_subpixbuf(1, top + 1, white, height - 2).fill(BAR_DONE)
    return copy


def split(before: Pixels, after: Pixels, at: int) -> GdkPixbuf.Pixbuf:
    """`after` on the left of column `at`, `before` on the right, with a white line between."""
    width, height = before.extent
    at = min(width, max(0, at))
    old, new, row = bytes(before.view()), bytes(after.view()), 4 * width
    line = b"\xff\xff\xff\xff" if 0 < at < width else b""
    cut = 4 * at
    rows = []
    for start in range(0, row * height, row):
        rows.append(new[start : start + cut] + line + old[start + cut + len(line) : start + row])
    return pixbuf_of(Pixels(before.extent, before.format, b"".join(rows)))


def covered(before: Pixels, after: Pixels, coverage: bytes) -> Pixels:
    """`after` where the coverage is 255, `before` where it is 0: the result, as its mask will show it."""
    width, height = before.extent
    data = bytearray(after.view())
    data[3::4] = bytes(map(min, data[3::4], coverage))
    over, under = _plain(Pixels(after.extent, after.format, data)), _plain(before)
    over.composite(under, 0, 0, width, height, 0, 0, 1, 1, GdkPixbuf.InterpType.NEAREST, 255)
    return _pixels(under)


def _pixels(picture: GdkPixbuf.Pixbuf) -> Pixels:
    extent = Extent(picture.get_width(), picture.get_height())
    data, row, stride = picture.get_pixels(), 4 * extent.width, picture.get_rowstride()
    rows = [data[start : start + row] for start in range(0, stride * extent.height, stride)]
    return Pixels(extent, PixelFormat("u8", "RGBA"), b"".join(rows))


def _plain(pixels: Pixels) -> GdkPixbuf.Pixbuf:
    width, height = pixels.extent
    data = GLib.Bytes.new(bytes(pixels.view()))
    return GdkPixbuf.Pixbuf.new_from_bytes(data, GdkPixbuf.Colorspace.RGB, True, 8, width, height, 4 * width)


def _over_checks(picture: GdkPixbuf.Pixbuf) -> GdkPixbuf.Pixbuf:
    size = picture.get_width(), picture.get_height()
    return picture.composite_color_simple(*size, GdkPixbuf.InterpType.NEAREST, 255, *CHECKS)
