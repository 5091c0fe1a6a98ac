"""The panel: the widgets of the docker, and what goes from one to the other."""

from __future__ import annotations

from typing import Callable, Optional

from scumble import Client, ScumbleError
from scumble.editing.gallery import ALL, LAYERS
from scumble.editing.installing import needs_install

from ..i18n import _
from ..qt import QtCore, QtWidgets
from .controls import Controls, changed
from .editor import Editor
from .gallery_view import GalleryView
from .guard import guarded, slot
from .history_view import HistoryView
from .install_view import InstallView
from .job_view import JobView
from .kinds import Mime, Size
from .mix_view import MixView
from .presets_button import PresetsButton
from .protect_view import ProtectView
from .section import Section
from .studio import Studio

MARGIN = 4


class Panel(QtWidgets.QWidget):
    """All that the docker shows. `connect` makes the client, on another thread; the first show calls it."""

    def __init__(self, editor: Editor, connect: Callable[[], Client] = Client.connect) -> None:
        super().__init__()
        self._asked = False
        self.studio = Studio(editor, self, connect)
        library, studio_glimpses = self.studio.library, self.studio.glimpses
        self.gallery = GalleryView(library.gallery, library.pictures, studio_glimpses.layers, editor.icon)
        self.presets = PresetsButton(lambda: self.studio.effect, editor.icon("bookmarks"))
        self.gallery.add_button(self.presets)
        self.mix = MixView(library.pictures, editor.icon, editor.places)
        self.controls = Controls(self)
        self.protect = ProtectView(editor.places)
        self.protection = Section(_("Protect"), self.protect)
        self.job = JobView(editor.icon)
        self.history = HistoryView()
        self._past = Section(_("History"), self.history)
        self.setAcceptDrops(True)

        content = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(content)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, 0)
        column.setSpacing(6)
        column.addWidget(self.gallery, 1)
        for widget in (
            self.mix,
            self.controls.basics,
            self.protection,
            self.controls.more,
            self._past,
        ):
            column.addWidget(widget)
        self._scroll = QtWidgets.QScrollArea()
        self._scroll.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # One that comes with the second style of a mix would make the gallery narrower, and move it.
        self._scroll.setVerticalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self._scroll.setWidget(content)
        outer = QtWidgets.QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(4)
        outer.addWidget(self._scroll, 1)
        self.install = InstallView()
        self.install.finished.connect(slot(self, self._begin))
        # Its sentences would be cut where the docker is low.
        self._install_scroll = QtWidgets.QScrollArea()
        self._install_scroll.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        self._install_scroll.setWidgetResizable(True)
        self._install_scroll.setWidget(self.install)
        self._install_scroll.hide()
        outer.addWidget(self._install_scroll, 1)
        outer.addWidget(self.job)  # always in sight, however long the rest gets
        self.job.setContentsMargins(MARGIN, 0, MARGIN, MARGIN)
        self._connect_signals()
        self._show_effect()
        self._show_library()

    def _connect_signals(self) -> None:
        studio, gallery, job = self.studio, self.gallery, self.job
        studio.effect_changed.connect(slot(self, self._show_effect))
        studio.state_changed.connect(slot(self, self._show_state))
        studio.library.changed.connect(slot(self, self._show_library))
        studio.status.connect(job.set_status)
        studio.progress.connect(self._show_progress)
        studio.engines_came.connect(self.controls.set_engines)
        studio.connected.connect(self._connected)
        gallery.chosen.connect(self._style_chosen)
        gallery.paint.connect(slot(self, studio.apply))
        gallery.favourite.connect(guarded(type(studio.library).toggle_favourite).__get__(studio.library))
        gallery.file.connect(self.take_file)
        gallery.layer.connect(slot(self, self._take_layer))
        self.mix.edited.connect(self._mix_edited)
        self.controls.edited.connect(self._setting_edited)
        self.protect.edited.connect(self._setting_edited)
        self.controls.learn.setChecked(studio.library.settings.learn)
        self.controls.learn_toggled.connect(self._learn_toggled)
        gallery.list.progress_of = studio.learning.progress
        studio.learning.went_on.connect(slot(self, gallery.list.viewport().update))
        gallery.list.in_sight.connect(self._want_glimpses)
        self.presets.taken.connect(self._preset_taken)
        self.presets.said.connect(studio.status)
        gallery.layer_box.setChecked(studio.library.settings.on_layer)
        gallery.on_layer.connect(self._on_layer_clicked)
        studio.glimpses.stale.connect(slot(self, gallery.list.look))
        self.history.taken.connect(self._entry_taken)
        self.history.again.connect(self._entry_again)
        job.apply.connect(slot(self, studio.apply))
        job.edit.connect(slot(self, lambda: self.perform("edit")))
        job.unstyle.connect(slot(self, lambda: self.perform("unstyle")))
        job.next.connect(slot(self, lambda: self.perform("next")))
        job.edit_line.left.connect(slot(self, studio.leave_edited))
        job.cancel.connect(slot(self, studio.cancel))
        job.live.connect(self._live_clicked)
        job.discard.connect(slot(self, lambda: studio.set_live(False)))
        job.retry.connect(slot(self, self._open))
        job.frames.connect(slot(self, lambda: self.perform("frames")))

    # For the docker -----------------------------------------------------------------------------

    def perform(self, verb: str) -> None:
        """Do what an action asks for: ``apply``, ``repeat``, ``open``, ``frames``, ``next``, ``edit``,
        ``unstyle``, ``live``, ``cancel`` or ``engine``.

        Never raises.
        """
        if verb != "engine" and not self._install_scroll.isHidden():
            return  # there is nothing to paint with yet, and the offer is in sight
        self.job.show_error(None)
        studio = self.studio
        verbs = {
            "apply": studio.apply,
            "repeat": studio.repeat,
            "open": studio.paint_open,
            "frames": studio.paint_frames,
            "next": studio.show_next,
            "edit": studio.edit,
            "unstyle": studio.unstyle,
            "live": lambda: studio.set_live(not studio.live.on),
            "cancel": studio.cancel,
            "engine": lambda: self._show_install(manage=True),
        }
        slot(self, verbs[verb])()

    def canvas_changed(self) -> None:
        """Another document came to the front, or none. Never raises."""
        slot(self, self.studio.canvas_changed)()

    def show_error(self, error: ScumbleError) -> None:
        """Say what went wrong; called by `guard.show`."""
        self.job.show_error(error)
        self._show_state()

    def close_studio(self) -> None:
        """End all jobs; the panel is of no use afterwards. Never raises."""
        slot(self, self.install.close_install)()
        slot(self, self.studio.close)()

    # What Qt asks -------------------------------------------------------------------------------

    def sizeHint(self) -> Size:  # noqa: N802
        """Narrow and high, as dockers are."""
        return QtCore.QSize(260, 640)

    def minimumSizeHint(self) -> Size:  # noqa: N802
        """The content scrolls where there is less room than it wants."""
        return QtCore.QSize(200, 160)

    @guarded
    def showEvent(self, event) -> None:  # noqa: N802
        """The daemon is asked when somebody sees the panel, not at each start of the editor."""
        super().showEvent(event)
        if not self._asked:
            self._asked = True
            self._open()

    @guarded
    def dragEnterEvent(self, event) -> None:  # noqa: N802
        """Files of this machine can be dropped."""
        if _dropped_file(event.mimeData()):
            event.acceptProposedAction()

    @guarded
    def dropEvent(self, event) -> None:  # noqa: N802
        """A picture becomes the style."""
        path = _dropped_file(event.mimeData())
        if path:
            event.acceptProposedAction()
            self.take_file(path)

    # The engine -----------------------------------------------------------------------------------

    def _show_install(self, *, manage: bool) -> None:
        """Put what installs the engine in the place of all else."""
        self.install.begin(manage=manage)
        self._show_parts(installing=True)

    def _open(self) -> None:
        """Offer to install the engine where there is none, else connect."""
        if needs_install():
            self._show_install(manage=False)
        else:
            self._begin()

    def _begin(self) -> None:
        """Connect to the daemon: there is an engine, or it says why not."""
        self._show_parts(installing=False)
        self.job.show_error(None)
        self.gallery.set_empty_text(_("The styles are on their way…"))
        self.studio.connect_daemon()

    def _show_parts(self, *, installing: bool) -> None:
        self._install_scroll.setVisible(installing)
        for widget in (self._scroll, self.job):
            widget.setVisible(not installing)

    # From one widget to another -----------------------------------------------------------------

    @guarded
    def take_file(self, path: str) -> None:
        """Use a picture as the style."""
        self.job.show_error(None)
        style = self.studio.choose_file(path, add=self.mix.joins)
        self.gallery.show_group(ALL)
        self.gallery.list.scroll_to(style.choice)

    def _take_layer(self) -> None:
        self.job.show_error(None)
        self.studio.choose_layer(add=self.mix.joins)
        self.gallery.show_group(LAYERS)

    @guarded
    def _style_chosen(self, style, add: bool) -> None:
        self.studio.choose(style, add=add or self.mix.joins)

    @guarded
    def _want_glimpses(self, choices) -> None:
        self.studio.glimpses.want(choices, self.studio.effect)

    @guarded
    def _on_layer_clicked(self, on: bool) -> None:
        self.studio.library.set_on_layer(on)

    @guarded
    def _mix_edited(self, styles) -> None:
        self.studio.set_effect(changed(self.studio.effect, {"styles": styles}))

    @guarded
    def _setting_edited(self, changes) -> None:
        self.studio.set_effect(changed(self.studio.effect, changes))

    @guarded
    def _learn_toggled(self, on: bool) -> None:
        self.studio.set_learning(on)

    @guarded
    def _preset_taken(self, preset) -> None:
        self.job.show_error(None)
        self.studio.take_preset(preset)
        self.gallery.list.scroll_to(preset.effect.styles[-1])

    @guarded
    def _entry_taken(self, entry) -> None:
        self.studio.take(entry)

    @guarded
    def _entry_again(self, entry) -> None:
        self.studio.apply_again(entry)

    @guarded
    def _live_clicked(self, on: bool) -> None:
        self.job.show_error(None)
        self.studio.set_live(on)

    @guarded
    def _connected(self, good: bool) -> None:
        self.gallery.set_empty_text("" if good else _("The styles could not be fetched."))

    @guarded
    def _show_progress(self, done: float) -> None:
        self.job.set_progress(done)
        self.job.repaint_progress()

    # From the studio to the widgets -------------------------------------------------------------

    def _show_effect(self) -> None:
        effect = self.studio.effect
        self.mix.show_effect(effect)
        self.controls.show_effect(effect)
        self.protect.show_effect(effect)
        self._show_marks()
        self._show_state()

    def _show_marks(self) -> None:
        styles = self.studio.effect.styles
        self.gallery.mark(styles, styles[-1] if styles else None)

    def _show_state(self) -> None:
        self.job.set_can_apply(bool(self.studio.effect.styles))
        self.job.set_live(self.studio.live.on)
        self.job.set_edited(self.studio.edited)
        self.job.set_busy(self.studio.busy)

    def _show_library(self) -> None:
        self.gallery.refresh()
        self.history.show_entries(self.studio.library.settings.history)
        self._past.setVisible(bool(self.studio.library.settings.history))


def _dropped_file(mime: Optional[Mime]) -> str:
    for url in mime.urls() if mime is not None and mime.hasUrls() else ():
        if url.isLocalFile():
            return url.toLocalFile()
    return ""
