"""What an installed package brings along besides modules."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from scumble.install.bundle import find_bundle
from scumble_daemon.plugins.bundle import add_engine, assemble_gimp, assemble_krita

ROOT = Path(__file__).parents[2]


def test_a_built_package_holds_the_styles(tmp_path):
    pytest.importorskip("setuptools", minversion="77")
    source = tmp_path / "source"
    for folder in ("client", "daemon", "models", "styles"):
        skipped = shutil.ignore_patterns("__pycache__", "weights.safetensors")
        shutil.copytree(ROOT / folder, source / folder, ignore=skipped)
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE", "MANIFEST.in"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "setup.py", "--quiet", "build_py", "--build-lib", "built"]
    subprocess.run(command, cwd=source, check=True, timeout=100, capture_output=True)
    built = source / "built" / "scumble_daemon"
    packages = {path.name for path in built.parent.iterdir()}
    assert packages == {"scumble", "scumble_daemon", "scumble_models"}
    assert not (built.parent / "scumble_models" / "bench").exists()
    code = (
        "from scumble_daemon.library import Library; l = Library(); print(l.builtin_folder, len(l.entries()))"
    )
    environment = {"PYTHONPATH": str(source / "built"), "SCUMBLE_DATA_DIR": str(tmp_path / "data")}
    look = [sys.executable, "-c", code]
    result = subprocess.run(look, env=environment, cwd=tmp_path, check=True, capture_output=True, text=True)
    styles = list((ROOT / "styles").glob("*/style.toml"))
    assert result.stdout.split() == [str(built / "styles"), str(len(styles))]


def test_the_lock_has_the_versions_that_the_tests_passed_with():
    pins = re.compile(r"^([A-Za-z0-9][\w.-]*)==(\S+)", re.MULTILINE)
    known: dict[str, set[str]] = {}
    for name, version in pins.findall((ROOT / "constraints.txt").read_text()):
        known.setdefault(canonicalize_name(name), set()).add(version)
    locked = pins.findall((ROOT / "locks" / "engine.txt").read_text())
    assert {"torch", "numpy", "pyzmq"} <= {name for name, _version in locked}
    for name, version in [*locked, *pins.findall((ROOT / "locks" / "uv.txt").read_text())]:
        assert version in known.get(canonicalize_name(name), {version}), f"{name}: run tools/lock.py"


def test_every_locked_file_has_a_hash_and_no_index_is_named():
    for file in ("engine.txt", "uv.txt"):
        text = (ROOT / "locks" / file).read_text()
        assert "://" not in text
        for block in re.split(r"\n(?=\S)", text.strip()):
            assert re.search(r"--hash=sha256:[0-9a-f]{64}", block), block


def test_a_packed_plugin_carries_what_installs_the_engine(tmp_path, monkeypatch):
    """Small files stand for the two wheels here: tests/integration/test_install.py takes the real ones."""
    wheel, uv = tmp_path / "scumble-1.2.3-py3-none-any.whl", tmp_path / "uv-1-any.whl"
    wheel.write_bytes(b"ours")
    uv.write_bytes(b"uv")
    sizes = {"cpu": {"download": 5, "room": 25}}
    for name, assemble in (("gimp", assemble_gimp), ("krita", assemble_krita)):
        (tmp_path / name).mkdir()
        plugin = assemble(tmp_path / name)
        add_engine(plugin, wheel, uv, ROOT / "locks" / "engine.txt", sizes)
        client = next(plugin.rglob("scumble/install/bundle.py")).parents[1]
        monkeypatch.setenv("SCUMBLE_ENGINE_BUNDLE", str(client.parent / "engine"))
        bundle = find_bundle()
        assert bundle is not None
        bundle.check()
        assert (bundle.version, bundle.sizes, bundle.room) == ("1.2.3", {"cpu": 5}, {"cpu": 25})
        assert "scumble==1.2.3" in bundle.lock.read_text()
