"""docs/protocol.md is what the code says: every message, field, limit and error code."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def protocol():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "tools"))
        import protocol

        yield protocol
        for name in ("protocol", "wire_errors", "imported"):
            sys.modules.pop(name, None)


def test_the_page_is_up_to_date(protocol):
    assert protocol.PAGE.read_text(encoding="utf-8") == protocol.page(), "run tools/protocol.py"


def test_every_message_and_field_is_on_it(protocol):
    page = protocol.PAGE.read_text(encoding="utf-8")
    for cls in protocol.messages.message_types():
        _, _, part = page.partition(f"#### `{cls.type}`\n")
        part = part.partition("\n#### ")[0]
        assert part, cls
        for item in dataclasses.fields(cls):
            assert f"| `{item.name}` |" in part, (cls, item.name)


def test_every_kind_of_field_says_what_it_takes(protocol):
    for cls in protocol.messages.message_types():
        for item in dataclasses.fields(cls):
            assert item.metadata["check"].__doc__, (cls, item.name)


def test_every_constant_that_bounds_something_is_on_it(protocol):
    for module, names in protocol.CONSTANTS.items():
        source = Path(module.__file__).read_text(encoding="utf-8")
        own = {
            line.partition(" =")[0] for line in source.splitlines() if line[:1].isupper() and " = " in line
        }
        bounds = {name for name in own if name.startswith("MAX_") or name.endswith(("_SIZE", "_RANGE"))}
        assert bounds <= set(names), module


def test_errors_are_found_in_every_form_that_the_sources_have(protocol):
    daemon = protocol.daemon_errors()
    assert daemon["wrong-key"].said
    assert daemon["daemon-full"].retryable
    assert not daemon["bad-message"].retryable
    assert "{name} cannot be the name of an engine." in daemon["bad-engine"].said  # by check_name
    assert daemon["no-such-device"].said  # a class of scumble_models
    assert "no-daemon" not in daemon
    assert protocol.client_errors()["no-daemon"].retryable
