"""Stylize every picture of a folder in GIMP 3, without windows, as layered XCF files.

    SCUMBLE_IN=holiday SCUMBLE_OUT=painted SCUMBLE_STYLE=cafe-terrace \\
    gimp-console -is --quit --batch-interpreter=python-fu-eval \\
        -b "exec(open('examples/gimp_batch.py').read())"

`gimp-console` gives a script no arguments, so that they come in the environment. All arguments of
plug-in-scumble are in GIMP's procedure browser (Help > Procedure Browser).
"""

import os
from pathlib import Path

from gi.repository import Gimp, Gio

source, target = Path(os.environ["SCUMBLE_IN"]), Path(os.environ["SCUMBLE_OUT"])
target.mkdir(parents=True, exist_ok=True)
database = Gimp.get_pdb()
scumble = database.lookup_procedure("plug-in-scumble")

for picture in sorted(source.glob("*.[jp][pn]g")):
    image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(str(picture.absolute())))
    config = scumble.create_config()
    config.set_property("image", image)
    config.set_core_object_array("drawables", image.get_layers())
    config.set_property("style-name", os.environ["SCUMBLE_STYLE"])
    config.set_property("weight", 0.8)
    if scumble.run(config).index(0) != Gimp.PDBStatusType.SUCCESS:
        raise RuntimeError(f"{picture}: {database.get_last_error()}")
    layered = target.absolute() / (picture.stem + ".xcf")
    Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, Gio.File.new_for_path(str(layered)), None)
    image.delete()
