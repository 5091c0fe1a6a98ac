"""Fixtures with a real daemon, for the conftest of every folder that wants one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon_process import Place

from scumble import Client


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Directories for a daemon of the test's own; not pytest's, whose paths are long for a socket."""
    with tempfile.TemporaryDirectory(prefix="scumble-") as root:
        place = Place(Path(root))
        for name, value in place.environment.items():
            monkeypatch.setenv(name, value)
        yield place
        place.stop()


@pytest.fixture(scope="module")
def shared_place() -> Iterator[Place]:
    """One place for the tests of a module that leave its daemon as they found it."""
    with tempfile.TemporaryDirectory(prefix="scumble-") as root, pytest.MonkeyPatch.context() as env:
        place = Place(Path(root))
        for name, value in place.environment.items():
            env.setenv(name, value)
        yield place
        place.stop()


@pytest.fixture
def client(shared_place: Place) -> Iterator[Client]:
    """A client of the module's daemon, which the first one starts."""
    with Client.connect() as client:
        yield client
