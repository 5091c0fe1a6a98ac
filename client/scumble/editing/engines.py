"""What an editor has to know of the engines to offer them, and the settings that mean something to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict

from ..client import Client


@dataclass(frozen=True)
class EngineChoice:
    """One engine.

    Attributes:
        title: what it paints like.
        has_strokes: whether their size can be chosen.
    """

    title: str
    has_strokes: bool = True


def engine_choices(client: Client) -> Dict[str, EngineChoice]:
    """The engines to offer, by name, in the daemon's order. Raises ScumbleError as `Client.models`.

    Of a daemon that tells no traits everything is offered: it says itself what does not go.
    """
    found = {}
    for model in client.models():
        traits = model.get("traits", {})
        if traits.get("offered", True):
            found[str(model["name"])] = EngineChoice(str(model["title"]), bool(traits.get("cascades", True)))
    return found
