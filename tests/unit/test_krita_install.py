"""Packing the Krita plug-in, finding Krita's folders, installing there, and its settings file."""

from __future__ import annotations

import ast
import configparser
import json
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from scumble import ScumbleError
from scumble_daemon.cli import cli
from scumble_daemon.plugins.install import find_krita, install_krita, uninstall_krita
from scumble_daemon.plugins.kritarc import disable_plugin, enable_plugin, is_enabled
from scumble_daemon.plugins.places import KritaPlace, krita_places

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = ROOT / "plugin_krita"
NAME = "scumble_krita"


@pytest.fixture
def place(tmp_path: Path) -> KritaPlace:
    return KritaPlace("as given", tmp_path / "share" / "krita", tmp_path / "config" / "kritarc")


PLACES = {
    "distribution": ("linux", ".local/share/krita", ".config/kritarc"),
    "flatpak": ("linux", ".var/app/org.kde.krita/data/krita", ".var/app/org.kde.krita/config/kritarc"),
    "snap": ("linux", "snap/krita/current/.local/share/krita", "snap/krita/current/.config/kritarc"),
    "Windows": ("win32", "AppData/Roaming/krita", "AppData/Local/kritarc"),
    "Microsoft Store": (
        "win32",
        "AppData/Local/Packages/49800Krita_x/LocalCache/Roaming/krita",
        "AppData/Local/Packages/49800Krita_x/LocalCache/Local/kritarc",
    ),
    "macOS": ("darwin", "Library/Application Support/krita", "Library/Preferences/kritarc"),
}


@pytest.mark.parametrize("kind", PLACES)
def test_every_kind_of_installation_has_its_own_folders(tmp_path, monkeypatch, kind: str):
    platform, resources, kritarc = PLACES[kind]
    monkeypatch.setenv("PATH", "/nowhere")
    assert krita_places({}, platform, tmp_path) == []
    (tmp_path / resources).mkdir(parents=True)
    (found,) = krita_places({}, platform, tmp_path)
    assert found.kind.startswith(kind)
    assert (found.folder, found.kritarc) == (tmp_path / resources, tmp_path / kritarc)


def test_a_krita_that_never_ran_is_found_by_its_program(tmp_path, monkeypatch):
    program = tmp_path / "bin" / "krita"
    program.parent.mkdir()
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    environment = {"XDG_DATA_HOME": str(tmp_path / "data"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    (found,) = krita_places(environment, "linux", tmp_path)
    assert (found.folder, found.kritarc) == (tmp_path / "data" / "krita", tmp_path / "config" / "kritarc")


def test_resources_that_an_artist_has_moved_are_followed(tmp_path):
    (tmp_path / ".config").mkdir()
    moved = tmp_path / "my resources"
    (tmp_path / ".config" / "kritarc").write_text(f"ResourceDirectory={moved}\n\n[python]\n")
    assert [place.folder for place in krita_places({}, "linux", tmp_path)] == [moved]


def test_installing_replaces_an_older_plugin_and_enables_it(place):
    old = place.folder / "pykrita" / NAME
    old.mkdir(parents=True)
    (old / "__init__.py").write_text("old")
    (old / "left.over").touch()
    assert find_krita(place) is not None
    done = install_krita(place)
    assert done.folder == old
    assert not (old / "left.over").exists()
    assert (old / "lib" / "scumble" / "client.py").is_file()
    assert (place.folder / "pykrita" / f"{NAME}.desktop").is_file()
    assert (place.folder / "actions" / f"{NAME}.action").is_file()
    assert sorted(entry.name for entry in place.folder.iterdir()) == ["actions", "pykrita"]
    assert place.kritarc.read_text() == f"[python]\nenable_{NAME}=true\n"
    assert find_krita(place) == done
    assert install_krita(place) == done


def test_uninstalling_takes_all_of_ours_and_nothing_else(place):
    install_krita(place)
    other = place.folder / "pykrita" / "other"
    other.mkdir()
    assert uninstall_krita(place)
    assert not uninstall_krita(place)
    assert find_krita(place) is None
    assert list((place.folder / "pykrita").iterdir()) == [other]
    assert list((place.folder / "actions").iterdir()) == []
    assert place.kritarc.read_text() == "[python]\n"


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ScumbleError) as caught:
        install_krita(KritaPlace("as given", tmp_path / "file" / "krita", tmp_path / "kritarc"))
    assert caught.value.code == "plugin-not-installed"
    assert not (tmp_path / "kritarc").exists()


BEFORE = {
    "none": b"",
    "other groups": b"a=1\n[Zoom]\nx=y",
    "other plug-ins": b"[python]\nenable_other=true\n\n[tool]\n\xff=\xfe\n",
    "disabled": b"[python]\nenable_other=false\nenable_scumble_krita=false\n[tool]\n",
    "Windows lines": b"[tool]\r\na=b\r\n[python]\r\nenable_other=true\r\n",
    "group at the end": b"[python]",
    "the same key elsewhere": b"[tool]\nenable_scumble_krita=false\n",
}


@pytest.mark.parametrize("name", BEFORE)
def test_one_line_of_kritas_settings_changes(tmp_path, name: str):
    file, before = tmp_path / "kritarc", BEFORE[name]
    if before:
        file.write_bytes(before)
    enable_plugin(file, NAME)
    assert is_enabled(file, NAME)
    after = file.read_bytes()
    enable_plugin(file, NAME)
    assert file.read_bytes() == after
    kept = [line for line in before.splitlines() if line != b"enable_scumble_krita=false" or name[0] == "t"]
    assert [line for line in after.splitlines() if line in kept] == kept
    assert (b"\r\n" in after) == (b"\r\n" in before)
    assert after.count(b"[python]") == 1
    disable_plugin(file, NAME)
    assert not is_enabled(file, NAME)


def test_settings_that_are_a_link_stay_one(tmp_path):
    kept = tmp_path / "dotfiles" / "kritarc"
    kept.parent.mkdir()
    kept.write_text("[tool]\n")
    kept.chmod(0o640)
    (tmp_path / "kritarc").symlink_to(kept)
    enable_plugin(tmp_path / "kritarc", NAME)
    assert (tmp_path / "kritarc").is_symlink()
    assert is_enabled(kept, NAME)
    assert kept.stat().st_mode & 0o777 == 0o640


def test_the_command_line_installs_reports_and_removes(tmp_path, monkeypatch):
    monkeypatch.setenv("SCUMBLE_CONFIG_DIR", str(tmp_path / "settings"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/nowhere")
    runner = CliRunner()

    def run(*arguments: str) -> str:
        return runner.invoke(cli, ["plugins", *arguments]).output

    assert "No Krita was found." in run("status")
    assert runner.invoke(cli, ["plugins", "install", "krita"]).exception.code == "editor-missing"
    (tmp_path / "data" / "krita").mkdir(parents=True)
    assert "install it with: scumble plugins install krita" in run("status")
    assert "Settings > Dockers > Scumble" in run("install", "krita")
    assert (tmp_path / "settings" / "python").read_text().strip() == sys.executable
    assert "Krita (distribution or AppImage): plug-in 0." in run("status")
    (tmp_path / "config" / "kritarc").write_text("[python]\nenable_scumble_krita=false\n")
    assert "not enabled" in run("status")
    assert json.loads(run("uninstall", "krita", "--json"))["removed"] == [
        str(tmp_path / "data" / "krita" / "pykrita" / NAME)
    ]
    assert "not installed" in run("uninstall", "krita")
    assert "as given" in run("install", "krita", "--folder", str(tmp_path / "elsewhere"))
    assert (tmp_path / "elsewhere" / "pykrita" / NAME / "__init__.py").is_file()


def test_the_archive_is_one_that_kritas_importer_takes(tmp_path):
    done = CliRunner().invoke(cli, ["plugins", "build", str(tmp_path), "krita"])
    assert done.exit_code == 0, done.output
    archive = Path(done.output.strip())
    with zipfile.ZipFile(archive) as packed:
        names = packed.namelist()
        desktop = configparser.ConfigParser()
        desktop.read_string(packed.read(f"{NAME}.desktop").decode())
    # The importer looks for an entry of the folder itself.
    assert {f"{NAME}/", f"{NAME}/__init__.py", f"{NAME}.action"} <= set(names)
    assert {name.split("/")[0] for name in names} == {NAME, f"{NAME}.desktop", f"{NAME}.action"}
    assert desktop["Desktop Entry"]["X-KDE-Library"] == NAME
    assert f"{NAME}/{desktop['Desktop Entry']['X-Krita-Manual']}" in names
    assert f"{NAME}/lib/scumble/client.py" in names
    first = archive.read_bytes()
    CliRunner().invoke(cli, ["plugins", "build", str(tmp_path), "krita"])
    assert archive.read_bytes() == first


def test_the_shortcuts_are_those_of_the_actions():
    module = ast.parse((PLUGIN / NAME / "extension.py").read_text())
    table = next(
        node.value
        for node in module.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ACTIONS"
    )
    assert isinstance(table, ast.Dict)
    found = {}
    for name, row in zip(table.keys, table.values, strict=True):
        assert isinstance(row, ast.Tuple)
        said = [ast.literal_eval(part.args[0]) for part in row.elts if isinstance(part, ast.Call)]
        found[ast.literal_eval(name)] = tuple(said)
    tree = ElementTree.parse(PLUGIN / f"{NAME}.action")
    assert found == {
        action.get("name"): (action.findtext("text"), action.findtext("toolTip"))
        for action in tree.iter("Action")
    }
