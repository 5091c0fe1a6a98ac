"""``scumble doctor``: print what :mod:`scumble_daemon.doctor.examine` finds."""

from __future__ import annotations

import click

from . import report

_EXAMPLES = """\b
Examples:
  scumble doctor
  scumble doctor --json > report.json
"""
_MARKS = {"ok": ("ok", "green"), "warning": ("??", "yellow"), "problem": ("!!", "red")}


@click.command(epilog=_EXAMPLES)
@click.option("--json", "wants_json", is_flag=True, help="Print the findings as JSON.")
def command(wants_json: bool) -> int:
    """Say what is installed, what runs where, what failed last, and what to do.

    Exit code 1 when something needs repair. It looks and changes nothing.
    """
    from ..doctor.examine import BAD, examine

    findings = []
    for finding in examine():
        findings.append(finding)
        if not wants_json:
            mark, colour = _MARKS[finding.state]
            report.done(f"{click.style(mark, fg=colour)}  {finding.topic:11}  {finding.text}")
            if finding.advice:
                report.done(f"{'':15}  -> {finding.advice}")
    if wants_json:
        report.as_json({"findings": [finding.as_dict() for finding in findings]})
    return 1 if any(finding.state == BAD for finding in findings) else 0
