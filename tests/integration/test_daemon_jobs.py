"""Jobs through the real daemon: what comes back is what the models make of the same pixels."""

from __future__ import annotations

import io
import threading
from dataclasses import asdict

import numpy as np
import pytest
from daemon_process import Place, code_of, connected, noise
from PIL import Image

from scumble import (
    Bounds,
    Client,
    Extent,
    PixelFormat,
    Pixels,
    ScumbleError,
    StyleSource,
    StyleWeight,
    StylizeRequest,
    to_array,
)
from scumble.conversion import as_pixels, as_styles
from scumble.pixels.content import digest_of
from scumble.pixels.shared_memory import SHARED_FROM
from scumble.uploads import Uploads
from scumble_models.first_sight import first_sight
from scumble_models.look import Look
from scumble_models.registry import list_models, load_model
from scumble_models.stylize import encode_style, stylize

STYLE = noise(80, 96, seed=1)
#: Paints bit for bit alike whatever the number of threads, which is another in another process.
ENGINE = "microast-bold"


@pytest.fixture(scope="module")
def model():
    return load_model(ENGINE, "cpu")


def pixels_of(array: np.ndarray, channels: str) -> Pixels:
    names = {"uint8": "u8", "uint16": "u16", "float16": "f16", "float32": "f32"}
    extent = Extent(array.shape[1], array.shape[0])
    return Pixels(extent, PixelFormat(names[array.dtype.name], channels), array.tobytes())


@pytest.mark.parametrize(
    ("dtype", "channels"),
    [
        (np.uint8, "RGB"),
        (np.uint8, "RGBA"),
        (np.uint16, "BGRA"),
        (np.uint16, "RGB"),
        (np.float16, "RGBA"),
        (np.float32, "RGB"),
        (np.float32, "GRAYA"),
        (np.uint8, "GRAY"),
    ],
)
def test_the_result_equals_the_models_own(client: Client, model, dtype, channels):
    array = noise(70, 90, PixelFormat("u8", channels).channel_count, dtype)
    result = client.stylize(pixels_of(array, channels), STYLE, 0.7, engine=ENGINE)
    signals = encode_style(model, STYLE, "RGB")
    expected = stylize(model, array, channels, [(signals, 1.0)], weight=0.7)
    assert result.format == pixels_of(array, channels).format
    np.testing.assert_array_equal(to_array(result), expected)


def test_a_picture_is_painted_as_at_first_sight(client: Client):
    array, model = noise(70, 90), load_model("microast", "cpu")
    result = client.stylize(array, STYLE)
    expected = stylize(model, array, "RGB", [(first_sight(model, STYLE, "RGB"), 1.0)])
    difference = np.abs(to_array(result).astype(int) - np.asarray(expected).astype(int))
    assert difference.max() <= 1


def test_region_mask_and_mix_reach_the_model(client: Client, model):
    array, other = noise(96, 80), noise(64, 64, seed=2)
    mask = np.zeros((96, 80), np.uint8)
    mask[20:70, 10:60] = 255
    region = Bounds(8, 16, 40, 50)
    mix, options = [(STYLE, 2.0), (other, 1.0)], {"mask": mask.tobytes(), "region": region}
    result = client.stylize(array, mix, engine=ENGINE, **options)
    styles = [(encode_style(model, STYLE, "RGB"), 2.0), (encode_style(model, other, "RGB"), 1.0)]
    expected = stylize(model, array, "RGB", styles, mask=mask, region=region)
    assert result.shape == (50, 40, 3)
    np.testing.assert_array_equal(to_array(result), expected)


def test_weight_0_returns_the_layer_bit_for_bit(client: Client):
    array = noise(64, 64, 4, np.uint16)
    assert bytes(client.stylize(array, STYLE, 0.0).data) == array.tobytes()


def test_a_layer_in_shared_memory_comes_back_bit_for_bit(client: Client):
    layer = np.resize(noise(300, 301, 4), (1500, 2950, 4))
    assert layer.nbytes > SHARED_FROM
    assert (to_array(client.stylize(layer, STYLE, 0.0)) == layer).all()


def test_a_style_file_is_decoded_upright(client: Client):
    upright = Image.fromarray(noise(48, 90, seed=3))
    turned = upright.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise for viewing
    file = io.BytesIO()
    turned.save(file, "PNG", exif=exif)
    layer = noise(64, 64)
    assert np.array_equal(client.stylize(layer, file.getvalue()), client.stylize(layer, upright))


def test_the_result_is_of_the_kind_that_was_given(client: Client, tmp_path):
    array = noise(40, 50)
    wanted = client.submit(StylizeRequest(as_pixels(array), as_styles(STYLE))).result()
    painted = client.stylize(array, STYLE)
    assert type(painted) is np.ndarray
    assert painted.flags.writeable
    assert np.array_equal(painted, np.asarray(wanted))
    gray = client.stylize(noise(40, 50, 1, np.uint16)[..., 0], STYLE)
    assert (gray.shape, gray.dtype) == ((40, 50), np.uint16)
    picture = client.stylize(Image.fromarray(array), STYLE)
    assert isinstance(picture, Image.Image)
    assert np.array_equal(np.asarray(picture), painted)
    assert client.stylize(as_pixels(array), STYLE) == wanted
    Image.fromarray(array).save(tmp_path / "photo.png")
    assert client.stylize(tmp_path / "photo.png", STYLE) == wanted


def test_pillow_paths_and_the_profile_travel(client: Client, tmp_path):
    path = tmp_path / "layer.png"
    Image.fromarray(noise(40, 50)).save(path, icc_profile=b"profile bytes")
    style = tmp_path / "style.png"
    Image.fromarray(STYLE).save(style)
    result = client.stylize(path, str(style))
    assert result.extent == Extent(50, 40)
    assert result.profile == b"profile bytes"


def test_progress_ends_at_its_total(client: Client):
    seen = []
    client.stylize(noise(128, 128), STYLE, patch=64, on_progress=seen.append)
    assert seen[-1].done == seen[-1].total > 1
    assert all(step.done <= step.total and step.eta_s >= 0 for step in seen)


def test_two_clients_at_once_get_their_own_results(shared_place: Place):
    layers = [noise(72, 64, seed=seed) for seed in range(4)]
    results: dict[int, np.ndarray] = {}

    def work(which: int) -> None:
        with connected() as client:
            results[which] = client.stylize(layers[which], STYLE)

    threads = [threading.Thread(target=work, args=(which,)) for which in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with connected() as client:
        for which, layer in enumerate(layers):
            assert np.array_equal(results[which], client.stylize(layer, STYLE))


def test_both_transports_bring_the_same(shared_place: Place):
    layer = noise(64, 80)
    with connected(transport="scumble") as ours, connected(transport="pyzmq") as theirs:
        assert np.array_equal(ours.stylize(layer, STYLE), theirs.stylize(layer, STYLE))


def test_an_image_is_sent_once(client: Client, monkeypatch: pytest.MonkeyPatch):
    sent = []
    put = Uploads._put
    monkeypatch.setattr(
        Uploads, "_put", lambda self, link, digest, data: (sent.append(digest), put(self, link, digest, data))
    )
    layer = noise(66, 77, seed=9)
    for weight in (0.2, 0.5, 0.9):
        client.stylize(layer, STYLE, weight)
    assert sent.count(digest_of(layer.tobytes())) == 1


def test_a_cancelled_job_ends_and_the_next_one_runs(client: Client):
    cancel = threading.Event()
    layer = noise(1024, 1024)

    def on_progress(progress) -> None:
        cancel.set()

    assert (
        code_of(lambda: client.stylize(layer, STYLE, patch=64, on_progress=on_progress, cancel=cancel))
        == "cancelled"
    )
    assert client.stylize(noise(64, 64), STYLE).shape == (64, 64, 3)


def test_a_waiting_job_can_be_cancelled(client: Client):
    request = StylizeRequest(
        pixels_of(noise(700, 700), "RGB"),
        (StyleWeight(StyleSource(pixels=pixels_of(STYLE, "RGB"))),),
        patch=64,
    )
    first, second = client.submit(request), client.submit(request)
    second.cancel()
    assert code_of(second.result) == "cancelled"
    first.cancel()
    assert code_of(first.result) == "cancelled"


def test_an_exception_in_a_callback_cancels_the_job(client: Client):
    def on_progress(progress) -> None:
        raise KeyError("the editor was closed")

    with pytest.raises(KeyError):
        client.stylize(noise(512, 512), STYLE, patch=64, on_progress=on_progress)
    assert client.stylize(noise(64, 64), STYLE).shape == (64, 64, 3)


def test_a_timeout_is_typed(client: Client):
    layer = noise(1024, 1024, seed=5)
    assert code_of(lambda: client.stylize(layer, STYLE, patch=64, timeout=0.05)) == "timeout"


def test_unknown_engines_and_styles_are_typed_errors(client: Client):
    layer = noise(64, 64)
    assert code_of(lambda: client.stylize(layer, STYLE, engine="microats")) == "unknown-model"
    with pytest.raises(ScumbleError, match="Did you mean microast"):
        client.stylize(layer, STYLE, engine="microats")
    assert code_of(lambda: client.stylize(layer, "no such style")) == "unknown-style"


def test_the_masks_of_styles_reach_the_model(client: Client, model):
    array, other = noise(64, 80, seed=8), noise(64, 64, seed=2)
    mask = np.zeros((64, 80), np.uint8)
    mask[:, :40] = 255
    sources = [StyleSource(pixels=pixels_of(style, "RGB")) for style in (STYLE, other)]
    styles = (StyleWeight(sources[0], 1.0, mask.tobytes()), StyleWeight(sources[1], 1.0))
    result = client.submit(StylizeRequest(pixels_of(array, "RGB"), styles, engine=ENGINE)).result()
    signals = [(encode_style(model, style, "RGB"), 1.0) for style in (STYLE, other)]
    expected = stylize(model, array, "RGB", signals, style_masks=[mask, None])
    np.testing.assert_array_equal(to_array(result), expected)


def test_the_look_reaches_the_model(client: Client, model):
    array = noise(96, 80, seed=8)
    look = Look(stroke_size=2.0, preserve_color="luminance", contrast=1.3, detail=0.5)
    result = client.stylize(array, STYLE, engine=ENGINE, **vars(look))
    expected = stylize(model, array, "RGB", [(encode_style(model, STYLE, "RGB"), 1.0)], look=look)
    # Another process has other threads, which sum a coarser level in another order.
    difference = np.abs(to_array(result).astype(int) - np.asarray(expected).astype(int))
    assert difference.max() <= 1


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"this is no image", "not-an-image"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "not-an-image"),
    ],
)
def test_a_style_file_that_is_no_image_is_a_typed_error(client: Client, data, code):
    assert code_of(lambda: client.stylize(noise(64, 64), data)) == code


def test_a_decompression_bomb_is_a_typed_error(client: Client):
    file = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(file, "PNG")
    assert code_of(lambda: client.stylize(noise(64, 64), file.getvalue())) == "image-too-large"


def test_models_status_and_unload(client: Client):
    assert "microast" in [model["name"] for model in client.models()]
    client.stylize(noise(64, 64), STYLE)
    assert client.status()["worker"]["ready"]
    client.unload()
    assert client.ping() < 5
    assert client.stylize(noise(64, 64), STYLE).shape == (64, 64, 3)


def test_the_models_say_what_they_can_do(client: Client):
    found = {model["name"]: model["traits"] for model in client.models()}
    for info in list_models():
        if info.builtin:
            assert found[info.name] == asdict(info.traits)
    assert found["microast"]["learns"]
    assert not found["adain"]["learns"]
    assert found["adain"]["mixes"] == "tensors"


def test_a_big_layer_travels_in_pieces(client: Client):
    array = noise(1100, 1600, 4, np.float32)  # 28 MB: four pieces there and four strips back
    assert bytes(client.stylize(array, STYLE, 0.0).data) == array.tobytes()


def test_a_preview_comes_before_the_result_of_a_large_layer(client: Client, model):
    layer, events = noise(512, 900, 4, np.uint16), []
    client.stylize(layer, STYLE, 0.8, engine=ENGINE, on_preview=events.append, on_progress=events.append)
    previews = [event for event in events if isinstance(event, Pixels)]
    assert [preview.extent for preview in previews] == [Extent(640, 364)]
    assert events.index(previews[0]) < len(events) - 1  # the finest level's patches come after it
    signals, expected = encode_style(model, STYLE, "RGB"), []
    stylize(model, layer, "RGBA", [(signals, 1.0)], weight=0.8, on_preview=expected.append)
    np.testing.assert_array_equal(to_array(previews[0]), expected[0])
