"""How much memory a job may take, and where features go that do not fit."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

Place = Literal["memory", "disk", "recompute"]
#: Share of what is free that one job may take: the editor beside us wants some too.
SHARE = 0.4
DISK_SHARE = 0.6
#: More than this goes to disk whatever is free. The system keeps what it can of a file in memory, where
#: it counts as nobody's and gives way to whoever needs it.
MOST_MEMORY = 512 << 20
FALLBACK = 2 << 30


@dataclass
class Budget:
    """Bytes left for stored features; each :meth:`place` takes its part.

    Attributes:
        memory: bytes of RAM.
        disk: bytes in the temporary directory.
    """

    memory: int
    disk: int

    @staticmethod
    def of_this_machine() -> Budget:
        """A share of what is free now."""
        disk = shutil.disk_usage(tempfile.gettempdir()).free
        return Budget(min(MOST_MEMORY, int(free_memory() * SHARE)), int(disk * DISK_SHARE))

    def place(self, size: int) -> Place:
        """Where ``size`` bytes go: memory, else disk, else nowhere (compute them again)."""
        if size <= self.memory:
            self.memory -= size
            return "memory"
        if size <= self.disk:
            self.disk -= size
            return "disk"
        return "recompute"


def free_memory(device: torch.device | None = None) -> int:
    """Free bytes of the device's own memory, or of RAM."""
    if device is not None and device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:  # macOS and Windows have no such file; the fallback suits any of today's machines
        return FALLBACK
    values = {name: int(rest.split()[0]) * 1024 for name, rest in (x.split(":") for x in lines)}
    return values.get("MemAvailable", FALLBACK)
