"""The installation from a shell:  python -m scumble.install status|install|remove

It does what the editors' buttons do, for tests and for those who like a shell better.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import List, Optional

from ..errors import ScumbleError
from .bundle import find_bundle
from .cards import CPU, CUDA, recommended_build
from .engine import engine_dir
from .installer import Installer, InstallPlan, InstallProgress, install_log, remove_engine
from .state import engine_state


def main(arguments: Optional[List[str]] = None) -> int:
    """Run one command; the exit code is 1 after an error."""
    parser = argparse.ArgumentParser(prog="python -m scumble.install", description=__doc__)
    parser.add_argument("command", choices=("status", "install", "remove"))
    parser.add_argument("--engine", type=Path, default=engine_dir(), help="the engine's folder")
    parser.add_argument("--wheels", type=Path, help="a folder with all packages, in place of the network")
    parser.add_argument("--build", choices=(CPU, CUDA), default=recommended_build())
    chosen = parser.parse_args(arguments)
    try:
        return _run(chosen)
    except ScumbleError as error:
        sys.stderr.write("{}: {}\n{}\nThe log is {}\n".format(error.code, error, error.detail, install_log()))
        return 1


def _run(chosen: argparse.Namespace) -> int:
    bundle = find_bundle()
    if chosen.command == "status":
        sys.stdout.write("{} {}\n".format(engine_state(bundle, chosen.engine), chosen.engine))
        return 0
    if chosen.command == "remove":
        remove_engine(chosen.engine)
        return 0
    if bundle is None:
        raise ScumbleError(
            "bundle-missing",
            "This plug-in came without the engine.",
            hint="Install the plug-in's package for this system, which make dist builds.",
        )
    wheels = chosen.wheels.absolute() if chosen.wheels is not None else None
    plan = InstallPlan(bundle, chosen.engine.absolute(), chosen.build, wheels)
    Installer(plan, on_progress=_show, on_line=lambda line: sys.stderr.write(line + "\n") and None).run()
    return 0


def _show(progress: InstallProgress) -> None:
    megabytes = (
        " {} of {} MB".format(progress.done // 10**6, progress.total // 10**6) if progress.total else ""
    )
    sys.stdout.write("{:3.0f}% {}{}\n".format(100 * progress.fraction, progress.stage, megabytes))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
