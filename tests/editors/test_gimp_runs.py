"""The real GIMP: what is refused, what is remembered, and what happens when the daemon is not there."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from daemon_process import alive, until
from gimp_images import INSIDE, Case, apply

from scumble import Client
from scumble.editing import load_settings
from scumble.launch.connection_file import read_connection
from scumble.settings import DEFAULT_WEIGHT, SETTINGS

pytestmark = pytest.mark.editors

STYLE = Path(__file__).parents[2] / "examples" / "styles" / "swirls.jpg"
IMAGE = "image = new_image(48, 40); layer = new_layer(image, 'Photo', 48, 40); "


def refusal(gimp, code: str) -> tuple[str, list[str]]:
    """The sentence with which GIMP's call was refused, and the layers that the image then has."""
    answer = gimp.run(f"{INSIDE}\n{code}\nresult['tree'] = tree(image)\nimage.delete()")
    assert answer["status"] == "execution-error", answer
    return answer["error"], answer["tree"]


REFUSED = {
    "indexed image": (
        IMAGE
        + "image.convert_indexed(Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.WEB, 0, 0, 0, '')\n"
        "result = scumble(image, [layer], style_file={style!r})",
        "This image is indexed: convert it with Image > Mode > RGB first.",
    ),
    "a layer mask": (
        IMAGE + "mask = layer.create_mask(Gimp.AddMaskType.WHITE); layer.add_mask(mask)\n"
        "result = scumble(image, [mask], style_file={style!r})",
        "select one or more, and no mask or channel",
    ),
    "no style": (IMAGE + "result = scumble(image, [layer])", "No style was given."),
    "two styles in one": (
        IMAGE + "result = scumble(image, [layer], style_file={style!r}, style_name='adele')",
        "not several",
    ),
    "a style that is no picture": (
        IMAGE + "result = scumble(image, [layer], style_file='/etc/passwd')",
        "style",
    ),
    "an unknown style": (IMAGE + "result = scumble(image, [layer], style_name='adelle')", "adele"),
    "an unknown engine": (
        IMAGE + "result = scumble(image, [layer], style_file={style!r}, engine='nonesuch')",
        "nonesuch",
    ),
    "a selection beside the layer": (
        IMAGE + "layer.set_offsets(40, 0)\n"
        "image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 30, 30)\n"
        "result = scumble(image, [layer], style_file={style!r})",
        "The selection does not touch the layer",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_done_is_one_sentence_and_changes_nothing(gimp, style, name: str):
    code, sentence = REFUSED[name]
    error, tree = refusal(gimp, code.format(style=style))
    assert sentence in error
    assert "Traceback" not in error
    assert "Photo" in tree
    assert len(tree) == 1


def test_in_a_german_gimp_refusals_and_styles_are_german(start_gimp, style):
    gimp = start_gimp(windows=False, LANGUAGE="de")
    unknown, _tree = refusal(gimp, IMAGE + "result = scumble(image, [layer], style_name='nonesuch')")
    assert unknown.startswith("In der Bibliothek gibt es keinen Stil namens 'nonesuch'.")
    no_picture, _tree = refusal(gimp, IMAGE + "result = scumble(image, [layer], style_file='/etc/passwd')")
    assert "ist kein Bild, das Scumble lesen kann. Es liest JPEG" in no_picture
    tree = gimp.run(
        f"{INSIDE}\n{IMAGE}\nscumble(image, [layer], style_name='kiss')\nresult = tree(image)\nimage.delete()"
    )
    assert tree == ["Der Kuss 100% · Photo", "Photo"]


def test_gimp_itself_refuses_a_style_file_that_is_missing(gimp):
    call = "result = scumble(image, [layer], style_file='/no/such/picture.jpg')"
    done = gimp.run(f"{INSIDE}\n{IMAGE}\n{call}\nresult['tree'] = tree(image)\nimage.delete()")
    assert done["status"] == "calling-error"
    assert done["tree"] == ["Photo"]


def test_a_style_of_the_library_gives_its_title_to_the_layer(gimp):
    done = gimp.run(
        f"{INSIDE}\n{IMAGE}\nresult = scumble(image, [layer], style_name='cafe-terrace', weight=0.5)\n"
        "result['tree'] = tree(image)\nimage.delete()"
    )
    assert done["tree"] == ["Café Terrace at Night 50% · Photo", "Photo"]


def test_a_layer_of_the_image_can_be_the_style(gimp, client: Client):
    case = Case()
    before = "other = new_layer(image, 'Sketch', 30, 20); "
    before += "other.fill(Gimp.FillType.WHITE)"
    code = f"""
{INSIDE}
{IMAGE}
fill(layer, (FOLDER / "source.raw").read_bytes())
{before}
result = scumble(image, [layer], style_layer=other, weight=0.8)
new = Gimp.Item.get_by_id(result["layer"])
(FOLDER / "after.raw").write_bytes(raw(new))
result["name"] = new.get_name()
image.delete()
"""
    (gimp.folder / "source.raw").write_bytes(case.pixels().view())
    done = gimp.run(code)
    assert done["name"] == "Sketch 80% · Photo"
    white = np.full((20, 30, 4), 255, np.uint8)
    wanted = client.stylize(case.pixels(), style=white, weight=0.8)
    assert (gimp.folder / "after.raw").read_bytes() == bytes(wanted.view())


def test_last_values_are_those_of_the_last_run(gimp, style):
    code = f"""
{INSIDE}
{IMAGE}
scumble(image, [layer], style_file={style!r}, weight=0.3)
result = scumble(image, [layer], run_mode=Gimp.RunMode.WITH_LAST_VALS)
result = scumble(image, [layer], procedure="plug-in-scumble-repeat")
result["tree"] = tree(image)
image.delete()
"""
    done = gimp.run(code)
    assert done["status"] == "success", done
    assert len(done["tree"]) == 4
    assert all(name.startswith("swirls 30% · Photo") for name in done["tree"][:3]), done


def test_the_styles_that_were_used_are_remembered(gimp, daemon, style):
    apply(gimp, Case(), STYLE, weight=0.7)
    settings = load_settings(daemon.runtime.parent / "config" / "gimp.json")
    assert settings.recent[0].value.endswith("swirls.jpg")
    assert settings.effect.weight == 0.7


def test_every_argument_is_documented_and_begins_as_everywhere(gimp):
    arguments = gimp.run(
        """
procedure = Gimp.get_pdb().lookup_procedure("plug-in-scumble")
result = [[p.name, p.nick, p.blurb] for p in procedure.get_arguments()]
        """
    )
    names = [name for name, _nick, _blurb in arguments]
    assert {"style-name", "style-file", "style-layer", "weight", "engine", "tiling", "apply-to"} <= set(names)
    assert all(nick and blurb for _name, nick, blurb in arguments), arguments
    defaults = {
        name.replace("_", "-"): setting.default for name, setting in SETTINGS.items() if name != "patch"
    }
    assert defaults["weight"] == DEFAULT_WEIGHT
    assert defaults == gimp.run(
        f"""
config = Gimp.get_pdb().lookup_procedure("plug-in-scumble").create_config()
result = {{name: config.get_property(name) for name in {list(defaults)!r}}}
        """
    )


def test_the_menu_entry_is_there_although_the_client_is_not(start_gimp, tmp_path, plugin):
    broken = tmp_path / plugin.name
    shutil.copytree(plugin, broken)
    shutil.rmtree(broken / "scumble")
    gimp = start_gimp(windows=False, plugin=broken)
    done = gimp.run(
        f"""
{INSIDE}
procedure = Gimp.get_pdb().lookup_procedure("plug-in-scumble")
{IMAGE}
result = scumble(image, [layer], style_name="adele")
result["menu"] = procedure.get_menu_paths()
image.delete()
        """
    )
    assert done["menu"] == ["<Image>/Filters/Artistic"]
    assert done["status"] == "execution-error"
    assert "install" in done["error"].lower()
    assert gimp.close() == 0


def test_a_bug_of_ours_is_a_sentence_that_names_the_log_with_the_traceback(
    start_gimp, tmp_path, plugin, style
):
    broken = tmp_path / plugin.name
    shutil.copytree(plugin, broken)
    with (broken / "scumble_gimp" / "layers.py").open("a") as module:
        module.write("\n\ndef transfer_of(layer):\n    return 1 // 0\n")
    gimp = start_gimp(windows=False, plugin=broken)
    error, tree = refusal(gimp, IMAGE + f"result = scumble(image, [layer], style_file={style!r})")
    assert "Traceback" not in error
    log = Path(error.rpartition("The log tells more: ")[2])
    assert "ZeroDivisionError" in log.read_text()
    assert tree == ["Photo"]


def test_without_an_engine_a_script_is_told_where_to_install_one(start_gimp, base, style):
    gimp = start_gimp(
        windows=False,
        SCUMBLE_PYTHON="",
        SCUMBLE_RUNTIME_DIR=str(base / "none"),
        SCUMBLE_CONFIG_DIR=str(base / "x"),
    )
    error, tree = refusal(gimp, IMAGE + f"result = scumble(image, [layer], style_file={style!r})")
    assert "Open Scumble in GIMP or Krita and press Install" in error
    assert tree == ["Photo"]
    assert gimp.close() == 0


def test_a_daemon_that_does_not_start_is_a_sentence_that_names_the_log(start_gimp, base, style):
    own = {"SCUMBLE_RUNTIME_DIR": str(base / "never"), "SCUMBLE_PYTHON": "/bin/false"}
    gimp = start_gimp(windows=False, **own)
    error, tree = refusal(gimp, IMAGE + f"result = scumble(image, [layer], style_file={style!r})")
    assert error.startswith("The Scumble daemon could not be started: it ended at once.")
    log = Path(error.rpartition("More about it is in ")[2])
    assert "daemon-not-started" in log.read_text()
    assert tree == ["Photo"]


def test_gimp_starts_the_daemon_itself_and_ends_without_waiting_for_it(start_gimp, base, style, inner_python):
    own = {"SCUMBLE_RUNTIME_DIR": str(base / "own"), "SCUMBLE_PYTHON": str(inner_python)}
    gimp = start_gimp(windows=False, **own)
    done = gimp.run(
        f"{INSIDE}\n{IMAGE}\nresult = scumble(image, [layer], style_file={style!r})\n"
        "result['tree'] = tree(image)\nimage.delete()"
    )
    assert done["tree"] == ["swirls 100% · Photo", "Photo"], done
    assert read_connection(base / "own") is not None
    assert gimp.close() == 0


SAME = """
rectangle = Gegl.Rectangle.new(0, 0, 2600, 2400)
before, after = (
    one.get_buffer().get(rectangle, 1.0, "R'G'B' u8", Gegl.AbyssPolicy.NONE)
    for one in (layer, image.get_layers()[0])
)
result["same"] = before == after and len(before) == 3 * 2600 * 2400
result["tree"] = tree(image)
image.delete()
"""


def test_gimp_and_a_daemon_beside_it_see_each_others_memory(
    start_gimp, base, style, inner_python, monkeypatch
):
    """The other tests' daemon sees other process ids than GIMP does, and is sent its layers in pieces."""
    own = {"SCUMBLE_RUNTIME_DIR": str(base / "beside"), "SCUMBLE_PYTHON": str(inner_python)}
    gimp = start_gimp(windows=False, **own)
    big = "image = new_image(2600, 2400); layer = new_layer(image, 'Photo', 2600, 2400)"
    call = f"result = scumble(image, [layer], style_file={style!r}, weight=0.0)"
    done = gimp.run("\n".join((INSIDE, big, call, SAME)))
    assert done["tree"][1:] == ["Photo"], done
    assert done["same"]
    monkeypatch.setenv("SCUMBLE_RUNTIME_DIR", own["SCUMBLE_RUNTIME_DIR"])
    with Client.connect(start=False) as client:
        assert client.status()["lent"] == 1
    assert gimp.close() == 0


def test_a_daemon_killed_in_the_middle_ends_in_a_message_and_the_next_apply_works(gimp, daemon, style):
    big = "image = new_image(2600, 2000); layer = new_layer(image, 'Photo', 2600, 2000); "
    call = f"result = scumble(image, [layer], style_file={style!r}, tiling='exact')"
    running = gimp.begin(f"{INSIDE}\n{big}\n{call}\nresult['tree'] = tree(image)\nimage.delete()")
    with Client.connect() as client:
        until(lambda: client.status().get("running"), "the job")
    pid = daemon.info.pid
    os.kill(pid, signal.SIGKILL)
    done = running.result(60)
    assert done["status"] == "execution-error"
    assert "daemon" in done["error"].lower() or "engine" in done["error"].lower()
    assert done["tree"] == ["Photo"]
    until(lambda: not alive(pid), "the daemon's end")
    with Client.connect():
        again = gimp.run(f"{INSIDE}\n{IMAGE}\n{call}\nresult['tree'] = tree(image)\nimage.delete()")
    assert again["tree"] == ["swirls 100% · Photo", "Photo"], again


def test_two_gimps_at_once_both_get_their_layers(gimp, start_gimp, style):
    other = start_gimp(windows=False)
    code = f"{INSIDE}\n{IMAGE}\nresult = scumble(image, [layer], style_file={style!r})\nimage.delete()"
    runs = [session.begin(code) for session in (gimp, other)]
    assert [run.result()["status"] for run in runs] == ["success"] * 2
    assert other.close() == 0
