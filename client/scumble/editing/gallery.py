"""The styles that an artist chooses from: the daemon's library, files, favourites and recent ones."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ..marks import MARKS, PHOTO_ENGINE
from .effect import Effect, StyleChoice
from .settings import EditorSettings
from .texts import Texts

ALL, FAVOURITES, RECENT, LAYERS = "all", "favourites", "recent", "layers"
GROUPS = (ALL, FAVOURITES, RECENT, *MARKS, LAYERS)


@dataclass(frozen=True)
class GalleryStyle:
    """One picture of the gallery.

    `family` is in the artist's language; `words` are what else a search finds it by. `settings` are fields
    of StylizeRequest that a recipe of the library brings along. The picture itself is the file's, the
    layer's, or what `Client.style_thumbnail` returns.
    """

    choice: StyleChoice
    family: str = ""
    mark: str = ""
    words: Tuple[str, ...] = ()
    favourite: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What stands below the picture."""
        return self.choice.label

    def brings(self, engine: str) -> Mapping[str, Any]:
        """The settings that change when it is chosen while `engine` is set.

        Behind a photo look the engine is one for looks; a style that is painted takes it back.
        """
        paints = self.mark in MARKS and "engine" not in self.settings
        if paints and engine == PHOTO_ENGINE:
            return {**self.settings, "engine": Effect.engine}
        return self.settings


class Gallery:
    """The styles to show. Change it with `set_library`, `add` and `remember`; read it with `shown`.

    Titles are in `language`, such as ``de``, where a style has one; `texts` has families, kinds of mark and
    tags in it. A search finds these in English, too.
    """

    def __init__(self, settings: EditorSettings, language: str = "", texts: Optional[Texts] = None) -> None:
        self._settings, self._language = settings, language
        self._texts = Texts() if texts is None else texts
        self._library: Dict[Tuple[str, str], GalleryStyle] = {}
        self._added: List[StyleChoice] = []

    def set_library(self, styles: Iterable[Mapping[str, Any]]) -> None:
        """Take what `Client.styles()` returned: maps with name, title, family, mark, tags, favourite,
        settings.

        Maps without a name are left out, and anything else of theirs that is odd is ignored.
        """
        self._library = {}
        for fields in styles:
            name = fields.get("name")
            if not isinstance(name, str) or not name:
                continue
            tags, settings = fields.get("tags"), fields.get("settings")
            family, mark = _text(fields.get("family")), _text(fields.get("mark"))
            words = [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
            words.append(family)
            words += [*map(self._texts.word, words), self._texts.mark(mark), _text(fields.get("title"))]
            style = GalleryStyle(
                StyleChoice("library", name, self._title(fields)),
                family=self._texts.word(family),
                mark=mark,
                words=tuple(words),
                favourite=fields.get("favourite") is True,
                settings=settings if isinstance(settings, dict) else {},
            )
            self._library[style.choice.key] = style

    def remember(self, settings: EditorSettings) -> None:
        """Take new favourites and recent styles."""
        self._settings = settings

    def add(self, choice: StyleChoice) -> None:
        """Show a style that is in no library, such as a file that was just opened."""
        if all(known.key != choice.key for known in self._added):
            self._added.insert(0, choice)

    def _title(self, fields: Mapping[str, Any]) -> str:
        titles = fields.get("titles")
        own = titles.get(self._language) if isinstance(titles, Mapping) else None
        return _text(own) or _text(fields.get("title"))

    def find(self, kind: str, value: str) -> Optional[GalleryStyle]:
        """The style of that kind and value, if the gallery has it."""
        for style in self._everything():
            if style.choice.key == (kind, value):
                return style
        return None

    def engine_for(self, choice: StyleChoice, engine: str) -> str:
        """The engine that a style gets when it is chosen while `engine` is set."""
        style = self.find(*choice.key)
        return engine if style is None else str(style.brings(engine).get("engine", engine))

    def marks(self) -> Sequence[str]:
        """The kinds of mark that styles here are made with, in the order of `MARKS`."""
        there = {style.mark for style in self._library.values()}
        return [mark for mark in MARKS if mark in there]

    def shown(self, search: str = "", group: str = ALL) -> Sequence[GalleryStyle]:
        """The styles of a group whose title, family, mark or tags hold every word of `search`.

        Files that no longer exist are left out, and layers are a group of their own. The recent come in
        the order of their use; otherwise favourites come first, and then what the artist added; the rest lie
        together by the kind of their marks.
        """
        words = search.casefold().split()
        everything = [style for style in self._everything() if _matches(style, words)]
        if group == LAYERS:
            return [style for style in everything if style.choice.kind == "layer"]
        styles = [style for style in everything if style.choice.kind != "layer"]
        if group == RECENT:
            order = {choice.key: index for index, choice in enumerate(self._settings.recent)}
            recent = [style for style in styles if style.choice.key in order]
            return sorted(recent, key=lambda style: order[style.choice.key])
        if group == FAVOURITES:
            return [style for style in styles if style.favourite]
        if group in MARKS:
            styles = [style for style in styles if style.mark == group]
        return sorted(styles, key=lambda style: (not style.favourite, _place(style)))

    def _everything(self) -> List[GalleryStyle]:
        found: Dict[Tuple[str, str], GalleryStyle] = {}
        favourites = {choice.key for choice in self._settings.favourites}
        own = [*self._added, *self._settings.favourites, *self._settings.recent]
        for choice in own:
            if choice.kind == "file" and choice.key not in found and Path(choice.value).is_file():
                found[choice.key] = GalleryStyle(choice, favourite=choice.key in favourites)
            elif choice.kind == "layer" and choice.key not in found:
                found[choice.key] = GalleryStyle(choice)
        for key, style in self._library.items():
            found[key] = replace(style, favourite=style.favourite or key in favourites)
        return list(found.values())


def _place(style: GalleryStyle) -> int:
    if style.choice.kind != "library":
        return -1
    return MARKS.index(style.mark) if style.mark in MARKS else len(MARKS)


def _matches(style: GalleryStyle, words: Sequence[str]) -> bool:
    text = " ".join((style.title, style.family, style.mark, style.choice.value, *style.words)).casefold()
    return all(word in text for word in words)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
