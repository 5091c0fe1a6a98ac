"""What the doctor says: one finding per line."""

from __future__ import annotations

from dataclasses import asdict, dataclass

GOOD, ODD, BAD = "ok", "warning", "problem"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor: what was looked at, how it is, and what to do when it is not well.

    `state` is `ok`, `warning` (works, could be better) or `problem` (something will fail).
    """

    topic: str
    state: str
    text: str
    advice: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)
