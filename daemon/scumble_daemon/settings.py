"""What can be configured, and the limits that every client is told and held to."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field

from scumble.errors import ScumbleError
from scumble.wire.session import MAX_PAYLOAD

from .storage.spool import free_disk

MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True)
class Limits:
    """What the daemon takes on. Sizes are in bytes; `welcome` tells them to the client.

    Attributes:
        max_payload: of one message.
        max_image_pixels: of one layer.
        max_image_bytes: of one layer in memory.
        spool_over: larger layers and results are kept on disk.
        spool_bytes: of all layers and results on disk.
        max_style_bytes: of one style image file.
        store_bytes: of all images held, those of waiting jobs included.
        client_bytes: of one client's uploads and waiting jobs.
        result_bytes: of all results waiting to be fetched, and of those to come.
        max_jobs, max_jobs_per_client: waiting or running.
        max_clients: connections that have proved the key.
        max_greetings: connections that have said hello and not proved yet that it was theirs.
    """

    max_payload: int = MAX_PAYLOAD
    max_image_pixels: int = 1 << 34
    max_image_bytes: int = 2 * GIB
    spool_over: int = 256 * MIB
    spool_bytes: int = 64 * GIB
    max_style_bytes: int = 256 * MIB
    store_bytes: int = 4 * GIB
    client_bytes: int = 3 * GIB
    result_bytes: int = 4 * GIB
    max_jobs: int = 128
    max_jobs_per_client: int = 32
    max_clients: int = 64
    max_greetings: int = 256

    def to_dict(self) -> dict[str, int]:
        """For `welcome`."""
        return asdict(self)

    @classmethod
    def for_this_machine(cls) -> Limits:
        """The defaults, but no more than a quarter of the memory and half of the free disk."""
        store = min(4 * GIB, max(256 * MIB, physical_memory() // 4))
        return cls(
            max_image_bytes=store // 2,
            spool_over=min(256 * MIB, store // 2),
            spool_bytes=max(MIB, free_disk() // 2),
            store_bytes=store,
            client_bytes=store * 3 // 4,
            result_bytes=store,
        )


@dataclass(frozen=True)
class Settings:
    """How one daemon runs; times in seconds.

    Attributes:
        bind: ``auto`` (ipc on Unix, tcp elsewhere), ``ipc``, ``tcp://127.0.0.1:*``, or with keys
            (`scumble_daemon.server.network_auth`) an address that other machines reach, such as ``tcp://0.0.0.0:5555``.
        device: used for jobs that say ``auto``.
        idle_unload: without a job, after which models leave the memory.
        idle_exit: without any message from a client, after which the daemon ends.
        worker_silence: without a sign of life, after which a worker counts as hung.
        orphan_grace: for which a job whose client is gone goes on, in case it comes back.
        result_lifetime: for which a result waits to be fetched.
        session_idle: without a message, after which a client may lose its place to a new one.
    """

    bind: str = "auto"
    device: str = "auto"
    idle_unload: float = 60.0
    idle_exit: float = 15 * 60.0
    worker_silence: float = 30.0
    orphan_grace: float = 30.0
    result_lifetime: float = 120.0
    session_idle: float = 60.0
    limits: Limits = field(default_factory=Limits.for_this_machine)


def settings_from_environment() -> Settings:
    """Settings with ``SCUMBLE_BIND``, ``SCUMBLE_DEVICE``, ``SCUMBLE_IDLE_UNLOAD`` and
    ``SCUMBLE_IDLE_EXIT`` (seconds) applied.

    Raises ScumbleError `bad-setting`.
    """
    return Settings(
        bind=os.environ.get("SCUMBLE_BIND", "auto"),
        device=os.environ.get("SCUMBLE_DEVICE", "auto"),
        idle_unload=_seconds("SCUMBLE_IDLE_UNLOAD", 60.0),
        idle_exit=_seconds("SCUMBLE_IDLE_EXIT", 15 * 60.0),
    )


def physical_memory() -> int:
    """Bytes of memory in this machine; 8 GiB where that cannot be known."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 8 * GIB


def _seconds(name: str, default: float) -> float:
    text = os.environ.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1e9:
        raise ScumbleError(
            "bad-setting",
            "{variable} is {value}.",
            hint="Set it to a number of seconds.",
            variable=name,
            value=repr(text)[:40],
        )
    return value
