"""What tools share that write what they measured into a page of docs/."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
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


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows as a Markdown table, figures to the right."""
    lines = [" | ".join(header), "---|" + "---:|" * (len(header) - 1), *map(" | ".join, rows)]
    return "".join(f"|{line}\n" if line.startswith("---") else f"| {line} |\n" for line in lines)


def processor() -> str:
    """The name of this machine's processor."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "unknown CPU"
