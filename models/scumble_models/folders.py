"""Engines on disk: one folder each, found by the ``engine.toml`` in it.

network.py       the network; its class is named in engine.toml
engine.toml      traits, and the models that there are: titles, files, hashes, licences
training.py      how it is trained, where it is: a class ``Training`` (scumble_models.training.method)
fast.py          the same in a faster way, where there is one
importing.py     how foreign checkpoints are read, where they can be
card.md          what it is good at, what it was trained on, and where it fails
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from scumble_models.engine import Traits
from scumble_models.errors import WeightsError
from scumble_models.network import StyleNetwork

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PACKAGE = Path(__file__).parent
DESCRIPTION = "engine.toml"
#: Where folders of engines are looked for; the first one of a name counts. Code is run from them: nothing
#: that a user has downloaded belongs here.
PLACES: list[Path] = [PACKAGE]


@dataclass(frozen=True)
class EngineFolder:
    """One engine's folder.

    Attributes:
        name: of the folder, which is the architecture's.
        rows: its models by name, none as long as there are no weights; with title, file, sha256, licence,
            and encoder and encoder_sha256 where a second file holds what training left as it was.
        order: among all engines; the first one is what is taken where none is named.
    """

    path: Path
    traits: Traits
    rows: Mapping[str, Mapping[str, str]]
    network_class: str
    order: int

    @property
    def name(self) -> str:
        """The architecture's."""
        return self.path.name

    def build(self) -> StyleNetwork:
        """A new network, with the weights that its layers begin with."""
        module = self.part("network")
        assert module is not None
        return getattr(module, self.network_class)()

    def part(self, name: str) -> ModuleType | None:
        """A module of the folder; None where it has none of that name."""
        if not (self.path / f"{name}.py").is_file():
            return None
        return importlib.import_module(f"{self._package()}.{name}")

    def _package(self) -> str:
        if self.path.parent == PACKAGE:
            return f"{__package__}.{self.name}"
        package = f"scumble_engine_{self.name}_{zlib.crc32(str(self.path).encode()):08x}"
        if package not in sys.modules:
            spec = importlib.util.spec_from_file_location(
                package, self.path / "__init__.py", submodule_search_locations=[str(self.path)]
            )
            assert spec is not None
            assert spec.loader is not None
            sys.modules[package] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(sys.modules[package])
        return package


def engine_folders() -> dict[str, EngineFolder]:
    """All engines by name, in their order.

    Raises:
        WeightsError: an ``engine.toml`` is damaged.
    """
    found: dict[str, EngineFolder] = {}
    for place in PLACES:
        for path in sorted(place.glob(f"*/{DESCRIPTION}")):
            found.setdefault(path.parent.name, _read(path))
    return dict(sorted(found.items(), key=lambda item: item[1].order))


def engine_folder(name: str) -> EngineFolder:
    """One engine.

    Raises:
        WeightsError: there is none of that name.
    """
    folders = engine_folders()
    if name not in folders:
        raise WeightsError(
            "There is no architecture {architecture}.",
            hint="Known: {choices}.",
            architecture=repr(name),
            choices=", ".join(folders),
        )
    return folders[name]


@functools.cache
def _read(path: Path) -> EngineFolder:
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        rows = {name: dict(row) for name, row in table["models"].items()}
        if any(not {"title", "file", "sha256", "licence"} <= row.keys() for row in rows.values()):
            raise ValueError("a model has no title, file, sha256 or licence")
        traits = Traits.of(table.get("traits", {}))
        return EngineFolder(path.parent, traits, rows, str(table["network"]), int(table["order"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(
            "The engine {engine} is described wrongly: {reason}.",
            hint="Install Scumble again.",
            engine=path.parent.name,
            reason=error,
        ) from error
