"""Plots as SVG: panels beside each other over one logarithmic axis. No library is needed for that."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 460, 340
LEFT, RIGHT, TOP, BOTTOM = 62, 18, 54, 52
#: Of one line in the legend, which stands above the panel.
LEGEND = 126
#: Of Okabe and Ito: told apart by all eyes.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")


@dataclass(frozen=True)
class Line:
    """Points ``(x, y)``, all above 0, with a name for the legend."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Panel:
    """One diagram; both axes are logarithmic."""

    title: str
    x: str
    y: str
    lines: Sequence[Line]


def svg(panels: Sequence[Panel]) -> str:
    """The panels in a row, as the text of an SVG file.

    Raises:
        ValueError: there is nothing to show, or a value that has no logarithm.
    """
    values = [value for panel in panels for line in panel.lines for point in line.points for value in point]
    if not values or min(values) <= 0:
        raise ValueError("A plot with logarithmic axes needs points above 0.")
    width = WIDTH * len(panels)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" width="{width}" '
        f'height="{HEIGHT}" font-family="sans-serif" font-size="12">'
    )
    parts = [head, f'<rect width="{width}" height="{HEIGHT}" fill="#ffffff"/>']
    for number, panel in enumerate(panels):
        parts += [f'<g transform="translate({number * WIDTH} 0)">', *_panel(panel), "</g>"]
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel) -> list[str]:
    across = _Axis([x for line in panel.lines for x, _ in line.points], LEFT, WIDTH - RIGHT)
    upward = _Axis([y for line in panel.lines for _, y in line.points], HEIGHT - BOTTOM, TOP)
    bottom, middle = HEIGHT - BOTTOM, (LEFT + WIDTH - RIGHT) / 2
    parts = [_text(middle, 20, panel.title, weight="bold"), _text(middle, HEIGHT - 12, panel.x)]
    turned = f"rotate(-90 16 {(TOP + bottom) / 2:.0f})"
    parts.append(_text(16, (TOP + bottom) / 2, panel.y, transform=turned))
    for value in across.ticks():
        x = across.at(value)
        parts += [_rule(x, TOP, x, bottom), _text(x, bottom + 18, f"{value:g}")]
    for value in upward.ticks():
        y = upward.at(value)
        parts += [_rule(LEFT, y, WIDTH - RIGHT, y), _text(LEFT - 6, y + 4, f"{value:g}", anchor="end")]
    for number, line in enumerate(panel.lines):
        colour = COLOURS[number % len(COLOURS)]
        places = [(across.at(x), upward.at(y)) for x, y in line.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        left = LEFT + LEGEND * number
        parts.append(f'<rect x="{left}" y="32" width="10" height="10" fill="{colour}"/>')
        parts.append(_text(left + 15, 41, line.name, anchor="start"))
    return parts


class _Axis:
    """From values to places, by their logarithms, with a little room at both ends."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        low, high = math.log10(min(values)), math.log10(max(values))
        room = max(0.06 * (high - low), 0.1)
        self._low, self._high, self._start, self._end = low - room, high + room, start, end

    def at(self, value: float) -> float:
        """Where a value is."""
        share = (math.log10(value) - self._low) / (self._high - self._low)
        return self._start + share * (self._end - self._start)

    def ticks(self) -> list[float]:
        """Powers of ten, with 2 and 5 between them where there are few."""
        powers = range(math.floor(self._low), math.ceil(self._high) + 1)
        steps = (1,) if self._high - self._low > 4 else (1, 2, 5)
        values = [float(f"{step}e{power}") for power in powers for step in steps]
        return [value for value in values if self._low <= math.log10(value) <= self._high]


def _rule(x: float, y: float, right: float, bottom: float) -> str:
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{right:.1f}" y2="{bottom:.1f}" stroke="#dddddd"/>'


def _text(
    x: float, y: float, text: str, anchor: str = "middle", weight: str = "normal", transform: str = ""
) -> str:
    turned = f' transform="{transform}"' if transform else ""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}"'
    return f'<text {place} fill="#222222"{turned}>{escape(text)}</text>'
