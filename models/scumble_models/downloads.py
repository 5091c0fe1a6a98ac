"""Fetch one file over HTTP so that it is whole and the right one, or not there.

The name, the hash and the order are fixed before the first byte: what arrives goes to a ``.part`` file
beside the target, an interrupted download goes on where it broke off (``Range``), and the file is moved to
its place only when its sha256 is the expected one. So a server or a mirror need not be trusted.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from scumble_models.errors import ModelError

MIRROR = "SCUMBLE_MIRROR"
OFFLINE = "SCUMBLE_OFFLINE_DIR"
MAX_BYTES = 1 << 30
"""Larger files are not taken, whatever the server says of their length."""
TIMEOUT_S = 20.0
"""Without a byte, after which a connection counts as stalled."""
FRUITLESS = 4
"""Tries in a row that brought no byte, after which it is given up."""
PAUSE_S = 1.0
_CHUNK = 1 << 18
_SHA256 = re.compile(r"[0-9a-f]{64}")


class DownloadError(ModelError):
    """A file could not be fetched, or it was not the expected one."""

    code = "download-failed"


def fetch(
    url: str,
    sha256: str,
    target: Path,
    *,
    timeout: float = TIMEOUT_S,
    pause: float = PAUSE_S,
    on_progress: Callable[[int, int], object] = lambda done, total: None,
) -> Path:
    """Put the file with that hash at `target`; nothing is asked of anyone when it lies there already.

    Args:
        url: http or https. With ``SCUMBLE_MIRROR`` set, the file of the same name below that address is
            asked for instead; with ``SCUMBLE_OFFLINE_DIR``, the one in that folder, and no network is used.
        sha256: 64 hex digits of the whole file.
        timeout: seconds without a byte, after which a connection is given up.
        pause: seconds before another try.
        on_progress: gets bytes done and bytes in all (0 when the server does not say).

    Raises:
        DownloadError: with what went wrong; the ``.part`` file stays if going on with it makes sense.
    """
    sha256 = sha256.lower()
    if not _SHA256.fullmatch(sha256):
        raise DownloadError("A sha256 has 64 hexadecimal digits.", hint="Copy it from the model's page.")
    if target.is_file() and _hash_of(target) == sha256:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{sha256[:16]}.part")
    name = _file_name(url)
    offline = os.environ.get(OFFLINE)
    if offline:
        _copy(Path(offline) / name, part)
    else:
        address = _address(url, name)
        resumed = part.exists()
        _download(address, part, timeout, pause, on_progress)
        if resumed and _hash_of(part) != sha256:  # what lay there may have been wrong: once more, from 0
            part.unlink()
            _download(address, part, timeout, pause, on_progress)
    if _hash_of(part) != sha256:
        part.unlink()
        raise DownloadError(
            "{file} is not the expected file (wrong sha256).",
            hint="Check the sha256, or choose another source with {mirror_variable} or {offline_variable}.",
            file=name,
            mirror_variable=MIRROR,
            offline_variable=OFFLINE,
        )
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(target)
    return target


def _address(url: str, name: str) -> str:
    mirror = os.environ.get(MIRROR)
    address = f"{mirror.rstrip('/')}/{urllib.parse.quote(name)}" if mirror else url
    if urllib.parse.urlsplit(address).scheme not in ("http", "https"):
        raise DownloadError(
            "Only http and https addresses can be fetched.",
            hint="Look at {mirror_variable}.",
            mirror_variable=MIRROR,
        )
    return address


def _file_name(url: str) -> str:
    name = urllib.parse.unquote(urllib.parse.urlsplit(url).path).rpartition("/")[2]
    if not re.fullmatch(r"\w[\w.+ -]{0,200}", name):
        raise DownloadError("The address does not end in a file's name.")
    return name


def _copy(source: Path, part: Path) -> None:
    try:
        if source.stat().st_size > MAX_BYTES:
            raise _too_large()
        with source.open("rb") as file, part.open("wb") as copy:
            while chunk := file.read(_CHUNK):
                copy.write(chunk)
    except OSError as error:
        raise DownloadError(
            "{file} cannot be read from the offline folder ({reason}).",
            hint="Put it there, or unset {offline_variable}.",
            file=source.name,
            reason=error.strerror,
            offline_variable=OFFLINE,
        ) from error


def _download(
    address: str, part: Path, timeout: float, pause: float, on_progress: Callable[[int, int], object]
) -> None:
    """Fill `part`, over as many connections as it takes while each of them brings something."""
    fruitless, reason = 0, ""
    while fruitless < FRUITLESS:
        before = part.stat().st_size if part.exists() else 0
        try:
            if _one_connection(address, part, before, timeout, on_progress):
                return
            reason = "the connection broke off"
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 416 and before:  # nothing comes after what we have; the hash will tell
                return
            if error.code < 500 and error.code not in (408, 429):
                raise _failed(address, f"the server says {error.code} {error.reason}") from error
            reason = f"the server says {error.code}"
        except (OSError, http.client.HTTPException) as error:
            if part.exists() and isinstance(error, OSError) and error.filename == str(part):
                raise _failed(address, f"the disk says: {error.strerror}") from error
            reason = "the server stalls" if isinstance(error, TimeoutError) else str(error)
        after = part.stat().st_size if part.exists() else 0
        fruitless = 0 if after > before else fruitless + 1
        time.sleep(pause)
    raise _failed(address, reason)


def _one_connection(
    address: str, part: Path, have: int, timeout: float, on_progress: Callable[[int, int], object]
) -> bool:
    """Go on from byte `have`; whether the end was reached. A server without ranges starts from 0."""
    request = urllib.request.Request(address, headers={"Accept-Encoding": "identity"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    with urllib.request.urlopen(request, timeout=timeout) as response:
        if urllib.parse.urlsplit(response.url).scheme not in ("http", "https"):
            raise _failed(address, "it leads to another kind of address")
        start = _start(response, have)
        length = int(response.headers.get("Content-Length") or 0)
        total = start + length if length else 0
        if total > MAX_BYTES:
            raise _too_large()
        with part.open("r+b" if start else "wb") as file:
            file.seek(start)
            return _receive(response, file, start, total, on_progress)


def _start(response: Any, have: int) -> int:
    if response.status != 206:
        return 0
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    if not found or int(found[1]) != have:
        raise http.client.HTTPException("the server sends another part than it was asked for")
    return have


def _receive(
    response: Any, file: BinaryIO, done: int, total: int, on_progress: Callable[[int, int], object]
) -> bool:
    while chunk := response.read1(_CHUNK):
        done += len(chunk)
        if done > MAX_BYTES:
            raise _too_large()
        file.write(chunk)
        on_progress(done, total)
    return not total or done >= total


def _hash_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _failed(address: str, reason: str) -> DownloadError:
    host = urllib.parse.urlsplit(address).netloc.rpartition("@")[2]
    return DownloadError(
        "The file could not be fetched from {host}: {reason}.",
        hint="Try again, it goes on where it broke off; or set {mirror_variable} or {offline_variable}.",
        host=host,
        reason=reason,
        mirror_variable=MIRROR,
        offline_variable=OFFLINE,
    )


def _too_large() -> DownloadError:
    return DownloadError(
        "A model has no more than {most} MiB; this file has.", most=format(MAX_BYTES >> 20, ",")
    )
