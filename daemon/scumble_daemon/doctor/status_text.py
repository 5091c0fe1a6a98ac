"""The daemon's status in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def describe(status: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Lines of a name and a text, from what `Client.status` returns; unknown keys are left out."""
    worker = status.get("worker") or {}
    devices = ", ".join(map(str, status.get("devices") or [])) or "not asked yet"
    return [
        ("process", f"{status.get('pid')}, up {duration(status.get('uptime_s', 0))}"),
        ("version", f"{status.get('version')}, protocol {status.get('protocol')}"),
        ("job", f"{_job(status.get('running'))}; {status.get('waiting', 0)} waiting"),
        ("learning", _learning(status.get("learning"))),
        ("clients", str(status.get("clients", 0))),
        ("worker", _worker(worker, status.get("worker_deaths", 0))),
        ("devices", f"{devices}; jobs go to {status.get('device')} unless they name one"),
        ("memory", _memory(status, worker)),
        ("idle", f"unloads after {duration(status.get('idle_unload_s', 0))}, "
                 f"ends after {duration(status.get('idle_exit_s', 0))}"),
        ("last error", str(status.get("last_error") or "none")),
    ]  # fmt: skip


def duration(seconds: float) -> str:
    """`45 s`, `12 min` or `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _job(running: Mapping[str, Any] | None) -> str:
    if not running:
        return "none runs"
    done, total, seconds = (running.get(key, 0) for key in ("done", "total", "seconds"))
    return f"{str(running.get('job'))[:8]} at {done} of {total} patches after {duration(seconds)}"


def _learning(learning: Mapping[str, Any] | None) -> str:
    if not learning:
        return "no style is learned"
    done, total, waiting = (learning.get(key, 0) for key in ("done", "total", "waiting"))
    return f"{learning.get('style')} at {done} of {total} steps; {waiting} waiting"


def _worker(worker: Mapping[str, Any], deaths: int) -> str:
    if not worker.get("pid"):
        text = "not running; the next job starts it"
    else:
        text = f"{worker['pid']}, {'ready' if worker.get('ready') else 'starting'}"
    return f"{text}; died {deaths} times" if deaths else text


def _memory(status: Mapping[str, Any], worker: Mapping[str, Any]) -> str:
    parts = {
        "daemon": status.get("rss_bytes"),
        "worker": worker.get("rss_bytes"),
        "images kept": status.get("store_bytes"),
        "results kept": status.get("result_bytes"),
    }
    return ", ".join(f"{name} {size / 2**20:.0f} MiB" for name, size in parts.items() if size)
