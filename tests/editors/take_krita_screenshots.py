"""Take the screenshots of Krita in docs/images again: pytest tests/editors/take_krita_screenshots.py -k 5.2

Not among the tests that run by themselves: its name keeps it out of the collection.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from krita_docker import EXAMPLES, show_docker
from krita_images import close_documents, wait_for_active_layer
from PIL import Image

pytestmark = pytest.mark.editors

IMAGES = Path(__file__).parents[2] / "docs" / "images"
MIX = """
from dataclasses import replace
of_library = panel.studio.library.gallery.find
panel.studio.set_effect(Effect(tuple(
    replace(of_library("library", name).choice, amount=amount)
    for name, amount in (("irises", 0.65), ("comic", 0.35))
)))
"""
LOOKS = [("light", "en"), ("dark", "en"), ("light", "de"), ("dark", "de")]
looks = pytest.mark.parametrize(("theme", "language"), LOOKS)
SPEAKING = {"en": {"LANGUAGE": "en"}, "de": {"LANGUAGE": "de", "LC_ALL": "", "LC_NUMERIC": "de_DE.UTF-8"}}
"""Numbers have a decimal comma in German."""
THEMES = {"light": "Krita bright", "dark": "Krita dark"}


@pytest.fixture
def krita(start_krita, base):
    """Krita with nothing chosen yet and a photo open."""
    krita = start_krita(SCUMBLE_CONFIG_DIR=tempfile.mkdtemp(dir=base))
    open_cat(krita)
    yield krita
    close_documents(krita)


def open_cat(krita) -> None:
    shutil.copy(EXAMPLES / "photos" / "cat.jpg", krita.folder)
    show_docker(krita)
    krita.run(
        """
        document = in_view(app.openDocument(str(FOLDER / "cat.jpg")))
        """
    )
    krita.until("app.activeDocument() == document and document.activeNode() is not None")
    krita.run('layer = document.activeNode(); layer.setName("Photo"); document.waitForDone()')
    show_docker(krita)  # a new view brings the other dockers back
    narrow(krita)


@looks
@pytest.mark.parametrize("percent", [100, 200])
def test_screenshot_of_the_docker(start_krita, base, client, theme, language, percent):
    """1920x1200 at 200%: what is cut off there is cut off for many."""
    client.models()  # with a worker that is ready the docker says at once where it computes
    krita = start_krita(
        screen={100: "1280x900", 200: "1920x1200"}[percent],
        rc=f"[theme]\nTheme={THEMES[theme]}\n",
        QT_SCALE_FACTOR=str(percent // 100),
        **SPEAKING[language],
        SCUMBLE_CONFIG_DIR=tempfile.mkdtemp(dir=base),
    )
    open_cat(krita)
    krita.run(MIX + "panel.gallery.list.scrollToTop()")
    pictures = [crop(krita)]
    if percent == 200:
        pictures.append(crop(krita, "panel.mix"))
    krita.run("panel.protection.set_open(True); panel.controls.more.set_open(True)")
    if percent == 200:
        pictures.append(crop(krita, "panel.protect"))
    pictures.append(crop(krita, "panel.controls.more"))
    save(side_by_side(pictures), f"krita-{percent}-{theme}-{language}", 60 if percent == 200 else 75)
    close_documents(krita)


def test_screenshots(krita):
    krita.run("panel.gallery.chosen.emit(panel.studio.library.gallery.find('library', 'bedroom'), False)")
    docker = [crop(krita)]
    krita.run("s = Selection(); s.select(0, 0, 200, 300, 255); document.setSelection(s); del s")
    krita.run(MIX + "from scumble.editing.mix import with_mask")
    krita.run("panel.mix.edited.emit(with_mask(panel.studio.effect.styles, 1, 'selection'))")
    docker.append(crop(krita))
    krita.run("document.setSelection(None);" + MIX)
    krita.run("panel.studio.set_live(True)")
    krita.until("previews() and panel.job.status_text().startswith('Preview')")
    save(settled(krita), "krita-live", 65)
    krita.run("panel.studio.set_live(False)")
    for style in ("comic", "linocut", None):
        if style is not None:
            krita.run(
                f"panel.gallery.chosen.emit(panel.studio.library.gallery.find('library', {style!r}), False)"
            )
        else:
            krita.run(MIX)
        krita.run("panel.perform('apply')")
        krita.until("not panel.studio.busy")
        wait_for_active_layer(krita)
    krita.run("panel.perform('edit')")
    docker.append(crop(krita))
    krita.run("panel.studio.leave_edited(); panel._past.set_open(True)")
    krita.run("place_of(panel.history)")
    save(settled(krita), "krita-history", 65)
    save(side_by_side(docker), "krita-docker")


def narrow(krita) -> None:
    krita.run("window.resizeDocks([docker], [280], Qt.Horizontal)")
    krita.until("panel.gallery.list.count() > 20")


def settled(krita) -> Image.Image:
    """The screen, with no mouse over anything that says something."""
    krita.shell("xdotool mousemove 760 30 sleep 1.5")
    with Image.open(krita.screenshot(krita.folder / "shot.png")) as picture:
        return picture.convert("RGB")


def save(picture: Image.Image, name: str, quality: int = 75) -> None:
    """About 100 KB each, as the pages show many."""
    picture.save(IMAGES / f"{name}.jpg", quality=quality, optimize=True, progressive=True)


def crop(krita, shown: str | None = None) -> Image.Image:
    """The docker alone, with a part of it in sight or from the top."""
    krita.run("place_of(panel.controls.more); panel._scroll.verticalScrollBar().setValue(0)")
    if shown is not None:
        krita.run(f"place_of({shown})")
    x, y, width, height = krita.run(
        "p, n = docker.mapToGlobal(QPoint(0, 0)), docker.devicePixelRatio()\n"
        "result = [n * p.x(), n * p.y(), n * docker.width(), n * docker.height()]"
    )
    return settled(krita).crop((x, y, x + width, y + height))


def side_by_side(pictures: list[Image.Image]) -> Image.Image:
    gap = 12
    width = sum(picture.width for picture in pictures) + gap * (len(pictures) - 1)
    sheet = Image.new("RGB", (width, max(picture.height for picture in pictures)), (128, 128, 128))
    left = 0
    for picture in pictures:
        sheet.paste(picture, (left, 0))
        left += picture.width + gap
    return sheet
