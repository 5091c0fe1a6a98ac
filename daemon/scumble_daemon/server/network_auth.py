"""Listening to the network: this daemon's CURVE keys, the clients that it knows, and nobody else.

Keys lie in ``keys`` in the user's configuration directory: ``own`` is the key pair of this user, as a
daemon and as a client; ``clients`` has a line for every public key that may use the daemon from elsewhere.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import zmq
from zmq.auth.thread import ThreadAuthenticator

from scumble.errors import ScumbleError
from scumble.files import write_whole
from scumble.folders import secure_dir
from scumble.wire.curve import KEY, KeyPair, own_key_file, read_own_keys
from scumble.wire.session import MAX_PAYLOAD
from scumble.wire.transport_pyzmq import CURVE_OVERHEAD

DOMAIN = b"scumble"


def make_own_keys() -> KeyPair:
    """This user's key pair, made now if there is none.

    Raises ScumbleError `keys-unsafe`, `runtime-dir-unsafe` or `runtime-dir-unusable`.
    """
    keys = read_own_keys()
    if keys is None:
        public, secret = zmq.curve_keypair()
        keys = KeyPair(public.decode("ascii"), secret.decode("ascii"))
        _write_private(own_key_file(), f"{keys.public}\n{keys.secret}\n")
    return keys


def clients_file() -> Path:
    """Where the known clients are: a public key in each line, and what it is called."""
    return own_key_file().with_name("clients")


def known_clients() -> dict[str, str]:
    """What each known client's public key is called; this user's own key is always known."""
    own = read_own_keys()
    known = {} if own is None else {own.public: "this user"}
    try:
        lines = clients_file().read_text(encoding="utf-8").splitlines()
    except OSError:
        return known
    for line in lines:
        key, _, name = line.strip().partition(" ")
        if KEY.match(key):
            known.setdefault(key, name.strip())
    return known


def allow(key: str, name: str) -> None:
    """Let the client with that public key in, from now on and without a new start.

    Raises ScumbleError `bad-key`, and as `make_own_keys`.
    """
    if not KEY.match(key):
        raise ScumbleError(
            "bad-key",
            "That is not a public key.",
            hint="Give the 40 characters that scumble daemon keys says on the client's computer.",
        )
    _rewrite({**_listed(), key: " ".join(name.split())})


def forbid(key: str) -> bool:
    """Let the client in no more; False when it was not known. Connections that it has go on."""
    listed = _listed()
    if listed.pop(key, None) is None:
        return False
    _rewrite(listed)
    return True


def keys_to_listen() -> KeyPair:
    """This user's key pair, for a daemon that listens to the network.

    Raises ScumbleError `bind-refused` when there are no keys, no client is known, or libzmq lacks CURVE.
    """
    keys = read_own_keys()
    if not zmq.has("curve"):
        raise _refused(
            reason="the libzmq that is installed here cannot encrypt", hint="Install pyzmq from PyPI."
        )
    if keys is None or not _listed():
        hint = "Run on the client: scumble daemon keys; and here: scumble daemon keys --allow KEY"
        raise _refused(reason="nobody could use it", hint=hint)
    return keys


def secure(router: zmq.Socket, keys: KeyPair) -> None:
    """Let a ROUTER that is not bound yet take encrypted connections of known clients and no others."""
    router.setsockopt(zmq.CURVE_SERVER, 1)
    router.setsockopt(zmq.CURVE_PUBLICKEY, keys.public.encode("ascii"))
    router.setsockopt(zmq.CURVE_SECRETKEY, keys.secret.encode("ascii"))
    router.setsockopt(zmq.ZAP_DOMAIN, DOMAIN)
    router.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)  # without somebody who knows the clients, nobody comes in
    router.setsockopt(zmq.MAXMSGSIZE, MAX_PAYLOAD + CURVE_OVERHEAD)


@contextlib.contextmanager
def authenticated(context: zmq.Context) -> Iterator[None]:
    """Answer the sockets of this context whether a client is known (ZeroMQ's ZAP), while the block lasts."""
    authenticator = ThreadAuthenticator(context)
    authenticator.start()
    try:
        authenticator.configure_curve_callback(DOMAIN.decode(), _KnownClients())
        yield
    finally:
        authenticator.stop()


class _KnownClients:
    """Looks the key up at every connection, so that what `allow` and `forbid` say counts at once."""

    def callback(self, domain: str, key: bytes) -> bool:
        try:
            return key.decode("ascii") in known_clients()
        except (ScumbleError, ValueError):
            return False


def _listed() -> dict[str, str]:
    own = read_own_keys()
    return {key: name for key, name in known_clients().items() if own is None or key != own.public}


def _rewrite(clients: dict[str, str]) -> None:
    _write_private(clients_file(), "".join(f"{key} {name}\n" for key, name in clients.items()))


def _write_private(path: Path, text: str) -> None:
    secure_dir(path.parent)
    try:
        write_whole(path, text.encode(), private=True)
    except OSError as error:
        raise ScumbleError(
            "cannot-write", "{file} cannot be written.", detail=str(error), file=path
        ) from error


def _refused(reason: str, hint: str) -> ScumbleError:
    return ScumbleError(
        "bind-refused", "The daemon does not listen to the network: {reason}.", hint=hint, reason=reason
    )
