"""``python -m scumble_daemon``: run the daemon in the foreground, or detached with ``--detach``."""

from __future__ import annotations

import argparse
import os
import sys


def main() -> int:
    """Parse the arguments and run the daemon; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m scumble_daemon", description=__doc__)
    parser.add_argument("--detach", action="store_true", help="leave the caller once it serves")
    options = parser.parse_args()
    return _detached() if options.detach else _serve()


def _detached() -> int:
    """Serve in a process that is nobody's child; the first process ends when that one serves.

    Its exit code is 0 when a daemon serves, this one or another, and 1 when it could not start.
    """
    read, write = os.pipe()
    if os.fork():
        os.close(write)
        with os.fdopen(read, "rb") as pipe:
            return 0 if pipe.read(1) else 1
    os.close(read)
    os.setsid()

    def ready() -> None:
        os.write(write, b"1")
        os.close(write)

    # Not by returning: the first process' cleanup is not for this one.
    os._exit(_serve(ready))


def _serve(ready=lambda: None) -> int:
    from .serve import run

    return run(ready=ready)


if __name__ == "__main__":
    sys.exit(main())
