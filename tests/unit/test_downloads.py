"""Downloads from a real server that breaks off, lies and stalls."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from scumble_daemon.cli.models import command
from scumble_models import downloads, pulling
from scumble_models.downloads import MIRROR, OFFLINE, DownloadError, fetch
from scumble_models.errors import ModelError, UnknownModelError, WeightsError
from scumble_models.registry import find_model, load_model

CONTENT = bytes(range(256)) * 4000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Answers each request as the next entry of `plan` says; the last entry stays."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content = CONTENT
        self.plan: list[str] = ["well"]
        self.ranges: list[str | None] = []
        self.released = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/models/small.safetensors"


class _Handler(BaseHTTPRequestHandler):
    server: Server  # type: ignore[assignment]

    def do_GET(self) -> None:
        server = self.server
        server.ranges.append(self.headers.get("Range"))
        way = server.plan.pop(0) if len(server.plan) > 1 else server.plan[0]
        start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        if way == "other-file":
            start = 0
        if way in ("no-range", "wrong-bytes", "other-file"):
            start = 0
        body = server.content[start:]
        if way == "missing":
            return self.send_error(404)
        if way == "busy":
            return self.send_error(503)
        if way == "elsewhere":
            self.send_response(302)
            self.send_header("Location", "ftp://127.0.0.1/small.safetensors")
            return self.end_headers()
        if start >= len(server.content):
            return self.send_error(416)
        self.send_response(206 if start else 200)
        if start or way == "wrong-range":
            offset = start + (7 if way == "wrong-range" else 0)
            self.send_header(
                "Content-Range", f"bytes {offset}-{len(server.content) - 1}/{len(server.content)}"
            )
        length = {"short-length": len(body) // 2, "long-length": len(body) + 5000, "huge": 1 << 62}
        if way != "no-length":
            self.send_header("Content-Length", str(length.get(way, len(body))))
        self.end_headers()
        if way == "wrong-bytes":
            body = bytes(len(body))
        if way in ("breaks", "stalls"):
            body = body[: max(1, len(body) // 3)]
        if way == "silent":
            body = b""
        self.wfile.write(body)
        if way in ("stalls", "silent"):
            self.wfile.flush()
            server.released.wait(30)
        return None

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", MIRROR, OFFLINE):
        monkeypatch.delenv(name, raising=False)
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def get(server: Server, tmp_path: Path) -> Callable[..., Path]:
    def get(sha256: str = SHA256) -> Path:
        return fetch(server.url, sha256, tmp_path / "models" / "small.safetensors", timeout=0.4, pause=0.0)

    return get


def test_a_file_arrives_and_is_not_fetched_twice(server: Server, get):
    assert get().read_bytes() == CONTENT
    assert get().read_bytes() == CONTENT
    assert server.ranges == [None]
    assert [path.name for path in get().parent.iterdir()] == ["small.safetensors"]


@pytest.mark.parametrize("way", ["breaks", "stalls"])
def test_it_goes_on_where_it_broke_off(server: Server, get, way: str):
    server.plan = [way, way, "well"]
    assert get().read_bytes() == CONTENT
    first = len(CONTENT) // 3
    assert server.ranges[:2] == [None, f"bytes={first}-"]
    assert len(server.ranges) == 3


def test_a_later_call_goes_on_with_the_part(server: Server, get):
    server.plan = ["breaks", "missing"]
    with pytest.raises(DownloadError, match="404"):
        get()
    server.plan = ["well"]
    assert get().read_bytes() == CONTENT
    assert server.ranges[-1] == f"bytes={len(CONTENT) // 3}-"


@pytest.mark.parametrize("plan", [["breaks", "no-range"], ["busy", "well"], ["no-length"],
                                  ["breaks", "wrong-range", "well"]])  # fmt: skip
def test_servers_that_are_odd(server: Server, get, plan: list[str]):
    server.plan = plan
    assert get().read_bytes() == CONTENT


@pytest.mark.parametrize("plan", [["wrong-bytes"], ["breaks", "wrong-bytes"], ["short-length"]])
def test_lies_are_seen_and_nothing_stays(server: Server, get, plan: list[str], tmp_path: Path):
    server.plan = plan
    with pytest.raises(DownloadError, match="wrong sha256"):
        get()
    assert not list((tmp_path / "models").iterdir())


@pytest.mark.parametrize(
    ("way", "says"),
    [("silent", "stalls"), ("busy", "503"), ("missing", "404"), ("huge", "no more than")],
)
def test_it_gives_up_in_the_end(server: Server, get, way: str, says: str):
    server.plan = [way]
    with pytest.raises(DownloadError, match=says):
        get()


def test_a_length_that_is_too_long_costs_a_few_tries(server: Server, get):
    """The server announces 5,000 bytes more than there are: what came is whole, and its hash says so."""
    server.plan = ["long-length", "well"]
    assert get().read_bytes() == CONTENT


def test_a_damaged_part_is_thrown_away(server: Server, get, tmp_path: Path):
    part = tmp_path / "models" / f"small.safetensors.{SHA256[:16]}.part"
    part.parent.mkdir()
    part.write_bytes(b"nonsense" * 10)
    assert get().read_bytes() == CONTENT
    assert server.ranges == ["bytes=80-", None]


def test_a_redirect_leads_to_http_only(server: Server, get):
    server.plan = ["elsewhere"]
    with pytest.raises(DownloadError):
        get()


def test_only_http_is_asked(tmp_path: Path, server: Server):
    for url in ("file:///etc/passwd", "ftp://127.0.0.1/a.safetensors"):
        with pytest.raises(DownloadError, match="Only http"):
            fetch(url, SHA256, tmp_path / "a")
    with pytest.raises(DownloadError, match="name"):
        fetch(server.url.replace("small.safetensors", "..%2f"), SHA256, tmp_path / "a")
    with pytest.raises(DownloadError, match="64"):
        fetch(server.url, "12", tmp_path / "a")


def test_a_file_larger_than_any_model_is_not_taken(server: Server, get, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(downloads, "MAX_BYTES", 100_000)
    server.plan = ["no-length"]
    with pytest.raises(DownloadError, match="no more than"):
        get()


def test_a_mirror_is_asked_instead(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(MIRROR, server.url.rpartition("/")[0])
    target = fetch("https://models.invalid/a/small.safetensors", SHA256, tmp_path / "it")
    assert target.read_bytes() == CONTENT


def test_an_offline_folder_needs_no_network(server: Server, get, tmp_path: Path, monkeypatch):
    folder = tmp_path / "stick"
    folder.mkdir()
    monkeypatch.setenv(OFFLINE, str(folder))
    with pytest.raises(DownloadError, match="offline folder"):
        get()
    (folder / "small.safetensors").write_bytes(CONTENT)
    assert get().read_bytes() == CONTENT
    assert server.ranges == []


def test_a_full_disk_is_said(server: Server, get):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    target = get()
    part = target.with_name(f"small.safetensors.{'0' * 16}.part")
    part.symlink_to("/dev/full")
    with pytest.raises(DownloadError, match=os.strerror(errno.ENOSPC)):
        get("0" * 64)


def test_a_model_is_pulled_from_an_index(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SCUMBLE_DATA_DIR", str(tmp_path / "data"))
    server.content = find_model("microast").path.read_bytes()
    digest = hashlib.sha256(server.content).hexdigest()
    index = tmp_path / "index.toml"
    index.write_text(f'[mine]\nurl = "{server.url}"\nsha256 = "{digest}"\nlicence = "MIT"\n')
    info = pulling.pull(pulling.find_offer(index, "mine"))
    assert (info.architecture, find_model("mine").licence) == ("microast", "MIT")
    assert load_model("mine").info.sha256 == digest
    with pytest.raises(UnknownModelError):
        pulling.find_offer(index, "yours")


def test_a_file_that_is_no_model_is_not_listed(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SCUMBLE_DATA_DIR", str(tmp_path / "data"))
    with pytest.raises(WeightsError):
        pulling.pull(pulling.Offer("mine", server.url, SHA256))
    with pytest.raises(ModelError, match="built in"):
        pulling.pull(pulling.Offer("microast", server.url, SHA256))
    assert not [path for path in (tmp_path / "data").rglob("*") if path.is_file()]


@pytest.mark.parametrize("text", ["[mine]\nurl = 'x'", "mine = 3", "[mine", ""])
def test_a_damaged_index(tmp_path: Path, text: str):
    index = tmp_path / "index.toml"
    index.write_text(text)
    with pytest.raises(ModelError):
        pulling.find_offer(index, "mine")


def test_the_command_pulls_by_address_and_by_name(server: Server, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("SCUMBLE_DATA_DIR", str(tmp_path / "data"))
    server.content = find_model("microast").path.read_bytes()
    digest = hashlib.sha256(server.content).hexdigest()
    run = CliRunner().invoke
    found = run(command, ["pull", server.url, "--sha256", digest, "--name", "mine"])
    assert (found.exit_code, found.output) == (0, "mine is ready: use it with --engine mine.\n")
    index = tmp_path / "index.toml"
    index.write_text(f'[yours]\nurl = "{server.url}"\nsha256 = "{digest}"\n')
    assert run(command, ["pull", "yours", "--index", str(index)]).exit_code == 0
    assert find_model("yours").sha256 == find_model("mine").sha256 == digest
    for wrong in (["pull", "yours"], ["pull", server.url, "--name", "mine"]):
        assert run(command, wrong).exit_code == 2
