"""The buttons that start and end jobs, how far they are, and what went wrong."""

from __future__ import annotations

from typing import Callable, Optional

from scumble import ScumbleError
from scumble.editing.log import log_file

from ..i18n import TEXTS, _
from ..qt import Qt, QtCore, QtGui, QtWidgets, Signal
from .edit_line import EditLine
from .editor import ONE_FRAME
from .guard import EDITOR, slot
from .kinds import Icon
from .one_line import OneLine

BAR_STEPS = 1000
CONNECTION = (
    "daemon-not-installed",
    "daemon-not-started",
    "daemon-not-responding",
    "no-daemon",
    "connection-lost",
)
"""Codes for which trying to connect again is what helps."""


class JobView(QtWidgets.QWidget):
    """Signals: `apply`, `cancel`, `live(on)`, `discard`, `edit` for the buttons, `unstyle` and
    `next` for the last one's menu, `retry` to connect again, `frames` to paint all frames of an animation.
    `edit_line` tells by itself that it is left."""

    apply = Signal()
    cancel = Signal()
    live = Signal(bool)
    discard = Signal()
    edit = Signal()
    unstyle = Signal()
    next = Signal()
    retry = Signal()
    frames = Signal()

    def __init__(self, icon: Callable[[str], Icon]) -> None:
        super().__init__()
        self._busy = self._is_live = self._can = False
        self.apply_button = QtWidgets.QPushButton(_("Apply"))
        self.apply_button.setToolTip(_("Paint the layer at full resolution, as a new layer above it"))
        self.apply_button.clicked.connect(slot(self, self.apply.emit))
        self.cancel_button = QtWidgets.QPushButton(_("Cancel"))
        self.cancel_button.clicked.connect(slot(self, self.cancel.emit))
        self.discard_button = QtWidgets.QPushButton(_("Discard"))
        self.discard_button.setToolTip(_("Take the preview away"))
        self.discard_button.clicked.connect(slot(self, self.discard.emit))
        self.live_button = QtWidgets.QPushButton(_("Live"))
        self.live_button.setCheckable(True)
        self.live_button.setToolTip(
            _("Show a small preview in the canvas that follows the settings and the layer")
        )
        self.live_button.clicked.connect(slot(self, lambda: self.live.emit(self.live_button.isChecked())))
        eye = icon("visible")
        if not eye.isNull():
            self.live_button.setIcon(eye)
        self.edit_button = QtWidgets.QToolButton()
        self.edit_button.setToolTip(_("Edit the painted layer that is selected: its settings are shown"))
        self.edit_button.clicked.connect(slot(self, self.edit.emit))
        pencil = icon("document-edit")
        if pencil.isNull():
            self.edit_button.setText("✎")
        else:
            self.edit_button.setIcon(pencil)
        menu = QtWidgets.QMenu(self.edit_button)
        for title, signal in (
            (_("Edit Painted Layer"), self.edit),
            (_("Show Next Result"), self.next),
            (_("Take Style Off"), self.unstyle),
        ):
            menu.addAction(title).triggered.connect(slot(self, signal.emit))
        self.edit_button.setMenu(menu)
        self.edit_button.setPopupMode(QtWidgets.QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.edit_line = EditLine()
        for button in (self.apply_button, self.cancel_button, self.discard_button, self.live_button):
            button.setMinimumWidth(1)
            button.setAutoDefault(False)
        self._bar = QtWidgets.QProgressBar()
        self._bar.setRange(0, BAR_STEPS)
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(max(6, self.fontMetrics().height() // 2))
        keep = self._bar.sizePolicy()
        keep.setRetainSizeWhenHidden(True)  # else the gallery would jump with each job
        self._bar.setSizePolicy(keep)
        self._line = OneLine()
        self._error = _ErrorBox(icon)
        self._error.retry.clicked.connect(slot(self, self._retry))
        self._error.frames.clicked.connect(slot(self, self.frames.emit))
        row = QtWidgets.QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.live_button, 2)
        row.addWidget(self.discard_button, 3)
        row.addWidget(self.edit_button)
        row.addWidget(self.apply_button, 4)
        row.addWidget(self.cancel_button, 4)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._error)
        column.addWidget(self.edit_line)
        column.addLayout(row)
        column.addWidget(self._bar)
        column.addWidget(self._line)
        self._show_state()

    def set_busy(self, busy: bool) -> None:
        """Whether a job for the document runs: Cancel stands in the place of Apply then."""
        self._busy = busy
        self._bar.setValue(0)
        self._show_state()

    def set_live(self, live: bool) -> None:
        """Whether live mode is on."""
        self._is_live = live
        self.live_button.setChecked(live)
        self._show_state()

    def set_edited(self, name: Optional[str]) -> None:
        """Which painted layer the next result takes the place of; None for none."""
        self.edit_line.show_layer(name)
        self.apply_button.setText(_("Apply") if name is None else _("Replace"))
        self._show_state()

    def set_can_apply(self, can: bool) -> None:
        """Whether there is a style to apply."""
        self._can = can
        self._show_state()

    def set_progress(self, done: float) -> None:
        """How far the job is, 0 to 1."""
        self._bar.setValue(round(BAR_STEPS * done))

    def set_status(self, text: str) -> None:
        """The line below the buttons."""
        self._line.show_text(text)

    def show_error(self, error: Optional[ScumbleError]) -> None:
        """Say what went wrong and what to do; None takes it away."""
        self._error.setVisible(error is not None)
        if error is not None:
            self._error.text.setText(TEXTS.error(error))
            self._error.retry.setVisible(error.code in CONNECTION)
            self._error.frames.setVisible(error.code == ONE_FRAME)
            self._error.log.setVisible(error.code != ONE_FRAME)  # there nothing went wrong

    def error_text(self) -> str:
        """The sentence that is shown, or nothing."""
        return self._error.text.text() if self._error.isVisibleTo(self) else ""

    def status_text(self) -> str:
        """The line below the buttons."""
        return self._line.toolTip()

    def repaint_progress(self) -> None:
        """Show the progress now: the thread of the interface is busy."""
        self._bar.repaint()

    def _retry(self) -> None:
        self.show_error(None)
        self.retry.emit()

    def _show_state(self) -> None:
        self.apply_button.setVisible(not self._busy)
        self.apply_button.setEnabled(self._can)
        self.cancel_button.setVisible(self._busy)
        self.discard_button.setVisible(self._is_live and not self._busy)
        self.edit_button.setVisible(not self._busy and not self._is_live and self.edit_line.isHidden())
        self.live_button.setVisible(not (self._is_live and not self._busy))
        self.live_button.setEnabled(not self._busy and self._can)
        self._bar.setVisible(self._busy)


class _ErrorBox(QtWidgets.QFrame):
    """A sentence with a sign before it, and what can be done about it."""

    def __init__(self, icon: Callable[[str], Icon]) -> None:
        super().__init__()
        self.setFrameShape(QtWidgets.QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QtGui.QPalette.ColorRole.Base)
        self.text = QtWidgets.QLabel()
        self.text.setWordWrap(True)
        self.text.setMinimumWidth(1)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        sign = QtWidgets.QLabel("⚠")
        shape = icon("dialog-warning")
        if not shape.isNull():
            side = self.fontMetrics().lineSpacing()
            sign.setPixmap(shape.pixmap(QtCore.QSize(side, side)))
        self.retry = QtWidgets.QPushButton(_("Try again"))
        self.frames = QtWidgets.QPushButton(_("Paint all frames"))
        self.frames.setToolTip(_("In a copy of the image, as an animated layer above this one"))
        self.log = QtWidgets.QPushButton(_("Open log"))
        self.log.clicked.connect(slot(self, _open_log))
        close = QtWidgets.QPushButton(_("Close"))
        close.clicked.connect(slot(self, self.hide))
        row = QtWidgets.QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.text, 1)
        buttons = QtWidgets.QHBoxLayout()
        buttons.setSpacing(4)
        for button in (self.retry, self.frames, self.log, close):
            button.setMinimumWidth(1)
            button.setAutoDefault(False)
            if button is not self.frames:  # whose words fill a line
                buttons.addWidget(button)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self.frames)
        column.addLayout(buttons)
        self.hide()


def _open_log() -> None:
    own = log_file(EDITOR)
    newest = max(own.parent.glob("*.log"), key=lambda found: found.stat().st_mtime, default=own)
    QtGui.QDesktopServices.openUrl(QtCore.QUrl.fromLocalFile(str(newest)))
