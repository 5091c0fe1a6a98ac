"""What pyproject.toml cannot say: styles/ goes into the package as ``scumble_daemon/styles``.

The folder stands at the top of the repository, where people look for it. An editable install
reads it there.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

STYLES = Path(__file__).parent / "styles"


class BuildWithStyles(build_py):
    """Copies the built-in styles beside the modules."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib) / "scumble_daemon" / "styles"
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(STYLES, target)


setup(cmdclass={"build_py": BuildWithStyles})
