"""What is seen before Apply in the real Krita: a soft selection as it will be, and dense screens in full."""

from __future__ import annotations

import tempfile

import numpy as np
import pytest
from area_means import area_means
from krita_docker import choose, click, open_photo, show_docker
from krita_images import Case, close_documents, raw
from PIL import Image

pytestmark = pytest.mark.editors


def test_where_a_selection_is_soft_the_live_preview_blends_as_the_mask_will(krita, documents_closed):
    open_photo(krita)
    show_docker(krita)
    choose(krita, 2)
    krita.run(
        "s = Selection(); s.select(100, 60, 220, 140, 255); s.feather(25); document.setSelection(s); del s"
    )
    click(krita, "panel.job.live_button")
    krita.until("previews() and panel.studio.live._done is None")
    width, height = krita.run(
        """
        document.waitForDone()
        area = (0, 0, document.width(), document.height())
        keep("selected.raw", document.selection().pixelData(*area))
        keep("photo.raw", layer.pixelData(*area))
        keep("preview.raw", document.topLevelNodes()[1].pixelData(*area))
        keep("shown.raw", document.pixelData(*area))
        panel.studio.set_live(False)
        result = [document.width(), document.height()]
        """
    )
    selected = np.frombuffer(raw(krita, "selected"), np.uint8).reshape(height, width)
    photo, preview, shown = (
        np.frombuffer(raw(krita, name), np.uint8).reshape(height, width, 4).astype(float)
        for name in ("photo", "preview", "shown")
    )
    soft = (selected > 50) & (selected < 200)
    assert soft.sum() > 1000
    np.testing.assert_allclose(preview[..., 3], selected, atol=1)
    share = selected[..., None] / 255
    wanted = photo[..., :3] + share * (preview[..., :3] - photo[..., :3])
    np.testing.assert_allclose(shown[..., :3], wanted, atol=2)
    assert np.abs(preview[soft][:, :3] - photo[soft][:, :3]).mean() > 10


def test_at_200_percent_pictures_have_a_pixel_for_each_of_the_screen(start_krita, base):
    krita = start_krita(
        screen="1920x1200", QT_SCALE_FACTOR="2", SCUMBLE_CONFIG_DIR=tempfile.mkdtemp(dir=base)
    )
    noise = np.random.default_rng(1).integers(0, 256, (192, 192), np.uint8)
    Image.fromarray(noise).save(krita.folder / "noise.png")
    show_docker(krita)
    found = krita.run(
        """
        view = panel.gallery.list
        style = panel.studio.library.add_file(str(FOLDER / "noise.png"))
        place_of(panel.gallery)
        view.scroll_to(style.choice)
        QApplication.processEvents()
        row = next(row for row in range(view.count()) if view.style_at(row).choice == style.choice)
        corner = view.viewport().mapToGlobal(view.visualItemRect(view.item(row)).center())
        result = [2 * corner.x(), 2 * corner.y(), 2 * view.side()]
        """
    )
    x, y, side = found
    krita.shell("xdotool mousemove 760 30 sleep 1")
    with Image.open(krita.screenshot(krita.folder / "shot.png")) as picture:
        part = np.asarray(picture.convert("L"), float)[y - 60 : y + 20, x - 40 : x + 40]
    assert side > 100
    # Of one that was enlarged each pixel is the same as its left or its right neighbour, or much like it.
    steps = np.abs(np.diff(part, axis=1))
    assert min(steps[:, ::2].mean(), steps[:, 1::2].mean()) > 0.4 * part.std()
    close_documents(krita)


@pytest.mark.parametrize("depth", ["U8", "U16", "F16", "F32"])
def test_a_small_copy_is_the_mean_over_the_pixels_of_each_of_its_own(krita, documents_closed, depth):
    case = Case(width=1301, height=870, depth=depth)
    case.open(krita)
    krita.run(
        f"""
        from scumble_krita.scaled import scaled
        layer.setOpacity(255)
        small = scaled(layer, Bounds(0, 0, 1301, 870), PixelFormat({case.format.dtype!r}, "BGRA"), 640)
        assert tuple(small.extent) == (640, 428)
        keep("small.raw", small.view())
        """
    )
    small = np.frombuffer(raw(krita, "small"), np.uint8).reshape(428, 640, 4).astype(float)
    values = np.asarray(case.pixels()).astype(float) / {"U8": 1, "U16": 257}.get(depth, 1 / 255)
    alpha = area_means(values[..., 3:], 428, 640)
    means = area_means(values[..., :3] * values[..., 3:], 428, 640) / alpha
    np.testing.assert_allclose(small[..., 3:], alpha, atol=2.5)
    assert np.abs(small[..., :3] - means).mean() < 1.0
    assert abs((small[..., :3] - means).mean()) < 0.3
