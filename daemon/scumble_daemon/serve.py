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

from scumble.errors import ScumbleError
from scumble.folders import runtime_dir, secure_dir
from scumble.wire.curve import connection_key
from scumble.wire.session import KEY_SIZE
from scumble.wire.validators import ROLES

from .logs import start_logging
from .server import single_instance
from .server.broker import Broker
from .server.sessions import Sessions, new_router, open_hello
from .server.tcp_listener import TcpListener
from .settings import Settings, settings_from_environment

FAREWELL_MS = 200  # for the last messages to go out

log = logging.getLogger(__name__)


def run(settings: Settings | None = None, ready: Callable[[], None] = lambda: None) -> int:
    """Serve until a signal, a client's shutdown, or the idle time ends it; returns the exit code.

    `ready` is called once clients can connect, or once it is known that another daemon already
    serves this user: then there is nothing to do and the code is 0.

    The runtime directory comes from the environment (`scumble.folders.runtime_dir`), and so do
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
    with single_instance.only_daemon(directory) as alone:
        if not alone:
            log.info("another daemon serves this user already")
            ready()
            return 0
        version = importlib.metadata.version("scumble")
        context = zmq.Context()
        sockets = new_router(context), new_router(context)
        try:
            endpoints = single_instance.bind(sockets, directory, settings.bind)
            key = connection_key(endpoints.curve) if endpoints.curve else os.urandom(KEY_SIZE)
            broker = Broker(*sockets, key, settings, version, local=not endpoints.listeners)
            _stop_on_signals(broker)
            tcp_listeners = _tcp_listeners(context, endpoints, broker, key, settings)
            with (
                _authenticated(context, endpoints),
                single_instance.announced(directory, endpoints, key, version),
                _served(tcp_listeners),
            ):
                log.info("daemon %d (%s) serves", os.getpid(), version)
                ready()
                broker.run()
            log.info("daemon %d ends", os.getpid())
        finally:
            context.destroy(linger=FAREWELL_MS)
            single_instance.remove_sockets(directory)
    return 0


def _tcp_listeners(
    context: zmq.Context, endpoints: single_instance.Endpoints, broker: Broker, key: bytes, settings: Settings
) -> list[TcpListener]:
    """A `TcpListener` for every listener; none when the sockets are bound to ipc."""

    def build(listener: socket.socket, role: str, sessions: Sessions) -> TcpListener:
        return TcpListener(
            context,
            listener,
            single_instance.backend(role),
            lambda packet: open_hello(key, packet),
            lambda peer: sessions.session(peer) is not None,
            settings.limits.max_greetings,
        )

    return [build(*one) for one in zip(endpoints.listeners, ROLES, broker.ports, strict=False)]


def _authenticated(
    context: zmq.Context, endpoints: single_instance.Endpoints
) -> contextlib.AbstractContextManager[None]:
    """Who asks whether a client is known, when the sockets are bound to the network."""
    if not endpoints.curve:
        return contextlib.nullcontext()
    from .server import network_auth

    return network_auth.authenticated(context)


@contextlib.contextmanager
def _served(tcp_listeners: list[TcpListener]) -> Iterator[None]:
    """Serve the tcp_listeners for as long as the context lasts."""
    for tcp_listener in tcp_listeners:
        tcp_listener.start()
    try:
        yield
    finally:
        for tcp_listener in tcp_listeners:
            tcp_listener.stop()


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
