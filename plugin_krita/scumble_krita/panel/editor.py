"""What the panel asks of the editor that it stands in. All of it is called on the interface's thread."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Optional, Sequence, Tuple

from scumble import Bounds, Pixels, ScumbleError
from scumble.editing import Effect, StyleChoice
from scumble.editing.reversals import Reversals

from ..qt import QtGui
from .kinds import Icon, Image

OnRead = Callable[[float], Any]
ONE_FRAME = "one-frame"
"""The code of a note that of an animation one frame was painted."""
SELECTION = "selection"
"""The mask of a style that is where the document's selection is."""


@dataclass(frozen=True)
class Work:
    """A layer, or a small picture of it, as it was read.

    Attributes:
        layer: its name.
        pixels: what is to be painted.
        region: the part of `pixels` that is wanted; None for all of it.
        target: whatever the editor needs to put the result back.
        note: what the artist is told once it is painted; None for nothing.
    """

    layer: str
    pixels: Pixels
    region: Optional[Bounds] = None
    target: Any = field(default=None, compare=False, repr=False)
    note: Optional[ScumbleError] = None


def uses_selection(effect: Effect) -> bool:
    """Whether the selection says where a style is, or what stays, and so not what is painted."""
    return SELECTION in effect.masks


class Clip:
    """The frames of a layer, one after another: first `look` at all `times`, in order, then `read` those
    that `distinct` names and `put` what became of each, and `finish`. All ends with `close`.

    Methods raise ScumbleError as those of `Editor`.

    Attributes:
        layer: its name.
        name: of the layer that is painted.
        times: of its frames.
    """

    layer = name = ""
    times: Sequence[int] = ()

    def look(self, time: int) -> None:
        """Find out what is in a frame."""
        raise NotImplementedError

    def distinct(self) -> Sequence[int]:
        """The times of the frames that have to be painted: each picture once, and none that is empty."""
        raise NotImplementedError

    def read(self, time: int) -> Work:
        """A frame; all have the same size."""
        raise NotImplementedError

    def put(self, time: int, result: Pixels) -> None:
        """Keep what became of a frame."""
        raise NotImplementedError

    def finish(self) -> Optional[Image]:
        """Show all of it as a new document; a small picture of it."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of everything, finished or not."""
        raise NotImplementedError


@dataclass(frozen=True)
class Other:
    """A document that is not in front: its name, and what reads its layer to paint, as `Editor.read`."""

    name: str
    read: Callable[[OnRead], Work]


@dataclass(frozen=True)
class Painted:
    """A layer whose style is to be taken off.

    Attributes:
        name: its name.
        reversals: what takes its styles off, the last one first.
        read: reads it, as `Editor.read`.
    """

    name: str
    reversals: Reversals
    read: Callable[[OnRead], Work]


class Editor:
    """Methods raise ScumbleError for what an artist can mend, such as having no document open."""

    def is_open(self) -> bool:
        """Whether there is a document."""
        raise NotImplementedError

    def layers(self) -> Sequence[str]:
        """Where several layers are selected, all of them, as `read` takes them; else nothing."""
        return ()

    def read(self, on_read: OnRead, *, whole: bool = False, layer: str = "") -> Work:
        """A layer, the active one unless it is named; `on_read` gets how much is done, 0 to 1. `whole`:
        whatever is selected."""
        raise NotImplementedError

    def others(self) -> Sequence[Other]:
        """All open documents but the one in front."""
        return ()

    def painted_with(self) -> Optional[Effect]:
        """The settings that the active layer was painted with; None where Scumble has not painted it."""
        return None

    def insert(self, work: Work, result: Pixels, name: str, effect: Effect) -> Optional[Image]:
        """Put a result above the layer that was read, or in the place of the one that is edited; a small
        picture of it. The document remembers that it was painted with `effect`."""
        raise NotImplementedError

    def painted(self) -> Sequence[Painted]:
        """The selected layers, whether they can be rid of their style or not."""
        return ()

    def insert_unstyled(self, work: Work, result: Pixels, name: str, reversals: Reversals) -> None:
        """Put what was there before the style above the layer that was read, with what takes off the styles
        that it still has."""
        raise NotImplementedError

    def clip(self, effect: Effect) -> Clip:
        """All frames of the active layer, to be painted with `effect`."""
        raise NotImplementedError

    def glance(self, side: int, *, whole: bool = False) -> Work:
        """What `read` would give, no larger than `side` pixels."""
        raise NotImplementedError

    def show_preview(self, work: Work, result: Pixels, name: str) -> None:
        """Show the result of a glance in the document as a locked layer, in place of the preview before."""
        raise NotImplementedError

    def remove_preview(self) -> None:
        """Take the preview out of whatever document has it."""
        raise NotImplementedError

    def style_layer(self) -> Tuple[StyleChoice, Image]:
        """The active layer as a style, and a small picture of it."""
        raise NotImplementedError

    def layer_pixels(self, value: str) -> Pixels:
        """The pixels of a style of kind ``layer``."""
        raise NotImplementedError

    def show_next(self) -> str:
        """Show the next of the results of the active layer, alone; what the artist reads."""
        raise NotImplementedError

    def show_painted(self, effect: Effect) -> str:
        """Show that of the results of the active layer, alone, which was painted with `effect`, if there is
        one; what the artist reads, or nothing."""
        raise NotImplementedError

    def edit(self) -> Effect:
        """Edit the active layer, a painted one, and say how it was painted: until `leave_edited`, what it
        was made of is read, and results take its place."""
        raise NotImplementedError

    def edited(self) -> Optional[str]:
        """The name of the layer that is edited; None for none, or none in the document in front."""
        return None

    def leave_edited(self) -> None:
        """From now on the active layer is read."""

    def places(self) -> Sequence[Tuple[str, str]]:
        """What a style can be placed by, or a part protected: the `mask` of a StyleChoice, and its title."""
        return ()

    def coverage(self, work: Work, mask: str) -> bytes:
        """How much of each pixel of a work a mask covers, one byte each."""
        raise NotImplementedError

    def icon(self, name: str) -> Icon:
        """An icon of the editor's theme; a null one where it has none."""
        return QtGui.QIcon()
