"""The preview: the layer before and after, with a line between the two that follows the mouse.

Where there is more of the layer than is shown, dragging beside the line brings it into view.
"""

from __future__ import annotations

from typing import Callable, Optional, Tuple

from gi.repository import Gdk, GLib, Gtk, Pango

from scumble import Pixels

from . import pictures
from .i18n import _
from .viewport import ASPECT

SIDE = 400
"""Longest side of the preview in pixels."""
GRIP = 24
"""Pixels on each side of the line that move it."""


class PreviewView(Gtk.Box):
    """Shows `before`, and once there is one `after` on the left of the line; above them a title.

    `on_pan` is told by how many pixels to the right and down the view moves, while `can_pan` is set;
    `on_actual_size` that `actual_size` has changed.
    """

    def __init__(self, on_pan: Callable[[float, float], None], on_actual_size: Callable[[], None]) -> None:
        super().__init__(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self.can_pan = False
        self._on_pan = on_pan
        self._grabbed: Optional[Tuple[float, float]] = None
        self._before: Optional[Pixels] = None
        self._after: Optional[Pixels] = None
        self._share = 0.5
        self._image = Gtk.Image()
        box = Gtk.EventBox(halign=Gtk.Align.CENTER, valign=Gtk.Align.CENTER)
        box.add(self._image)
        box.add_events(Gdk.EventMask.BUTTON_PRESS_MASK | Gdk.EventMask.BUTTON1_MOTION_MASK)
        box.connect("button-press-event", self._pressed)
        box.connect("motion-notify-event", self._moved)
        box.set_tooltip_text(_("Left of the line the result, right of it the layer: drag the line"))
        frame = Gtk.Frame(shadow_type=Gtk.ShadowType.IN)
        frame.set_size_request(SIDE + 4, int(SIDE * ASPECT) + 4)
        frame.add(box)

        self._title = Gtk.Label(ellipsize=Pango.EllipsizeMode.END, max_width_chars=20, xalign=0.0)
        self._actual_size = Gtk.CheckButton(label=_("Actual size"))
        self._actual_size.set_tooltip_text(
            _("A part of the layer, with strokes as large as they will be: drag it to see another part")
        )
        self._actual_size.connect("toggled", lambda *_args: on_actual_size())
        top = Gtk.Box(spacing=12)
        top.pack_start(self._title, True, True, 0)
        top.pack_start(self._actual_size, False, False, 0)
        self.pack_start(top, False, False, 0)
        self.pack_start(frame, True, True, 0)

    @property
    def actual_size(self) -> bool:
        """Whether a part at actual size is wanted, and not all of the layer."""
        return self._actual_size.get_active()

    def set_title(self, text: str) -> None:
        """Name what is shown."""
        self._title.set_markup("<b>{}</b>".format(GLib.markup_escape_text(text)))
        self._title.set_tooltip_text(text)

    def set_before(self, pixels: Pixels) -> None:
        """Show another part of the layer; what was computed for the part before goes."""
        self._before, self._after = pictures.rgba(pixels), None
        self._draw()

    def set_after(self, pixels: Pixels) -> None:
        """Show a result for what `set_before` was given, brought to its size."""
        if self._before is not None:
            self._after = pictures.resized(pictures.rgba(pixels), self._before.extent)
            self._draw()

    def _pressed(self, _box, event) -> bool:
        line = self._share * self._width
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
            self._on_pan(x - event.x_root, y - event.y_root)
        return True

    def _put_line(self, x: float) -> None:
        if self._before is not None:
            self._share = min(1.0, max(0.0, x / self._width))
            self._draw()

    @property
    def _zoom(self) -> int:
        """How many screen pixels wide a pixel is: a layer of a few pixels would be a speck."""
        if self._before is None or self.actual_size:
            return 1
        width, height = self._before.extent
        return max(1, min(SIDE // width, int(SIDE * ASPECT) // height))

    @property
    def _width(self) -> int:
        return self._zoom * self._before.extent.width if self._before is not None else 1

    def _draw(self) -> None:
        if self._before is None:
            return
        before, after = self._before, self._after
        if after is None:
            picture = pictures.pixbuf_of(before)
        else:
            picture = pictures.split(before, after, round(self._share * before.extent.width))
        self._image.set_from_pixbuf(pictures.enlarged(picture, self._zoom))
