"""A newcomer's first start in the real GIMP: no engine, an Install button, and then a painted layer."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from daemon_process import until
from gimp_dialog import begin_dialog, choose_a_style, filled, paint
from install_kit import newcomer

from scumble.install.engine import read_engine, write_engine
from scumble_daemon.plugins.bundle import assemble_gimp

pytestmark = pytest.mark.editors
OFFER = "^Scumble: Engine$"


@pytest.fixture(scope="session")
def packed(base, kit) -> Path:
    """The plug-in as `make dist` packs it."""
    (base / "packed-gimp").mkdir()
    plugin = assemble_gimp(base / "packed-gimp")
    kit.add_to(plugin)
    return plugin


def test_the_first_start_offers_the_engine_installs_it_from_a_folder_and_paints(
    start_gimp, base, packed, kit, portable
):
    home = base / "newcomer-gimp"
    home.mkdir()
    gimp = start_gimp(windows=True, plugin=packed, **newcomer(home, portable))
    running = begin_dialog(gimp)
    offer = gimp.window(OFFER)
    gimp.shell(f"xdotool windowactivate --sync {offer} key alt+n")
    gimp.window("^Which folder holds all packages")
    # A slash opens the field for a path; what is typed while that comes is lost.
    gimp.shell(f"xdotool sleep 1 key slash sleep 1.5 key ctrl+a type --delay 30 {kit.wheels}")
    gimp.shell("xdotool sleep 1 key Return sleep 1")
    gimp.shell(f"xdotool windowactivate --sync {offer} key Return")
    engine = home / "data" / "engine"
    until(lambda: read_engine(engine), "the marker")
    window = filled(gimp)
    found = read_engine(engine)
    assert found is not None
    assert found.complete
    choose_a_style(gimp, window)
    done = paint(gimp, running, window)
    assert len(done["tree"]) == 2, done
    write_engine(engine, replace(found, version="0.0.1"))
    running = begin_dialog(gimp)
    offer = gimp.window(OFFER)
    gimp.shell(f"xdotool windowactivate --sync {offer} key Return")
    window = filled(gimp)
    assert read_engine(engine) == found, "updated by its button"
    gimp.press(window, "Escape")
    assert running.result()["status"] == "cancel"
    managing = gimp.begin(
        """
        procedure = Gimp.get_pdb().lookup_procedure("plug-in-scumble-engine")
        result = procedure.run(procedure.create_config()).index(0).value_nick
        """
    )
    offer = gimp.window(OFFER)
    gimp.shell(f"xdotool windowactivate --sync {offer} sleep 0.5 key alt+r")
    until(lambda: not engine.exists(), "the removal")
    gimp.press(offer, "Escape")
    assert managing.result() == "success"


def test_closed_half_way_it_is_continued_by_the_same_button(start_gimp, base, packed, kit, portable):
    home = base / "half-gimp"
    home.mkdir()
    own = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(kit.wheels)}
    gimp = start_gimp(windows=True, plugin=packed, **newcomer(home, portable), **own)
    running = begin_dialog(gimp)
    offer = gimp.window(OFFER)
    gimp.shell(f"xdotool windowactivate --sync {offer} key Return")
    engine = home / "data" / "engine"
    until(lambda: read_engine(engine) is not None, "the marker")
    gimp.press(offer, "Escape")
    assert running.result()["status"] == "cancel"
    found = read_engine(engine)
    assert found is not None
    assert not found.complete
    running = begin_dialog(gimp)
    offer = gimp.window(OFFER)
    gimp.shell(f"xdotool windowactivate --sync {offer} key Return")
    window = filled(gimp)
    gimp.press(window, "Escape")
    assert running.result()["status"] == "cancel"
    shutil.rmtree(engine)
