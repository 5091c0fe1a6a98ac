"""What the models raise, as what everybody else raises: with its code, its sentences and their values."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from scumble.errors import ScumbleError

if TYPE_CHECKING:
    from scumble_models.errors import ModelError


def typed(error: ModelError) -> ScumbleError:
    """A ``ModelError`` as a ``ScumbleError``."""
    values: dict[str, Any] = error.values
    return ScumbleError(error.code, error.template, hint=error.hint_template, **values)


@contextlib.contextmanager
def model_errors() -> Iterator[None]:
    """Turn a ``ModelError`` that comes out of the block into a ``ScumbleError``."""
    from scumble_models.errors import ModelError

    try:
        yield
    except ModelError as error:
        raise typed(error) from error
