"""Errors that the model side raises on purpose: one plain sentence, a code, and what to do."""

from __future__ import annotations


class ModelError(Exception):
    """Base of every error of this package.

    Attributes:
        code: a stable, typed identifier such as ``unknown-model``.
        hint: what the user can do about it; may be empty.
    """

    code = "model-error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UnknownModelError(ModelError):
    """No model of that name is built in or imported."""

    code = "unknown-model"

    def __init__(self, name: str, suggestions: list[str]) -> None:
        self.name = name
        self.suggestions = suggestions
        near = f"Did you mean {' or '.join(suggestions)}?"
        hint = near if suggestions else "List them with: scumble models list"
        super().__init__(f"There is no model named {name!r}.", hint=hint)


class WeightsError(ModelError):
    """A weights file is missing, damaged, or does not fit its network."""

    code = "bad-weights"


class SignalsError(ModelError):
    """Serialised style signals are damaged or belong to another network."""

    code = "bad-signals"


class PixelsError(ModelError):
    """An array is not an image this package can work on."""

    code = "bad-pixels"


class DeviceError(ModelError):
    """The device asked for is not at hand."""

    code = "no-such-device"


class OutOfMemoryError(ModelError):
    """Memory did not suffice, even with the smallest patches."""

    code = "out-of-memory"


class LayerError(ModelError):
    """A network has a layer of which it is not known which inputs its outputs need."""

    code = "unknown-layer"


class TrainingError(ModelError):
    """Training cannot start or go on."""

    code = "training-failed"


class Cancelled(ModelError):  # noqa: N818 - a request that was honoured, not a fault
    """The job was cancelled between two patches."""

    code = "cancelled"

    def __init__(self) -> None:
        super().__init__("The job was cancelled.")
