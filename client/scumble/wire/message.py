"""What every message is: a frozen dataclass with a name on the wire."""

from __future__ import annotations

from typing import Any, ClassVar, Dict, Optional, Tuple, Type

_TYPES: Dict[str, Type[Message]] = {}


class Message:
    """Base of all messages. `type` is the name on the wire."""

    type: ClassVar[str] = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _TYPES[cls.type] = cls


def message_type(name: str) -> Optional[Type[Message]]:
    """The class of that name on the wire; None when this version has none."""
    return _TYPES.get(name)


def message_types() -> Tuple[Type[Message], ...]:
    """All message classes, by name."""
    return tuple(_TYPES[name] for name in sorted(_TYPES))
