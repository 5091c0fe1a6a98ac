#!/usr/bin/env python3
"""Run attack and fault tests and write what happened into docs/reliability.md.

    python tools/reliability.py                                  # all attacks and faults
    python tools/reliability.py tests/integration/test_fault_worker.py
    python tools/reliability.py -- -k curve tests/attacks

Each test module is one table of the page and each test function one row: the first line of its docstring
says what is tried, `record_property("tries", n)` how often (1 unless it says so), and
`record_property("outcome", text)` what was seen. A module that ran replaces its own table and leaves the
others alone, so long ones can be run by themselves; a table says on which commit it was made.
"""

from __future__ import annotations

import datetime
import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reliability.md"
DEFAULT = ("tests/attacks", "tests/integration/test_fault_*.py")
WITHOUT_OUTCOME = "held"
TABLE = re.compile(r"<!-- table (?P<name>\S+) -->\n.*?<!-- end -->\n", re.DOTALL)
INTRODUCTION = """\
# Reliability

What was tried against Scumble and what came of it. Every table is written by `tools/reliability.py` from the
tests that it ran; nothing here is written by hand. What is promised and what is not says `SECURITY.md`.

"""


class Run(NamedTuple):
    """How one test (one set of parameters of a function) ended."""

    state: str  # passed, failed or skipped
    tries: int
    outcome: str


class Row(NamedTuple):
    """A test function and its runs."""

    title: str
    runs: list[Run]


class Recorder:
    """A pytest plug-in that keeps what the table needs, by module and function."""

    def __init__(self) -> None:
        self.modules: dict[str, tuple[str, dict[str, Row]]] = {}
        self._items: dict[str, pytest.Function] = {}
        self._broken: set[str] = set()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Note titles; a test without a docstring would be a row that says nothing."""
        silent = []
        for item in items:
            assert isinstance(item, pytest.Function)
            title = _first_sentence(item.function.__doc__)
            if not title:
                silent.append(item.nodeid)
                continue
            self._items[item.nodeid] = item
            name = item.path.relative_to(ROOT).as_posix()
            heading = _first_sentence(item.module.__doc__) or name
            rows = self.modules.setdefault(name, (heading, {}))[1]
            rows.setdefault(item.originalname, Row(title, []))
        if silent:
            raise pytest.UsageError("tests without a docstring: " + ", ".join(silent))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the outcome of the call, or of the phase that kept it from happening."""
        late = report.when == "teardown" and report.failed and report.nodeid not in self._broken
        if report.when != "call" and not late and not (report.when == "setup" and not report.passed):
            return
        item = self._items[report.nodeid]
        properties = dict(report.user_properties)
        outcome = str(properties.get("outcome", WITHOUT_OUTCOME))
        if report.failed:
            self._broken.add(report.nodeid)
            outcome = "**failed**"
        elif report.skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
            outcome = f"not run here: {str(reason).removeprefix('Skipped: ')}"
        tries = 0 if report.skipped else int(str(properties.get("tries", 1)))
        rows = self.modules[item.path.relative_to(ROOT).as_posix()][1]
        rows[item.originalname].runs.append(Run(report.outcome, tries, outcome))


def main(arguments: list[str]) -> int:
    """Run pytest with these arguments, write the page, and return pytest's exit code."""
    os.chdir(ROOT)
    chosen = [a for a in arguments if a != "--"] or list(DEFAULT)
    paths = [match for a in chosen for match in (sorted(map(str, ROOT.glob(a))) if "*" in a else [a])]
    commit = _commit()
    recorder = Recorder()
    code = pytest.main(["-q", "-p", "no:cacheprovider", *paths], plugins=[recorder])
    tables = {
        name: _table(name, heading, rows, commit)
        for name, (heading, rows) in recorder.modules.items()
        if any(row.runs for row in rows.values())
    }
    if tables:
        old = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        kept = {match["name"]: match[0] for match in TABLE.finditer(old) if (ROOT / match["name"]).exists()}
        merged = {**kept, **tables}
        text = INTRODUCTION + "\n".join(merged[name] for name in sorted(merged))
        PAGE.write_text(text, encoding="utf-8")
        print(f"{len(tables)} tables written to {PAGE.relative_to(ROOT)}")  # noqa: T201
    return int(code)


def _table(name: str, heading: str, rows: dict[str, Row], commit: str) -> str:
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"
    lines = [
        f"<!-- table {name} -->",
        f"## {heading.rstrip('.')}",
        "",
        f"`{name}`, {today}, commit {commit}, {machine}.",
        "",
        "| Tried | Tries | Outcome |",
        "|---|---:|---|",
    ]
    for row in rows.values():
        if row.runs:
            tries = sum(run.tries for run in row.runs)
            outcomes = dict.fromkeys(run.outcome for run in row.runs)
            lines.append(f"| {_cell(row.title.rstrip('.'))} | {tries:,} | {_cell('; '.join(outcomes))} |")
    return "\n".join([*lines, "", "<!-- end -->", ""])


def _first_sentence(doc: str | None) -> str:
    """The docstring's first paragraph, as one line."""
    return " ".join((doc or "").strip().split("\n\n")[0].split())


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _commit() -> str:
    changed = _git("status", "--porcelain", "-uno", "--", "client", "daemon", "models", "tests")
    return (_git("rev-parse", "--short", "HEAD") or "unknown") + (" with changes" if changed else "")


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=False).stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
