"""How much memory a job may take, and where features go that do not fit."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

Place = Literal["device", "memory", "disk", "recompute"]
#: Share of what is free that one job may take: the editor beside us wants some too.
SHARE = 0.4
DISK_SHARE = 0.6
#: Share of a graphics card's free memory that the layer itself may take.
LAYER_SHARE = 0.1
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
        device: bytes of the memory that a graphics card has of its own.
    """

    memory: int
    disk: int
    device: int = 0

    @staticmethod
    def of_this_machine(device: torch.device) -> Budget:
        """A share of what is free now, here and on the device."""
        disk = shutil.disk_usage(tempfile.gettempdir()).free
        own = int(free_memory(device) * SHARE) if has_own_memory(device) else 0
        return Budget(min(MOST_MEMORY, int(free_memory() * SHARE)), int(disk * DISK_SHARE), own)

    def place(self, size: int) -> Place:
        """Where ``size`` bytes go: the device, else memory, disk, or nowhere (compute them again)."""
        if size <= self.device:
            self.device -= size
            return "device"
        if size <= self.memory:
            self.memory -= size
            return "memory"
        if size <= self.disk:
            self.disk -= size
            return "disk"
        return "recompute"


def has_own_memory(device: torch.device) -> bool:
    """Whether what a device works on has to be brought to it."""
    return device.type == "cuda"


def fits_device(size: int, device: torch.device) -> bool:
    """Whether so many bytes may stay in a device's own memory, beside what a network needs there."""
    return has_own_memory(device) and size <= free_memory(device) * LAYER_SHARE


def free_memory(device: torch.device | None = None) -> int:
    """Free bytes of the device's own memory, or of RAM."""
    if device is not None and device.type == "cuda":
        # An index of None is the current device, which older versions of torch want to be told so.
        free = torch.cuda.mem_get_info(None if device.index is None else device)[0]
        # What torch has taken and does not use is free for the next job.
        return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:  # macOS and Windows have no such file; the fallback suits any of today's machines
        return FALLBACK
    values = {name: int(rest.split()[0]) * 1024 for name, rest in (x.split(":") for x in lines)}
    return values.get("MemAvailable", FALLBACK)
