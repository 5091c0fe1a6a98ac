"""What the tests of the installer install from: wheels made of what this environment has, and a slow index.

All packages are the real ones. torch alone, 190 MB, is a small wheel that leads to this environment's.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from dist import build_wheel  # noqa: E402

from scumble_daemon.plugins.bundle import add_engine  # noqa: E402

OTHERS = ("click", "msgpack", "numpy", "pillow", "platformdirs", "pyzmq", "rich", "safetensors", "tifffile")
"""Our dependencies besides torch."""
TORCH = '''"""Leads to a torch that is installed elsewhere: a real one, without its 190 MB."""
import sys
from importlib.machinery import PathFinder

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name in ("torch", "torchgen", "functorch"):
            return PathFinder.find_spec(name, {folders!r})
        return None

sys.meta_path.insert(0, Finder)
'''


def write_wheel(
    folder: Path, name: str, version: str, files: Mapping[str, bytes], metadata: str, tag: str
) -> Path:
    """A wheel with these files; names and contents alone decide its bytes."""
    info = f"{name}-{version}.dist-info"
    header = f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n"
    whole = {**files, f"{info}/METADATA": metadata.encode(), f"{info}/WHEEL": header.encode()}
    rows = []
    target = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as packed:
        for path, data in whole.items():
            entry = zipfile.ZipInfo(path, (2025, 1, 1, 0, 0, 0))
            entry.external_attr = 0o755 << 16
            packed.writestr(entry, data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
            rows.append(f"{path},sha256={digest},{len(data)}\n")
        packed.writestr(f"{info}/RECORD", "".join(rows) + f"{info}/RECORD,,\n")
    return target


def repack(name: str, folder: Path, programs: bool = False) -> Path:
    """The wheel that an installed package came from, but for the programs that pip has made for it."""
    found = distribution(name)
    files: dict[str, bytes] = {}
    for file in found.files or ():
        path = file.as_posix()
        if "/bin/" in path and path.startswith(".."):
            if not programs:
                continue
            path = f"{name}-{found.version}.data/scripts/{Path(path).name}"
        if path.endswith(
            (".pyc", "/RECORD", "/INSTALLER", "/REQUESTED", "/direct_url.json", "/WHEEL", "/METADATA")
        ):
            continue
        files[path] = Path(str(file.locate())).read_bytes()
    info = next(file.parent.name for file in found.files or () if file.name == "METADATA")
    name, version = info.removesuffix(".dist-info").split("-")
    return write_wheel(folder, name, version, files, _metadata(found), _tag(found))


def _metadata(found: Distribution) -> str:
    return found.read_text("METADATA") or ""


def _tag(found: Distribution) -> str:
    tags = re.findall(r"^Tag: (\S+)", found.read_text("WHEEL") or "", re.MULTILINE)
    python = "py2.py3-none-any" if "py2-none-any" in tags else tags[0]
    return python.strip()


def needed(names: Iterable[str]) -> list[str]:
    """These packages and all that they need here."""
    todo, found = list(names), []
    while todo:
        name = re.sub(r"[-_.]+", "-", todo.pop()).lower()
        if name in found or name.startswith("nvidia-"):
            continue
        found.append(name)
        for text in distribution(name).requires or ():
            requirement = Requirement(text)
            marker = requirement.marker
            if marker is None or marker.evaluate({**default_environment(), "extra": ""}):
                todo.append(requirement.name)
    return found


def make_wheels(folder: Path) -> list[Path]:
    """Write all wheels that the engine needs besides ours; that of torch works in the editors' root too."""
    folder.mkdir(parents=True)
    torch = distribution("torch")
    place = str(torch.locate_file(""))
    files = {
        "torch_from_elsewhere.py": TORCH.replace("{folders!r}", repr([place, f"/host{place}"])).encode(),
        "torch_from_elsewhere.pth": b"import torch_from_elsewhere\n",
    }
    cuda = ("nvidia", "triton", "cuda")
    wants = [text for text in torch.requires or () if not text.startswith(cuda)]
    metadata = f"Metadata-Version: 2.1\nName: torch\nVersion: {torch.version}\n"
    metadata += "".join(f"Requires-Dist: {text}\n" for text in wants if "extra ==" not in text)
    wheels = [write_wheel(folder, "torch", torch.version, files, metadata, "py3-none-any")]
    names = needed((*OTHERS, *(Requirement(text).name for text in wants if "extra ==" not in text)))
    return [*wheels, *(repack(name, folder) for name in names if name != "torch")]


def our_wheel(folder: Path) -> Path:
    """The wheel of this checkout, built as `make dist` does."""
    folder.mkdir(parents=True, exist_ok=True)
    return build_wheel(folder)


def as_version(wheel: Path, version: str, folder: Path) -> Path:
    """The same wheel under another version."""
    old = wheel.name.split("-")[1]
    files, metadata = {}, ""
    with zipfile.ZipFile(wheel) as packed:
        for name in packed.namelist():
            path = name.replace(f"scumble-{old}.", f"scumble-{version}.")
            if path.endswith("dist-info/METADATA"):
                metadata = packed.read(name).decode().replace(f"Version: {old}", f"Version: {version}", 1)
            elif not path.endswith(("/RECORD", "/WHEEL", "/")):
                files[path] = packed.read(name)
    folder.mkdir(parents=True, exist_ok=True)
    return write_wheel(folder, "scumble", version, files, metadata, "py3-none-any")


def write_lock(file: Path, wheels: Iterable[Path]) -> Path:
    """A lock as locks/engine.txt, for these wheels."""
    rows = []
    for wheel in wheels:
        name, version = wheel.name.split("-")[:2]
        rows.append(
            f"{name}=={version} \\\n    --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"
        )
    file.write_text("".join(rows))
    return file


def portable_python(
    folder: Path, base: Path = Path(sys.base_prefix), minor: int = sys.version_info.minor
) -> Path:
    """A copy of a Python's own files that runs wherever it lies, in another root too; its program."""
    version = f"python3.{minor}"
    left_out = shutil.ignore_patterns(
        "__pycache__", "test", "tests", "site-packages", "idlelib", "config-*", "*.a"
    )
    (folder / "bin").mkdir(parents=True)
    shutil.copytree(base / "lib" / version, folder / "lib" / version, ignore=left_out)
    (folder / "lib" / version / "site-packages").mkdir(exist_ok=True)
    for library in (base / "lib").glob(f"lib{version}*.so*"):
        shutil.copy(library, folder / "lib", follow_symlinks=False)
    program = folder / "bin" / version
    shutil.copy((base / "bin" / version).resolve(), program)
    # Where it is built with a shared library, it looks for that where it was built: now beside itself.
    built_in = str(base / "lib").encode()
    data = program.read_bytes()
    program.write_bytes(data.replace(built_in + b"\0", b"$ORIGIN/../lib".ljust(len(built_in), b"\0") + b"\0"))
    (folder / "bin" / "python3").symlink_to(version)
    return program


class Kit:
    """Wheels in `wheels`, a bundle for each version, and the environment of an empty home in `home`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.wheels = folder, folder / "wheels"
        self.others = make_wheels(self.wheels)
        self.ours = our_wheel(folder / "ours")
        (folder / "uv").mkdir()
        self.uv = repack("uv", folder / "uv", programs=True)

    def add_to(self, plugin: Path, version: str | None = None) -> Path:
        """Put the engine's package into a plug-in, and return its folder."""
        wheel = self.ours if version is None else as_version(self.ours, version, self.folder / version)
        lock = write_lock(self.folder / "engine.txt", self.others)
        size = sum(file.stat().st_size for file in self.others)
        add_engine(plugin, wheel, self.uv, lock, {"cpu": {"download": size, "room": 3 * size}})
        return plugin / "engine"

    def bundle(self, version: str | None = None) -> Path:
        """A bundle alone."""
        plugin = self.folder / f"plugin-{version}"
        if not plugin.exists():
            plugin.mkdir()
            self.add_to(plugin, version)
        return plugin / "engine"


class Index(http.server.ThreadingHTTPServer):
    """A package index on this machine that can be slow, and break off after so many bytes of each answer."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.cut, self.pause, self.blocked = folder, 0, 0.0, False
        self.requests: list[tuple[str, str]] = []
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/simple"

    def handle_error(self, request, client_address) -> None:
        """A client that has gone is no error here."""


@functools.cache
def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Index

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        kind, _, name = self.path.strip("/").partition("/")
        wanted = self.headers.get("Range", "")
        if kind == "simple":
            self._list(name)
            return
        ours = self.headers.get("User-Agent", "") == "scumble-installer"
        if ours:  # uv looks into wheels by itself
            self.server.requests.append((name, wanted))
        data = (self.server.folder / name).read_bytes()
        first, last = 0, len(data) - 1
        found = re.match(r"bytes=(\d*)-(\d*)", wanted)
        if found:
            first = int(found[1]) if found[1] else len(data) - int(found[2])
            last = int(found[2]) if found[1] and found[2] else last
        self.send_response(206 if found else 200)
        if found:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(last + 1 - first))
        self.end_headers()
        if body:
            self._send(data[first : last + 1], broken=ours)

    def _send(self, data: bytes, broken: bool) -> None:
        cut = self.server.cut if broken else 0
        part = data[:cut] if cut else data
        for start in range(0, len(part), 1 << 16):
            self.wfile.write(part[start : start + (1 << 16)])
            if self.server.pause and broken:
                threading.Event().wait(self.server.pause)
        if len(part) < len(data):
            self.close_connection = True

    def _list(self, name: str) -> None:
        if self.server.blocked:
            self.close_connection = True
            return
        files = [
            {
                "filename": file.name,
                "url": f"/files/{file.name}",
                "hashes": {"sha256": _digest(file)},
                "size": file.stat().st_size,
            }
            for file in sorted(self.server.folder.glob("*.whl"))
            if re.sub(r"[-_.]+", "-", file.name.split("-")[0]).lower() == name
        ]
        text = json.dumps(
            {"meta": {"api-version": "1.1"}, "name": name, "files": files, "versions": []}
        ).encode()
        self.send_response(200 if files else 404)
        self.send_header("Content-Type", "application/vnd.pypi.simple.v1+json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the screen."""


def client_alone(folder: Path) -> Path:
    """A copy of the client, as a plug-in has it: no engine is importable beside it."""
    target = folder / "plugin"
    shutil.copytree(
        ROOT / "client" / "scumble", target / "scumble", ignore=shutil.ignore_patterns("__pycache__")
    )
    return target


def copy_engine(source: Path, target: Path) -> None:
    """Put an installed engine into another home; its files are linked, which no test changes in place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(source, target, symlinks=True, copy_function=_link)


def _link(source: str, target: str) -> None:
    if Path(source).is_symlink() or source.endswith(".json"):
        shutil.copy(source, target, follow_symlinks=False)
    else:
        os.link(source, target)


def empty_home(folder: Path, bundle: Path) -> dict[str, str]:
    """The variables of somebody who has just unpacked the plug-in."""
    (folder / "home").mkdir(parents=True)
    return {
        "HOME": str(folder / "home"),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "SCUMBLE_RUNTIME_DIR": str(folder / "run"),
        "SCUMBLE_ENGINE_BUNDLE": str(bundle),
        "PYTHONPATH": str(folder.parent / "plugin"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PIP_CONFIG_FILE": os.devnull,
        "UV_PYTHON": base_python(),
    }


@functools.cache
def bare_python() -> str:
    """A Python without any of our packages, as an editor's: 3.8, as Krita for Windows has, if it is here."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    old = sorted(pyenv.glob("versions/3.8.*/bin/python3"), reverse=True)
    return str(old[0]) if old else base_python()


def base_python() -> str:
    """The Python that this environment was made with."""
    return str(Path(sys.base_prefix) / "bin" / "python3")


def run_installer(
    environment: dict[str, str], *arguments: str, **options: object
) -> subprocess.CompletedProcess[str]:
    """`python -m scumble.install`, to its end."""
    command = [bare_python(), "-m", "scumble.install", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]


def newcomer(folder: Path, python: Path) -> dict[str, str]:
    """The variables of somebody who has just unpacked the plug-in: nothing of Scumble is anywhere yet."""
    places = {name: str(folder / name.lower()) for name in ("RUNTIME", "LOG", "DATA", "CONFIG", "SPOOL")}
    own = {f"SCUMBLE_{name}_DIR": place for name, place in places.items()}
    return {**own, "UV_PYTHON": str(python), "SCUMBLE_IDLE_EXIT": "120", "SCUMBLE_PYTHON": ""}
