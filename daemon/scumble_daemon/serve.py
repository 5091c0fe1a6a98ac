"""Run the daemon in this process."""

from __future__ import annotations

import contextlib
import importlib.metadata
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator

import zmq

from scumble.connection import runtime_dir, secure_dir
from scumble.errors import ScumbleError
from scumble.fields import ROLES
from scumble.remote import connection_key
from scumble.wire import KEY_SIZE

from . import lifetime
from .broker import Broker
from .gate import Gate
from .logs import start_logging
from .port import Port, new_router, open_hello
from .settings import Settings, settings_from_environment

FAREWELL_MS = 200  # for the last messages to go out

log = logging.getLogger(__name__)


def run(settings: Settings | None = None, ready: Callable[[], None] = lambda: None) -> int:
    """Serve until a signal, a client's shutdown, or the idle time ends it; returns the exit code.

    `ready` is called once clients can connect, or once it is known that another daemon already
    serves this user: then there is nothing to do and the code is 0.

    The runtime directory comes from the environment (`scumble.connection.runtime_dir`), and so do
    the settings unless they are given.
    """
    start_logging()
    try:
        return _run(settings or settings_from_environment(), ready)
    except ScumbleError as error:
        log.error("%s: %s %s", error.code, error, error.detail)
        return 1
    except Exception:
        log.exception("the daemon failed")
        return 1


def _run(settings: Settings, ready: Callable[[], None]) -> int:
    _allow_many_files()
    directory = secure_dir(runtime_dir())
    with lifetime.only_daemon(directory) as alone:
        if not alone:
            log.info("another daemon serves this user already")
            ready()
            return 0
        version = importlib.metadata.version("scumble")
        context = zmq.Context()
        sockets = new_router(context), new_router(context)
        try:
            endpoints = lifetime.bind(sockets, directory, settings.bind)
            key = connection_key(endpoints.curve) if endpoints.curve else os.urandom(KEY_SIZE)
            broker = Broker(*sockets, key, settings, version, local=not endpoints.listeners)
            _stop_on_signals(broker)
            gates = _gates(context, endpoints, broker, key, settings)
            with (
                _authenticated(context, endpoints),
                lifetime.announced(directory, endpoints, key, version),
                _served(gates),
            ):
                log.info("daemon %d (%s) serves", os.getpid(), version)
                ready()
                broker.run()
            log.info("daemon %d ends", os.getpid())
        finally:
            context.destroy(linger=FAREWELL_MS)
            lifetime.remove_sockets(directory)
    return 0


def _gates(
    context: zmq.Context, endpoints: lifetime.Endpoints, broker: Broker, key: bytes, settings: Settings
) -> list[Gate]:
    """A gate for every listener; none when the sockets are bound to ipc."""

    def build(listener: socket.socket, role: str, port: Port) -> Gate:
        return Gate(
            context,
            listener,
            lifetime.backend(role),
            lambda packet: open_hello(key, packet),
            lambda peer: port.session(peer) is not None,
            settings.limits.max_greetings,
        )

    return [build(*one) for one in zip(endpoints.listeners, ROLES, broker.ports, strict=False)]


def _authenticated(
    context: zmq.Context, endpoints: lifetime.Endpoints
) -> contextlib.AbstractContextManager[None]:
    """Who asks whether a client is known, when the sockets are bound to the network."""
    if not endpoints.curve:
        return contextlib.nullcontext()
    from . import curve

    return curve.authenticated(context)


@contextlib.contextmanager
def _served(gates: list[Gate]) -> Iterator[None]:
    """Serve the gates for as long as the context lasts."""
    for gate in gates:
        gate.start()
    try:
        yield
    finally:
        for gate in gates:
            gate.stop()


def _stop_on_signals(broker: Broker) -> None:
    if threading.current_thread() is not threading.main_thread():
        return
    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda number, frame: broker.stop())


def _allow_many_files() -> None:
    """Raise the soft limit on descriptors to the hard one: idle connections must not use them up."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(hard, 65_536) if hard != resource.RLIM_INFINITY else 65_536
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
