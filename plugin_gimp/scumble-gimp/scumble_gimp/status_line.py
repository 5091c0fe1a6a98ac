"""The line that says what happens now; between the jobs: what computes, and how long the layer will take."""

from __future__ import annotations

from typing import Any, Callable, Mapping, Optional

from gi.repository import Gtk, Pango

from .i18n import _
from .reporting import TEXTS


class StatusLine(Gtk.Label):
    """`estimate` gives the seconds that Paint will take, 0 where that is not known, None without a style."""

    def __init__(self, config, estimate: Callable[[], Optional[float]]) -> None:
        super().__init__(xalign=0.0, margin_top=6, ellipsize=Pango.EllipsizeMode.END)
        self._config, self._estimate = config, estimate
        self._status: Mapping[str, Any] = {}
        self._resting = False

    @property
    def worker_is_ready(self) -> bool:
        """Whether `know` was called."""
        return bool(self._status)

    def say(self, text: str) -> None:
        """What happens now."""
        self._resting = False
        self._show(text)

    def rest(self) -> None:
        """Nothing happens: say what could."""
        self._resting = True
        seconds = self._estimate()
        parts = [_("Ready") if seconds is not None else _("Choose a style"), self._device()]
        if seconds:
            parts.append(_duration(seconds))
        self._show(" · ".join(filter(None, parts)))

    def know(self, status: Mapping[str, Any]) -> None:
        """Take what the daemon says of itself once its worker is ready."""
        self._status = status
        if self._resting:
            self.rest()

    def _device(self) -> str:
        devices = self._status.get("devices")
        if not devices:
            return ""
        device = self._config.get_property("device")
        if device == "auto":
            device = self._status.get("device", "auto")
        return TEXTS.computed(device, devices)

    def _show(self, text: str) -> None:
        self.set_text(text)
        self.set_tooltip_text(text)


def _duration(seconds: float) -> str:
    if seconds >= 90:
        return _("about {minutes} min to paint").format(minutes=round(seconds / 60))
    return _("about {seconds} s to paint").format(seconds=max(1, round(seconds)))
