"""A running GIMP that a test drives."""

from __future__ import annotations

import functools
import shutil
import subprocess
from pathlib import Path

from editor_session import SCREEN, EditorSession
from editors_root import SETUP, enter

HERE = Path(__file__).parent
# The first line must be the version that runs, else the Welcome window comes up.
GIMPRC = '(config-version "{}")\n(show-welcome-dialog no)\n(check-updates no)\n(undo-levels 20)\n'


class GimpSession(EditorSession):
    """GIMP with a profile of its own in `folder`, where `plugin` is copied to. Ends with `close`.

    `base` is what has the same path inside and outside; `folder` lies in it. `rc` is added to its gimprc.
    `known` is a folder with its list of plug-ins; without, it asks each of them first.
    """

    def __init__(
        self,
        root: Path,
        base: Path,
        folder: Path,
        plugin: Path | None,
        environment: dict[str, str],
        *,
        windows: bool,
        screen: str = SCREEN,
        rc: str = "",
        known: Path | None = None,
    ) -> None:
        profile = self.profile = folder / "profile"
        (profile / "plug-ins").mkdir(parents=True)
        if plugin is not None:
            shutil.copytree(plugin, profile / "plug-ins" / plugin.name)
        if known is not None:
            shutil.copytree(known, profile, dirs_exist_ok=True)
        (profile / "gimprc").write_text(GIMPRC.format(_version(root, base)) + rc)
        for file in (HERE / "gimp_driver.py", HERE / "driver_server.py", SETUP / "with_display.sh"):
            shutil.copy(file, folder)
        driver = folder / "gimp_driver.py"
        program = [folder / "with_display.sh", screen, "gimp", "-ns"] if windows else ["gimp-console", "-is"]
        command = [
            *("env", "-i", "PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8", "NO_AT_BRIDGE=1"),
            *(f"HOME={folder}", f"GIMP3_DIRECTORY={profile}", f"SCUMBLE_TEST_DIR={folder}"),
            *(f"{name}={value}" for name, value in environment.items()),
            *program,
            *("--quit", "--batch-interpreter=python-fu-eval"),
            *("-b", f"exec(compile(open({str(driver)!r}).read(), 'driver', 'exec'))"),
        ]
        super().__init__("gimp", folder, enter(root, base, *command))


@functools.cache
def _version(root: Path, base: Path) -> str:
    command = enter(root, base, "gimp-console", "--version")
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1]
