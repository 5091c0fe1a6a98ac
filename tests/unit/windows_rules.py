"""The client by the rules of Windows, in a process of its own: python -I -S windows_rules.py CLIENT FOLDER

What Linux has and Windows has not is taken away before the client is imported; what only Windows has is put
there where it is asked for. It shows that nothing of ours needs the one or misses the other, and no more:
neither Windows' file system nor its processes are here.
"""

# ruff: noqa: E402, F401 - loaded as Linux has them; what is ours comes afterwards

import argparse
import asyncio
import concurrent.futures
import configparser
import contextlib
import ctypes
import dataclasses
import gettext
import http.client
import importlib
import json
import mmap
import os
import pkgutil
import queue
import secrets
import select
import selectors
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import types
import urllib.request
import uuid
import zipfile
from pathlib import Path

POSIX_MODULES = ("fcntl", "resource", "pwd", "grp", "termios", "pty")
POSIX_NAMES = (
    *(
        "getuid",
        "geteuid",
        "getgid",
        "getegid",
        "fork",
        "setsid",
        "memfd_create",
        "posix_fallocate",
        "sysconf",
    ),
    *(
        "O_NOFOLLOW",
        "O_NONBLOCK",
        "O_CLOEXEC",
        "O_DIRECTORY",
        "killpg",
        "mkfifo",
        "sched_getaffinity",
        "uname",
    ),
)
client, folder = sys.argv[1], Path(sys.argv[2])
sys.platform = "win32"
os.pathsep = ";"
for name in POSIX_MODULES:
    sys.modules[name] = None  # type: ignore[assignment]
for name in POSIX_NAMES:
    if hasattr(os, name):
        delattr(os, name)
del socket.AF_UNIX
asked = []
msvcrt = types.ModuleType("msvcrt")
msvcrt.LK_NBLCK, msvcrt.LK_LOCK = 2, 1  # type: ignore[attr-defined]
msvcrt.locking = lambda descriptor, mode, size: asked.append((mode, size))  # type: ignore[attr-defined]
sys.modules["msvcrt"] = msvcrt
os.environ.update(LOCALAPPDATA=str(folder), SYSTEMROOT="C:\\Windows")

sys.path.insert(0, client)
package = importlib.import_module("scumble")
for found in pkgutil.walk_packages(package.__path__, "scumble."):
    if found.name not in ("scumble.wire.transport_pyzmq", "scumble.install.__main__"):
        importlib.import_module(found.name)

from scumble.folders import config_dir, data_dir, log_dir, runtime_dir, secure_dir
from scumble.install.cards import recommended_build, torch_backend
from scumble.install.engine import engine_dir, python_of
from scumble.install.indexes import pip_settings
from scumble.launch.launcher import clean_environment
from scumble.locking import open_lock, try_lock, wait_for_lock

ours = folder / "scumble"
assert [runtime_dir(), config_dir(), log_dir(), data_dir()] == [
    *(ours / "run", ours / "config", ours / "Logs", ours / "scumble")
]
assert secure_dir(runtime_dir()).is_dir()
assert python_of(engine_dir()) == ours / "scumble" / "engine" / "env" / "Scripts" / "python.exe"
descriptor = open_lock(ours / "a.lock")
assert try_lock(descriptor)
wait_for_lock(descriptor)
os.close(descriptor)
assert asked == [(2, 1), (1, 1)]
assert clean_environment()["PATH"].split(";")[0] == "C:\\Windows\\System32"
assert recommended_build() == "cpu"
assert torch_backend("cuda", "win32") == "auto"
(folder / "pip").mkdir()
(folder / "pip" / "pip.ini").write_text("[global]\nindex-url = http://company/simple\n")
assert pip_settings({"APPDATA": str(folder)})["index-url"] == "http://company/simple"
sys.stdout.write("by the rules\n")
