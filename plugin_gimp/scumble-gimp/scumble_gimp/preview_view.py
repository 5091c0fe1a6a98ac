"""The preview: the layer before and after, with a line between the two that follows the mouse.

It takes the room that the dialog has. Where there is more of the layer than is shown, dragging beside the
line brings it into view; the wheel zooms.
"""

from __future__ import annotations

from typing import Callable, Optional, Tuple

from gi.repository import Gdk, GLib, Gtk, Pango

from scumble import Extent, Pixels

from . import pictures
from .i18n import _
from .room import shorter
from .viewport import ROOM

GRIP = 24
"""Pixels on each side of the line that move it, as widgets are measured: on a dense screen it has more."""
ZOOMS = (None, 0.5, 1.0, 2.0)
LOW = 200
"""How high the picture is at least on a low screen."""
SETTLE_MS = 150
"""How long the dialog keeps its size before the preview is made for it."""


class PreviewView(Gtk.Box):
    """Shows `before`, and once there is one `after` on the left of the line; above them a title.

    `on_pan` is told by how many pixels of the layer to the right and down the view moves, while `can_pan` is
    set; `on_view` that `zoom` or `room` has changed.
    """

    def __init__(self, on_pan: Callable[[float, float], None], on_view: Callable[[], None]) -> None:
        super().__init__(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self.can_pan = False
        self.room = ROOM
        self._on_pan, self._on_view = on_pan, on_view
        self._grabbed: Optional[Tuple[float, float]] = None
        self._before: Optional[Pixels] = None
        self._after: Optional[Pixels] = None
        self._coverage: Optional[bytes] = None
        self._share, self._settling = 0.5, 0
        self._image = Gtk.Image()
        box = Gtk.EventBox(halign=Gtk.Align.CENTER, valign=Gtk.Align.CENTER)
        box.add(self._image)
        box.add_events(
            Gdk.EventMask.BUTTON_PRESS_MASK | Gdk.EventMask.BUTTON1_MOTION_MASK | Gdk.EventMask.SCROLL_MASK
        )
        box.connect("button-press-event", self._pressed)
        box.connect("motion-notify-event", self._moved)
        box.connect("scroll-event", self._scrolled)
        box.set_tooltip_text(
            _("Left of the line the result, right of it the layer: drag the line. The wheel zooms.")
        )
        # Whatever is shown, the dialog may become smaller again: the picture asks for no room.
        around = Gtk.ScrolledWindow(shadow_type=Gtk.ShadowType.IN)
        around.set_policy(Gtk.PolicyType.EXTERNAL, Gtk.PolicyType.EXTERNAL)
        around.set_size_request(ROOM.width + 4, shorter(ROOM.height, LOW) + 4)
        around.add(box)
        around.connect("size-allocate", self._allocated)
        self.connect("destroy", lambda *_args: self._stop_settling())

        self._title = Gtk.Label(ellipsize=Pango.EllipsizeMode.END, max_width_chars=20, xalign=0.0)
        self._zoom = Gtk.ComboBoxText()
        for zoom in ZOOMS:
            self._zoom.append_text(_("Fit") if zoom is None else "{:.0f}%".format(100 * zoom))
        self._zoom.set_active(0)
        self._zoom.set_tooltip_text(
            _("At 100% a part of the layer, with strokes as large as they will be: drag to see another")
        )
        self._zoom.connect("changed", lambda *_args: on_view())
        top = Gtk.Box(spacing=12)
        top.pack_start(self._title, True, True, 0)
        top.pack_start(self._zoom, False, False, 0)
        self.pack_start(top, False, False, 0)
        self.pack_start(around, True, True, 0)

    @property
    def zoom(self) -> Optional[float]:
        """How many pixels of the screen a pixel of the layer is wide; None while all of it is to be seen."""
        return ZOOMS[self._zoom.get_active()]

    def set_title(self, text: str) -> None:
        """Name what is shown."""
        self._title.set_markup("<b>{}</b>".format(GLib.markup_escape_text(text)))
        self._title.set_tooltip_text(text)

    def set_before(self, pixels: Pixels, coverage: Optional[bytes] = None) -> None:
        """Show another part of the layer; what was computed for the part before goes.

        `coverage` says where the result will be seen, one byte for each pixel; None for everywhere.
        """
        self._before, self._after, self._coverage = pictures.rgba(pixels), None, coverage
        self._draw()

    def set_after(self, pixels: Pixels) -> None:
        """Show a result for what `set_before` was given, brought to its size."""
        if self._before is not None:
            self._after = pictures.resized(pictures.rgba(pixels), self._before.extent)
            if self._coverage is not None:
                self._after = pictures.covered(self._before, self._after, self._coverage)
            self._draw()

    def _allocated(self, _around, allocation) -> None:
        dense = self.get_scale_factor()
        room = Extent(max(1, dense * (allocation.width - 4)), max(1, dense * (allocation.height - 4)))
        if room != self.room:
            self.room = room
            self._stop_settling()
            self._settling = GLib.timeout_add(SETTLE_MS, self._settled)

    def _settled(self) -> bool:
        self._settling = 0
        self._on_view()
        return GLib.SOURCE_REMOVE

    def _stop_settling(self) -> None:
        if self._settling:
            GLib.source_remove(self._settling)
            self._settling = 0

    def _pressed(self, _box, event) -> bool:
        line = self._share * self._width / self.get_scale_factor()
        beside = self._after is None or abs(event.x - line) > GRIP
        self._grabbed = (event.x_root, event.y_root) if self.can_pan and beside else None
        if self._grabbed is None:
            self._put_line(event.x)
        return True

    def _moved(self, _box, event) -> bool:
        if not event.state & Gdk.ModifierType.BUTTON1_MASK:
            return False  # the pointer only passes by: a widget with a tooltip is told of that too
        if self._grabbed is None:
            self._put_line(event.x)
        else:
            x, y = self._grabbed
            self._grabbed = (event.x_root, event.y_root)
            zoom = (self.zoom or 1.0) / self.get_scale_factor()
            self._on_pan((x - event.x_root) / zoom, (y - event.y_root) / zoom)
        return True

    def _scrolled(self, _box, event) -> bool:
        steps = {Gdk.ScrollDirection.UP: 1, Gdk.ScrollDirection.DOWN: -1}.get(event.direction, 0)
        at = min(len(ZOOMS) - 1, max(0, self._zoom.get_active() + steps))
        if at != self._zoom.get_active():
            self._zoom.set_active(at)
        return True

    def _put_line(self, x: float) -> None:
        if self._before is not None:
            self._share = min(1.0, max(0.0, x * self.get_scale_factor() / self._width))
            self._draw()

    @property
    def _times(self) -> int:
        """How many screen pixels wide a pixel shown is: a layer of a few pixels would be a speck."""
        if self._before is None or self.zoom is not None:
            return max(1, int(self.zoom or 1.0))
        width, height = self._before.extent
        return max(1, min(self.room.width // width, self.room.height // height))

    @property
    def _width(self) -> int:
        return self._times * self._before.extent.width if self._before is not None else 1

    def _draw(self) -> None:
        if self._before is None:
            return
        before, after = self._before, self._after
        if after is None:
            picture = pictures.pixbuf_of(before)
        else:
            picture = pictures.split(before, after, round(self._share * before.extent.width))
        picture, dense = pictures.enlarged(picture, self._times), self.get_scale_factor()
        if dense == 1:
            self._image.set_from_pixbuf(picture)
        else:  # as a pixbuf its pixels would be so many of the screen's; an icon has each of its own
            self._image.set_from_gicon(picture, Gtk.IconSize.DIALOG)
            self._image.set_pixel_size(-(-max(picture.get_width(), picture.get_height()) // dense))
