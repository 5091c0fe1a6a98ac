"""Which build of torch: the small one for the processor, or the large one for an NVIDIA card."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Optional

CPU, CUDA = "cpu", "cuda"
DRIVER = Path("/proc/driver/nvidia/version")
NEWEST_CUDA_DRIVER = 580
"""The first driver for CUDA 13, which the build of the usual index is made with."""


def recommended_build(driver: Path = DRIVER) -> str:
    """``cuda`` where there is an NVIDIA card with its driver, else ``cpu``."""
    if sys.platform == "win32":
        root = Path(os.environ.get("SYSTEMROOT", r"C:\Windows"))
        return CUDA if (root / "System32" / "nvcuda.dll").is_file() else CPU
    return CUDA if driver_version(driver) else CPU


def driver_version(driver: Path = DRIVER) -> int:
    """The major version of Linux's NVIDIA driver; 0 where there is none."""
    try:
        found = re.search(r"Module.*?\s(\d{3,})\.\d+", driver.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return 0
    return int(found.group(1)) if found else 0


def torch_backend(build: str, platform: str = sys.platform, driver: Path = DRIVER) -> Optional[str]:
    """uv's ``--torch-backend`` for a build; None where the usual index has the right one.

    That has CUDA 13 for Linux, and for Windows and macOS what computes on the processor (and Apple's chips).
    """
    if platform == "darwin":
        return None
    if build == CPU:
        return "cpu" if platform.startswith("linux") else None
    if platform.startswith("linux") and not 0 < driver_version(driver) < NEWEST_CUDA_DRIVER:
        return None
    return "auto"  # the build that the driver can use
