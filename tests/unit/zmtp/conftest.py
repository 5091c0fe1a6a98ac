"""Where the raw peers of these tests listen."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(params=["tcp", "ipc", "windows"])
def path(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path | None:
    """Where a peer listens: on TCP (None), on a unix socket, on TCP with what Windows has of calls."""
    if request.param == "windows":
        monkeypatch.setattr("scumble.wire.zmtp_transport._HAS_SENDMSG", False)
        monkeypatch.setattr("scumble.wire.zmtp_transport._HAS_POLL", False)
    return tmp_path / "peer" if request.param == "ipc" else None
