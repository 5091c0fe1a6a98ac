"""Offers the installation of the engine in the panel's place, and shows how it goes."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

from scumble import ScumbleError
from scumble.editing.installing import Installing
from scumble.install.installer import install_log
from scumble.install.state import MISSING, OUTDATED, READY

from ..i18n import _
from ..qt import Qt, QtCore, QtGui, QtWidgets, Signal
from .guard import as_error, guarded, slot
from .kinds import Label

BAR_STEPS = 1000


class InstallView(QtWidgets.QWidget):
    """`finished` is emitted when there is an engine and the artist wants to paint.

    With `manage` it can also remove the engine, and stays after an installation.
    """

    finished = Signal()
    _woken = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._manage = False
        queued = QtCore.Qt.ConnectionType.QueuedConnection
        self._woken.connect(slot(self, self._read), queued)
        self.installing = Installing(_, wake=self._wake)
        self._headline = _label(bold=True)
        self._explanation, self.problem, self.status = _label(), _label(), _label()
        self.builds = QtWidgets.QComboBox()
        self.builds.setSizeAdjustPolicy(
            QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        for build, title in self.installing.builds():
            size = self.installing.size(build)
            text = _("{title} (about {size} MB)").format(title=title, size=size) if size else title
            self.builds.addItem(text, build)
        self.builds.setCurrentIndex(self.builds.findData(self.installing.choices.build))
        self.builds.currentIndexChanged.connect(slot(self, self._build_chosen))
        self.press = self._button(_("Install"), self._pressed)
        self.press.setDefault(True)
        self._folder = self._button(_("Another folder…"), self._choose_folder)
        self._wheels = self._button(_("Without network…"), self._choose_wheels)
        self._later = self._button(_("Not now"), self.finished.emit)
        self.remove = self._button(_("Remove"), self._remove)
        self._log_button = self._button(_("Open log"), _open_log)
        self._bar = QtWidgets.QProgressBar()
        self._bar.setRange(0, BAR_STEPS)
        self.log = QtWidgets.QPlainTextEdit()
        self.log.setReadOnly(True)
        column = QtWidgets.QVBoxLayout(self)
        for widget in (
            *(
                self._headline,
                self._explanation,
                self.builds,
                self.press,
                self._bar,
                self.status,
                self.problem,
            ),
            *(self._later, self.remove, self._folder, self._wheels, self._log_button),
        ):
            column.addWidget(widget)
        column.addWidget(self.log, 1)
        column.addStretch(0)  # what room is left while there is no log

    def begin(self, *, manage: bool) -> None:
        """Show what there is."""
        self._manage = manage
        self._show()

    def close_install(self) -> None:
        """Stop what runs. Never raises."""
        self.installing.close()

    def _button(self, text: str, act: Callable[[], object]):
        button = QtWidgets.QPushButton(text)
        button.setMinimumWidth(1)
        button.setAutoDefault(False)
        button.clicked.connect(slot(self, act))
        return button

    # What goes on -------------------------------------------------------------------------------

    def _wake(self) -> None:
        try:
            self._woken.emit()
        except RuntimeError:
            return  # the widgets are gone: nobody is left to tell

    def _read(self) -> None:
        outcome = self.installing.read()
        if outcome is False and self.installing.error is not None:
            as_error(self.installing.error)  # into the log
        self._show()
        if outcome and not self._manage:
            self.finished.emit()

    def _show(self) -> None:
        installing = self.installing
        running, state = installing.running, installing.state
        self._headline.setText(installing.headline())
        self._explanation.setText(installing.explanation())
        self.press.setText(installing.button())
        self.press.setVisible(installing.bundle is not None)
        self._bar.setVisible(running)
        self._bar.setValue(round(BAR_STEPS * installing.fraction))
        _say(self.status, installing.status())
        _say(self.problem, installing.problem())
        for widget in (self.builds, self._folder, self._wheels):
            widget.setVisible(not running)
        self._later.setText(_("Paint") if state == READY else _("Not now"))
        self._later.setVisible(state in (OUTDATED, READY) and not running)
        self.remove.setVisible(self._manage and state != MISSING and not running)
        self.log.setVisible(bool(installing.log))
        self._log_button.setVisible(bool(installing.log))
        text = "\n".join(installing.log)
        if text != self.log.toPlainText():
            self.log.setPlainText(text)
            self.log.moveCursor(QtGui.QTextCursor.MoveOperation.End)

    # What the artist does -----------------------------------------------------------------------

    def _pressed(self) -> None:
        self.installing.press()
        self._show()

    def _build_chosen(self) -> None:
        self.installing.choose_build(self.builds.currentData())
        self._show()

    def _choose_folder(self) -> None:
        path = self._ask(_("Where shall the engine be?"))
        if path:
            self._try(lambda: self.installing.choose_folder(Path(path)))

    def _choose_wheels(self) -> None:
        path = self._ask(_("Which folder holds all packages?"))
        self.installing.choose_wheels(Path(path) if path else None)
        self._show()

    def _remove(self) -> None:
        self._try(self.installing.remove)

    def _try(self, act: Callable[[], object]) -> None:
        try:
            act()
        except ScumbleError as error:
            self.installing.error = as_error(error)
        self._show()

    def _ask(self, title: str) -> str:
        return QtWidgets.QFileDialog.getExistingDirectory(self, title)

    @guarded
    def show_error(self, error: ScumbleError) -> None:
        """Say what went wrong; called by `guard.show`."""
        self.installing.error = error
        _say(self.problem, self.installing.problem())


def _label(bold: bool = False) -> Label:
    label = QtWidgets.QLabel()
    label.setWordWrap(True)
    label.setMinimumWidth(1)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if bold:
        font = label.font()
        font.setBold(True)
        label.setFont(font)
    return label


def _say(label: Label, text: str) -> None:
    label.setText(text)
    label.setVisible(bool(text))


def _open_log() -> None:
    QtGui.QDesktopServices.openUrl(QtCore.QUrl.fromLocalFile(str(install_log())))
