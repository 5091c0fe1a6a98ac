#!/usr/bin/env python3
"""Search for bytes that break a parser, guided by the lines that they reach.

    pip install atheris                # once, where it has a wheel: Linux, Python 3.11
    python tools/fuzz.py --target zmtp --minutes 10
    python tools/fuzz.py --target zmtp --keep         # reduce what was found, for the tests

What was found stays in out/fuzz/TARGET and the next search starts from it. An input that breaks the target is
written there as crash-*, timeout-* or oom-*. The targets are those of tests/attacks/fuzz_targets.py.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "client"), str(ROOT / "tests" / "attacks")]

import atheris  # type: ignore[import-not-found]  # noqa: E402 - not among the project's dependencies

with atheris.instrument_imports(include=["scumble"]):  # pyright: ignore[reportAttributeAccessIssue]
    import fuzz_targets

LONGEST = {"zmtp": 20_000, "header": 4096, "request": 4096}
MEMORY_MB = 512
SECONDS_FOR_ONE = 5


def main() -> None:
    """Fuzz one target; libFuzzer ends the process."""
    parser = argparse.ArgumentParser(description="Fuzz one parser.")
    parser.add_argument("--target", choices=sorted(fuzz_targets.TARGETS), required=True)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--keep", action="store_true", help="reduce what was found into tests/attacks/corpus")
    options, inner = parser.parse_known_args()  # a merge starts this script again with libFuzzer's own flags
    found = ROOT / "out" / "fuzz" / options.target
    found.mkdir(parents=True, exist_ok=True)
    kept = fuzz_targets.CORPUS / options.target
    arguments = [
        f"{sys.executable} {Path(__file__).resolve()} --target {options.target}",
        f"-max_len={LONGEST[options.target]}",
        f"-rss_limit_mb={MEMORY_MB}",
        f"-timeout={SECONDS_FOR_ONE}",
        f"-artifact_prefix={found}/",
    ]
    if inner:
        arguments += inner
    elif options.keep:
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        arguments += ["-merge=1", str(kept), str(found)]
    else:
        kept.mkdir(parents=True, exist_ok=True)
        arguments += [f"-max_total_time={options.minutes * 60:.0f}", str(found), str(kept)]
        arguments += ["-print_final_stats=1", "-verbosity=1"]
    atheris.Setup(arguments, fuzz_targets.TARGETS[options.target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
