"""The words of ``--style``: a file or a library name, its share in a mix, and the mask of its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple


class StyleText(NamedTuple):
    """A style as it was written: an image file or a library name, its share, and its mask's file."""

    path: Path
    share: float = 1.0
    mask: Path | None = None


def parse_style(text: str) -> StyleText:
    """Take ``style:0.6@mask.png`` apart; without a share it is 1, without a mask everywhere.

    A file of the whole name wins, so that neither a colon or an at sign in a file name nor a drive
    letter does harm. Of several at signs the first counts that has a style before it and a file
    behind it, else the first with a file behind it, else the first with a style before it. The share
    may also stand behind the mask.
    """
    whole = _parse_share(text)
    if whole.path.is_file():
        return whole
    splits = [_Split(text[:at], text[at + 1 :]) for at, mark in enumerate(text) if mark == "@"]
    best = max(splits, key=lambda split: split.likelihood, default=None)
    return best.parsed() if best and best.likelihood else whole


def style_files(texts: Sequence[str]) -> list[Path]:
    """The files among the styles and their masks, or what would be if they existed."""
    parsed = [parse_style(text) for text in texts]
    styles = [style.path for style in parsed if not is_library_name(style.path)]
    return styles + [style.mask for style in parsed if style.mask]


def style_label(texts: Sequence[str]) -> str:
    """What the outputs of a mix are named after."""
    return "+".join(_labels(texts))


def is_library_name(path: Path) -> bool:
    """Names of the library hold no dot and no separator; a file of that name wins."""
    text = str(path)
    return not any(mark in text for mark in "/\\.\0") and bool(text) and not path.is_file()


class _Split(NamedTuple):
    style_text: str
    mask_text: str

    @property
    def likelihood(self) -> int:
        if not self.style_text or not self.mask_text:
            return 0
        style = _parse_share(self.style_text).path
        named = style.is_file() or ("@" not in str(style) and is_library_name(style))
        return named + 2 * _parse_share(self.mask_text).path.is_file()

    def parsed(self) -> StyleText:
        style, mask = _parse_share(self.style_text), _parse_share(self.mask_text)
        return StyleText(style.path, style.share * mask.share, mask.path)


def _labels(texts: Sequence[str]) -> Iterator[str]:
    for path, _, _ in map(parse_style, texts):
        yield str(path) if is_library_name(path) else path.stem


def _parse_share(text: str) -> StyleText:
    path, colon, share = text.rpartition(":")
    if not colon or not path or Path(text).exists() or not _is_number(share):
        return StyleText(Path(text))
    return StyleText(Path(path), float(share))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
