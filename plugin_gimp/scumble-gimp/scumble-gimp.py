#!/usr/bin/env python3
"""GIMP starts this file to ask for the plug-in's procedures and to run one of them.

Beside it lie `scumble_gimp`, the plug-in's own modules, and `scumble`, the client, which packaging
copies here. Nothing else is needed: the standard library, and the modules that GIMP brings.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
gi.require_version("Babl", "0.1")
from gi.repository import Gimp
from scumble_gimp.plugin import ScumblePlugIn

Gimp.main(ScumblePlugIn.__gtype__, sys.argv)
