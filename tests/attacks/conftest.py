"""A daemon to attack, on each of its transports, that must still serve when the attack is over."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))

from daemon_fixtures import client, place, shared_place
from daemon_process import Place, connected

from scumble.wire.connection import Connection
from scumble.wire.zmtp import Dealer

__all__ = ["client", "place", "shared_place"]


@pytest.fixture(scope="module", params=["ipc", "tcp"])
def target(request: pytest.FixtureRequest) -> Iterator[Place]:
    """A place whose daemon runs, once on ipc and once on tcp, for all tests of a module."""
    with tempfile.TemporaryDirectory(prefix="scumble-") as root, pytest.MonkeyPatch.context() as env:
        place = Place(Path(root))
        for name, value in {**place.environment, "SCUMBLE_BIND": request.param}.items():
            env.setenv(name, value)
        with connected():
            assert place.info.job.startswith(request.param)
        yield place
        place.stop()


@pytest.fixture
def serving(target: Place) -> Iterator[Place]:
    """The target; afterwards the same daemon must still work."""
    pid = target.info.pid
    yield target
    with connected(start=False) as client:
        assert client.ping() < 30
        assert client.status()["pid"] == pid


@pytest.fixture
def connection(serving: Place) -> Iterator[Connection]:
    """An authenticated connection to the job socket."""
    connection = Connection.open(serving.info, "job", Dealer.connect, timeout=10)
    yield connection
    connection.close()
