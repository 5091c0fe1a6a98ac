"""Frames put into a layer of a .kra file, for Krita to read as it reads any animation.

Scripts that write keyframes crash Krita, and so does its `importAnimation`; opening a file does not. Such a
file is a zip: `maindoc.xml` lists the layers, and each keyframe of a layer has a file of its tiles.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Iterator, List, Mapping, Optional, Tuple
from xml.parsers import expat

from scumble import Bounds, Pixels

MAIN = "maindoc.xml"
SIDE = 64
_EFFORT = 1  # strokes are hard to compress, and the artist waits
_HEAD = "VERSION 2\nTILEWIDTH {0}\nTILEHEIGHT {0}\nPIXELSIZE {1}\nDATA {2}\n"
_RAW = b"\0"  # before the pixels of a tile: they are as they are
_KEYFRAMES = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE keyframes PUBLIC '-//KDE//DTD krita-keyframes 1.0//EN' 'http://www.calligra.org/DTD/krita-keyframes-1.0.dtd'>
<keyframes xmlns="http://www.calligra.org/DTD/krita-keyframes">
 <channel name="content">
{}
 </channel>
</keyframes>
"""
_KEYFRAME = """  <keyframe frame="{}" time="{}" color-label="0">
   <offset type="point" x="0" y="0"/>
  </keyframe>"""


class FramesFile:
    """The .kra file `result`: as `source`, but the layer with the id `layer`, an empty one, gets frames.

    Each `add` writes one picture, of `pixel_size` bytes a pixel; `finish` says when which is shown. Raises
    OSError, and ValueError where `source` has no such layer.
    """

    def __init__(self, source: Path, result: Path, layer: str, pixel_size: int) -> None:
        self._size, self._count = pixel_size, 0
        with zipfile.ZipFile(str(source)) as given:
            main = given.read(MAIN)
            at, self._layer = _layer_of(main, layer)
            end = "/layers/" + self._layer
            empty = next(name for name in given.namelist() if name.endswith(end))
            self._folder = empty[: -len(self._layer)]
            self._zip = zipfile.ZipFile(str(result), "w", zipfile.ZIP_DEFLATED)
            keyframes = ' keyframes="{}.keyframes.xml"'.format(self._layer).encode("ascii")
            for entry in given.infolist():
                # The pixels of the empty layer have no use: frames take the name.
                if entry.filename in self._names(0):
                    continue
                data = given.read(entry)
                if entry.filename == MAIN:
                    data = main[:at] + keyframes + main[at:]
                self._zip.writestr(entry, data)

    def add(self, pixels: Optional[Pixels], area: Bounds) -> int:
        """Write a picture that lies at `area` in the image, with nothing around it; None for nothing at all.

        Returns its number.
        """
        tiles = [] if pixels is None else list(_tiles(pixels.view(), area, self._size))
        parts = [_HEAD.format(SIDE, self._size, len(tiles)).encode("ascii")]
        for x, y, data in tiles:
            parts.append("{},{},LZF,{}\n".format(x, y, len(data) + 1).encode("ascii") + _RAW)
            parts.append(data)
        name, default = self._names(self._count)
        self._zip.writestr(name, b"".join(parts), compresslevel=_EFFORT)
        self._zip.writestr(default, bytes(self._size))
        self._count += 1
        return self._count - 1

    def finish(self, shown: Mapping[int, int]) -> None:
        """End the file: `shown` has the number of the picture that is shown from a time on."""
        frames = [_KEYFRAME.format(self._frame(number), time) for time, number in sorted(shown.items())]
        self._zip.writestr(
            "{}{}.keyframes.xml".format(self._folder, self._layer), _KEYFRAMES.format("\n".join(frames))
        )
        self._zip.close()

    def close(self) -> None:
        """Let go of the file, finished or not."""
        self._zip.close()

    def _frame(self, number: int) -> str:
        return "{}.f{}".format(self._layer, number) if number else self._layer

    def _names(self, number: int) -> Tuple[str, str]:
        name = self._folder + self._frame(number)
        return name, name + ".defaultpixel"


def _layer_of(main: bytes, identifier: str) -> Tuple[int, str]:
    """Where the attributes of a layer begin in `maindoc.xml`, and the name of its file."""
    found: List[Tuple[int, str]] = []
    parser = expat.ParserCreate()

    def begin(name: str, attributes: Mapping[str, str]) -> None:
        if attributes.get("uuid") == identifier and name == "layer":
            found.append((parser.CurrentByteIndex + len("<layer"), attributes["filename"]))

    parser.StartElementHandler = begin
    parser.Parse(main, True)
    if not found:
        raise ValueError("there is no layer {} in the file".format(identifier))
    return found[0]


def _tiles(data: memoryview, area: Bounds, size: int) -> Iterator[Tuple[int, int, bytes]]:
    """The tiles that cover `area`, but those with nothing in them: the place of each, and its pixels."""
    for top in range(area.y // SIDE * SIDE, area.bottom, SIDE):
        first, last = max(top, area.y), min(top + SIDE, area.bottom)
        for left in range(area.x // SIDE * SIDE, area.right, SIDE):
            start, end = max(left, area.x), min(left + SIDE, area.right)
            tile, length = bytearray(SIDE * SIDE * size), (end - start) * size
            for y in range(first, last):
                source = ((y - area.y) * area.width + start - area.x) * size
                place = ((y - top) * SIDE + start - left) * size
                tile[place : place + length] = data[source : source + length]
            if any(tile):
                yield left, top, bytes(tile)
