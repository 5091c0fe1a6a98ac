"""JSON of names as file systems have them."""

from __future__ import annotations

import json
from typing import Any


def json_text(value: Any, indent: int | None = None) -> str:
    """JSON, on one line without `indent`. A name that is not UTF-8 is kept by escapes, as others do."""
    text = json.dumps(value, indent=indent, default=str, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, indent=indent, default=str)
    return text
