"""Small pictures of styles and results, as Qt shows them."""

from __future__ import annotations

from typing import Dict, Optional, Tuple

from scumble import Pixels
from scumble.editing import StyleChoice

from ..qt import Qt, QtCore, QtGui, Signal
from .kinds import Image, Object, Pixmap

SIDE = 192
"""Longest side of what is kept, in pixels: enough for screens of high density."""
JPEG_QUALITY = 80


class Pictures(QtCore.QObject):
    """What the styles look like. `changed` is emitted when another picture is known."""

    changed = Signal()

    def __init__(self, parent: Optional[Object] = None) -> None:
        super().__init__(parent)
        self._images: Dict[Tuple[str, str], Image] = {}

    def put(self, kind: str, value: str, image: Image) -> None:
        """Take the picture of a style."""
        self._images[(kind, value)] = _no_larger(image)
        self.changed.emit()

    def put_bytes(self, kind: str, value: str, data: bytes) -> None:
        """The same with the bytes of an image file; what is none is passed over."""
        image = QtGui.QImage.fromData(data) if data else QtGui.QImage()
        if not image.isNull():
            self.put(kind, value, image)

    def put_pixels(self, kind: str, value: str, pixels: Pixels) -> None:
        """The same with 8-bit pixels."""
        formats = QtGui.QImage.Format
        known = {"BGRA": formats.Format_ARGB32, "RGBA": formats.Format_RGBA8888}
        if pixels.format.channels in known:
            width, height = pixels.extent
            data, kept = bytes(pixels.view()), known[pixels.format.channels]
            self.put(kind, value, QtGui.QImage(data, width, height, 4 * width, kept).copy())

    def forget(self, key: Optional[Tuple[str, str]] = None) -> None:
        """Know nothing any more of one style, or of all."""
        if key is None:
            self._images.clear()
        else:
            self._images.pop(key, None)
        self.changed.emit()

    def of(self, choice: StyleChoice) -> Optional[Image]:
        """The picture of a style, read from its file where it has one; None when there is none (yet)."""
        if choice.key not in self._images and choice.kind == "file":
            self._images[choice.key] = _read(choice.value)
        image = self._images.get(choice.key)
        return None if image is None or image.isNull() else image


def square(image: Image, side: int, ratio: float = 1.0) -> Pixmap:
    """The middle of a picture as a square of `side` logical pixels, on a screen of that pixel ratio."""
    pixels = max(1, round(side * ratio))
    fill = Qt.AspectRatioMode.KeepAspectRatioByExpanding
    scaled = image.scaled(pixels, pixels, fill, Qt.TransformationMode.SmoothTransformation)
    x, y = (scaled.width() - pixels) // 2, (scaled.height() - pixels) // 2
    pixmap = QtGui.QPixmap.fromImage(scaled.copy(x, y, pixels, pixels))
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def jpeg(image: Optional[Image], side: int) -> bytes:
    """The bytes of a JPEG no larger than `side`; empty without a picture."""
    if image is None or image.isNull():
        return b""
    opaque = QtGui.QImage(image.size(), QtGui.QImage.Format.Format_RGB32)
    opaque.fill(Qt.GlobalColor.gray)
    painter = QtGui.QPainter(opaque)
    painter.drawImage(0, 0, image)
    painter.end()
    data = QtCore.QByteArray()
    buffer = QtCore.QBuffer(data)
    buffer.open(QtCore.QIODevice.OpenModeFlag.WriteOnly)
    _no_larger(opaque, side).save(buffer, "JPEG", JPEG_QUALITY)
    buffer.close()
    return bytes(data)


def _no_larger(image: Image, side: int = SIDE) -> Image:
    if max(image.width(), image.height()) <= side:
        return image
    keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    return image.scaled(side, side, keep, smooth)


def _read(path: str) -> Image:
    reader = QtGui.QImageReader(path)
    reader.setAutoTransform(True)
    size = reader.size()
    if size.isValid() and max(size.width(), size.height()) > 2 * SIDE:
        size.scale(2 * SIDE, 2 * SIDE, Qt.AspectRatioMode.KeepAspectRatio)
        reader.setScaledSize(size)
    return _no_larger(reader.read())
