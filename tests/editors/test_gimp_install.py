"""The real GIMP finds what `scumble plugins install gimp` put there, in the artist's language."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from editors_root import enter

pytestmark = pytest.mark.editors

ROOT = Path(__file__).parents[2]
ENVIRONMENT = 'PATH=/usr/bin:/bin HOME="$HOME" GIMP3_DIRECTORY="$GIMP3_DIRECTORY" LC_ALL=C.UTF-8'


@pytest.fixture
def command(editors_root: Path, base: Path) -> dict[str, str]:
    """An environment in which the PATH has a `gimp-console`, that of the root."""
    folder = base / "bin"
    folder.mkdir(exist_ok=True)
    inside = " ".join(f"'{part}'" for part in enter(editors_root, base, "env"))
    program = folder / "gimp-console"
    program.write_text(f'#!/bin/sh\nexec {inside} {ENVIRONMENT} /usr/bin/gimp-console "$@"\n')
    program.chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{folder}:{os.environ['PATH']}",
        "HOME": str(base),
        "GIMP3_DIRECTORY": str(base / "profile"),
        "SCUMBLE_CONFIG_DIR": str(base / "installed"),
    }


def scumble(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", "from scumble_daemon.cli import main; main()", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_gimp_sees_the_installed_plugin_and_no_longer_after_uninstalling(command, base):
    said = scumble(command, "plugins", "install", "gimp")
    assert "GIMP 3.0 (GIMP3_DIRECTORY)" in said
    assert "and GIMP sees it" in said
    assert (base / "installed" / "python").read_text().strip() == sys.executable
    assert "plug-in 0." in scumble(command, "plugins", "status")
    assert "removed" in scumble(command, "plugins", "uninstall", "gimp")
    assert "no plug-in" in scumble(command, "plugins", "status")


def test_every_procedure_has_the_menu_entry_that_the_documentation_names(gimp):
    names = [
        "plug-in-scumble",
        *(f"plug-in-scumble-{verb}" for verb in ("repeat", "open", "next", "edit", "unstyle", "engine")),
    ]
    paths = gimp.run(
        f"result = [Gimp.get_pdb().lookup_procedure(name).get_menu_paths() for name in {names!r}]"
    )
    assert paths == [["<Image>/Filters/Artistic"]] * 7


def test_gimp_speaks_german_where_the_artist_does(start_gimp):
    gimp = start_gimp(windows=False, LANGUAGE="de")
    label, error = gimp.run(
        """
procedure = Gimp.get_pdb().lookup_procedure("plug-in-scumble")
image = Gimp.Image.new(8, 8, Gimp.ImageBaseType.RGB)
config = procedure.create_config()
config.set_property("image", image)
config.set_core_object_array("drawables", [])
procedure.run(config)
result = [procedure.get_menu_label(), Gimp.get_pdb().get_last_error()]
image.delete()
"""
    )
    assert label == "Scumble (_neuronaler Stil) …"
    assert error.startswith("Scumble malt Ebenen: eine oder mehrere auswählen")


def test_the_example_script_paints_a_folder(editors_root, base, plugin, daemon):
    profile, photos = base / "batch-profile", base / "photos"
    photos.mkdir()
    shutil.copy(ROOT / "examples" / "photos" / "coffee.jpg", photos)
    shutil.copytree(plugin, profile / "plug-ins" / plugin.name)
    script = shutil.copy(ROOT / "examples" / "gimp_batch.py", base)
    variables = {
        **daemon.environment,
        "HOME": str(base),
        "GIMP3_DIRECTORY": str(profile),
        "SCUMBLE_IN": str(photos),
        "SCUMBLE_OUT": str(base / "painted"),
        "SCUMBLE_STYLE": "cafe-terrace",
    }
    settings = ["PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", *(f"{k}={v}" for k, v in variables.items())]
    command = ["gimp-console", "-is", "--quit", "--batch-interpreter=python-fu-eval"]
    command += ["-b", f"exec(open({str(script)!r}).read())"]
    done = subprocess.run(
        enter(editors_root, base, "env", *settings, *command), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (base / "painted" / "coffee.xcf").read_bytes().startswith(b"gimp xcf")
