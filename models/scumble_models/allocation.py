"""How the C library keeps memory between tensors, so that every layer need not wait for new pages.

Every layer of a patch asks for some tens of megabytes and frees them soon after. glibc would get each of them
from the kernel, which clears them page by page: 8% of the time that MicroAST takes on two cores.
"""

from __future__ import annotations

import ctypes
import functools
import platform
from typing import Any

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of mallopt(3)
#: The largest tensor whose memory is kept, and how much is kept of the heap's end, in bytes. Larger ones, as
#: AdaIN's, would leave holes that nothing fits into: a quarter more memory for a tenth of its time.
LARGEST, MOST = 64 << 20, 256 << 20


def keep_freed_memory() -> None:
    """From now on this process keeps what it frees, until :func:`give_back_memory`. glibc only."""
    library = _glibc()
    if library is not None:
        library.mallopt(_MMAP_THRESHOLD, LARGEST)
        library.mallopt(_TRIM_THRESHOLD, MOST)


def give_back_memory() -> None:
    """Return to the system what has been freed. glibc only."""
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)


@functools.cache
def _glibc() -> Any:
    return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None
