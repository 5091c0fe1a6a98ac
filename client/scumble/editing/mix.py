"""A mix of styles as an artist changes it: the shares always sum to 1.

All functions take a tuple of StyleChoice and return a new one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Sequence, Tuple

from .effect import ELSEWHERE, MAX_MIX, StyleChoice

Mix = Tuple[StyleChoice, ...]


def put(styles: Sequence[StyleChoice], style: StyleChoice, at: int) -> Mix:
    """With `style` in place number `at`, whose share and mask it takes.

    Behind the last it joins with a fair share, elsewhere if another has a mask. A style that is in the mix
    already, or one more than `MAX_MIX`, changes nothing.
    """
    mix = evened(styles)
    if any(known.key == style.key for known in mix):
        return mix
    if at < len(mix):
        return (*mix[:at], replace(style, amount=mix[at].amount, mask=mix[at].mask), *mix[at + 1 :])
    if len(mix) >= MAX_MIX:
        return mix
    mask = ELSEWHERE if _has_masks(mix) else ""
    return evened((*mix, replace(style, amount=1.0 / max(1, len(mix)), mask=mask)))


def without(styles: Sequence[StyleChoice], at: int) -> Mix:
    """Without the style in place number `at`; the others share what it had."""
    return evened(_settled([style for number, style in enumerate(styles) if number != at]))


def with_mask(styles: Sequence[StyleChoice], at: int, mask: str) -> Mix:
    """With that mask for number `at`.

    The first mask of a mix makes room for itself: the others, everywhere until then, go elsewhere. When
    the last one goes, all are everywhere again.
    """
    first = mask not in _NO_MASK and not _has_masks(styles)
    others = [replace(style, mask=ELSEWHERE) for style in styles] if first else styles
    return _settled([replace(s, mask=mask) if n == at else s for n, s in enumerate(others)])


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


_NO_MASK = ("", ELSEWHERE)


def _has_masks(styles: Sequence[StyleChoice]) -> bool:
    return any(style.mask not in _NO_MASK for style in styles)


def _settled(styles: Sequence[StyleChoice]) -> Mix:
    """Without a mask there is no elsewhere."""
    return tuple(styles) if _has_masks(styles) else tuple(replace(style, mask="") for style in styles)
