"""The style library as clients see it: in pages, and one thumbnail at a time. For the broker's thread."""

from __future__ import annotations

from typing import Any

from scumble.wire.header import MAX_HEADER
from scumble.wire.messages import StyleList, Styles, Thumbnail, ThumbnailImage
from scumble.wire.msgpack import packb

from ..library import Library, StyleEntry
from ..library.thumbnails import ThumbnailMaker, read_thumbnail

# Bounds on a message that clients check: its size, and the number of values in it.
PAGE_STYLES = 64
_PAGE_BYTES = MAX_HEADER - 1024


class LibraryHandler:
    """Answers from the library; decodes no picture and loads no model."""

    def __init__(self, library: Library | None = None) -> None:
        self._library = library or Library()
        self._maker = ThumbnailMaker()

    def page(self, question: Styles) -> StyleList:
        """The styles from `offset` on, as many as fit into one message."""
        entries = self._library.entries()
        if question.offset == 0:
            self._maker.want(entries)
        page: list[dict[str, Any]] = []
        size = 0
        for entry in entries[question.offset : question.offset + PAGE_STYLES]:
            row = self._row(entry)
            size += len(packb(row))
            if page and size > _PAGE_BYTES:
                break
            page.append(row)
        return StyleList(question.request, page, len(entries))

    def thumbnail(self, question: Thumbnail) -> ThumbnailImage:
        """The JPEG of one style. Raises ScumbleError `unknown-style`."""
        return ThumbnailImage(question.request, read_thumbnail(self._library.find(question.name)))

    def close(self) -> None:
        """End what is being made."""
        self._maker.close()

    def _row(self, entry: StyleEntry) -> dict[str, Any]:
        row = self._library.describe(entry)
        return {**row, "preview": str(entry.thumbnail) if row["thumbnail"] else ""}
