"""The real GIMP on a screen: the dialog by mouse and keyboard, undo, cancel."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from daemon_process import until
from gimp_dialog import (
    AFTER,
    EXAMPLES,
    PART,
    cancel_in_status_bar,
    choose_a_style,
    content,
    leave,
    open_dialog,
    paint,
    zoom,
)
from gimp_images import INSIDE

from scumble import Client

pytestmark = pytest.mark.editors


def stand_still(gimp, client: Client, window: str) -> None:
    """Wait until the preview has been the same for three seconds: first comes the layer, then its result."""

    def same() -> bool:
        before, busy = content(gimp, window, AFTER), client.status()["running"]
        gimp.shell("sleep 3")
        return not busy and not client.status()["running"] and content(gimp, window, AFTER) == before

    until(same, "the preview to stand still")


def difference_where_it_fits_best(whole: np.ndarray, part: np.ndarray) -> int:
    """The largest difference of `part` from the place of `whole` whose first row is most like its own."""
    height, width = part.shape[:2]
    rows = np.lib.stride_tricks.sliding_window_view(
        whole[: len(whole) - height + 1].astype(np.int16), width, 1
    )
    off = np.abs(rows - part[0].T[None, None]).sum((2, 3))
    y, x = np.unravel_index(off.argmin(), off.shape)
    return int(np.abs(whole[y : y + height, x : x + width].astype(int) - part).max())


@pytest.fixture
def gimp(gimp_window):
    """GIMP with windows."""
    return gimp_window


def test_a_style_is_chosen_seen_and_painted_by_mouse_and_return(gimp):
    running, window = open_dialog(gimp)
    choose_a_style(gimp, window)
    gimp.shell(f"xdotool windowactivate --sync {window} key Return")
    done = running.result()
    assert done["status"] == "success", done
    assert done["name"] == "Portrait of Adele Bloch-Bauer I 100% · Background"
    assert len(done["tree"]) == 2


def test_leaving_the_dialog_changes_nothing(gimp):
    running, window = open_dialog(gimp, "300, 200")
    gimp.shell(f"xdotool windowactivate --sync {window} key Escape")
    done = running.result()
    assert done["status"] == "cancel"
    assert done["tree"] == ["Background"]


def test_without_a_daemon_the_dialog_opens_all_the_same_and_escape_leaves_it(start_gimp, base):
    gimp = start_gimp(windows=True, SCUMBLE_RUNTIME_DIR=str(base / "nobody"))
    running = gimp.begin(
        f"""
{INSIDE}
image = new_image(300, 200)
layer = new_layer(image, "Photo", 300, 200)
display = Gimp.Display.new(image)
result = scumble(image, [layer], run_mode=Gimp.RunMode.INTERACTIVE)
display.delete()
"""
    )
    window = gimp.window("^Scumble$")
    leave(gimp, running, window)
    assert gimp.close() == 0


OPENER = """\
[Desktop Entry]
Type=Application
Name=Opener
Exec=sh {file} %u
MimeType=text/plain;text/x-log;
"""


@pytest.mark.parametrize("has_program", [True, False])
def test_the_bar_with_an_error_opens_the_log(start_gimp, base, has_program):
    logs = Path(tempfile.mkdtemp(dir=base))
    environment = {"SCUMBLE_RUNTIME_DIR": str(base / "x"), "SCUMBLE_LOG_DIR": str(logs), "SCUMBLE_PYTHON": ""}
    gimp = start_gimp(windows=True, SCUMBLE_CONFIG_DIR=str(logs), XDG_DATA_HOME=str(logs), **environment)
    opened, applications = logs / "opened", logs / "applications"
    if has_program:
        applications.mkdir()
        (applications / "opener.desktop").write_text(OPENER.format(file=logs / "opener.sh"))
        (logs / "opener.sh").write_text(f'echo "$1" >{opened}\n')
        types = "text/plain=opener.desktop;\ntext/x-log=opener.desktop;\n"
        (applications / "mimeapps.list").write_text(f"[Default Applications]\n{types}")
    running = gimp.begin(
        f"""
{INSIDE}
image = new_image(300, 200)
layer = new_layer(image, "Photo", 300, 200)
display = Gimp.Display.new(image)
result = scumble(image, [layer], run_mode=Gimp.RunMode.INTERACTIVE)
display.delete()
"""
    )
    window = gimp.window("^Scumble$")
    until((logs / "gimp.log").is_file, "the error")
    assert "daemon-not-installed" in (logs / "gimp.log").read_text()
    bar = "700x60+10+536"
    until(lambda: content(gimp, window, bar)[0] > 20, "the bar")
    before = content(gimp, window, bar)
    gimp.shell(f"xdotool sleep 1 windowactivate --sync {window} key alt+g")
    if has_program:
        until(opened.is_file, "the program that shows texts")
        until(lambda: opened.read_text().strip().endswith(str(logs / "gimp.log")), "the log in it")
    else:
        until(lambda: content(gimp, window, bar)[1] != before[1], "the log's path")
    leave(gimp, running, window)


def test_cancelling_in_the_middle_keeps_the_document_and_the_dialog(gimp, client: Client):
    running, window = open_dialog(gimp, "3000, 2000")
    choose_a_style(gimp, window)
    gimp.shell(f"xdotool windowactivate --sync {window} key Return")

    def big_job() -> bool:
        job = client.status().get("running")
        return bool(job) and job["size"] == [3000, 2000]

    until(big_job, "the job")
    gimp.shell(f"xdotool windowactivate --sync {window} key Escape")
    until(lambda: not big_job(), "the job's end")
    assert not running.over
    assert gimp.window("^Scumble$") == window
    gimp.shell(f"xdotool windowactivate --sync {window} key Escape")
    done = running.result()
    assert done["status"] == "cancel"
    assert done["tree"] == ["Background"]


def test_undo_is_one_step_back_and_redo_one_forth(gimp):
    style = shutil.copy(EXAMPLES / "styles" / "swirls.jpg", gimp.folder)
    done = gimp.run(
        f"""
{INSIDE}
image = new_image(200, 160)
layer = new_layer(image, "Photo", 200, 160)
display = Gimp.Display.new(image)
image.select_rectangle(Gimp.ChannelOps.REPLACE, 20, 20, 100, 80)
kind, normal = Gimp.ImageType.RGB_IMAGE, Gimp.LayerMode.NORMAL
image.insert_layer(Gimp.Layer.new(image, "Marker", 20, 20, kind, 100.0, normal), None, 0)
result = scumble(image, [layer], style_file={style!r})
Gimp.displays_flush()
result["tree"] = tree(image)
result["mask"] = image.get_layers()[1].get_mask() is not None
result["image"] = image.get_id()
"""
    )
    painted = ["Marker", "swirls 100% · Photo", "Photo"]
    assert done["tree"] == painted
    assert done["mask"]

    def layers() -> list[str]:
        return gimp.run(f"{INSIDE}\nresult = tree(Gimp.Image.get_by_id({done['image']}))")

    window = gimp.window("GIMP$")
    steps = (("z", ["Marker", "Photo"]), ("y", painted), ("z", ["Marker", "Photo"]), ("z", ["Photo"]))
    for key, wanted in steps:
        gimp.shell(f"xdotool windowactivate --sync {window} key ctrl+{key}")
        until(lambda wanted=wanted: layers() == wanted, f"{wanted}, not {layers()}")


def test_gimps_own_cancel_ends_the_job_and_keeps_the_document(gimp, client: Client):
    style = shutil.copy(EXAMPLES / "styles" / "swirls.jpg", gimp.folder)
    running = gimp.begin(
        f"""
{INSIDE}
image = new_image(3000, 2000)
layer = new_layer(image, "Photo", 3000, 2000)
display = Gimp.Display.new(image)
result = scumble(image, [layer], style_file={style!r}, tiling="exact")
result["tree"] = tree(image)
display.delete()
"""
    )
    cancel_in_status_bar(gimp, "3000x2000.*GIMP$", lambda: client.status()["running"])
    done = running.result()
    assert done["status"] == "cancel", done
    assert done["tree"] == ["Photo"]
    until(lambda: client.status()["running"] is None, "the job's end in the daemon")


@pytest.mark.parametrize("photo", ["coffee", "cat"])
def test_at_actual_size_what_is_seen_is_what_is_painted(new_gimp, client: Client, photo):
    gimp = new_gimp
    running, window = open_dialog(gimp, photo=photo)
    choose_a_style(gimp, window)
    fitted = content(gimp, window, AFTER)
    zoom(gimp, window, 2)  # 50%, 100%
    gimp.shell("xdotool mousemove 5 5")  # a tooltip would be seen too
    until(lambda: content(gimp, window, AFTER)[1] != fitted[1], "the layer at actual size")
    stand_still(gimp, client, window)
    gimp.shell(f"import -window {window} -crop {AFTER} +repage -depth 8 rgb:{gimp.folder}/seen.raw")
    painted = np.array(paint(gimp, running, window)["part"], np.uint8).reshape(PART.height, PART.width, 3)
    seen = np.fromfile(gimp.folder / "seen.raw", np.uint8).reshape(200, 150, 3)
    assert difference_where_it_fits_best(painted, seen) <= 1  # what two cuts into patches may differ by


def test_the_line_follows_the_mouse_the_wheel_zooms_and_the_preview_grows_with_the_dialog(new_gimp):
    gimp = new_gimp
    running, window = open_dialog(gimp)
    plain = content(gimp, window, AFTER)
    choose_a_style(gimp, window)
    away = "sleep 0.2 mousemove 5 5 sleep 0.4"  # a tooltip would be seen too
    gimp.shell(f"xdotool {away}")
    painted = content(gimp, window, AFTER)
    for at, wanted in ((440, plain), (790, painted)):
        gimp.shell(
            f"xdotool mousemove --window {window} 634 200 sleep 0.1 mousedown 1 sleep 0.1 "
            f"mousemove --window {window} 600 200 sleep 0.1 mousemove --window {window} {at} 200 sleep 0.1 "
            f"mouseup 1 {away}"
        )
        until(lambda wanted=wanted: content(gimp, window, AFTER) == wanted, f"the line at {at}")
    gimp.shell(f"xdotool mousemove --window {window} 600 200 click 4 {away}")
    until(lambda: content(gimp, window, AFTER)[1] != painted[1], "the layer at 50%")
    gimp.shell(f"xdotool mousemove --window {window} 600 200 click 5 {away}")
    until(lambda: content(gimp, window, AFTER) == painted, "all of the layer again")
    gimp.shell(f"xdotool windowsize --sync {window} 1200 850 {away}")
    until(lambda: content(gimp, window, "120x120+1000+380")[0] > 1000, "a larger preview")
    leave(gimp, running, window)


def test_at_actual_size_dragging_shows_another_part(new_gimp, client: Client):
    gimp = new_gimp
    running, window = open_dialog(gimp)
    choose_a_style(gimp, window)
    fitted = content(gimp, window, AFTER)
    zoom(gimp, window, 2)  # 50%, 100%
    gimp.shell("xdotool mousemove 5 5 sleep 1")  # a tooltip would be seen too
    until(lambda: content(gimp, window, AFTER)[1] != fitted[1], "the layer at actual size")
    stand_still(gimp, client, window)
    middle = content(gimp, window, AFTER)
    # And away again: where the pointer stays a tooltip comes, which would be seen too.
    gimp.shell(f"xdotool mousemove --window {window} 540 200 sleep 0.3 mousemove 5 5 sleep 1")
    assert content(gimp, window, AFTER) == middle  # the line does not follow a pointer that only passes by
    gimp.shell(
        f"xdotool mousemove --window {window} 540 200 sleep 0.1 mousedown 1 sleep 0.1 "
        f"mousemove --window {window} 580 230 sleep 0.1 "
        f"mousemove --window {window} 640 260 sleep 0.1 mouseup 1"
    )
    until(lambda: content(gimp, window, AFTER)[1] != middle[1], "another part")
    leave(gimp, running, window)
