"""All frames of an animated layer: read from a copy of its image, and painted into a file of that copy.

The image itself is left alone: neither its time nor its undo history changes, and the artist may go on.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

from krita import Krita

from scumble import Bounds, Pixels, ScumbleError
from scumble.editing import Effect

from .coverage import into_alpha
from .i18n import TEXTS, _
from .kra_frames import FramesFile
from .layers import create_layer, is_animated, layer_by_id, small_picture
from .panel.editor import Clip, Work
from .places import coverage
from .strips import read
from .target import Target, active_target, bounds_of, selected

EMPTY = ""
"""The key of a frame with nothing in it."""
RESULT = "painted.kra"


class KritaClip(Clip):
    """As `Clip`. `whole`: whatever is selected; `effect` says which masks frames depend on.

    Raises ScumbleError `bad-layer` also for a layer without frames, and `bad-region`.
    """

    def __init__(self, document: Any, effect: Effect, whole: bool) -> None:
        target = active_target(document, whole)
        if not is_animated(target.node):
            raise ScumbleError("bad-layer", _("This layer has no frames: press Apply to paint it."))
        self.layer = target.node.name()
        self.name = TEXTS.layer_name(effect, self.layer)
        self._whole, self._effect, self._format = whole, effect, target.format
        self._image = Bounds(0, 0, document.width(), document.height())
        self._title = document.name()
        self._keys: Dict[int, str] = {}
        self._bounds: Optional[Bounds] = None
        self._numbers: Dict[str, int] = {}
        self._file: Optional[FramesFile] = None
        self._folder = Path(tempfile.mkdtemp(prefix="scumble-"))
        self._copy: Any = document.clone()
        try:
            self._begin(target)
        except BaseException:
            self.close()
            raise

    def _begin(self, target: Target) -> None:
        """Give the copy the layer that is to be painted, still empty, and write it down."""
        copy = self._copy
        copy.setBatchmode(True)
        copy.waitForDone()
        self.times = range(copy.fullClipRangeStartTime(), copy.fullClipRangeEndTime() + 1)
        node = layer_by_id(copy, target.node.uniqueId().toString())
        if node is None or not self.times:
            raise ScumbleError("bad-layer", _("Krita could not make a copy of this image."))
        self._target = target._replace(document=copy, node=node, covered=None)
        new = create_layer(copy, node, self.name)
        new.setInheritAlpha(node.inheritAlpha())
        if hasattr(new, "setPinnedToTimeline"):
            new.setPinnedToTimeline(True)
        self._new = new.uniqueId().toString()
        node.parentNode().addChildNode(new, node)
        copy.waitForDone()
        written = self._folder / "copy.kra"
        if not copy.saveAs(str(written)):
            raise _no_room()
        self._file = _written(
            lambda: FramesFile(written, self._folder / RESULT, self._new, self._format.bytes_per_pixel)
        )

    # Looking --------------------------------------------------------------------------------------

    def look(self, time: int) -> None:
        """As `Clip`."""
        earlier = self._keys.get(time - 1)
        if earlier is not None and self._is_held(time):
            self._keys[time] = earlier
            return
        self._go(time)
        node = self._target.node
        try:
            bounds = bounds_of(self._copy, node).intersect(self._image)
        except ScumbleError:  # nothing in it
            bounds = Bounds(0, 0, 0, 0)
        if bounds.is_empty:
            self._keys[time] = EMPTY
            return
        digest = hashlib.sha256(repr(bounds).encode("ascii"))
        digest.update(read(node, bounds, self._format).view())
        target = self._target._replace(bounds=bounds)
        for mask in self._effect.masks:
            digest.update(coverage(target, bounds.extent, mask))
        self._keys[time] = digest.hexdigest()
        self._bounds = bounds if self._bounds is None else _joined(self._bounds, bounds)

    def distinct(self) -> List[int]:
        """As `Clip`."""
        first: Dict[str, int] = {}
        for time in self.times:
            first.setdefault(self._keys[time], time)
        first.pop(EMPTY, None)
        if self._bounds is None:
            raise ScumbleError("bad-layer", _("The layer is empty in all frames."))
        region = selection = None
        if not self._whole:
            region, selection = selected(self._copy, self._bounds)
        self._target = self._target._replace(bounds=self._bounds, region=region, selection=selection)
        return sorted(first.values())

    def _is_held(self, time: int) -> bool:
        """Whether a frame is the one before: what masks, filters and layers within do, nobody tells."""
        node = self._target.node
        alone = node.type() == "paintlayer" and not node.childNodes() and not self._effect.masks
        return alone and not node.hasKeyframeAtTime(time)

    # Painting -------------------------------------------------------------------------------------

    def read(self, time: int) -> Work:
        """As `Clip`."""
        self._go(time)
        target = self._target
        pixels = read(target.node, target.bounds, target.format)
        return Work(self.layer, pixels, target.region, target)

    def put(self, time: int, result: Pixels) -> None:
        """As `Clip`."""
        target, area = self._target, self._target.bounds
        if target.region is not None:
            area = target.region.translate(area.origin)
        if target.selection is not None:
            result = into_alpha(result, target.selection, target.bounds.extent, target.region)
        self._add(self._keys[time], result, area)

    def finish(self) -> Any:
        """As `Clip`."""
        shown: Dict[int, int] = {}
        before: Optional[str] = None
        for time in self.times:
            key = self._keys[time]
            if key == EMPTY and EMPTY not in self._numbers:
                self._add(EMPTY, None, Bounds(0, 0, 0, 0))
            if key != before:
                shown[time], before = self._numbers[key], key
        file = self._file
        assert file is not None
        _written(lambda: file.finish(shown))
        document = self._open(self._folder / RESULT)
        painted = layer_by_id(document, self._new)
        picture = None if painted is None else small_picture(painted)
        self.close()
        return picture

    def close(self) -> None:
        """As `Clip`."""
        if self._file is not None:
            self._file.close()
        self._file = None
        copy, self._copy = self._copy, None
        if copy is not None:
            copy.waitForDone()
            copy.setModified(False)
            copy.close()
        shutil.rmtree(str(self._folder), ignore_errors=True)

    def _add(self, key: str, picture: Optional[Pixels], area: Bounds) -> None:
        file = self._file
        assert file is not None
        self._numbers[key] = _written(lambda: file.add(picture, area))

    def _open(self, path: Path) -> Any:
        """Show the file as an image that has not been saved yet."""
        app = Krita.instance()
        document = app.openDocument(str(path))
        window = app.activeWindow()
        if document is None or window is None:
            kept = Path(tempfile.mkdtemp(prefix="scumble-")) / path.name
            path.rename(kept)
            raise ScumbleError(
                "cannot-read",
                _("Krita did not open the painted frames."),
                hint=_("They are in {file}: try to open it with File > Open.").format(file=kept),
            )
        document.setFileName("")
        document.setName(self._title)
        window.addView(document)
        app.setActiveDocument(document)
        document.setModified(True)
        return document

    def _go(self, time: int) -> None:
        """Have the copy show another time, and wait until it does."""
        copy = self._copy
        copy.setCurrentTime(time)
        copy.waitForDone()
        copy.refreshProjection()
        copy.waitForDone()


def _written(write: Callable[[], Any]) -> Any:
    try:
        return write()
    except OSError as error:
        raise _no_room() from error


def _no_room() -> ScumbleError:
    return ScumbleError(
        "cannot-write",
        _("The painted frames could not be written to {folder}.").format(folder=tempfile.gettempdir()),
        hint=_("Free some space there, and paint again."),
    )


def _joined(one: Bounds, other: Bounds) -> Bounds:
    x, y = min(one.x, other.x), min(one.y, other.y)
    return Bounds(x, y, max(one.right, other.right) - x, max(one.bottom, other.bottom) - y)
