"""Errors that the model side raises on purpose: one plain sentence, a code, and what to do."""

from __future__ import annotations

import re

_FIELD = re.compile(r"\{(\w+)\}")


class ModelError(Exception):
    """Base of every error of this package.

    Message and hint are templates, and `values` is what they name: in
    ``DeviceError("There is no device {device}.", device=name)`` a catalogue has the sentence with
    ``{device}`` in it. ``str()`` gives the message with the values in it.

    Attributes:
        code: a stable, typed identifier such as ``unknown-model``.
        hint: what the user can do about it, with the values in it; may be empty.
        template, hint_template, values: what message and hint are made of.
    """

    code = "model-error"

    def __init__(self, message: str, *, hint: str = "", **values: object) -> None:
        self.template = message
        self.hint_template = hint
        self.values = {name: str(value) for name, value in values.items()}
        super().__init__(self._filled(message))

    @property
    def hint(self) -> str:
        return self._filled(self.hint_template)

    def _filled(self, template: str) -> str:
        return _FIELD.sub(lambda field: self.values.get(field[1], field[0]), template)


class UnknownModelError(ModelError):
    """No model of that name is built in or imported."""

    code = "unknown-model"

    def __init__(self, name: str, suggestions: list[str]) -> None:
        self.name = name
        self.suggestions = suggestions
        super().__init__(
            "There is no model named {model}.",
            hint="Did you mean {near}?" if suggestions else "List them with: scumble models list",
            model=repr(name),
            near=" or ".join(suggestions),
        )


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
