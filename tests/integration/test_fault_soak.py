"""Thousands of jobs: nothing grows."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
from daemon_process import Place, running_pids, until
from fault_kit import tries

TOOL = Path(__file__).parents[2] / "tools" / "soak.py"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.timeout(0)
def test_many_jobs_from_four_clients(place: Place, monkeypatch: pytest.MonkeyPatch, record_property):
    """Mixed sizes from 4 clients: memory flat within 5% after 500, descriptors and threads constant."""
    spec = importlib.util.spec_from_file_location("soak", TOOL)
    assert spec is not None
    assert spec.loader is not None
    soak = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(soak)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    jobs = tries(120, 5000)
    daemon = place.spawn()
    until(lambda: running_pids(place.runtime), "the daemon")
    found = soak.soak(jobs, 4, min(500, jobs // 2), max(jobs // 10, 20))
    daemon.terminate()
    assert daemon.wait(30) == 0
    assert found["held"], found["verdict"]
    record_property("tries", jobs)
    record_property("outcome", found["verdict"])
