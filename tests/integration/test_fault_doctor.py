"""The doctor names what the fault tests do to an installation."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from daemon_process import Place, alive, connected, noise, until
from fault_kit import STYLE, requests
from PIL import Image
from test_fault_surroundings import fill, small_disk

from scumble import ScumbleError, StyleSource, StyleWeight, StylizeRequest
from scumble.conversion import as_pixels
from scumble_daemon.cli.daemon import command as daemon_command
from scumble_daemon.cli.doctor import command
from scumble_daemon.doctor import places as findings_places
from scumble_daemon.doctor.examine import examine
from scumble_daemon.logs import MAX_BYTES

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="modes and signals of Unix")


def said(state: str) -> list[str]:
    """What it says of that state (ok, warning, problem), with its advice."""
    return [f"{f.topic}: {f.text} -> {f.advice}" for f in examine() if f.state == state]


def holds(lines: list[str], *words: str) -> bool:
    return any(all(word in line for word in words) for line in lines)


@pytest.mark.usefixtures("place")
def test_nothing_is_wrong_before_the_first_daemon():
    """An installation that was never used: no problem, exit code 0."""
    assert said("problem") == []
    assert CliRunner().invoke(command, standalone_mode=False).return_value == 0


def test_a_dead_daemon_and_its_files(place: Place):
    """SIGKILL of the daemon: the doctor names it and says that the next one replaces its files."""
    with connected():
        pid = place.info.pid
        assert holds(said("ok"), "stale files: none")
        os.kill(pid, signal.SIGKILL)
        until(lambda: not alive(pid), "the daemon's end")
    assert holds(said("warning"), "stale files", f"daemon {pid} is dead", "the next daemon replaces them")
    assert said("problem") == []


def test_a_daemon_that_hangs(place: Place):
    """SIGSTOP of the daemon: a problem, with what to do."""
    with connected():
        pid = place.info.pid
        os.kill(pid, signal.SIGSTOP)
        try:
            assert holds(said("problem"), "daemon: ")
        finally:
            os.kill(pid, signal.SIGCONT)


def test_a_worker_that_died(place: Place):
    """SIGKILL of the worker: how often it died, and the last error."""
    with connected() as client:
        client.stylize(noise(32, 32), STYLE.style.pixels)
        os.kill(client.status()["worker"]["pid"], signal.SIGSTOP)
        job = client.submit(requests()[0])
        os.kill(client.status()["worker"]["pid"], signal.SIGKILL)
        with pytest.raises(ScumbleError, match="ended in the middle"):
            job.result(60)
        assert holds(said("warning"), "the worker died 1 times")
        assert holds(said("warning"), "worker-died")


def test_permissions_that_are_too_wide(place: Place):
    """Others may read the runtime folder or the key: a problem each, with the command that mends it."""
    place.runtime.mkdir(mode=0o700)
    (place.runtime / "daemon.json").write_text("{}")
    place.runtime.chmod(0o755)
    (place.runtime / "daemon.json").chmod(0o644)
    lines = said("problem")
    assert holds(lines, str(place.runtime), "mode 755", "chmod 700")
    assert holds(lines, "daemon.json", "mode 644", "chmod 600")
    assert CliRunner().invoke(command, standalone_mode=False).return_value == 1
    place.runtime.chmod(0o700)
    (place.runtime / "daemon.json").unlink()


def test_a_folder_that_is_none(place: Place):
    """A file in the place of the log's folder."""
    place.logs.write_text("in the way")
    assert holds(said("problem"), "log folder", "is not a folder", "SCUMBLE_LOG_DIR")


def test_a_full_disk(place: Place):
    """The disks with the log and with large layers are full."""
    for folder, variable in ((place.logs, "LOG"), (place.runtime.parent / "spool", "SPOOL")):
        with small_disk(folder, 65536) as disk:
            fill(disk)
            assert holds(said("problem"), "the disk is full", str(folder), f"SCUMBLE_{variable}_DIR")


@pytest.mark.usefixtures("place")
def test_little_memory(monkeypatch: pytest.MonkeyPatch):
    """Less free memory than a job may want: a warning (the threshold is raised, not the memory filled)."""
    monkeypatch.setattr(findings_places, "LITTLE_MEMORY", 1 << 60)
    assert holds(said("warning"), "memory: ", "MiB of memory are free", "Close other programs")


@pytest.mark.usefixtures("place")
def test_the_status_of_a_daemon():
    """`scumble daemon status` shows queue, device, memory, uptime and clients."""
    run = CliRunner().invoke
    assert run(daemon_command, ["status"], standalone_mode=False).return_value == 1
    with connected() as client:
        client.stylize(noise(32, 32), STYLE.style.pixels)
        text = run(daemon_command, ["status"]).output
    for words in ("up ", "none runs; 0 waiting", "clients", "devices     cpu", "daemon ", "MiB", "worker "):
        assert words in text


def test_the_log_rotates_and_says_no_paths(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A log of a megabyte is put aside at the next line; at info level there are ids, no keys, no paths."""
    place.logs.mkdir()
    (place.logs / "daemon.log").write_text("x" * (MAX_BYTES - 10) + "\n")
    picture = tmp_path / "secret-name.png"
    Image.fromarray(noise(32, 32)).save(picture)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    style = StyleWeight(StyleSource(file=picture.read_bytes()))
    with connected() as client:
        job = client.submit(StylizeRequest(as_pixels(noise(32, 32)), (style,)))
        job.result(90)
        key = place.info.key
    names = sorted(path.name for path in place.logs.iterdir())
    assert names[:2] == ["daemon.log", "daemon.log.1"]
    text = place.log()
    assert f"job {job.id} done in" in text
    pixels = noise(32, 32).tobytes()[:16]
    for hidden in (key.hex(), str(tmp_path), "secret-name", str(place.runtime), pixels.hex(), repr(pixels)):
        assert hidden not in text
