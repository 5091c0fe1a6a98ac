"""What all tests share: hypothesis without deadlines, as the machine may be busy, and both MessagePacks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from scumble.wire import msgpack

settings.register_profile("scumble", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("scumble")


@pytest.fixture(scope="module", params=["package", "own"])
def each_codec(request: pytest.FixtureRequest) -> Iterator[str]:
    """The tests of a module once with the package msgpack, and once as in an editor without it."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "own":
            patch.setattr(msgpack, "_package", None)
        else:
            assert msgpack._package is not None, "the package is a dependency, with its compiled half"
        yield request.param
