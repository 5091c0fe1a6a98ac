"""What the preview of the dialog shows: which part of the layer, and the jobs that paint it."""

from __future__ import annotations

from functools import partial
from typing import Callable, Optional

from gi.repository import GLib

from scumble import Bounds, Pixels, ScumbleError
from scumble.editing import JobController, JobEvent

from . import layers, places
from .config import effect_of
from .i18n import _
from .painting import layer_pixels
from .preview_view import PreviewView
from .status_line import StatusLine
from .viewport import PAINTED, Viewport, within

DEBOUNCE_MS = 200


class Previewing:
    """Keeps a PreviewView up to date. `view` is made here; while `paused` nothing new is asked for."""

    def __init__(
        self,
        image,
        layer,
        config,
        controller: JobController,
        on_error: Callable[[ScumbleError], None],
    ) -> None:
        self._image, self._layer, self._config = image, layer, config
        self._controller, self._on_error = controller, on_error
        self.view = PreviewView(self._panned, self.part_changed)
        self.line = StatusLine(config, self.pixels_to_paint)
        self.paused = False
        self.before: Optional[Pixels] = None
        """The part of the layer that is shown."""
        self._viewport = Viewport()
        self._ticket = self._debounce = 0
        self._part: Optional[Bounds] = None
        self._asked: Optional[Pixels] = None
        self._pixels: Optional[Pixels] = None

    @property
    def is_painting(self) -> bool:
        """Whether a preview is on its way."""
        return self._ticket != 0

    def close(self) -> None:
        """Ask for nothing any more."""
        if self._debounce:
            GLib.source_remove(self._debounce)
            self._debounce = 0

    def part_changed(self) -> None:
        """Show the part of the layer that will be painted, or as much of it as has room."""
        area, zoom = self._area(), self.view.zoom
        self._viewport.room = self.view.room
        part, side = self._viewport.fitted(area)
        if zoom is not None:
            part = self._viewport.zoomed(area, zoom)
            side = max(1, int(max(part.extent) * min(1.0, zoom)))
        self.view.can_pan = part != area
        self._part = part if zoom is not None and part != self._whole() else None
        self.before = layers.scaled(self._layer, part, side)
        # All of the layer as large as its strokes want it: then those are the result's, whatever its size.
        self._small = layers.scaled(self._layer, self._whole(), PAINTED)
        selected = layers.target(self._image, self._layer, self._config.get_property("apply-to"))
        coverage = layers.coverage(self._image, self._layer, part, side) if selected is not None else None
        self.view.set_before(self.before, coverage)
        self.later()

    def later(self) -> None:
        """Paint again, once nothing has changed for a moment."""
        if self._debounce:
            GLib.source_remove(self._debounce)
        self._debounce = GLib.timeout_add(DEBOUNCE_MS, self._start)

    def read(self, event: JobEvent) -> bool:
        """Take an event of the preview that is wanted; whether one has come with it."""
        if event.ticket != self._ticket:
            return False
        if self._part is None:
            self.line.measure(event, self._small.extent.area)
        if event.kind == "progress":
            return False
        self._ticket = 0
        if event.kind == "done":
            if self._asked is self.before and event.result is not None:
                self.view.set_after(event.result)
            self.line.rest()
            # Only the fitted preview is measured: one at actual size would ask for itself for ever.
            if self._part is None and self.line.measures == 1:
                self.later()  # the same once more tells how long the layer will take
            return True
        if event.error is not None and event.error.code != "cancelled":
            self._on_error(event.error)
            self.line.rest()
        return False

    def say(self) -> None:
        """Tell that the preview is being painted, unless the line tells what that waits for."""
        if self.line.worker_is_ready:
            self.line.say(_("Painting the preview…"))

    def pixels_to_paint(self) -> int:
        """How many pixels Paint will paint; 0 without a style."""
        try:
            return self._area().area if effect_of(self._config).styles else 0
        except ScumbleError:
            return 0

    def _whole(self) -> Bounds:
        return Bounds(0, 0, self._layer.get_width(), self._layer.get_height())

    def _area(self) -> Bounds:
        """The part of the layer that will be painted."""
        return layers.target(self._image, self._layer, self._config.get_property("apply-to")) or self._whole()

    def _panned(self, right: float, down: float) -> None:
        self._viewport.move(right, down)
        self.part_changed()

    def _start(self) -> bool:
        self._debounce = 0
        if self.paused:
            return GLib.SOURCE_REMOVE
        try:
            effect = effect_of(self._config)
            if effect.styles:
                self._asked = self.before
                pixels, region = self._small, within(self._area(), self._whole(), self._small.extent)
                if self._part is not None:
                    # A region of the whole layer, as Paint paints it: what is seen is what will be there.
                    pixels, region = self._whole_pixels(), self._part
                covered = partial(places.coverage, self._layer, max(pixels.extent))
                request = effect.request(pixels, region, layer_pixels, covered)
                self._ticket = self._controller.preview(request)
                self.say()
        except ScumbleError as error:
            self._on_error(error)
        return GLib.SOURCE_REMOVE

    def _whole_pixels(self) -> Pixels:
        if self._pixels is None:
            whole = self._whole()
            self._pixels = layers.scaled(self._layer, whole, max(whole.extent))
        return self._pixels
