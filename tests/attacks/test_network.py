"""Beyond this machine: who may listen, who may connect, and what somebody who listens on the way learns."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq
from attackers import Relay, linux
from daemon_process import Place, alive, code_of, connected, noise, until

import scumble
from scumble import Client, ScumbleError
from scumble.launch.connection_file import write_connection
from scumble.wire import messages as m
from scumble.wire.connection import Connection, ConnectionInfo
from scumble.wire.curve import KeyPair, connection_key, own_key_file
from scumble.wire.zmtp import Dealer
from scumble_daemon.server import network_auth as curve

HOST = "127.0.0.2"  # not the address that counts as this machine, and still not the network
pytestmark = linux


def free_ports() -> int:
    """A port that is free, as the next one is."""
    while True:
        with contextlib.ExitStack() as stack:
            first = stack.enter_context(socket.create_server((HOST, 0)))
            port = first.getsockname()[1]
            with contextlib.suppress(OSError):
                stack.enter_context(socket.create_server((HOST, port + 1)))
                return port


def new_keys() -> KeyPair:
    """A key pair of nobody's."""
    public, secret = zmq.curve_keypair()
    return KeyPair(public.decode(), secret.decode())


@pytest.fixture
def as_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeyPair:
    """A configuration of another computer's: its key pair, and no daemon."""
    monkeypatch.setenv("SCUMBLE_CONFIG_DIR", str(tmp_path / "client"))
    monkeypatch.setenv("SCUMBLE_RUNTIME_DIR", str(tmp_path / "nothing"))
    return curve.make_own_keys()


@pytest.fixture(scope="module")
def on_the_network() -> Iterator[tuple[Place, str, str]]:
    """A daemon that listens with keys, its endpoint, and its public key."""
    with tempfile.TemporaryDirectory(prefix="scumble-") as root, pytest.MonkeyPatch.context() as env:
        place, port = Place(Path(root)), free_ports()
        for name, value in {**place.environment, "SCUMBLE_BIND": f"tcp://{HOST}:{port}"}.items():
            env.setenv(name, value)
        own = curve.make_own_keys()
        curve.allow(new_keys().public, "somebody else")
        with connected() as client:  # its own user gets in by pyzmq and the same key
            assert client.ping() < 30
        yield place, f"tcp://{HOST}:{port}", own.public
        place.stop()


@contextlib.contextmanager
def allowed(place: Place, key: str) -> Iterator[None]:
    """Let a client in at that daemon, for a while."""
    with pytest.MonkeyPatch.context() as env:
        env.setenv("SCUMBLE_CONFIG_DIR", place.environment["SCUMBLE_CONFIG_DIR"])
        curve.allow(key, "the test")
    yield
    with pytest.MonkeyPatch.context() as env:
        env.setenv("SCUMBLE_CONFIG_DIR", place.environment["SCUMBLE_CONFIG_DIR"])
        assert curve.forbid(key)


@pytest.mark.parametrize(
    "bind", ["tcp://0.0.0.0:5555", "tcp://[::]:5555", "tcp://*:5555", f"tcp://{HOST}:5555"]
)
def test_listening_to_the_network_without_keys(place: Place, monkeypatch, bind, record_property):
    """The daemon is told to listen where other machines reach it, and nobody has made keys.

    There is no way to the network but CURVE, and none without the key of a client.
    """
    monkeypatch.setenv("SCUMBLE_BIND", bind)
    with pytest.raises(ScumbleError, match="could not be started") as caught:
        Client.connect()
    assert "bind-refused" in caught.value.detail
    curve.make_own_keys()  # a key of one's own lets nobody in from elsewhere
    with pytest.raises(ScumbleError, match="could not be started") as caught:
        Client.connect()
    assert "bind-refused" in caught.value.detail
    record_property("tries", 2)
    record_property("outcome", "no daemon starts: bind-refused")


def test_a_known_client(on_the_network, as_client: KeyPair, monkeypatch, record_property):
    """A client whose key is known connects and has a layer stylized; taken off the list it is out.

    The list is looked at for every connection.
    """
    place, endpoint, public = on_the_network
    monkeypatch.setenv("SCUMBLE_REMOTE", f"{endpoint} {public}")
    with allowed(place, as_client.public), connected() as client:
        layer = noise(40, 40)
        assert client.stylize(layer, noise(32, 32)).shape == (40, 40, 3)
        assert client.status()["pid"] == place.info.pid
    assert code_of(Client.connect) == "key-refused"
    record_property("tries", 2)
    record_property("outcome", "served while known, refused after: key-refused")


def test_an_unknown_client(on_the_network, as_client: KeyPair, monkeypatch, record_property):
    """A client with a key pair that nobody has let in connects, and knows everything that is public.

    The daemon's ZAP handler refuses its handshake: not one of its messages reaches the ROUTER.
    """
    place, endpoint, public = on_the_network
    monkeypatch.setenv("SCUMBLE_REMOTE", f"{endpoint} {public}")
    for _ in range(10):
        assert code_of(Client.connect) == "key-refused"
    assert alive(place.info.pid)
    record_property("tries", 10)
    record_property("outcome", "refused: key-refused")


def test_a_stolen_public_key(on_the_network, as_client: KeyPair, monkeypatch, record_property):
    """A client shows a known client's public key without having the secret one.

    Whoever has not the secret key cannot finish CURVE's handshake.
    """
    place, endpoint, public = on_the_network
    known, thief = new_keys(), new_keys()
    own_key_file().write_text(f"{known.public}\n{thief.secret}\n")
    monkeypatch.setenv("SCUMBLE_REMOTE", f"{endpoint} {public}")
    with allowed(place, known.public):
        code = code_of(lambda: Client.connect(timeout=3))
    assert code in ("no-daemon", "daemon-not-responding")
    record_property("outcome", "no handshake")


def test_a_false_daemon_on_the_network(on_the_network, as_client: KeyPair, monkeypatch, record_property):
    """Another daemon answers at the address that the client was told, with keys of its own.

    The client names the daemon's public key, and no other can read what it says.
    """
    place, endpoint, _ = on_the_network
    monkeypatch.setenv("SCUMBLE_REMOTE", f"{endpoint} {new_keys().public}")
    with allowed(place, as_client.public):
        assert code_of(lambda: Client.connect(timeout=3)) in ("no-daemon", "daemon-not-responding")
    record_property("outcome", "no handshake")


def test_a_client_without_encryption(on_the_network, record_property):
    """A client that speaks ZMTP without CURVE, as on loopback, and signs with the connection key.

    That key is no secret there: the socket takes CURVE and nothing else.
    """
    _, endpoint, public = on_the_network
    info = dataclasses.replace(on_the_network[0].info, job=endpoint, key=connection_key(public), curve="")
    code = code_of(lambda: Connection.open(info, "job", Dealer.connect, timeout=10))
    assert code in ("no-daemon", "daemon-not-responding")
    record_property("outcome", "cut off in the handshake")


def test_a_client_that_cannot_encrypt(on_the_network, as_client: KeyPair, monkeypatch, record_property):
    """A program without pyzmq, such as an editor's Python, is pointed at a daemon on the network.

    It sends nothing in the clear: it says that it cannot.
    """
    _, endpoint, public = on_the_network
    monkeypatch.setenv("SCUMBLE_REMOTE", f"{endpoint} {public}")
    source = Path(scumble.__file__).parents[1]
    code = (
        "import sys; sys.modules['zmq'] = None\n"
        f"sys.path.insert(0, {str(source)!r})\n"
        "from scumble import Client, ScumbleError\n"
        "try: Client.connect()\n"
        "except ScumbleError as error: print(error.code)\n"
    )
    ended = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "no-transport"
    record_property("outcome", "refused by the client: no-transport")


def test_keys_that_others_can_read(place: Place, record_property):
    """The file with the secret key is opened to others, is a link, or holds something else.

    It is made for the user alone, and a file that is not is not used.
    """
    keys = curve.make_own_keys()
    path = own_key_file()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert curve.make_own_keys() == keys
    for mode in (0o640, 0o604, 0o666):
        path.chmod(mode)
        assert code_of(curve.make_own_keys) == "keys-unsafe"
    path.chmod(0o600)
    elsewhere = path.rename(path.with_name("elsewhere"))
    path.symlink_to(elsewhere)
    assert code_of(curve.make_own_keys) == "keys-unsafe"
    path.unlink()
    for content in ("", "key", f"{keys.public}\n{keys.secret}\nmore", "\0" * 80):
        path.write_text(content)
        path.chmod(0o600)
        assert code_of(curve.make_own_keys) == "keys-unsafe"
    record_property("tries", 8)
    record_property("outcome", "refused: keys-unsafe")


@contextlib.contextmanager
def overheard(info: ConnectionInfo) -> Iterator[tuple[Relay, ConnectionInfo]]:
    """A relay before the daemon's job socket, and the connection information that leads through it."""
    relay = Relay(info.job)
    try:
        yield relay, dataclasses.replace(info, job=relay.endpoint)
    finally:
        relay.close()


def forms(secret: bytes) -> list[bytes]:
    """How a secret could be written."""
    return [secret, secret.hex().encode(), secret.hex().upper().encode(), base64.b64encode(secret)[:-1]]


def test_a_listener_on_loopback(place: Place, monkeypatch, record_property):
    """Somebody keeps every byte between client and daemon on loopback tcp, and looks for keys.

    The connection key signs and is never sent, nor are the keys that come from it. (Pixels
    are in the clear there: whoever reads the traffic of loopback may read the memory of its processes too.)
    """
    monkeypatch.setenv("SCUMBLE_BIND", "tcp")
    with connected():
        info = place.info
    with overheard(info) as (relay, through):
        write_connection(place.runtime, through)
        with connected(start=False) as client:
            connection = client._connection
            client.stylize(noise(32, 32), noise(32, 32))
            session = [connection._sender._key, connection._receiver._key]
        heard = relay.everything()
        write_connection(place.runtime, info)
    assert b"welcome" in heard
    for secret in [info.key, *session]:
        assert not any(form in heard for form in forms(secret))
    record_property("outcome", f"{len(heard):,} bytes heard, none of three keys in them")


def test_a_listener_on_the_network(on_the_network, as_client: KeyPair, monkeypatch, record_property):
    """Somebody keeps every byte between a client and a daemon on the network and looks for pixels and keys.

    CURVE encrypts all that follows the handshake, with keys that are made for the connection.
    """
    place, endpoint, public = on_the_network
    relay = Relay(endpoint)
    try:
        info = dataclasses.replace(place.info, job=relay.endpoint)
        marker = os.urandom(1 << 16)
        with allowed(place, as_client.public):
            connection = Connection.open(info, "job", Dealer.connect, timeout=10)
            connection.send(m.Put(1, bytes(32), len(marker), 0), [marker])
            assert connection.receive(10) is not None
            secrets = [connection._sender._key, connection._receiver._key, as_client.secret.encode()]
            connection.close()
        until(lambda: len(relay.everything()) > len(marker), "the bytes")
        heard = relay.everything()
    finally:
        relay.close()
    pieces = [marker[at : at + 16] for at in range(0, len(marker) - 16, 16)]
    assert not any(piece in heard for piece in [*pieces, *secrets, b"SCUM", b"welcome", public.encode()])
    record_property("outcome", f"{len(heard):,} bytes heard, no pixel and no key in them")
