"""The settings of an effect: what is used each time in sight, the rest folded away."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, Iterable, Tuple

from scumble.editing import Effect
from scumble.editing.engines import EngineChoice
from scumble.settings import CONTRAST_RANGE, DETAIL_RANGE, STROKE_RANGE

from ..i18n import TEXTS, _
from ..qt import QtCore, QtWidgets, Signal
from .guard import slot
from .kinds import Combo, Grid, Object, Widget
from .section import Section
from .value_bar import ValueBar

Choices = Iterable[Tuple[str, str]]


class Controls(QtCore.QObject):
    """Widgets for the fields of an effect besides its styles.

    `basics` and `more` are to be put into a layout; `edited(changes)` is emitted with the fields that the
    artist has changed, as a dict, and `learn_toggled(on)` when the learning of pictures is turned on or off.
    """

    edited = Signal(object)
    learn_toggled = Signal(bool)

    def __init__(self, parent: Object) -> None:
        super().__init__(parent)
        self._engines: Dict[str, EngineChoice] = {}
        self.weight = self._bar("weight", _("Strength"), 0.0, 1.0)
        self.weight.setToolTip(_("0 is the layer as it is, 100% the full effect"))
        self.stroke = self._bar("stroke_size", _("Stroke size"), *STROKE_RANGE, unit="×", ratio=True)
        self.contrast = self._bar("contrast", _("Contrast"), *CONTRAST_RANGE, unit="×", ratio=True)
        self.contrast.setToolTip(_("1 leaves the result's contrast as it is"))
        self.detail = self._bar("detail", _("Detail"), *DETAIL_RANGE)
        self.detail.setToolTip(_("How much of the layer's fine detail comes back"))
        self.colours = self._combo(
            "preserve_color",
            (
                ("off", _("Of the painting")),
                ("palette", _("Of my picture")),
                ("luminance", _("Brightness only")),
            ),
        )
        self.colours.setToolTip(
            _("Whose colours the result has; brightness only keeps yours and changes light and dark")
        )
        self.engine = self._combo("engine", ())
        self.engine.setToolTip(_("Name of the model"))
        self.tiling = self._combo(
            "tiling",
            (
                ("auto", _("Automatic")),
                ("full", _("In one piece")),
                ("exact", _("In patches")),
                ("thumbnail", _("In patches, faster")),
            ),
        )
        self.tiling.setToolTip(_("How a large layer is computed"))
        self.device = self._combo(
            "device", (("auto", _("Automatic")), ("cpu", _("Processor")), ("cuda", _("Graphics card")))
        )
        self.device.setToolTip(_("What computes"))

        self.learn = QtWidgets.QCheckBox(_("Learn strokes"))
        self.learn.setToolTip(
            _("Learn the strokes of a picture or layer that you choose as a style, while you work on")
        )
        self.learn.clicked.connect(slot(self, lambda: self.learn_toggled.emit(self.learn.isChecked())))

        self.basics = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(self.basics)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.weight)
        column.addWidget(self.stroke)
        column.addLayout(_form(((_("Colours"), self.colours),)))
        folded = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(folded)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.contrast)
        column.addWidget(self.detail)
        rows = ((_("Engine"), self.engine), (_("Large layers"), self.tiling), (_("Device"), self.device))
        column.addLayout(_form(rows))
        column.addWidget(self.learn)
        self.more = Section(_("More"), folded)
        self.show_effect(Effect())

    def show_effect(self, effect: Effect) -> None:
        """Show the settings of that effect."""
        self.weight.show_value(effect.weight)
        self.stroke.show_value(effect.stroke_size)
        self.contrast.show_value(effect.contrast)
        self.detail.show_value(effect.detail)
        for combo, value in (
            (self.colours, effect.preserve_color),
            (self.engine, effect.engine),
            (self.tiling, effect.tiling),
            (self.device, effect.device),
        ):
            _select(combo, value)
        self._fit_engine()

    def set_engines(self, engines: Dict[str, EngineChoice]) -> None:
        """The engines to choose from, by name; the one that is set stays in any case."""
        self._engines = engines
        chosen = self.engine.currentData()
        blocked = self.engine.blockSignals(True)
        self.engine.clear()
        for name in {**({chosen: None} if chosen else {}), **engines}:
            self.engine.addItem(TEXTS.engine(engines[name].title) if name in engines else name, name)
        self.engine.blockSignals(blocked)
        if chosen:
            _select(self.engine, chosen)
        self._fit_engine()

    def _fit_engine(self) -> None:
        """Grey out what means nothing to the engine that is set, and say why."""
        engine = self._engines.get(self.engine.currentData())
        has_strokes = engine is None or engine.has_strokes
        self.stroke.setEnabled(has_strokes)
        self.stroke.setToolTip(
            _("Scale of the brush strokes") if has_strokes else _("This engine paints no strokes")
        )

    def _bar(self, field: str, title: str, low: float, high: float, **options) -> ValueBar:
        bar = ValueBar(title, low, high, **options)
        bar.edited.connect(slot(self, lambda: self.edited.emit({field: bar.value_shown()})))
        return bar

    def _combo(self, field: str, choices: Choices) -> Combo:
        combo = QtWidgets.QComboBox()
        combo.setMinimumContentsLength(8)
        policy = QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        combo.setSizeAdjustPolicy(policy)
        for value, title in choices:
            combo.addItem(title, value)
        combo.currentIndexChanged.connect(
            slot(self, lambda: combo.currentData() and self.edited.emit({field: combo.currentData()}))
        )
        return combo


def changed(effect: Effect, changes: dict) -> Effect:
    """The effect with those fields."""
    return replace(effect, **changes)


def _form(rows: Iterable[Tuple[str, Widget]]) -> Grid:
    grid = QtWidgets.QGridLayout()
    grid.setHorizontalSpacing(6)
    grid.setVerticalSpacing(4)
    grid.setColumnStretch(1, 1)
    for number, (title, widget) in enumerate(rows):
        label = QtWidgets.QLabel(title)
        label.setBuddy(widget)
        grid.addWidget(label, number, 0)
        grid.addWidget(widget, number, 1)
    return grid


def _select(combo: Combo, value: str) -> None:
    """Show a value without a signal; one that is not in the list joins it."""
    blocked = combo.blockSignals(True)
    if combo.findData(value) < 0:
        combo.addItem(TEXTS.engine(value), value)
    combo.setCurrentIndex(combo.findData(value))
    combo.blockSignals(blocked)
