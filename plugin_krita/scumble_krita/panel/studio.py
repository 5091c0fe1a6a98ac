"""What the panel does, without its widgets: the effect that is set, and the jobs for it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Callable, Dict, List, Optional

from scumble import Client, ScumbleError
from scumble.editing import Effect, GalleryStyle, HistoryEntry, JobController, JobEvent, Preset
from scumble.editing.effect import MAX_MIX
from scumble.editing.engines import engine_choices
from scumble.editing.mix import put, without
from scumble.editing.texts import fraction

from ..i18n import TEXTS, _
from ..qt import QtCore, Signal
from .all_frames import AllFrames, check_learned
from .editor import Editor, Work, uses_selection
from .guard import as_error, guarded, show, slot
from .kinds import Object
from .layer_glimpses import LayerGlimpses
from .learning import PanelLearning
from .library import Library
from .live import Live
from .open_documents import OpenDocuments
from .unstyling import Unstyling

READ_SHARE = 0.05


@dataclass(frozen=True)
class _Applying:
    ticket: int
    work: Work
    effect: Effect


class Studio(QtCore.QObject):
    """Belongs to a panel, which is its parent. Errors reach the artist through `guard.show`."""

    effect_changed = Signal()
    state_changed = Signal()
    connected = Signal(bool)
    engines_came = Signal(object)
    status = Signal(str)
    progress = Signal(float)
    _woken = Signal()

    def __init__(
        self, editor: Editor, parent: Object, connect: Callable[[], Client] = Client.connect
    ) -> None:
        super().__init__(parent)
        self._editor = editor
        self._answers: Dict[int, Callable[[Any], None]] = {}
        self._applying: Optional[_Applying] = None
        self._waiting: List[str] = []  # layers that are painted after that one
        self._one_of_several = self._stopped = False  # others came before it; others were to come
        self._is_connected, self._closed, self._devices = False, False, ()
        # The worker's thread wakes this one: a queued signal is the only call that may cross.
        self._woken.connect(slot(self, self._read_events), QtCore.Qt.ConnectionType.QueuedConnection)
        self._controller = JobController(connect, wake=self._wake)
        # When a window is closed its docker goes, and nobody tells it before.
        parent.destroyed.connect(slot(None, self._leave))
        self.library = Library(self)
        self.effect = self.library.last_effect()
        self.learning = PanelLearning(editor, self, connect, self.library.settings.learn_steps)
        self.learning.went_on.connect(self._learning_went_on)
        self.glimpses = LayerGlimpses(editor, self._controller, self.library.gallery.engine_for, self)
        self.live = Live(editor, self._controller, lambda: self.effect, parent)
        self.live.changed.connect(self.state_changed)
        self.live.status.connect(self.status)
        self.frames = AllFrames(editor, self._controller, self)
        self.others = OpenDocuments(editor, self._controller, self)
        self.unstyling = Unstyling(editor, self._controller, self)
        self._runs = (self.frames, self.others, self.unstyling)
        for run in self._runs:
            run.changed.connect(slot(self, self._run_changed))
            run.status.connect(self.status)
            run.progress.connect(self.progress)
            run.painted.connect(self._run_painted)

    @property
    def busy(self) -> bool:
        """Whether a job for the document runs."""
        return self._applying is not None or any(run.running for run in self._runs)

    def connect_daemon(self) -> None:
        """Ask the daemon for the styles and the engines; it is started where it does not run."""
        self.status.emit(_("Connecting to the daemon, which may have to start first…"))
        self._ask(lambda client: (client.styles(), client.welcome.devices), self._library_came)

    def close(self) -> None:
        """End what runs and leave the daemon. The document stays as it is: the editor may be ending."""
        self.live.close()
        self._leave()

    def _leave(self) -> None:
        self._closed = True
        for run in self._runs:
            run.close()
        self._controller.close()
        self.learning.close()

    # The effect ---------------------------------------------------------------------------------

    def set_effect(self, effect: Effect) -> None:
        """Take other settings; a preview follows."""
        if effect != self.effect:
            self.effect = effect
            self.effect_changed.emit()
            self.live.soon()
            if not self.busy and not self.live.on:
                self._ready()

    def choose(self, style: GalleryStyle, *, add: bool = False) -> None:
        """Take this style alone, with the settings it brings along; `add`: into the mix, or out of it."""
        styles = self.effect.styles
        mixed = [known.key for known in styles]
        if not add:
            effect = self.effect.taking(style.brings(self.effect.engine))
            self.set_effect(replace(effect, styles=put((), style.choice, 0)))
        elif style.choice.key in mixed:
            at = mixed.index(style.choice.key)
            self.set_effect(replace(self.effect, styles=without(styles, at) if len(styles) > 1 else styles))
        else:
            self.set_effect(replace(self.effect, styles=put(styles, style.choice, len(styles))))
            if len(styles) >= MAX_MIX:
                self.status.emit(_("A mix has up to four styles: remove one first."))
        if self.library.settings.learn:
            self.learning.learn(style.choice, self.effect)

    def set_learning(self, on: bool) -> None:
        """Have the styles of the mix learned, and those that are chosen from now on, or none any more."""
        self.library.set_learning(on)
        for style in self.effect.styles if on else ():
            self.learning.learn(style, self.effect)

    @guarded
    def _learning_went_on(self, key: Any, painted: bool) -> None:
        if painted:
            self.glimpses.forget(key)
        if painted and any(style.key == key for style in self.effect.styles):
            self.live.soon()

    def choose_layer(self, *, add: bool = False) -> GalleryStyle:
        """Take the current layer as a style."""
        style = self.library.add_layer(*self._editor.style_layer())
        self.choose(style, add=add)
        return style

    def choose_file(self, path: str, *, add: bool = False) -> GalleryStyle:
        """Take a picture as a style."""
        style = self.library.add_file(path)
        self.choose(style, add=add)
        return style

    def take_preset(self, preset: Preset) -> None:
        """Take the styles and settings of a preset."""
        for style in preset.effect.styles:
            if style.kind == "file":
                self.library.add(style)
        self.set_effect(preset.effect)
        for style in preset.effect.styles if self.library.settings.learn else ():
            self.learning.learn(style, preset.effect)

    # Painted layers -----------------------------------------------------------------------------

    @property
    def edited(self) -> Optional[str]:
        """The name of the painted layer that the next result takes the place of; None for none."""
        return self._editor.edited()

    def show_next(self) -> None:
        """Show the next of the active layer's results alone. Raises ScumbleError where there is none."""
        self.live.set_on(False)  # its preview would cover it
        self.status.emit(self._editor.show_next())

    def take(self, entry: HistoryEntry) -> None:
        """Take the settings of a result of before, and show it alone where the document still has it."""
        self.set_effect(entry.effect)
        if not self.live.on and (shown := self._editor.show_painted(entry.effect)):
            self.status.emit(shown)  # with live on, its preview would cover it

    def edit(self) -> None:
        """Edit the active layer: its settings are shown, and the next result takes its place.

        Raises ScumbleError where Scumble has not painted it, or what it was made of is gone.
        """
        if self.busy:
            return
        self.set_effect(self._editor.edit())
        self.live.soon()
        self.status.emit(_("Replace puts the result in the place of this layer"))
        self.state_changed.emit()

    def unstyle(self) -> None:
        """Take the style off the selected layers again, each as a new one. Raises as `Unstyling.start`."""
        if not self.busy:
            self.live.set_on(False)  # its preview would cover them
            self.unstyling.start(self.effect.device)

    def leave_edited(self) -> None:
        """Paint the layer that is selected again, as a new layer; the settings stay."""
        self._editor.leave_edited()
        self.live.soon()
        self._ready()
        self.state_changed.emit()

    def canvas_changed(self) -> None:
        """Another document came to the front, or none: what was edited is left."""
        self.live.canvas_changed()
        # Not now: the one before may be in the middle of closing.
        QtCore.QTimer.singleShot(0, slot(self, self._look_for_edited))

    def _look_for_edited(self) -> None:
        if not self._closed and self.edited is None:
            self._editor.leave_edited()
            self.state_changed.emit()

    # Jobs ---------------------------------------------------------------------------------------

    def apply(self, effect: Optional[Effect] = None) -> None:
        """Paint the layer, or all that are selected, with these settings, or those that are set."""
        if self.busy:
            return
        layers = list(self._editor.layers())
        self._begin(effect, *layers[:1])
        self._waiting, self._one_of_several, self._stopped = layers[1:], False, False

    def _begin(self, effect: Optional[Effect], layer: str = "") -> None:
        effect = self.effect if effect is None else effect
        if not effect.styles:
            raise ScumbleError("no-style", _("No style is chosen."), hint=_("Choose a style first."))
        self.live.pause(True)
        try:
            self.status.emit(_("Reading the layer…"))
            work = self._editor.read(
                lambda done: self.progress.emit(READ_SHARE * done),
                whole=uses_selection(effect),
                layer=layer,
            )
            coverage = partial(self._editor.coverage, work)
            request = effect.request(work.pixels, work.region, self._editor.layer_pixels, coverage)
            self._applying = _Applying(self._controller.apply(request), work, effect)
            self.status.emit(_("Waiting for the daemon…"))
        except BaseException:
            self.live.pause(False)
            self.status.emit("")
            raise
        self.state_changed.emit()

    def apply_again(self, entry: HistoryEntry) -> None:
        """Paint with the settings of a result of before."""
        self.set_effect(entry.effect)
        self.apply()

    def repeat(self) -> None:
        """Paint with the settings that were used last."""
        self.apply(self.library.settings.effect)

    def paint_frames(self) -> None:
        """Paint all frames of an animated layer, in a copy of the document.

        Raises ScumbleError where there are none, or a style is still being learned.
        """
        if self.busy:
            return
        if not self.effect.styles:
            raise ScumbleError("no-style", _("No style is chosen."), hint=_("Choose a style first."))
        check_learned(self.effect, self.learning.progress)
        self.live.set_on(False)  # the copy would have its preview
        self.frames.start(self.effect)

    def paint_open(self) -> None:
        """Paint all other open documents with the settings of the active layer, else those used last."""
        if not self.busy:
            self.others.start(self._editor.painted_with() or self.library.settings.effect)

    def _run_changed(self) -> None:
        self.live.pause(self.busy)
        self.state_changed.emit()

    @guarded
    def _run_painted(self, effect: Effect, layer: str, picture: Any) -> None:
        self.library.painted(effect, layer, picture)

    def cancel(self) -> None:
        """End the job for the document; without one, live mode."""
        if self._applying is not None:
            self._stopped, self._waiting = bool(self._waiting), []  # the job may be over: no next one then
            self._controller.cancel(self._applying.ticket)
        elif self.busy:
            for run in self._runs:
                run.cancel()
        else:
            self.live.set_on(False)

    def set_live(self, on: bool) -> None:
        """Turn live mode on or off."""
        if on and not self.effect.styles:
            raise ScumbleError("no-style", _("No style is chosen."), hint=_("Choose a style first."))
        self.live.set_on(on)
        if not on:
            self._ready()

    # Events -------------------------------------------------------------------------------------

    def _ask(self, question: Callable[[Client], Any], on_answer: Callable[[Any], None]) -> None:
        self._answers[self._controller.ask(question)] = on_answer

    def _wake(self) -> None:
        with contextlib.suppress(RuntimeError):  # the widgets may be gone: nobody is left to tell
            self._woken.emit()

    def _read_events(self) -> None:
        if self._closed:
            return  # a call that was queued before the end: of the widgets nothing may be left
        for event in self._controller.events():
            try:
                self._read_event(event)
            except Exception as error:  # one bad event must not leave the docker deaf to the next
                show(self, as_error(error))

    def _read_event(self, event: JobEvent) -> None:
        if event.task == "question":
            self._answered(event)
        elif event.task == "glimpse":
            self.glimpses.read_event(event)
        elif event.task == "preview":
            self.live.read_event(event)
        elif run := next((run for run in self._runs if run.expects(event.ticket)), None):
            run.read_event(event)
        elif self._applying is not None and event.ticket == self._applying.ticket:
            if event.progress is not None:
                self.progress.emit(READ_SHARE + (1.0 - READ_SHARE) * fraction(event.progress))
                self.status.emit(TEXTS.progress(event.progress))
            else:
                self._applied(self._applying, event)

    def _answered(self, event: JobEvent) -> None:
        on_answer = self._answers.pop(event.ticket, None)
        if event.kind == "done" and on_answer is not None:
            on_answer(event.answer)
        elif event.error is not None and event.error.code != "cancelled":
            self.status.emit("")
            self.connected.emit(False)
            show(self, as_error(event.error))

    def _library_came(self, answer: Any) -> None:
        styles, devices = answer
        self._is_connected, self._devices = True, devices
        self.library.set_styles(styles)
        self.connected.emit(True)
        self._ready()
        for name in (fields["name"] for fields in styles if fields.get("thumbnail") and fields.get("name")):
            self._ask(
                lambda client, name=name: client.style_thumbnail(name),
                lambda data, name=name: self.library.pictures.put_bytes("library", name, data),
            )
        # Last: it waits for the worker, and the pictures would wait with it.
        self._ask(engine_choices, self.engines_came.emit)

    def _applied(self, applying: _Applying, event: JobEvent) -> None:
        self._applying = None
        waiting, self._waiting = self._waiting, []
        kept = _("Cancelled. The layers that are painted stay.")
        try:
            if event.error is not None:
                raise event.error
            assert event.result is not None
            name = TEXTS.layer_name(applying.effect, applying.work.layer)
            self.live.set_on(False)  # its preview has become this result
            picture = self._editor.insert(applying.work, event.result, name, applying.effect)
        except ScumbleError as error:
            if error.code == "cancelled":
                self.status.emit(kept if self._one_of_several else _("Cancelled. Nothing was changed."))
            else:
                self.status.emit("")
                show(self, as_error(error))
        else:
            self._editor.leave_edited()
            self.status.emit(kept if self._stopped else _("Painted: {name}").format(name=name))
            self._run_painted(applying.effect, applying.work.layer, picture)
            if applying.work.note:
                show(self, applying.work.note)
            if waiting:
                self._begin(applying.effect, waiting[0])
                self._waiting, self._one_of_several = waiting[1:], True
        finally:
            self.live.pause(self.busy)
            self.state_changed.emit()

    def _ready(self) -> None:
        if self._is_connected:
            state = _("Ready") if self.effect.styles else _("Choose a style")
            where = TEXTS.computed(self.effect.device, self._devices) if self._devices else ""
            self.status.emit(" · ".join(filter(None, (state, where))))
