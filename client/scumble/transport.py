"""How messages travel: our own ZMTP, or pyzmq where it is installed and asked for."""

from __future__ import annotations

from typing import Any

from . import zmtp
from .errors import ScumbleError


def choose_transport(name: str) -> Any:
    """A function that connects to an endpoint, with the signature of `zmtp.Dealer.connect`.

    Raises ScumbleError `no-transport` for an unknown name, or pyzmq where there is none.
    """
    if name in ("auto", "scumble"):
        return zmtp.Dealer.connect
    if name == "pyzmq":
        try:
            from .transport_pyzmq import connect
        except ImportError as error:
            raise ScumbleError(
                "no-transport", "pyzmq is not installed here.", hint="Use the transport scumble."
            ) from error
        return connect
    raise ScumbleError(
        "no-transport",
        "There is no transport {!r:.40}.".format(name),
        hint="Use auto, scumble or pyzmq.",
    )
