"""MessagePack of our own, for Pythons without the package: strict, bounded, standard library only.

The subset that headers need: nil, bool, 64-bit integers, float64 (float32 is read too), str, bin,
array, and map with str keys. Every length is checked against the bytes at hand and against a budget
before anything is allocated for it, so a hostile header costs no more memory than its own size.
`scumble.wire.msgpack` is what the others import.
"""

from __future__ import annotations

import struct
from typing import Any


class MsgpackError(ValueError):
    """The value cannot be packed, or the bytes are not one well-formed value within the limits."""


def pack(obj: Any, max_depth: int) -> bytes:
    """As `scumble.wire.msgpack.packb`."""
    out = bytearray()
    _pack(obj, out, max_depth)
    return bytes(out)


def unpack(data: bytes, max_depth: int, max_items: int) -> Any:
    """As `scumble.wire.msgpack.unpackb`."""
    reader = _Reader(data, max_items)
    value = reader.value(max_depth)
    if reader.left:
        raise MsgpackError("{} bytes follow the value".format(reader.left))
    return value


def _pack(obj: Any, out: bytearray, depth: int) -> None:
    if obj is None:
        out.append(0xC0)
    elif obj is False:
        out.append(0xC2)
    elif obj is True:
        out.append(0xC3)
    elif isinstance(obj, int):
        _pack_int(int(obj), out)
    elif isinstance(obj, float):
        out += struct.pack(">Bd", 0xCB, obj)
    elif isinstance(obj, str):
        _pack_str(obj, out)
    elif isinstance(obj, (bytes, bytearray, memoryview)):
        body = bytes(obj)
        _pack_length(len(body), out, None, 0, (0xC4, 0xC5, 0xC6))
        out += body
    elif isinstance(obj, (list, tuple)):
        _pack_container(len(obj), out, depth, 0x90, (None, 0xDC, 0xDD))
        for item in obj:
            _pack(item, out, depth - 1)
    elif isinstance(obj, dict):
        _pack_container(len(obj), out, depth, 0x80, (None, 0xDE, 0xDF))
        for key, item in obj.items():
            if not isinstance(key, str):
                raise MsgpackError("map keys must be str, not {}".format(type(key).__name__))
            _pack_str(key, out)
            _pack(item, out, depth - 1)
    else:
        raise MsgpackError("cannot pack a {}".format(type(obj).__name__))


def _pack_int(value: int, out: bytearray) -> None:
    if 0 <= value < 0x80:
        out.append(value)
    elif -0x20 <= value < 0:
        out.append(value + 0x100)
    elif 0 <= value < 1 << 8:
        out += struct.pack(">BB", 0xCC, value)
    elif 0 <= value < 1 << 16:
        out += struct.pack(">BH", 0xCD, value)
    elif 0 <= value < 1 << 32:
        out += struct.pack(">BI", 0xCE, value)
    elif 0 <= value < 1 << 64:
        out += struct.pack(">BQ", 0xCF, value)
    elif -(1 << 7) <= value < 0:
        out += struct.pack(">Bb", 0xD0, value)
    elif -(1 << 15) <= value < 0:
        out += struct.pack(">Bh", 0xD1, value)
    elif -(1 << 31) <= value < 0:
        out += struct.pack(">Bi", 0xD2, value)
    elif -(1 << 63) <= value < 0:
        out += struct.pack(">Bq", 0xD3, value)
    else:
        raise MsgpackError("an integer of {} bits does not fit 64".format(value.bit_length()))


def _pack_str(text: str, out: bytearray) -> None:
    try:
        body = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise MsgpackError("text with a lone surrogate cannot be packed") from error
    _pack_length(len(body), out, 0xA0, 0x20, (0xD9, 0xDA, 0xDB))
    out += body


def _pack_container(count: int, out: bytearray, depth: int, fix: int, tags: tuple) -> None:
    if depth <= 0:
        raise MsgpackError("nested deeper than the limit")
    _pack_length(count, out, fix, 0x10, tags)


def _pack_length(count: int, out: bytearray, fix: Any, fix_end: int, tags: tuple) -> None:
    """Write the shortest header for `count`: in the tag itself, or in 1, 2 or 4 bytes behind it."""
    tag8, tag16, tag32 = tags
    if count < fix_end:
        out.append(fix + count)
    elif tag8 is not None and count < 1 << 8:
        out += struct.pack(">BB", tag8, count)
    elif count < 1 << 16:
        out += struct.pack(">BH", tag16, count)
    elif count < 1 << 32:
        out += struct.pack(">BI", tag32, count)
    else:
        raise MsgpackError("a length of {} does not fit 32 bits".format(count))


# Fixed-size values by tag: how to read what follows the tag.
_NUMBERS = {
    0xCA: struct.Struct(">f"),
    0xCB: struct.Struct(">d"),
    0xCC: struct.Struct(">B"),
    0xCD: struct.Struct(">H"),
    0xCE: struct.Struct(">I"),
    0xCF: struct.Struct(">Q"),
    0xD0: struct.Struct(">b"),
    0xD1: struct.Struct(">h"),
    0xD2: struct.Struct(">i"),
    0xD3: struct.Struct(">q"),
}
# Sized values by tag: how many bytes hold the length.
_BIN = {0xC4: 1, 0xC5: 2, 0xC6: 4}
_STR = {0xD9: 1, 0xDA: 2, 0xDB: 4}
_ARRAY = {0xDC: 2, 0xDD: 4}
_MAP = {0xDE: 2, 0xDF: 4}
_EXT = frozenset((0xC7, 0xC8, 0xC9, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8))
_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}


class _Reader:
    def __init__(self, data: bytes, max_items: int) -> None:
        self._data = data
        self._at = 0
        self._items = max_items

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def value(self, depth: int) -> Any:
        tag = self._take(1)[0]
        if tag < 0x80:
            return tag
        if tag < 0x90:
            return self._map(tag & 0x0F, depth)
        if tag < 0xA0:
            return self._array(tag & 0x0F, depth)
        if tag < 0xC0:
            return self._str(tag & 0x1F)
        if tag >= 0xE0:
            return tag - 0x100
        if tag in _CONSTANTS:
            return _CONSTANTS[tag]
        if tag in _NUMBERS:
            number = _NUMBERS[tag]
            return number.unpack(self._take(number.size))[0]
        if tag in _STR:
            return self._str(self._length(_STR[tag]))
        if tag in _BIN:
            return self._take(self._length(_BIN[tag]))
        if tag in _ARRAY:
            return self._array(self._length(_ARRAY[tag]), depth)
        if tag in _MAP:
            return self._map(self._length(_MAP[tag]), depth)
        if tag in _EXT:
            raise MsgpackError("extension types are not accepted (tag 0x{:02x})".format(tag))
        raise MsgpackError("0x{:02x} begins no value".format(tag))

    def _take(self, count: int) -> bytes:
        if count > self.left:
            raise MsgpackError("truncated: {} bytes needed, {} left".format(count, self.left))
        start = self._at
        self._at += count
        return self._data[start : self._at]

    def _length(self, width: int) -> int:
        return int.from_bytes(self._take(width), "big")

    def _str(self, count: int) -> str:
        try:
            return self._take(count).decode("utf-8")
        except UnicodeDecodeError as error:
            raise MsgpackError("text is not UTF-8") from error

    def _array(self, count: int, depth: int) -> list:
        self._enter(count, depth)
        return [self.value(depth - 1) for _ in range(count)]

    def _map(self, count: int, depth: int) -> dict:
        self._enter(2 * count, depth)
        found = {}
        for _ in range(count):
            key = self.value(0)
            if not isinstance(key, str):
                raise MsgpackError("map keys must be str, not {}".format(type(key).__name__))
            if key in found:
                raise MsgpackError("the map has the key {!r} twice".format(key[:40]))
            found[key] = self.value(depth - 1)
        return found

    def _enter(self, values: int, depth: int) -> None:
        """Admit a container of so many values: each takes a byte or more, so a lie shows here."""
        if depth <= 0:
            raise MsgpackError("nested deeper than the limit")
        if values > self.left:
            raise MsgpackError("truncated: {} values in {} bytes".format(values, self.left))
        if values > self._items:
            raise MsgpackError("more values than the limit allows")
        self._items -= values
