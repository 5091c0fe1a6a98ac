"""Frames of an animation: read them one by one, and write keyframes as one layer in one undo step.

Scripts cannot add keyframes to a layer. Krita's own actions can, but its animation dockers crash now and
then when those follow each other quickly. So Krita imports as many empty pictures as there are frames, the
layer that this gives is copied with its keyframes, the import is undone, and the copy is filled and inserted.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Callable, Iterator, Optional, Sequence

from krita import Krita

from scumble import Bounds, Pixels, ScumbleError

from . import document as doc
from .coverage import into_alpha
from .focus import keep_active
from .i18n import _
from .layers import match_space
from .qt import QtGui


def frame_target(target: doc.Target, first: int, last: int) -> doc.Target:
    """The target with bounds that hold the layer in all frames from `first` to `last`.

    Raises ScumbleError `bad-region` for frames that are none, and as `active_target`.
    """
    if not 0 <= first <= last:
        raise ScumbleError(
            "bad-region", _("The first frame comes before the last one, and frames start at 0.")
        )
    bounds: Optional[Bounds] = None
    with _Times(target.document) as times:
        for time in range(first, last + 1):
            times.go(time)
            rectangle = target.node.bounds()
            found = Bounds(rectangle.x(), rectangle.y(), rectangle.width(), rectangle.height())
            bounds = found if bounds is None or bounds.is_empty else _joined(bounds, found)
    image = Bounds(0, 0, target.document.width(), target.document.height())
    if bounds is not None and target.node.type() != "paintlayer":
        bounds = bounds.intersect(image)
    if bounds is None or bounds.is_empty:
        raise ScumbleError("bad-layer", _("The layer is empty in all of these frames."))
    if target.selection is None:
        return target._replace(bounds=bounds)
    region, selection = doc.selected(target.document, bounds)
    return target._replace(bounds=bounds, region=region, selection=selection)


def frames(
    target: doc.Target, first: int, last: int, on_frame: Optional[Callable[[float], None]] = None
) -> Iterator[Pixels]:
    """The layer in each frame from `first` to `last`, all of the size of the target's bounds.

    Shows the frames while it reads, and at the end the one that was shown before. `on_frame` gets how much
    is done, 0 to 1. Raises as `read`.
    """
    with _Times(target.document) as times:
        for time in range(first, last + 1):
            times.go(time)
            yield doc.read(target)
            if on_frame is not None:
                on_frame((time + 1 - first) / (last + 1 - first))


def write_keyframes(target: doc.Target, first: int, results: Sequence[Pixels], name: str) -> Any:
    """Add a layer above the source with one keyframe for each result, from frame `first` on; returns it.

    Each result has the size of the target's region. After the last one the layer is empty. A selection
    goes into a mask or the alpha channel, as with `insert_result`.

    Raises ScumbleError `bad-layer` when the layer or the image is gone, `not-in-front` when another image is
    in front, and `no-keyframes` when Krita does not make them.
    """
    doc.check_alive(target)
    document, node = target.document, target.node
    if Krita.instance().activeDocument() != document:
        raise ScumbleError(
            "not-in-front", _("Frames can only be written to the image in front: bring it there first.")
        )
    document.waitForDone()
    layer = _empty_frames(document, node, first, len(results) + 1)
    layer.setName(name)
    area = target.bounds if target.region is None else target.region.translate(target.bounds.origin)
    masked = target.selection is not None and hasattr(document, "createTransparencyMask")
    with _Times(document) as times:
        for index, pixels in enumerate(results):
            times.go(first + index)
            if target.selection is not None and not masked:
                pixels = into_alpha(pixels, target.selection, target.bounds.extent, target.region)
            doc.write(layer, area, pixels)
    if masked:
        doc.add_mask(document, layer, target)
    layer.setInheritAlpha(node.inheritAlpha())
    keep_active(document, layer)
    node.parentNode().addChildNode(layer, node)
    document.waitForDone()
    document.refreshProjection()
    return layer


def _empty_frames(document: Any, like: Any, first: int, count: int) -> Any:
    """A layer, not in the image, with the colour space of another and empty keyframes from `first` on."""
    before = {node.uniqueId().toString() for node in document.topLevelNodes()}
    range_before = (document.fullClipRangeStartTime(), document.fullClipRangeEndTime())
    active = document.activeNode()
    with tempfile.TemporaryDirectory(prefix="scumble-") as folder:
        file = str(Path(folder) / "empty.png")
        picture = QtGui.QImage(1, 1, QtGui.QImage.Format.Format_ARGB32)
        picture.fill(0)
        picture.save(file)
        batch, was_batch = document.batchmode(), Krita.instance().batchmode()
        document.setBatchmode(True)  # no window that shows the progress of the import
        Krita.instance().setBatchmode(True)
        try:
            document.importAnimation([file] * count, first, 1)
        finally:
            document.setBatchmode(batch)
            Krita.instance().setBatchmode(was_batch)
        document.waitForDone()
    added = [node for node in document.topLevelNodes() if node.uniqueId().toString() not in before]
    layer = None
    if added:
        match_space(added[0], like)  # Krita crashes when a copy is to change
        document.waitForDone()
        layer = added[0].clone()
        _take_back(document, added[0])
    document.setFullClipRangeStartTime(range_before[0])
    document.setFullClipRangeEndTime(range_before[1])
    if active is not None:
        document.setActiveNode(active)
    if layer is None or not all(layer.hasKeyframeAtTime(first + index) for index in range(count)):
        raise ScumbleError("no-keyframes", _("Krita did not make the keyframes: try again."))
    return layer


def _take_back(document: Any, layer: Any) -> None:
    """Undo the import and a change of the colour space, and no step more."""
    for _step in range(2):
        if layer.parentNode() is not None:
            Krita.instance().action("edit_undo").trigger()
            document.waitForDone()
    if layer.parentNode() is not None:  # without an undo history
        layer.remove()
        document.waitForDone()


class _Times:
    """Goes to other times of an animation and comes back.

    In the undo history that is at most one step, "Switch current time", as after scrubbing by hand.
    """

    def __init__(self, document: Any) -> None:
        self._document = document

    def __enter__(self) -> "_Times":
        self._document.waitForDone()
        self._time = self._document.currentTime()
        return self

    def go(self, time: int) -> None:
        """Show a frame, and wait until it is there."""
        self._document.setCurrentTime(time)
        self._document.waitForDone()
        self._document.refreshProjection()
        self._document.waitForDone()

    def __exit__(self, *_exception: object) -> None:
        if self._document not in Krita.instance().documents():
            return
        if self._document.currentTime() != self._time:
            self.go(self._time)


def _joined(one: Bounds, other: Bounds) -> Bounds:
    if other.is_empty:
        return one
    x, y = min(one.x, other.x), min(one.y, other.y)
    return Bounds(x, y, max(one.right, other.right) - x, max(one.bottom, other.bottom) - y)
