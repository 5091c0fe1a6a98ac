"""Animated layers in a Krita under test: opened from a file, as an artist's are."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from krita_images import Case, open_document
from krita_session import KritaSession

from scumble import Bounds, Pixels

sys.path.insert(0, str(Path(__file__).parents[2] / "plugin_krita"))
from scumble_krita.kra_frames import FramesFile

SEEN = """
def seen(document, node, times, box):
    \"\"\"The layer at these times, one after another.\"\"\"
    parts = []
    for time in times:
        document.setCurrentTime(time)
        document.waitForDone()
        document.refreshProjection()
        document.waitForDone()
        parts.append(bytes(node.pixelData(*box)))
    return b"".join(parts)
"""


def open_animation(
    krita: KritaSession, case: Case, pictures: Sequence[Pixels], shown: Mapping[int, int], last: int
) -> None:
    """Open an image as `document` whose layer `layer` shows `pictures[shown[time]]` from each time on.

    All pictures lie where `case` says.
    """
    width, height = case.image or (case.width, case.height)
    open_document(krita, width, height, case.model, case.depth, case.profile)
    identifier = krita.run(
        f"""
        exec({SEEN!r}, globals())
        node = document.createNode("Moving", "paintlayer")
        document.rootNode().addChildNode(node, document.activeNode())
        document.setFramesPerSecond(12)
        document.setFullClipRangeEndTime({last})
        document.waitForDone()
        assert document.saveAs(str(FOLDER / "still.kra"))
        result = node.uniqueId().toString()
        """
    )
    krita.until("is_active(node)")
    krita.run("document.setModified(False); document.close()")
    krita.until("not app.documents()")
    path = krita.folder / "moving.kra"
    file = FramesFile(krita.folder / "still.kra", path, identifier, case.format.bytes_per_pixel)
    area = Bounds(case.x, case.y, case.width, case.height)
    numbers = [file.add(picture, area) for picture in pictures]
    file.finish({time: numbers[which] for time, which in shown.items()})
    krita.run('document = in_view(app.openDocument(str(FOLDER / "moving.kra")))')
    krita.until("app.activeDocument() == document and document.activeNode() is not None")
    krita.run('layer = document.nodeByName("Moving"); document.setActiveNode(layer)')
    krita.until("is_active(layer)")


def frames_seen(krita: KritaSession, names: str, times: Sequence[int], case: Case) -> list[bytes]:
    """The layer `names` ("document, node" inside Krita) at these times, with Krita's own eyes."""
    krita.run(f'keep("seen.raw", seen({names}, {list(times)}, {[case.x, case.y, case.width, case.height]}))')
    data = (krita.folder / "seen.raw").read_bytes()
    size = len(data) // len(times)
    return [data[start : start + size] for start in range(0, len(data), size)]


def moving(case: Case, count: int) -> list[Pixels]:
    """Pictures for the layer of a case: its own, shifted a few pixels further each time."""
    still = case.pixels()
    array = np.asarray(still)
    return [
        Pixels(still.extent, still.format, np.roll(array, 7 * step, axis=1).tobytes())
        for step in range(count)
    ]
