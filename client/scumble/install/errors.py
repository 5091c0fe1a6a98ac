"""What can go wrong with an installation, in sentences; and what uv and the system say of it, by code."""

from __future__ import annotations

import errno
import re

from ..errors import ScumbleError

_SIGNS = (
    ("disk-full", r"no space left|os error 112\b|disk quota exceeded"),
    ("folder-unwritable", r"permission denied|read-only file system|os error 5\b|access is denied"),
    ("download-damaged", r"hash mismatch"),
    ("certificate-unknown", r"invalid peer certificate|certificate_verify_failed"),
    (
        "index-unreachable",
        r"error sending request|dns error|connect error|timed out|connection (reset|refused)",
    ),
    ("packages-missing", r"no solution found|not found in|no matching|404"),
)


def complaint(text: str) -> ScumbleError:
    """What uv's lines mean."""
    low = text.lower()
    for code, signs in _SIGNS:
        if re.search(signs, low):
            return failure(code, text)
    return failure("install-failed", text)


def system_failure(error: OSError) -> ScumbleError:
    """What an error of the operating system means here."""
    code = "install-failed"
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        code = "disk-full"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
        code = "folder-unwritable"
    return failure(code, str(error))


def cancelled() -> ScumbleError:
    """The user wants no more of it."""
    return ScumbleError("cancelled", "The installation was stopped.", hint="It can be continued at any time.")


def failure(code: str, detail: str) -> ScumbleError:
    """The error of a code; `install-failed` for one that is not known."""
    if code == "disk-full":
        return ScumbleError(
            "disk-full",
            "There is no room on the disk for the installation.",
            hint="Make room and continue, or choose a folder on another disk.",
            retryable=True,
            detail=detail,
        )
    if code == "folder-unwritable":
        return ScumbleError(
            "folder-unwritable",
            "The folder for the installation cannot be written.",
            hint="Choose another folder.",
            detail=detail,
        )
    if code == "download-damaged":
        return ScumbleError(
            "download-damaged",
            "A package is not the one that Scumble was tried with.",
            hint="Try again, or install from a folder of wheels.",
            retryable=True,
            detail=detail,
        )
    if code == "index-unreachable":
        return ScumbleError(
            "index-unreachable",
            "The packages could not be downloaded: their server cannot be reached.",
            hint="Check the connection, firewall and proxy and continue, or install from a folder of wheels.",
            retryable=True,
            detail=detail,
        )
    if code == "certificate-unknown":
        return ScumbleError(
            "certificate-unknown",
            "The server of the packages shows a certificate that this computer does not trust.",
            hint="Behind a proxy let SSL_CERT_FILE name its certificate, or install from a folder of wheels.",
            detail=detail,
        )
    if code == "packages-missing":
        return ScumbleError(
            "packages-missing",
            "A package for this system and its Python is not where Scumble looks for it.",
            hint="The log names it. A folder of wheels must hold all packages.",
            detail=detail,
        )
    return ScumbleError(
        "install-failed",
        "The installation did not go through.",
        hint="The log tells more. Continue goes on where it stopped.",
        retryable=True,
        detail=detail,
    )
