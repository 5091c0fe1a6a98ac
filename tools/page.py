"""What tools share that write what they measured into a page of docs/."""

from __future__ import annotations

import re
from pathlib import Path

import click


def put(page: Path, place: str, text: str) -> None:
    """Replace what stands in `page` between the markers of `place`; all else stays.

    Raises click.ClickException without such markers.
    """
    old = page.read_text(encoding="utf-8")
    begin, end = f"<!-- {place} -->", f"<!-- end {place} -->"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if not pattern.search(old):
        raise click.ClickException(f"{page} has no place for {place}.")
    page.write_text(pattern.sub(lambda _: f"{begin}\n\n{text}\n{end}", old), encoding="utf-8")


def processor() -> str:
    """The name of this machine's processor."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "unknown CPU"
