"""CURVE, which protects connections over the network: the keys of both sides, and a transport that uses them.

ZeroMQ's CURVE authenticates both sides and encrypts, which needs pyzmq; the signatures of
`scumble.wire.session` go on inside of it and protect nothing more there.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional

from ..errors import ScumbleError
from ..files import read_private
from ..folders import config_dir

KEY = re.compile(r"[0-9a-zA-Z.\-:+=^!/*?&<>()\[\]{}@%$#]{40}\Z")  # Z85 of 32 bytes


class KeyPair(NamedTuple):
    """This machine's CURVE keys, in Z85."""

    public: str
    secret: str


def own_key_file() -> Path:
    """Where this user's key pair is: the public key in the first line, the secret one in the second."""
    return config_dir() / "keys" / "own"


def read_own_keys() -> Optional[KeyPair]:
    """This user's key pair; None when there is none.

    Raises ScumbleError `keys-unsafe` for a file that others own or can read, or that holds no keys.
    """
    path = own_key_file()
    try:
        text = read_private(path, 1024)
    except OSError as error:
        raise _unsafe(path) from error
    if text is None:
        return None
    lines = text.decode("ascii", "replace").split()
    if len(lines) != 2 or not all(KEY.match(line) for line in lines):
        raise _unsafe(path)
    return KeyPair(*lines)


def connection_key(daemon_public: str) -> bytes:
    """The connection key of a daemon that CURVE protects: no secret, it only names the daemon."""
    return hashlib.sha256(b"scumble remote " + daemon_public.encode("ascii")).digest()


def curve_transport(daemon_public: str) -> Callable[..., Any]:
    """A function that connects to a daemon with that public key, as `zmtp.Dealer.connect` does.

    Raises ScumbleError `no-transport` where there is no pyzmq, `no-keys` where this user has no keys.
    """
    try:
        from .transport_pyzmq import curve_connect
    except ImportError as error:
        raise ScumbleError(
            "no-transport",
            "The daemon is reached over the network, and this program has no pyzmq to do that with.",
            hint="Use it from Python with pyzmq, or unset SCUMBLE_REMOTE.",
        ) from error
    keys = read_own_keys()
    if keys is None:
        raise ScumbleError(
            "no-keys",
            "This user has no keys for a daemon on the network.",
            hint="Make them with: scumble daemon keys",
        )
    return curve_connect(daemon_public, keys.public, keys.secret)


def _unsafe(path: Path) -> ScumbleError:
    return ScumbleError(
        "keys-unsafe",
        "The file {file} does not hold keys that only you can read.",
        hint="Remove it and make new keys with: scumble daemon keys",
        file=path,
    )
