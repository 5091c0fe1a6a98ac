"""Models from elsewhere: fetched by address and hash, checked, and put among the user's own.

Scumble hosts none. A model comes from an index, a TOML file with one table per model (``url``, ``sha256``,
and optionally ``title`` and ``licence``), or from an address and a hash that the user gives.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scumble_models import registry
from scumble_models.downloads import DownloadError, fetch
from scumble_models.errors import UnknownModelError, WeightsError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

INDEX = "SCUMBLE_MODEL_INDEX"


@dataclass(frozen=True)
class Offer:
    """Where a safetensors file lies and what it must be (sha256 in hex)."""

    name: str
    url: str
    sha256: str
    title: str = ""
    licence: str = "see where it came from"


def read_index(path: Path) -> dict[str, Offer]:
    """The offers of an index file, by name.

    Raises:
        DownloadError: it cannot be read, or a table lacks what it must have.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return {name: _offer(name, row) for name, row in table.items()}
    except OSError as error:
        raise DownloadError(
            "The index {file} cannot be read.", hint="See {address}.", file=path.name, address=INDEX
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DownloadError(
            "The index {file} is damaged: {reason}.",
            hint="Each model is a table with url and sha256.",
            file=path.name,
            reason=error,
        ) from error


def _offer(name: str, row: dict[str, object]) -> Offer:
    title, licence = str(row.get("title", "")), str(row.get("licence", Offer.licence))
    return Offer(name, str(row["url"]), str(row["sha256"]), title, licence)


def find_offer(index: Path, name: str) -> Offer:
    """One offer of an index; raises as :func:`read_index`, and UnknownModelError."""
    offers = read_index(index)
    if name not in offers:
        raise UnknownModelError(name, sorted(offers)[:3])
    return offers[name]


def pull(
    offer: Offer, on_progress: Callable[[int, int], object] = lambda done, total: None
) -> registry.ModelInfo:
    """Fetch a model, check that it is one, and list it. A model that is there is replaced as a whole.

    Raises:
        DownloadError: the file could not be had, or has another hash.
        WeightsError: it is not a model that this version knows, or the name cannot be used.
    """
    if not registry.NAME.fullmatch(offer.name):
        hint = "Use lower-case letters, digits, dots and dashes."
        raise WeightsError("{model} cannot name a model.", hint=hint, model=repr(offer.name))
    if any(info.builtin and info.name == offer.name for info in registry.list_models()):
        raise WeightsError("{model} is built in.", hint="Choose another name with --name.", model=offer.name)
    folder = registry.models_folder()
    fetched = fetch(offer.url, offer.sha256, folder / "pulled" / f"{offer.name}.safetensors",
                    on_progress=on_progress)  # fmt: skip
    try:
        architecture = registry.load_candidate(str(fetched)).info.architecture
    except WeightsError:
        fetched.unlink()
        raise
    path = folder / f"{offer.name}.safetensors"
    title = offer.title or f"{architecture}, pulled"
    info = registry.user_model(architecture, path, offer.sha256.lower(), title, offer.licence)
    fetched.replace(path)
    registry.keep_row(info)
    return info
