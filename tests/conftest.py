"""What all tests share: hypothesis without deadlines, as the machine may be busy, and both MessagePacks."""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from scumble.wire import msgpack

settings.register_profile("scumble", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("scumble")


class _EditorsInOne(LoadScopeScheduling):
    """Where tests run in several processes: a file in one of them, and all that start an editor in one."""

    def _split_scope(self, nodeid: str) -> str:
        return "editors" if nodeid.startswith("tests/editors/") else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """See :class:`_EditorsInOne`; `--dist loadscope` asks for it."""
    return _EditorsInOne(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In several processes the longest group begins at once."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.get_closest_marker("editors") is None)


@pytest.fixture(scope="module", params=["package", "own"])
def each_codec(request: pytest.FixtureRequest) -> Iterator[str]:
    """The tests of a module once with the package msgpack, and once as in an editor without it."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "own":
            patch.setattr(msgpack, "_package", None)
        else:
            assert msgpack._package is not None, "the package is a dependency, with its compiled half"
        yield request.param


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("thread", ctypes.c_int))


class _Capabilities(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inherited", ctypes.c_uint32),
    )


@pytest.fixture
def permissions() -> Iterator[None]:
    """Permissions of files hold for this thread, even where it is root's."""
    if os.name != "posix":
        pytest.skip("permissions are POSIX")
    if os.geteuid() != 0:
        yield
        return
    if sys.platform != "linux":
        pytest.skip("root may do anything here")
    libc, header = ctypes.CDLL(None, use_errno=True), _Header(0x20080522, 0)
    before = (_Capabilities * 2)()
    assert libc.capget(ctypes.byref(header), before) == 0
    less = (_Capabilities * 2)(*(_Capabilities(c.effective, c.permitted, c.inherited) for c in before))
    less[0].effective &= ~0b1110  # DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER
    with pytest.MonkeyPatch.context() as patch:
        # Which would ask what root could do, had it not put its rights away.
        patch.setattr(os, "access", functools.partial(os.access, effective_ids=True))
        assert libc.capset(ctypes.byref(header), less) == 0
        try:
            yield
        finally:
            assert libc.capset(ctypes.byref(header), before) == 0
