"""Packing the plug-ins, finding the editors' folders, installing there."""

from __future__ import annotations

import gettext
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from scumble import ScumbleError
from scumble_daemon.cli import cli
from scumble_daemon.plugins.bundle import assemble_gimp
from scumble_daemon.plugins.catalogue import compile_mo, read_po, write_po
from scumble_daemon.plugins.install import find_gimp, install_gimp, uninstall_gimp
from scumble_daemon.plugins.places import GimpPlace, gimp_places

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = ROOT / "plugin_gimp" / "scumble-gimp"


def profile(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def test_profiles_of_every_kind_of_installation_are_found(tmp_path):
    profile(tmp_path / ".config" / "GIMP" / "3.0")
    profile(tmp_path / ".config" / "GIMP" / "3.2")
    profile(tmp_path / ".config" / "GIMP" / "2.10")
    profile(tmp_path / ".var" / "app" / "org.gimp.GIMP" / "config" / "GIMP" / "3.0")
    profile(tmp_path / "snap" / "gimp" / "current" / ".config" / "GIMP" / "3.0")
    found = gimp_places({}, "linux", tmp_path)
    assert [(place.kind.split()[0], place.series) for place in found] == [
        ("distribution", "3.2"),
        ("distribution", "3.0"),
        ("flatpak", "3.0"),
        ("snap", "3.0"),
    ]
    assert found[0].folder == tmp_path / ".config" / "GIMP" / "3.2" / "plug-ins"


@pytest.mark.parametrize(
    ("platform", "folder"),
    [("win32", "AppData/Roaming/GIMP/3.0"), ("darwin", "Library/Application Support/GIMP/3.0")],
)
def test_other_systems_have_their_own_folders(tmp_path, platform, folder):
    profile(tmp_path / folder)
    assert [place.folder for place in gimp_places({}, platform, tmp_path)] == [tmp_path / folder / "plug-ins"]


def test_a_gimp_that_never_ran_is_found_by_its_program(tmp_path, monkeypatch):
    program = tmp_path / "bin" / "gimp"
    profile(program.parent)
    program.write_text("#!/bin/sh\necho 'GNU Image Manipulation Program version 3.0.4'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    found = gimp_places({"XDG_CONFIG_HOME": str(tmp_path / "config")}, "linux", tmp_path)
    assert [place.folder for place in found] == [tmp_path / "config" / "GIMP" / "3.0" / "plug-ins"]


def test_installing_replaces_an_older_plugin_and_leaves_nothing_else(tmp_path):
    place = GimpPlace("as given", "3.0", tmp_path / "3.0" / "plug-ins")
    old = place.folder / "scumble-gimp"
    profile(old)
    (old / "scumble-gimp.py").write_text("old")
    (old / "left.over").touch()
    found = install_gimp(place)
    assert found.folder == old
    assert not (old / "left.over").exists()
    assert (old / "scumble-gimp.py").stat().st_mode & 0o100
    assert [entry.name for entry in (tmp_path / "3.0").iterdir()] == ["plug-ins"]
    assert find_gimp(place) == found


def test_uninstalling_takes_the_plugin_only_and_follows_no_link(tmp_path):
    place = GimpPlace("as given", "3.0", tmp_path / "plug-ins")
    install_gimp(place)
    profile(place.folder / "other")
    assert uninstall_gimp(place)
    assert not uninstall_gimp(place)
    checkout = profile(tmp_path / "checkout")
    (place.folder / "scumble-gimp").symlink_to(checkout)
    assert uninstall_gimp(place)
    assert checkout.is_dir()
    assert [entry.name for entry in place.folder.iterdir()] == ["other"]


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ScumbleError) as caught:
        install_gimp(GimpPlace("as given", "3.0", tmp_path / "file" / "plug-ins"))
    assert caught.value.code == "plugin-not-installed"


def test_the_packaged_client_runs_without_anything_of_ours(tmp_path):
    plugin = assemble_gimp(tmp_path)
    code = "import scumble, scumble.editing; print(scumble.__file__)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", f"import sys; sys.path.insert(0, {str(plugin)!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(str(plugin))
    assert not list(plugin.rglob("__pycache__"))


def test_the_command_line_installs_reports_and_removes(tmp_path, monkeypatch):
    monkeypatch.setenv("SCUMBLE_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("GIMP3_DIRECTORY", raising=False)
    runner = CliRunner()
    assert "No GIMP 3 was found" in runner.invoke(cli, ["plugins", "status"]).output
    profile(tmp_path / "xdg" / "GIMP" / "3.0")
    done = runner.invoke(cli, ["plugins", "install", "gimp"])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "config" / "python").read_text().strip() == sys.executable
    assert "plug-in 0." in runner.invoke(cli, ["plugins", "status"]).output
    assert "removed" in runner.invoke(cli, ["plugins", "uninstall", "gimp"]).output
    assert "not installed" in runner.invoke(cli, ["plugins", "uninstall", "gimp"]).output


def test_the_archive_holds_one_folder_and_an_executable(tmp_path):
    done = CliRunner().invoke(cli, ["plugins", "build", str(tmp_path), "gimp"])
    assert done.exit_code == 0, done.output
    archive = Path(done.output.strip())
    with zipfile.ZipFile(archive) as packed:
        names = packed.namelist()
        mode = packed.getinfo("scumble-gimp/scumble-gimp.py").external_attr >> 16
    assert {name.split("/")[0] for name in names} == {"scumble-gimp"}
    assert "scumble-gimp/scumble/client.py" in names
    assert "scumble-gimp/locale/de/LC_MESSAGES/scumble-gimp.mo" in names
    assert mode & 0o111
    first = archive.read_bytes()
    CliRunner().invoke(cli, ["plugins", "build", str(tmp_path)])
    assert archive.read_bytes() == first


def test_translations_keep_the_keys_of_labels():
    for key, value in read_po(PLUGIN / "locale" / "de.po").items():
        assert key.count("_") == 0 or value.count("_") >= 1 or "{" in key, value


def test_a_compiled_catalogue_is_one_that_gettext_reads(tmp_path):
    entries = {"": "Content-Type: text/plain; charset=UTF-8\n", "Layer": "Ebene", 'a\n"b"': "ä\\", "none": ""}
    write_po(tmp_path / "x.po", entries)
    again = read_po(tmp_path / "x.po")
    assert {key: again[key] for key in entries if key} == {key: entries[key] for key in entries if key}
    catalogue = gettext.GNUTranslations(io.BytesIO(compile_mo(again)))
    assert catalogue.gettext("Layer") == "Ebene"
    assert catalogue.gettext('a\n"b"') == "ä\\"
    assert catalogue.gettext("none") == "none"


def test_a_damaged_catalogue_is_refused(tmp_path):
    (tmp_path / "x.po").write_text('msgid "a"\nmsgstr oops\n')
    with pytest.raises(ValueError, match=r"x\.po:2"):
        read_po(tmp_path / "x.po")
