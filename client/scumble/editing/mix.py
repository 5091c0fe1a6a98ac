"""A mix of styles as an artist changes it: the shares always sum to 1.

All functions take a tuple of StyleChoice and return a new one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Sequence, Tuple

from .effect import MAX_MIX, StyleChoice

Mix = Tuple[StyleChoice, ...]


def put(styles: Sequence[StyleChoice], style: StyleChoice, at: int) -> Mix:
    """With `style` in place number `at`, whose share and mask it takes.

    Behind the last it joins with a fair share. A style that is in the mix already, or one more than
    `MAX_MIX`, changes nothing.
    """
    mix = evened(styles)
    if any(known.key == style.key for known in mix):
        return mix
    if at < len(mix):
        return (*mix[:at], replace(style, amount=mix[at].amount, mask=mix[at].mask), *mix[at + 1 :])
    if len(mix) >= MAX_MIX:
        return mix
    return evened((*mix, replace(style, amount=1.0 / max(1, len(mix)))))


def without(styles: Sequence[StyleChoice], at: int) -> Mix:
    """Without the style in place number `at`; the others share what it had."""
    return evened([style for number, style in enumerate(styles) if number != at])


def with_share(styles: Sequence[StyleChoice], at: int, share: float) -> Mix:
    """With that share, 0 to 1, for number `at`; the others keep their proportions in what is left."""
    if len(styles) < 2:
        return evened(styles)
    share = min(1.0, max(0.0, share))
    others = sum(style.amount for number, style in enumerate(styles) if number != at)
    changed = []
    for number, style in enumerate(styles):
        part = style.amount / others if others > 0 else 1.0 / (len(styles) - 1)
        changed.append(replace(style, amount=share if number == at else (1.0 - share) * part))
    return tuple(changed)


def evened(styles: Sequence[StyleChoice]) -> Mix:
    """With amounts that sum to 1; equal ones where all were 0."""
    total = sum(style.amount for style in styles)
    if total <= 0:
        return tuple(replace(style, amount=1.0 / len(styles)) for style in styles)
    return tuple(replace(style, amount=style.amount / total) for style in styles)
