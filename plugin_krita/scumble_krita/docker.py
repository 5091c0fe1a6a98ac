"""The docker: what Krita knows of the panel, and what the panel knows of Krita."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, List, Optional

from krita import DockWidget, Krita

from scumble import Pixels, ScumbleError
from scumble.editing import Effect, StyleChoice
from scumble.editing.reversals import Reversals

from . import document as documents
from . import places
from .clip import KritaClip
from .i18n import _
from .kept import is_kept, kept
from .layers import is_animated, layer_by_id, small_picture
from .panel.editor import ONE_FRAME, Clip, Editor, OnRead, Other, Painted, Work, uses_selection
from .panel.kinds import Icon, Image
from .panel.panel import Panel
from .panel.pictures import SIDE as PICTURE
from .results import show_next, show_painted
from .unstyling import layers_to_unstyle

_dockers: "set[ScumbleDocker]" = set()
"""Holds Python's half of each: a script that moves dockers about would otherwise take it away."""


class ScumbleDocker(DockWidget):
    """Holds the panel of one window."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("Scumble")
        self._panel = Panel(KritaEditor())
        self.setWidget(self._panel)
        _dockers.add(self)
        # At Krita's end the threads must be gone before its libraries are.
        notifier = Krita.instance().notifier()
        notifier.setActive(True)
        notifier.applicationClosing.connect(self._panel.close_studio)

    def canvasChanged(self, canvas: Any) -> None:  # noqa: N802 (Krita's name)
        """Krita calls this when another document comes to the front, or none."""
        self._panel.canvas_changed()

    def perform(self, verb: str) -> None:
        """What an action of ours asks for, as `Panel.perform`. Never raises."""
        self._panel.perform(verb)


class KritaEditor(Editor):
    """Krita's active document, for the panel."""

    def __init__(self) -> None:
        self._previewed: Optional[Any] = None
        self._edited = ""  # a layer's id: parts of closed images must not be held

    def is_open(self) -> bool:
        return Krita.instance().activeDocument() is not None

    def layers(self) -> "list[str]":
        document = Krita.instance().activeDocument()
        if document is None or self._painted(document) is not None:
            return []
        return [node.uniqueId().toString() for node in documents.selected_layers(document)]

    def read(self, on_read: OnRead, *, whole: bool = False, layer: str = "") -> Work:
        return _read(self._layer_target(layer, whole) if layer else self._target(whole), on_read)

    def others(self) -> List[Other]:
        front = Krita.instance().activeDocument()
        return [
            Other(_title(document), partial(_read_other, document))
            for document in Krita.instance().documents()
            if document != front
        ]

    def painted_with(self) -> Optional[Effect]:
        document = Krita.instance().activeDocument()
        node = None if document is None else documents.active_layer_of(document)
        return kept(document, node).effect if node is not None and is_kept(document, node) else None

    def insert(self, work: Work, result: Pixels, name: str, effect: Effect) -> Optional[Image]:
        layer = documents.insert_result(work.target, result, name, effect)
        return small_picture(layer)

    def painted(self) -> List[Painted]:
        return [
            Painted(node.name(), reversals, partial(self._read_layer, node.uniqueId().toString()))
            for node, reversals in layers_to_unstyle(Krita.instance().activeDocument())
        ]

    def insert_unstyled(self, work: Work, result: Pixels, name: str, reversals: Reversals) -> None:
        documents.insert_unstyled(work.target, result, name, reversals)

    def clip(self, effect: Effect) -> Clip:
        return KritaClip(Krita.instance().activeDocument(), effect, uses_selection(effect))

    def glance(self, side: int, *, whole: bool = False) -> Work:
        target = self._target(whole)
        return Work(target.node.name(), documents.thumbnail(target, side), None, target)

    def show_preview(self, work: Work, result: Pixels, name: str) -> None:
        self._previewed = work.target.document
        documents.put_preview(work.target.document, work.target, result, name)

    def remove_preview(self) -> None:
        document, self._previewed = self._previewed, None
        if document is not None and document in Krita.instance().documents():
            documents.remove_preview(document)

    def style_layer(self) -> "tuple[StyleChoice, Image]":
        node = self._target().node
        choice = StyleChoice("layer", node.uniqueId().toString(), node.name())
        return choice, node.thumbnail(PICTURE, PICTURE)

    def layer_pixels(self, value: str) -> Pixels:
        for document in Krita.instance().documents():
            node = layer_by_id(document, value)
            if node is not None:
                return documents.style_pixels(document, node)
        raise ScumbleError("bad-style", _("The layer that was the style is gone: choose a style again."))

    def icon(self, name: str) -> Icon:
        return Krita.instance().icon(name)

    def show_next(self) -> str:
        document = Krita.instance().activeDocument()
        return show_next(document, documents.active_layer_of(document))

    def show_painted(self, effect: Effect) -> str:
        document = Krita.instance().activeDocument()
        if document is None or document.activeNode() is None:
            return ""
        return show_painted(document, documents.active_layer_of(document), effect)

    def edit(self) -> Effect:
        painted, effect = documents.painted_layer(Krita.instance().activeDocument())
        self._edited = painted.uniqueId().toString()
        return effect

    def edited(self) -> Optional[str]:
        document = Krita.instance().activeDocument()
        node = self._painted(document)
        return None if node is None else node.name()

    def leave_edited(self) -> None:
        self._edited = ""

    def places(self) -> "list[tuple[str, str]]":
        document = Krita.instance().activeDocument()
        return places.choices(document, self._painted(document))

    def coverage(self, work: Work, mask: str) -> bytes:
        return places.coverage(work.target, work.pixels.extent, mask)

    def _painted(self, document: Optional[Any]) -> Optional[Any]:
        """The layer that is edited, if it is in this document."""
        return layer_by_id(document, self._edited) if document is not None and self._edited else None

    def _read_layer(self, layer: str, on_read: OnRead) -> Work:
        return _read(self._layer_target(layer, False), on_read)

    def _layer_target(self, layer: str, whole: bool) -> documents.Target:
        for document in Krita.instance().documents():
            node = layer_by_id(document, layer)
            if node is not None:
                return documents.layer_target(document, node, whole)
        raise ScumbleError("bad-layer", _("The layer was deleted while Scumble was painting."))

    def _target(self, whole: bool = False) -> documents.Target:
        document = Krita.instance().activeDocument()
        if document is None or not self._edited:
            return documents.active_target(document, whole)
        painted = layer_by_id(document, self._edited)
        if painted is None:
            self._edited = ""
            raise ScumbleError(
                "bad-layer",
                _("The layer that you were editing is gone."),
                hint=_("Scumble paints the selected layer from now on."),
            )
        return documents.edited_target(document, painted)


def _read(target: documents.Target, on_read: OnRead) -> Work:
    note = None
    if is_animated(target.node):
        note = ScumbleError(
            ONE_FRAME,
            _("Only this frame of the animation was painted, and the new layer shows it at all times."),
        )
    return Work(target.node.name(), documents.read(target, on_read), target.region, target, note)


def _read_other(document: Any, on_read: OnRead) -> Work:
    if document not in Krita.instance().documents():
        raise ScumbleError("bad-layer", _("The image was closed while Scumble was painting."))
    return _read(documents.other_target(document), on_read)


def _title(document: Any) -> str:
    """What an artist knows a document by."""
    return Path(document.fileName()).name or document.name() or _("Unnamed")
