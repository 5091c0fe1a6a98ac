"""What takes the styles off a painted layer again: kept in it, so that copies of it and XCF files have it."""

from __future__ import annotations

import json

from gi.repository import Gimp

from scumble.editing.reversals import Reversals, pack_reversals, unpack_reversals

NAME = "scumble-reversals"
#: Kept in files, and undone with the layer.
_FLAGS = 1 | 2


def keep_reversals(layer, reversals: Reversals) -> None:
    """Write them into a layer; nothing where there are none."""
    if reversals:
        text = json.dumps(pack_reversals(reversals)).encode("utf-8")
        layer.attach_parasite(Gimp.Parasite.new(NAME, _FLAGS, text))


def reversals_of(layer) -> Reversals:
    """Those of a layer; none of damaged data."""
    parasite = layer.get_parasite(NAME)
    try:
        found = json.loads(bytes(parasite.get_data()).decode("utf-8")) if parasite is not None else None
    except ValueError:
        return ()
    return unpack_reversals(found)
