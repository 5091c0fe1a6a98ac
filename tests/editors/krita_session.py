"""A running Krita that a test drives."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from editor_session import SCREEN, EditorSession
from editors_root import SETUP, enter

HERE = Path(__file__).parent
DRIVER = "scumble_driver"
WAIT_S = 60.0  # two processes of tests share the machine
DESKTOP = """[Desktop Entry]
Type=Service
ServiceTypes=Krita/PythonPlugin
X-KDE-Library={driver}
X-Python-2-Compatible=false
Name=Driver
Comment=Does what the tests say.
"""
KRITARC = "[python]\nenable_scumble_krita=true\nenable_{driver}=true\n"


class KritaSession(EditorSession):
    """Krita with a profile of its own in `folder`, where `plugin` is copied to. Ends with `close`.

    `root` is where this Krita is, ``/`` for the machine's own; `base` has the same path inside and outside,
    and `folder` lies in it. `plugin` is a folder with the plug-in's package and its .desktop and .action
    files, or None for a Krita without it. `rc` is added to its kritarc;
    `resources` is copied to be its own.
    """

    def __init__(
        self,
        root: Path,
        base: Path,
        folder: Path,
        plugin: Path | None,
        environment: dict[str, str],
        *,
        screen: str = SCREEN,
        rc: str = "",
        resources: Path | None = None,
    ) -> None:
        self.home = folder / "home"
        self.resources = self.home / ".local" / "share" / "krita"
        pykrita = self.resources / "pykrita"
        (self.home / ".config").mkdir(parents=True)
        (folder / "run").mkdir(mode=0o700)
        if resources is not None:
            shutil.copytree(resources, self.resources)
        shutil.copytree(plugin, pykrita) if plugin is not None else pykrita.mkdir(parents=True)
        (self.resources / "actions").mkdir()
        for action in pykrita.glob("*.action"):
            action.rename(self.resources / "actions" / action.name)
        driver = pykrita / DRIVER
        driver.mkdir()
        shutil.copy(HERE / "krita_driver.py", driver / "__init__.py")
        shutil.copy(HERE / "driver_server.py", driver)
        (pykrita / f"{DRIVER}.desktop").write_text(DESKTOP.format(driver=DRIVER))
        (self.home / ".config" / "kritarc").write_text(KRITARC.format(driver=DRIVER) + rc)
        shutil.copy(SETUP / "with_display.sh", folder)
        command = [
            *("env", "-i", "PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8", "NO_AT_BRIDGE=1"),
            *(f"HOME={self.home}", f"XDG_RUNTIME_DIR={folder / 'run'}", f"SCUMBLE_TEST_DIR={folder}"),
            # Krita's own modules warn at each import.
            *("PYTHONWARNINGS=ignore", "PYTHONDONTWRITEBYTECODE=1", "KRITA_NO_ASSERT_MSG=1"),
            *(f"{name}={value}" for name, value in environment.items()),
            *(folder / "with_display.sh", screen, "krita", "--nosplash"),
        ]
        super().__init__("krita", folder, enter(root, base, *command))

    def until(self, expression: str, timeout: float = WAIT_S) -> Any:
        """The first true value of a Python expression inside Krita.

        Between two looks Krita works in its own event loop. Much of what it does waits for that; code that
        handles events itself would wait in vain.
        """
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            value = self.run(f"result = {expression}")
            if value:
                return value
            time.sleep(0.02)
        raise AssertionError(f"waited in vain for {expression}")
