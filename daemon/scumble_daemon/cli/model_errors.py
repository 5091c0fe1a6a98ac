"""Errors of the model side as errors of the command line; their fields are the same."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from scumble.errors import ScumbleError


@contextlib.contextmanager
def model_errors() -> Iterator[None]:
    """Turn a ``ModelError`` into a ``ScumbleError`` with the same code, sentence and hint."""
    from scumble_models.errors import ModelError

    try:
        yield
    except ModelError as error:
        raise ScumbleError(error.code, str(error), hint=error.hint) from error
