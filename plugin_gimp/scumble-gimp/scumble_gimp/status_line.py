"""The line that says what happens now; between the jobs: what computes, and how long the layer will take."""

from __future__ import annotations

from typing import Any, Callable, Mapping, Optional

from gi.repository import Gtk, Pango

from scumble.editing import JobEvent
from scumble.editing.texts import fraction

from .i18n import _


class StatusLine(Gtk.Label):
    """`area` gives the number of pixels that Paint will paint, 0 while no style is chosen."""

    def __init__(self, config, area: Callable[[], int]) -> None:
        super().__init__(xalign=0.0, margin_top=6, ellipsize=Pango.EllipsizeMode.END)
        self._config, self._area = config, area
        self._status: Mapping[str, Any] = {}
        self._seconds_per_pixel = 0.0
        self._resting = False
        self._began: Optional[JobEvent] = None
        self.measures = 0
        """How many previews were measured. The first one warms up: it may take ten times as long."""

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
        area = self._area()
        parts = [_("Ready") if area else _("Choose a style"), self._device()]
        if area and self.measures > 1:
            parts.append(_duration(self._seconds_per_pixel * area))
        self._show(" · ".join(filter(None, parts)))

    def know(self, status: Mapping[str, Any]) -> None:
        """Take what the daemon says of itself once its worker is ready."""
        self._status = status
        if self._resting:
            self.rest()

    def measure(self, event: JobEvent, pixels: int) -> None:
        """Learn from a preview of so many pixels how fast it goes.

        What comes before its first progress is no measure: the network and the style may have to be read.
        """
        began = self._began if self._began is not None and self._began.ticket == event.ticket else None
        if event.progress is not None and began is None:
            self._began = event
        elif event.kind == "done" and began is not None and began.progress is not None:
            seconds, share = event.at - began.at, 1.0 - fraction(began.progress)
            if seconds > 0 and share > 0:
                self.measures += 1
                measured = seconds / share / pixels
                self._seconds_per_pixel = min(measured, self._seconds_per_pixel or measured)

    def _device(self) -> str:
        devices = self._status.get("devices")
        if not devices:
            return ""
        device = self._config.get_property("device")
        if device == "auto":
            device = self._status.get("device", "auto")
        if device == "auto":
            device = "cpu" if all(found == "cpu" for found in devices) else "cuda"
        return _("on the processor") if device == "cpu" else _("on the graphics card")

    def _show(self, text: str) -> None:
        self.set_text(text)
        self.set_tooltip_text(text)


def _duration(seconds: float) -> str:
    if seconds >= 90:
        return _("about {minutes} min to paint").format(minutes=round(seconds / 60))
    return _("about {seconds} s to paint").format(seconds=max(1, round(seconds)))
