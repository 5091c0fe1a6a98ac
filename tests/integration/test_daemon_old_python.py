"""An editor's Python: 3.8, nothing installed, a polluted environment; the daemon has its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from daemon_process import Place

CLIENT = Path(__file__).parents[2] / "client"
SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from scumble import Client, Extent, PixelFormat, Pixels

def picture(width, height, seed):
    data = bytes((i * seed + i // 97) % 256 for i in range(3 * width * height))
    return Pixels(Extent(width, height), PixelFormat("u8", "RGB"), data)

with Client.connect(timeout=60) as client:
    layer = picture(70, 50, 5)
    seen = []
    result = client.stylize(layer, picture(40, 40, 2), on_progress=seen.append)
    assert result.extent == layer.extent and bytes(result.data) != layer.data and seen
    assert bytes(client.stylize(layer, picture(40, 40, 2), 0.0).data) == layer.data
assert not {"numpy", "zmq", "PIL", "msgpack"} & set(sys.modules), "a package was used"
print(sys.version_info[:2])
"""


def oldest_python() -> Path | None:
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for minor in (8, 9):
        for candidate in sorted(pyenv.glob(f"versions/3.{minor}.*/bin/python3")):
            return candidate
    return None


def test_an_editors_python_starts_the_daemon_and_stylizes(place: Place):
    python = oldest_python()
    if python is None:
        pytest.skip("no Python 3.8 or 3.9 at hand")
    polluted = {
        **os.environ,
        **place.environment,
        "SCUMBLE_PYTHON": sys.executable,
        "PYTHONHOME": "/nonexistent/appimage",
        "PYTHONPATH": "/nonexistent/appimage",
        "LD_LIBRARY_PATH": "/nonexistent/appimage",
    }
    # -I: the polluted variables are for the daemon to stumble over, not for this interpreter.
    run = subprocess.run(
        [python, "-I", "-S", "-W", "error", "-c", SCRIPT, CLIENT],
        env=polluted,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("(3, ")
