"""MessagePack for message headers and the worker's pipe: strict, bounded, with the package or without it.

What headers need: nil, bool, 64-bit integers, float64 (float32 is read too), str, bin, array, and map with
str keys. The package ``msgpack`` packs and unpacks where it is there with its compiled half, as it is for the
daemon and for scripts; elsewhere `msgpack_codec` does, which the editors' Pythons have at least. The package
takes more than we do: other keys, keys given twice, extension types, any depth. So what it has made is looked
through, and whatever it refuses goes to our codec, which takes it or says what is wrong.
"""

from __future__ import annotations

import re
from typing import Any, List, Tuple, Union

from . import msgpack_codec as own
from .msgpack_codec import MsgpackError

__all__ = ["DEPTH_CEILING", "MAX_DEPTH", "MAX_ITEMS", "MsgpackError", "packb", "unpackb"]

BytesLike = Union[bytes, bytearray, memoryview]

MAX_DEPTH = 32
MAX_ITEMS = 65_536
DEPTH_CEILING = 64  # our codec recurses with each level; this many fit Python's stack from anywhere

# The package makes room for an array, and for the pairs of a map, when it has read how many there are, and
# inside of that for the next one: a header of 20 KB could have it set 80 MB aside.
_LONG = re.compile(rb"[\xdc\xde](?=(..))|[\xdd\xdf](?=(....))", re.DOTALL)
_MOST_ROOM = 1 << 18
_SLOT = 8  # bytes
_SCALARS = frozenset((type(None), bool, int, float, str, bytes))
_PACKED_AS_THEY_ARE = _SCALARS | {bytearray, memoryview}


def _compiled_package() -> Any:
    """The package, or None where it is missing, too old, without its compiled half, or does not load."""
    try:
        import msgpack

        compiled = "cmsgpack" in msgpack.Packer.__module__
        return msgpack if compiled and msgpack.version[0] >= 1 else None
    except Exception:  # of a package that was built for another Python: no reason to be without a plug-in
        return None


_package = _compiled_package()


def packb(obj: Any) -> bytes:
    """Pack `obj` in the shortest MessagePack form.

    Takes None, bool, int in -2**63 .. 2**64-1, float, str, bytes-like, list or tuple, and dict with
    str keys, nested at most `MAX_DEPTH` deep. Maps keep the order of the dict.

    Raises MsgpackError for any other type, range or depth, and for text that UTF-8 cannot hold.
    """
    if _package is not None and _is_plain(obj, MAX_DEPTH):
        try:
            return _package.packb(obj)
        except Exception:  # out of range, or no UTF-8: said in our words below
            pass
    return own.pack(obj, MAX_DEPTH)


def unpackb(data: BytesLike, *, max_depth: int = MAX_DEPTH, max_items: int = MAX_ITEMS) -> Any:
    """Unpack exactly one value: bin becomes bytes, array becomes list, map becomes dict.

    `max_depth` bounds how many containers may be nested (0 allows none, at most `DEPTH_CEILING`),
    `max_items` the number of values in all containers together; a map's entry counts twice.

    Raises MsgpackError for truncated, trailing or malformed bytes, extension types, invalid UTF-8,
    map keys that are duplicates or not str, and anything over the limits.
    """
    if not 0 <= max_depth <= DEPTH_CEILING:
        raise ValueError("max_depth must be 0 .. {}, not {}".format(DEPTH_CEILING, max_depth))
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError("unpackb takes bytes, not {}".format(type(data).__name__))
    data = bytes(data)
    longest = min(len(data), max_items)
    if _package is not None and _takes_little(data, longest):
        try:
            limits = {"max_array_len": longest, "max_map_len": longest // 2}
            value = _package.unpackb(data, object_pairs_hook=_map, **limits)
            if _count(value, max_depth) <= max_items:
                return value
        except Exception:  # said in our words below
            pass
    return own.unpack(data, max_depth, max_items)


def _takes_little(data: bytes, longest: int) -> bool:
    """Whether the package sets little room aside, even if each byte that may begin a long array does."""
    room = 0
    for found in _LONG.finditer(data):
        room += _SLOT * min(int.from_bytes(found[1] or found[2], "big"), longest)
        if room > _MOST_ROOM:
            return False
    return True


def _map(pairs: List[Tuple[Any, Any]]) -> dict:
    found = dict(pairs)
    if len(found) != len(pairs) or not all(type(key) is str for key in found):
        raise MsgpackError("map keys are str, and each is there once")
    return found


def _count(value: Any, depth: int) -> int:
    """The values in all containers of an unpacked value; a map's entry counts twice.

    Raises MsgpackError for containers nested deeper than `depth`, and for extension types.
    """
    kind = type(value)
    if kind is dict:
        total, inner = 2 * len(value), value.values()
    elif kind is list:
        total, inner = len(value), value
    elif kind in _SCALARS:
        return 0
    else:
        raise MsgpackError("extension types are not accepted")
    if depth <= 0:
        raise MsgpackError("nested deeper than the limit")
    for item in inner:
        if type(item) not in _SCALARS:
            total += _count(item, depth - 1)
    return total


def _is_plain(obj: Any, depth: int) -> bool:
    """Whether the package packs `obj` as we do: exactly our types, str keys, not too deep."""
    kind = type(obj)
    if kind is dict:
        if not all(type(key) is str for key in obj):
            return False
        inner = obj.values()
    elif kind is list or kind is tuple:
        inner = obj
    else:
        return kind in _PACKED_AS_THEY_ARE
    if depth <= 0:
        return False
    for item in inner:
        if type(item) not in _PACKED_AS_THEY_ARE and not _is_plain(item, depth - 1):
            return False
    return True
