"""What client, daemon and models say, in the artist's language: their errors are English sentences.

A sentence without values is a message of the plug-in's catalogue. One with values is known again by its
template, which is such a message too.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Callable, Pattern, Sequence, Tuple

from .templates import TEMPLATES

_VALUE = re.compile(r"\{\d\}")


def translated(sentence: str, gettext: Callable[[str], str]) -> str:
    """The sentence by `gettext`; as it is where no catalogue has it."""
    whole = gettext(sentence) if sentence else sentence
    if whole != sentence:
        return whole
    for template, pattern in _patterns(TEMPLATES):
        found = pattern.fullmatch(sentence)
        if found:
            values = [gettext(value) if value else value for value in found.groups()]
            return gettext(template).format(*values)
    return sentence


@lru_cache(maxsize=1)
def _patterns(templates: Sequence[str]) -> Sequence[Tuple[str, Pattern[str]]]:
    """Each template with the expression for its sentences; those with most words of their own first."""
    exact = sorted(templates, key=lambda template: -len(_VALUE.sub("", template)))
    return [(template, _pattern(template)) for template in exact]


def _pattern(template: str) -> Pattern[str]:
    return re.compile("(.*?)".join(map(re.escape, _VALUE.split(template))), re.DOTALL)
