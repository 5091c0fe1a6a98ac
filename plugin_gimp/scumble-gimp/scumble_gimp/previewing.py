"""What the preview of the dialog shows: which part of the layer, and the jobs that paint it."""

from __future__ import annotations

from functools import partial
from typing import Callable, Optional, Tuple

from gi.repository import GLib

from scumble import Bounds, Pixels, ScumbleError
from scumble.editing import JobController, JobEvent
from scumble.editing.estimate import Estimate, preview_side

from . import layers, places
from .config import effect_of
from .i18n import _
from .painting import layer_pixels
from .preview_view import PreviewView
from .status_line import StatusLine
from .viewport import Viewport, within

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
        self.line = StatusLine(config, self._seconds_to_paint)
        self.paused = False
        self.before: Optional[Pixels] = None
        """The part of the layer that is shown."""
        self._viewport = Viewport()
        self._ticket = self._debounce = 0
        self._part: Optional[Bounds] = None
        self._asked: Optional[Pixels] = None
        self._pixels: Optional[Pixels] = None
        self._small: Optional[Tuple[int, Pixels]] = None
        self._fitted: Optional[Tuple[Bounds, Pixels]] = None
        """An area and its result, until another is asked for: a dialog of another size needs no other."""
        self._estimate, self._measures = Estimate(), False

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
        selected = layers.target(self._image, self._layer, self._config.get_property("apply-to"))
        coverage = layers.coverage(self._image, self._layer, part, side) if selected is not None else None
        self.view.set_before(self.before, coverage)
        if zoom is None and self._fitted is not None and self._fitted[0] == area:
            self.view.set_after(self._fitted[1])
        else:
            self.later()

    def later(self) -> None:
        """Paint again, once nothing has changed for a moment."""
        self._measures = False
        if self._debounce:
            GLib.source_remove(self._debounce)
        self._debounce = GLib.timeout_add(DEBOUNCE_MS, self._start)

    def read(self, event: JobEvent) -> bool:
        """Take an event of the preview that is wanted; whether one has come with it."""
        if event.ticket != self._ticket:
            return False
        if event.kind == "progress":
            return False
        self._ticket = 0
        measured, self._measures = self._measures, False
        if event.kind == "done":
            if self._asked is self.before and event.result is not None and not measured:
                self.view.set_after(event.result)
                if self._part is None:
                    self._fitted = (self._area(), event.result)
            if measured:
                stroke_size = self._config.get_property("stroke-size")
                small = self._small_copy(stroke_size)
                self._estimate.learn(self._measured_is(), event.seconds, small.extent, stroke_size)
            elif self._part is None and self._seconds_to_paint() == 0:
                self.later()
                self._measures = True  # the first one may have read the network and the style
            self.line.rest()
            return True
        if event.error is not None and event.error.code != "cancelled":
            self._on_error(event.error)
            self.line.rest()
        return False

    def say(self) -> None:
        """Tell that the preview is being painted, unless the line tells what that waits for."""
        if self.line.worker_is_ready:
            self.line.say(_("Painting the preview…"))

    def _seconds_to_paint(self) -> Optional[float]:
        """How long Paint will take, 0 where that is not known; None without a style."""
        try:
            area = self._area()
            if not effect_of(self._config).styles:
                return None
        except ScumbleError:
            return None
        if not self._estimate.knows(self._measured_is()):
            return 0.0
        stroke_size = self._config.get_property("stroke-size")
        return self._estimate.seconds(self._whole().extent, area, stroke_size)

    def _measured_is(self) -> object:
        """What changes the speed."""
        effect = effect_of(self._config)
        masks = any(style.mask for style in effect.styles)
        return effect.engine, effect.device, len(effect.styles), masks

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
                if not self._measures:
                    self._fitted = None
                pixels = self._small_copy(effect.stroke_size)
                region = within(self._area(), self._whole(), pixels.extent)
                if self._part is not None:
                    # A region of the whole layer, as Paint paints it: what is seen is what will be there.
                    pixels, region = self._whole_pixels(), self._part
                elif self._measures:
                    # All of a layer that differs a little: of the same one the statistics are known.
                    pixels, region = _other_than(pixels), None
                covered = partial(places.coverage, self._layer, max(pixels.extent))
                request = effect.request(pixels, region, layer_pixels, covered)
                self._ticket = self._controller.preview(request)
                self.say()
        except ScumbleError as error:
            self._on_error(error)
        return GLib.SOURCE_REMOVE

    def _small_copy(self, stroke_size: float) -> Pixels:
        """All of the layer as large as its strokes want it: then they are the result's, whatever its size."""
        side = preview_side(stroke_size)
        if self._small is None or self._small[0] != side:
            self._small = (side, layers.small_copy(self._layer, side))
        return self._small[1]

    def _whole_pixels(self) -> Pixels:
        if self._pixels is None:
            whole = self._whole()
            self._pixels = layers.scaled(self._layer, whole, max(whole.extent))
        return self._pixels


def _other_than(pixels: Pixels) -> Pixels:
    """The same picture but for the last bit of its first value."""
    data = bytearray(pixels.view())
    data[0] ^= 1
    return Pixels(pixels.extent, pixels.format, bytes(data))
