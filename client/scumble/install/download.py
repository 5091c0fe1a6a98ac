"""Download what a pylock.toml names. Run by the engine's Python:  python download.py PYLOCK LOCK FOLDER OUT

A file that a broken line has cut short is continued, in this run and in later ones: `FOLDER/NAME.part` holds
what has come. Each file's SHA-256 must be one of those that LOCK has for its package. What lies on this
computer already is used where it is. OUT becomes a list for ``uv pip sync``.

Prints one JSON object a line: ``{"total": BYTES}``, ``{"done": BYTES}``, ``{"log": TEXT}``, and for what
ended it ``{"error": CODE, "detail": TEXT}``. Not in the editor's own Python, which may lack certificates.
"""

from __future__ import annotations

import errno
import hashlib
import http.client
import json
import re
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Set

PIECE = 1 << 18
SILENCE_S = 30.0
TRIES = 6  # without one byte more
TELL_S = 0.2
CERTIFICATES = (
    *("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"),
    *("/etc/ssl/cert.pem", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"),
)
# Builds of torch and its companions beside those of the usual index: their own index says the hash.
_BUILDS = re.compile(r"(torch|triton|pytorch-triton.*|nvidia-.*|cuda-.*)\Z")


class DownloadError(Exception):
    """Its arguments are a code and a detail."""


class Wanted(NamedTuple):
    """A file to have: `place` is a URL or a path, `size` 0 where nobody says."""

    package: str
    place: str
    sha256: str
    size: int

    @property
    def name(self) -> str:
        return urllib.parse.unquote(self.place.rpartition("/")[2])


def read_pylock(file: Path) -> List[Wanted]:
    """The wheel of each package. Raises DownloadError for a package that has none."""
    import tomllib  # novm: the engine's Python is 3.11 or newer

    wanted = []
    for package in tomllib.loads(file.read_text(encoding="utf-8"))["packages"]:
        wheels = (
            package.get("wheels") or [package["archive"]] if "archive" in package else package.get("wheels")
        )
        if not wheels:
            raise DownloadError("packages-missing", package["name"] + " has no wheel")
        wheel = wheels[0]
        path = wheel.get("path")
        place = str((file.parent / path).resolve()) if path else wheel["url"]
        if place.startswith("file:"):
            place = urllib.request.url2pathname(urllib.parse.urlsplit(place).path)
        sha256 = wheel.get("hashes", {}).get("sha256", "")
        wanted.append(Wanted(package["name"], place, sha256, int(wheel.get("size", 0))))
    return wanted


def read_lock(file: Path) -> Dict[str, Set[str]]:
    """The hashes that each package may have."""
    hashes: Dict[str, Set[str]] = {}
    package = ""
    for line in file.read_text(encoding="utf-8").splitlines():
        named = re.match(r"([A-Za-z0-9][\w.-]*)\s*(==|@)", line)
        if named:
            package = _normal(named.group(1))
        for sha256 in re.findall(r"--hash=sha256:([0-9a-f]{64})", line):
            hashes.setdefault(package, set()).add(sha256)
    return hashes


def check_hashes(wanted: List[Wanted], known: Dict[str, Set[str]]) -> None:
    """Raise DownloadError unless the lock knows each file; other builds of torch are said in the log."""
    for file in wanted:
        name = _normal(file.package)
        if file.sha256 in known.get(name, ()):
            continue
        if _BUILDS.match(name) and file.sha256 and (name not in known or "+" in file.name):
            say(log="{} is not in the lock: its index says the hash {}".format(file.name, file.sha256))
            continue
        raise DownloadError("download-damaged", "{} has a hash that the lock does not know".format(file.name))


def download(wanted: List[Wanted], folder: Path) -> List[Path]:
    """Have all files, and return where they are. Raises DownloadError and OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    remote = [file for file in wanted if _is_url(file.place)]
    say(total=sum(file.size for file in remote))
    meter = _Meter()
    context = _context()
    places = []
    for file in wanted:
        if _is_url(file.place):
            target = folder / file.name
            if not (target.is_file() and _digest(target) == file.sha256):
                _fetch(file, target, context, meter)
            meter.finish(target.stat().st_size)
        else:
            target = Path(file.place)
            if _digest(target) != file.sha256:
                raise DownloadError("download-damaged", "{} is not what the index says".format(target))
        places.append(target)
    return places


class _Meter:
    """Tells how many bytes there are, a few times a second."""

    def __init__(self) -> None:
        self._before, self._told = 0, 0.0

    def show(self, size: int) -> None:
        if time.monotonic() - self._told > TELL_S:
            self._told = time.monotonic()
            say(done=self._before + size)

    def finish(self, size: int) -> None:
        self._before += size
        say(done=self._before)


def _fetch(file: Wanted, target: Path, context: ssl.SSLContext, meter: _Meter) -> None:
    part = target.with_name(target.name + ".part")
    for again in (False, True):
        _fill(file, part, context, meter)
        if _digest(part) == file.sha256:
            part.replace(target)
            return
        part.unlink()
        say(log="{} came damaged{}".format(file.name, "" if again else ": once more"))
    raise DownloadError("download-damaged", "{} has another hash than its index says".format(file.name))


def _fill(file: Wanted, part: Path, context: ssl.SSLContext, meter: _Meter) -> None:
    """Continue a file until it is all there."""
    failures = 0
    while True:
        have = part.stat().st_size if part.exists() else 0
        try:
            if _continue(file, part, have, context, meter):
                return
            problem = "the line broke"
        except urllib.error.HTTPError as error:
            if error.code == 416 and have:
                part.unlink()
                continue
            problem = "the server answered {}".format(error.code)
            if error.code in (401, 403, 404, 407, 410, 451):
                failures = TRIES
        except OSError as error:
            if isinstance(getattr(error, "reason", error), ssl.SSLCertVerificationError):
                raise DownloadError("certificate-unknown", str(error)) from error
            if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
                raise
            problem = str(error)
        except http.client.HTTPException as error:
            problem = repr(error)
        came = (part.stat().st_size if part.exists() else 0) > have
        failures = 1 if came else failures + 1
        if failures >= TRIES:
            raise DownloadError("index-unreachable", "{}: {}".format(file.name, problem))
        say(log="{}: {}; continued".format(file.name, problem))
        time.sleep(min(8.0, 0.25 * 2**failures))


def _continue(file: Wanted, part: Path, have: int, context: ssl.SSLContext, meter: _Meter) -> bool:
    """One request for the rest; whether the file is whole then."""
    headers = {"User-Agent": "scumble-installer", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = "bytes={}-".format(have)
    request = urllib.request.Request(file.place, headers=headers)
    with urllib.request.urlopen(request, timeout=SILENCE_S, context=context) as answer:
        if answer.status != 206:
            have = 0  # it sends all of it
        size = file.size or have + int(answer.headers.get("Content-Length") or 0)
        with part.open("ab" if have else "wb") as out:
            while True:
                piece = answer.read(PIECE)
                if not piece:
                    break
                out.write(piece)
                have += len(piece)
                meter.show(have)
        return have >= size


def _context() -> ssl.SSLContext:
    """What certificates are checked by; a Python from elsewhere may not know where this system has them."""
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    if not context.cert_store_stats()["x509_ca"] and not (paths.capath and any(Path(paths.capath).iterdir())):
        for place in CERTIFICATES:
            if Path(place).is_file():
                context.load_verify_locations(place)
                break
    return context


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        for piece in iter(lambda: opened.read(1 << 20), b""):
            digest.update(piece)
    return digest.hexdigest()


def _is_url(place: str) -> bool:
    return place.startswith(("http:", "https:"))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def say(**fields: Any) -> None:
    """Tell who listens."""
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


def main(arguments: List[str]) -> int:
    """Do it; the exit code is 1 after an error that was said."""
    pylock, lock, folder, out = (Path(argument) for argument in arguments)
    problem: Optional[DownloadError] = None
    try:
        wanted = read_pylock(pylock)
        check_hashes(wanted, read_lock(lock))
        places = download(wanted, folder)
        rows = [
            "{} @ {} --hash=sha256:{}\n".format(file.package, place.as_uri(), file.sha256)
            for file, place in zip(wanted, places)
        ]
        out.write_text("".join(rows), encoding="utf-8")
        return 0
    except DownloadError as error:
        problem = error
    except OSError as error:
        full = error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
        denied = error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
        code = "disk-full" if full else "folder-unwritable" if denied else "install-failed"
        problem = DownloadError(code, str(error))
    say(error=problem.args[0], detail=problem.args[1])
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
