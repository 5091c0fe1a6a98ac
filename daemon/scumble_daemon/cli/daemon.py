"""``scumble daemon``: start it, stop it, look at it, read its log."""

from __future__ import annotations

import contextlib
from typing import Any

import click

from scumble.errors import ScumbleError

from . import report

_EXAMPLES = """\b
Examples:
  scumble daemon start
  scumble daemon status --json
  scumble daemon logs -n 50
  scumble daemon stop
"""


@click.group(epilog=_EXAMPLES)
def command() -> None:
    """Start, stop and look at the daemon.

    Stylizing starts it by itself, and it ends by itself when nobody has used it for a while.
    """


@command.command(epilog="\b\nExample:\n  scumble daemon start\n")
@click.option("--json", "wants_json", is_flag=True, help="Print its state as JSON.")
def start(wants_json: bool) -> None:
    """Start the daemon unless it runs already."""
    from scumble import Client
    from scumble.launch.launcher import record_interpreter

    with contextlib.suppress(OSError):  # only the editors' plug-ins miss it
        record_interpreter()
    with Client.connect() as client:
        status = client.status()
    _tell(status, wants_json)


@command.command(epilog="\b\nExample:\n  scumble daemon stop\n")
@click.option("--json", "wants_json", is_flag=True, help="Print what was done as JSON.")
def stop(wants_json: bool) -> None:
    """Stop the daemon; jobs that run are cancelled."""
    from scumble.stopping import stop_daemon

    stopped = stop_daemon()
    if wants_json:
        report.as_json({"stopped": stopped})
    else:
        report.done("The daemon has stopped." if stopped else "No daemon runs.")


@command.command(epilog="\b\nExamples:\n  scumble daemon status\n  scumble daemon status --json\n")
@click.option("--json", "wants_json", is_flag=True, help="Print it as JSON.")
def status(wants_json: bool) -> int:
    """Say what the daemon does. Exit code 1 when none runs."""
    client = _running_client()
    if client is None:
        if wants_json:
            report.as_json({"running": False, "status": None})
        else:
            report.done("No daemon runs. The next job starts it, or: scumble daemon start")
        return 1
    with client:
        _tell(client.status(), wants_json)
    return 0


@command.command(epilog="\b\nExamples:\n  scumble daemon logs\n  scumble daemon logs -n 200\n")
@click.option("-n", "--lines", type=click.IntRange(1, 100_000), default=40, show_default=True)
def logs(lines: int) -> None:
    """Print the end of the daemon's log."""
    from scumble.folders import log_dir
    from scumble.launch.launcher import last_log_lines

    found = last_log_lines(lines)
    report.note(f"The log lies in {log_dir()}.")
    for line in found:
        report.done(line)


_KEYS_EXAMPLES = """\b
Examples:
  scumble daemon keys
  scumble daemon keys --allow 'KEY' --name laptop
  SCUMBLE_BIND=tcp://0.0.0.0:5555 scumble daemon start
"""


@command.command(short_help="Say who may use it from other computers.", epilog=_KEYS_EXAMPLES)
@click.option("--allow", metavar="KEY", help="Let the client with this public key use the daemon.")
@click.option("--name", default="", help="What to call that client.")
@click.option("--forbid", metavar="KEY", help="Do so no more.")
@click.option("--json", "wants_json", is_flag=True, help="Print the keys as JSON.")
def keys(allow: str | None, name: str, forbid: str | None, wants_json: bool) -> None:
    """Say this user's public key, and who may use the daemon from other computers.

    Without keys the daemon is for this computer alone. With them it listens where SCUMBLE_BIND says, and
    a client finds it by SCUMBLE_REMOTE='tcp://HOST:PORT KEY', with the daemon's public key.
    """
    from ..server import network_auth

    own = network_auth.make_own_keys()
    if allow is not None:
        network_auth.allow(allow, name)
    if forbid is not None and not network_auth.forbid(forbid):
        raise ScumbleError("bad-key", "No client with that key is known.", hint="See: scumble daemon keys")
    clients = {key: name for key, name in network_auth.known_clients().items() if key != own.public}
    if wants_json:
        report.as_json({"public": own.public, "clients": clients})
        return
    report.done(own.public)
    for key, title in clients.items():
        report.done(f"  may use the daemon: {key} {title}".rstrip())


def _running_client() -> Any:
    from scumble import Client

    try:
        return Client.connect(start=False)
    except ScumbleError as error:
        if error.code == "no-daemon":
            return None
        raise


def _tell(status: dict[str, Any], wants_json: bool) -> None:
    if wants_json:
        report.as_json({"running": True, "status": status})
        return
    from ..doctor.status_text import describe

    report.done("The daemon runs.")
    for name, text in describe(status):
        report.done(f"  {name:10}  {text}")
