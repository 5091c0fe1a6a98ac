"""Scumble's plug-in for Krita: a thin skin over the client's `editing` package.

Krita imports this package at its start, and what it raises would come up as a "Script error" box. So
nothing is raised: what goes wrong is said in the docker (see `loading`).
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
# The client: packed beside us, or in the checkout.
for _folder in (_HERE / "lib", _HERE.parents[1] / "client"):
    if (_folder / "scumble" / "__init__.py").is_file():
        if str(_folder) not in sys.path:
            sys.path.insert(0, str(_folder))
        break

if importlib.util.find_spec("krita") is not None:  # not so in the tests of the widgets
    from .loading import register

    register()
