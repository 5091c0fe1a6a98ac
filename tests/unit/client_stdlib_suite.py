"""The client package on a bare interpreter: run as `python -I -S -W error client_stdlib_suite.py CLIENT_DIR`.

Needs nothing but the standard library of Python 3.8, because the editors' interpreters have no more.
"""

# ruff: noqa: PT009, PT027 - these interpreters have no pytest

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import importlib.abc
import math
import pkgutil
import socket
import struct
import sys
import tempfile
import threading
import unittest
from pathlib import Path

BLOCKED = ("numpy", "msgpack", "zmq", "PIL", "torch", "platformdirs", "scumble_daemon", "scumble_models")
# Modules that exist to use a package when it is there; nothing may need them.
ADAPTERS = {"scumble.wire.transport_pyzmq": "zmq"}
PATIENCE = 20.0


class Blocker(importlib.abc.MetaPathFinder):
    """Makes the packages look as if they were not installed."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname.partition(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"{fullname} is blocked", name=fullname)


class BareInterpreter(unittest.TestCase):
    def test_the_packages_are_blocked(self):
        for name in BLOCKED:
            with self.assertRaises(ModuleNotFoundError):
                importlib.import_module(name)

    def test_every_module_of_the_client_imports(self):
        package = importlib.import_module("scumble")
        names = [found.name for found in pkgutil.walk_packages(package.__path__, "scumble.")]
        self.assertIn("scumble.wire.zmtp", names)
        for name in names:
            with self.subTest(name):
                if name not in ADAPTERS:
                    importlib.import_module(name)
                    continue
                with self.assertRaises(ModuleNotFoundError) as caught:
                    importlib.import_module(name)
                self.assertEqual(caught.exception.name, ADAPTERS[name])


class Msgpack(unittest.TestCase):
    def test_values_survive(self):
        from scumble.wire.msgpack import packb, unpackb

        value = {
            "nil": None,
            "flags": [True, False],
            "integers": [0, 127, 128, -1, -32, -33, 2**16, -(2**31), 2**64 - 1, -(2**63)],
            "floats": [0.5, -0.0, 1e300, math.inf],
            "text": ["", "é" * 200, "x" * 70_000],
            "bytes": [b"", bytes(300), bytes(70_000)],
            "nested": {"list": [[[]], {}], "long": list(range(1000))},
        }
        self.assertEqual(unpackb(packb(value)), value)
        self.assertEqual(unpackb(memoryview(packb(value))), value)

    def test_hostile_bytes_give_the_one_error(self):
        from scumble.wire.msgpack import MsgpackError, packb, unpackb

        packed = packb({"a": [1, "b", b"c"]})
        hostile = [b"", b"\xc1", b"\xdd\xff\xff\xff\xff", b"\x91" * 100_000, b"\xd4\0\0", packed + b"\0"]
        hostile += [packed[:end] for end in range(len(packed))]
        for data in hostile:
            with self.subTest(data[:10]), self.assertRaises(MsgpackError):
                unpackb(data)


class Values(unittest.TestCase):
    def test_bounds_are_cut_and_joined(self):
        from scumble.pixels.geometry import Bounds, Extent, Point

        bounds = Bounds(2, 3, 10, 20)
        self.assertEqual(bounds.pad(4).clamp(Extent(11, 12)), Bounds(0, 0, 11, 12))
        self.assertEqual(bounds.translate(Point(-2, -3)), Bounds.of(Extent(10, 20)))
        self.assertTrue(bounds.intersect(Bounds(12, 3, 5, 5)).is_empty)
        self.assertEqual(sum(strip.area for strip in bounds.strips(7)), bounds.area)

    def test_pixels_are_checked(self):
        from scumble.errors import ScumbleError
        from scumble.pixels.geometry import Extent
        from scumble.pixels.pixels import PixelFormat, Pixels

        pixels = Pixels(Extent(3, 2), PixelFormat("u16", "RGB"), bytes(36))
        self.assertEqual(pixels.format.bytes_per_pixel, 6)
        with self.assertRaises(ScumbleError):
            Pixels(Extent(3, 2), PixelFormat("u16", "RGB"), bytes(35))

    def test_messages_survive(self):
        from scumble.wire.header import decode_header, encode_header
        from scumble.wire.messages import Have, Hello, Progress

        for message in (
            Hello(nonce=bytes(range(32)), role="job", client="suite"),
            Have(request=7, digests=[bytes(32)]),
            Progress(job="0" * 32, done=1, total=2, stage="paint", eta_s=0.5),
        ):
            with self.subTest(message.type):
                self.assertEqual(decode_header(encode_header(message)), message)
                self.assertTrue(dataclasses.is_dataclass(message))


class Router:
    """A tiny ROUTER on a raw socket: shakes hands, sends a PING, then echoes messages until the end."""

    def __init__(self, listener):
        self.failure = None
        self.pongs = []
        self._listener = listener
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def join(self):
        self._thread.join(PATIENCE)
        if self._thread.is_alive():
            raise AssertionError("the router did not end")
        if self.failure is not None:
            raise self.failure

    def _run(self):
        try:
            conn, _ = self._listener.accept()
            with conn:
                conn.settimeout(PATIENCE)
                self._serve(conn)
        except BaseException as error:
            self.failure = error

    def _serve(self, conn):
        conn.sendall(b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"NULL".ljust(20, b"\0") + bytes(32))
        self._exactly(conn, 64)
        ready = b"\x05READY\x0bSocket-Type\0\0\0\x06ROUTER"
        conn.sendall(struct.pack(">BB", 4, len(ready)) + ready)
        flags, body = self._frame(conn)
        if flags != 4 or not body.startswith(b"\x05READY\x0bSocket-Type\0\0\0\x06DEALER"):
            raise AssertionError(f"not a READY command: {body!r}")
        conn.sendall(b"\x04\x09\x04PING\0\0hi")
        with contextlib.suppress(EOFError):
            while True:
                flags, body = self._frame(conn)
                if flags & 4:
                    self.pongs.append(body)
                else:
                    conn.sendall(struct.pack(">BQ", flags | 2, len(body)) + body)

    def _frame(self, conn):
        (flags,) = self._exactly(conn, 1)
        size = int.from_bytes(self._exactly(conn, 8 if flags & 2 else 1), "big")
        return flags & ~2, self._exactly(conn, size)

    @staticmethod
    def _exactly(conn, count):
        data = b""
        while len(data) < count:
            piece = conn.recv(count - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data


class Zmtp(unittest.TestCase):
    def exchange(self, listener, endpoint):
        from scumble.wire.zmtp import Closed, Dealer, Timeout

        listener.listen(1)
        listener.settimeout(PATIENCE)
        router = Router(listener)
        with Dealer.connect(
            endpoint, timeout=PATIENCE, max_frame=1 << 20, max_message=1 << 21, max_frames=10
        ) as dealer:
            with self.assertRaises(Timeout):
                dealer.recv_multipart(0.01)
            for size in (0, 1, 255, 256, 65_535, 65_536, 1 << 20):
                frames = [b"head", bytes(range(256)) * (size // 256) + bytes(size % 256), b""]
                dealer.send_multipart(frames, PATIENCE)
                self.assertEqual(dealer.recv_multipart(PATIENCE), frames)
        with self.assertRaises(Closed):
            dealer.recv_multipart(0)
        router.join()
        self.assertEqual(router.pongs, [b"\x04PONGhi"])

    def test_a_dealer_talks_over_tcp(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.exchange(listener, f"tcp://127.0.0.1:{listener.getsockname()[1]}")

    @unittest.skipUnless(hasattr(socket, "AF_UNIX"), "this Python has no unix sockets")
    def test_a_dealer_talks_over_a_unix_socket(self):
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
            path = str(Path(folder) / "peer")
            listener.bind(path)
            self.exchange(listener, "ipc://" + path)

    def test_what_goes_wrong_is_typed(self):
        from scumble.wire.zmtp import ConnectFailed, Dealer, EndpointError, ProtocolError

        limits = {"timeout": PATIENCE, "max_frame": 10, "max_message": 10, "max_frames": 1}
        with self.assertRaises(EndpointError):
            Dealer.connect("inproc://x", **limits)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            endpoint = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
            with self.assertRaises(ConnectFailed):
                Dealer.connect(endpoint, **limits)
            listener.listen(1)

            def talk_http():
                conn, _ = listener.accept()
                with conn, contextlib.suppress(ConnectionError):
                    conn.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                    while conn.recv(1000):
                        pass

            thread = threading.Thread(target=talk_http, daemon=True)
            thread.start()
            with self.assertRaises(ProtocolError):
                Dealer.connect(endpoint, **limits)
            thread.join(PATIENCE)


if __name__ == "__main__":
    sys.path.insert(0, sys.argv.pop())
    sys.meta_path.insert(0, Blocker())
    unittest.main()
