"""Video files as people have them: what goes in comes out, or one note names what does not."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from scumble import Extent, PixelFormat, Pixels, ScumbleError, to_array
from scumble_daemon.video.frames import FORMATS, VideoSink, VideoSource, check_room
from scumble_daemon.video.reading import frame_at, frames_of, probe
from scumble_daemon.video.writing import VideoWriter

CASES = Path(__file__).parents[1] / "cases"
STEP = Fraction(1, 25)


def copied(source: Path, target: Path) -> list[str]:
    """What `scumble video` does, but for the style; returns the notes, each once."""
    clip, notes = VideoSource(source), dict[str, None]()
    assert clip.rate is not None
    with VideoSink(target, clip.rate, source, clip.time_base) as sink:
        for frame in clip.frames():
            notes.update(dict.fromkeys(sink.write(frame, frame.pixels)))
    return [*notes, *clip.notes]


def times(path: Path) -> list[float]:
    return [float(frame.time) for frame in frames_of(path)]


def means(path: Path) -> np.ndarray:
    """Mean of each frame's channels, 0..255."""
    arrays = [to_array(frame.pixels) for frame in frames_of(path)]
    scale = 257 if arrays[0].dtype == np.uint16 else 1
    return np.array([array.reshape(-1, array.shape[-1]).mean(0) / scale for array in arrays])


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov", ".webm", ".gif"])
def test_each_frame_keeps_its_time_at_a_variable_rate(tmp_path, suffix):
    source, target = CASES / "flash.mp4", tmp_path / f"out{suffix}"
    assert copied(source, target) == []
    assert times(target) == pytest.approx(times(source), abs=0.001)
    assert len(times(target)) == 10
    bright = means(source)[:, 0] > 200
    assert bright.sum() == 1  # the only white frame
    assert ((means(target)[:, 0] > 200) == bright).all()
    assert probe(target).seconds == pytest.approx(2.0, abs=0.02)


def test_avi_has_one_speed_and_says_so(tmp_path):
    with pytest.raises(ScumbleError, match="has one speed") as caught:
        copied(CASES / "flash.mp4", tmp_path / "out.avi")
    assert caught.value.code == "unsupported-format"
    assert list(tmp_path.iterdir()) == []
    copied(CASES / "sar.mp4", tmp_path / "out.avi")
    assert len(times(tmp_path / "out.avi")) == 5


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_pixels_that_are_not_square_stay_so(tmp_path, suffix):
    target = tmp_path / f"out{suffix}"
    assert copied(CASES / "sar.mp4", target) == []
    assert probe(target).pixel_aspect == Fraction(4, 3)


@pytest.mark.parametrize("suffix", [".webm", ".avi", ".gif"])
def test_where_pixels_are_square_it_is_said(tmp_path, suffix):
    notes = copied(CASES / "sar.mp4", tmp_path / f"out{suffix}")
    assert [note for note in notes if "square pixels only" in note]


@pytest.mark.parametrize("name", ["al.mov", "alpha.webm"])
@pytest.mark.parametrize("suffix", [".mov", ".webm", ".mkv"])
def test_alpha_is_kept_where_the_format_can(tmp_path, name, suffix):
    target = tmp_path / f"out{suffix}"
    assert copied(CASES / name, target) == []
    before, after = means(CASES / name), means(target)
    assert before.shape[1] == after.shape[1] == 4
    np.testing.assert_allclose(after, before, atol=3)


@pytest.mark.parametrize("suffix", [".mp4", ".avi"])
def test_alpha_is_laid_on_white_with_one_note_elsewhere(tmp_path, suffix):
    notes = copied(CASES / "alpha.webm", tmp_path / f"out{suffix}")
    assert notes == [f"out{suffix} cannot be transparent: the frames were laid on white."]
    assert means(tmp_path / f"out{suffix}")[0] == pytest.approx((254, 128, 128), abs=4)


def test_hdr_is_refused_and_not_flattened():
    with pytest.raises(ScumbleError, match=r"is HDR \(PQ\)") as caught:
        VideoSource(CASES / "hdr.mp4")
    assert caught.value.code == "hdr-video"
    assert "tone mapping" in caught.value.hint


def ramp(width: int, height: int, dtype: type = np.uint8) -> Pixels:
    y, x = np.mgrid[0:height, 0:width]
    values = np.stack([x * 200 // width + 20, y * 200 // height + 20, np.full_like(x, 90)], -1)
    if dtype == np.uint16:
        values = np.stack([x * 40_000 / width + 9000, y * 30_000 / height + 9000, x * 0 + 30_000], -1)
    pixel_format = PixelFormat("u16" if dtype == np.uint16 else "u8", "RGB")
    return Pixels(Extent(width, height), pixel_format, values.astype(dtype).tobytes())


def written(path: Path, pixels: Pixels, count: int = 3) -> list[str]:
    with VideoWriter(path, Fraction(25)) as writer:
        for index in range(count):
            writer.write(pixels, index * STEP, STEP)
    return writer.notes


@pytest.mark.parametrize("size", [(64, 48), (63, 47), (1, 1), (17, 2)])
@pytest.mark.parametrize("suffix", [".webm", ".mp4"])
def test_odd_sizes_are_kept_where_the_format_can(tmp_path, size, suffix):
    path, pixels = tmp_path / f"a:b%03d{suffix}", ramp(*size)
    notes = written(path, pixels)
    found = [frame.pixels for frame in frames_of(path)]
    kept = suffix == ".webm" or not (size[0] % 2 or size[1] % 2)
    assert (tuple(found[0].extent) == size) == kept
    assert bool(notes) != kept
    values = to_array(found[1])[: size[1], : size[0]].astype(int)
    if min(size) > 2:
        assert np.abs(values - to_array(pixels)).mean() < 4  # what halved chroma and the codec lose


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_ten_bits_of_sdr_stay_more_than_eight(tmp_path, suffix):
    path, pixels = tmp_path / f"deep{suffix}", ramp(256, 64, np.uint16)
    assert written(path, pixels) == []
    assert written(path.with_suffix(".webm"), pixels) == [
        "deep.webm holds 8 bits, fewer than the clip has; .mp4 keeps 10."
    ]
    assert probe(path).depth == 10
    found = to_array(next(iter(frames_of(path))).pixels)
    assert found.dtype == np.uint16
    assert len(np.unique(found[32, :, 0] >> 6)) > 100
    assert np.abs(found.astype(int) - to_array(pixels)).mean() / 257 < 3


@pytest.mark.parametrize("matrix", [1, 5])
@pytest.mark.parametrize("full", [False, True])
def test_colours_are_those_that_the_tags_say(tmp_path, matrix, full):
    """Against a plain matrix multiplication: BT.601 and BT.709, limited and full range."""
    path = tmp_path / "tagged.mkv"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv444p"
        stream.codec_context.colorspace, stream.codec_context.color_range = matrix, 2 if full else 1
        planes = np.stack([np.full((32, 32), value, np.uint8) for value in (120, 90, 180)])
        frame = av.VideoFrame.from_ndarray(planes, format="yuv444p")
        frame.colorspace, frame.color_range = matrix, 2 if full else 1
        out.mux([*stream.encode(frame), *stream.encode(None)])
    red, blue = {1: (0.2126, 0.0722), 5: (0.299, 0.114)}[matrix]
    luma = (120 - 0) / 255 if full else (120 - 16) / 219
    cb, cr = ((value - 128) / (255 if full else 224) for value in (90, 180))
    r, b = luma + 2 * (1 - red) * cr, luma + 2 * (1 - blue) * cb
    g = (luma - red * r - blue * b) / (1 - red - blue)
    expected = np.clip([r, g, b], 0, 1) * 255
    np.testing.assert_allclose(means(path)[0], expected, atol=2)


def clip_with_everything(path: Path) -> None:
    """A video with two sound tracks, subtitles, chapters and a title."""
    words = path.with_suffix(".srt")
    words.write_text("1\n00:00:00,100 --> 00:00:00,900\nHello\n")
    with av.open(str(words)) as text, av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sounds = [out.add_stream("aac", rate=48000) for _ in range(2)]
        for sound, language in zip(sounds, ("eng", "fra"), strict=True):
            sound.layout = "mono"
            sound.metadata["language"] = language
        subtitles = out.add_stream_from_template(text.streams[0], opaque=True)
        out.metadata["title"] = "Holiday"
        out.set_chapters(
            [{"id": 1, "start": 0, "end": 500, "time_base": Fraction(1, 1000), "metadata": {"title": "One"}}]
        )
        for index in range(25):
            frame = av.VideoFrame.from_ndarray(to_array(ramp(64, 48)), format="rgb24")
            frame.pts, frame.time_base = index, STEP
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        for number, sound in enumerate(sounds, 1):
            tone = np.sin(np.arange(48000) * 0.05 * number).astype(np.float32)[None] * 0.3
            for start in range(0, 48000, 1024):
                piece = av.AudioFrame.from_ndarray(tone[:, start : start + 1024], "fltp", "mono")
                piece.sample_rate, piece.pts, piece.time_base = 48000, start, Fraction(1, 48000)
                out.mux(sound.encode(piece))
            out.mux(sound.encode(None))
        for packet in text.demux():
            if packet.size:
                packet.stream = subtitles
                out.mux(packet)


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".webm", ".avi", ".gif"])
def test_what_comes_with_a_clip_is_kept_or_named(tmp_path, suffix):
    source, target = tmp_path / "in.mkv", tmp_path / f"out{suffix}"
    clip_with_everything(source)
    notes = " ".join(copied(source, target))
    with av.open(str(target)) as found:
        sounds = [stream for stream in found.streams if stream.type == "audio"]
        assert len(sounds) == (0 if suffix == ".gif" else 2)
        assert ("sound" in notes) == (not sounds)
        for stream in sounds:
            assert stream.codec_context.name in ("aac", "opus", "libopus", "mp3", "mp3float")
        if suffix in (".mkv", ".mp4", ".webm"):
            assert [stream.metadata.get("language") for stream in sounds] == ["eng", "fra"]
        assert any(s.type == "subtitle" for s in found.streams) == (suffix == ".mkv")
        assert ("1 subtitle tracks" in notes) == (suffix != ".mkv")
        assert bool(found.chapters()) == (suffix in (".mkv", ".mp4", ".webm"))
        assert ("1 chapters" in notes) == (not found.chapters())
        title = {key.lower(): value for key, value in found.metadata.items()}.get("title")
        assert title == (None if suffix == ".gif" else "Holiday")
    with av.open(str(target)) as found:
        if sounds:
            heard = sum(frame.samples for frame in found.decode(audio=1))
            assert heard == pytest.approx(48000, rel=0.1)


@pytest.mark.parametrize("degrees", [90, 180, -90])
def test_a_turned_clip_is_upright(tmp_path, degrees):
    path, target = tmp_path / "turned.mp4", tmp_path / "out.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.set_display_rotation(degrees)
        values = np.zeros((48, 64, 3), np.uint8)
        values[:12, :16] = 255  # top left, as stored
        frame = av.VideoFrame.from_ndarray(values, format="rgb24")
        out.mux([*stream.encode(frame), *stream.encode(None)])
    expected = np.rot90(values, round(degrees / 90)).astype(int)  # counter-clockwise, as the matrix says
    seen = to_array(next(iter(frames_of(path))).pixels).astype(int)
    assert np.abs(seen - expected).mean() < 6
    assert copied(path, target) == []
    again = to_array(next(iter(frames_of(target))).pixels).astype(int)
    assert np.abs(again - expected).mean() < 6


def test_a_frame_is_found_by_its_time():
    path = CASES / "flash.mp4"
    whole = list(frames_of(path))
    for frame in whole:
        found = frame_at(path, float(frame.time) + 0.001)
        assert found is not None
        assert found.data == frame.pixels.data
    assert frame_at(path, 99.0) is None


def test_frames_of_two_sizes_do_not_fit_and_leave_no_file(tmp_path):
    def write() -> None:
        with VideoWriter(tmp_path / "a.mp4", Fraction(25)) as writer:
            for index, size in enumerate((16, 18)):
                writer.write(ramp(size, size), index * STEP, STEP)

    with pytest.raises(ScumbleError) as caught:
        write()
    assert caught.value.code == "bad-frame"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", sorted(FORMATS))
def test_a_video_that_does_not_fit_leaves_the_old_file(tmp_path, suffix):
    resource = pytest.importorskip("resource", reason="limits are POSIX")
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"the good old file")
    noise = np.random.default_rng(0).integers(0, 256, (160, 160, 3), np.uint8)
    pixels = Pixels(Extent(160, 160), PixelFormat("u8", "RGB"), noise.tobytes())
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20 << 10, before[1]))
    try:
        with pytest.raises(ScumbleError) as caught:
            written(path, pixels, 8)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.code == "cannot-write"
    assert path.read_bytes() == b"the good old file"
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_a_damaged_clip_is_read_as_far_as_it_goes_and_said(tmp_path):
    source, path = tmp_path / "in.mkv", tmp_path / "damaged.mkv"
    noise = np.random.default_rng(0).integers(0, 256, (12, 64, 64, 3), np.uint8)
    with VideoWriter(source, Fraction(25)) as writer:
        for index, frame in enumerate(noise):
            pixels = Pixels(Extent(64, 64), PixelFormat("u8", "RGB"), frame.tobytes())
            writer.write(pixels, index * STEP, STEP)
    data = source.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    assert 0 < len(times(path)) <= 12
    for text in (b"", b"no video", b"\0" * 1000):
        path.write_bytes(text)
        with pytest.raises(ScumbleError) as caught:
            VideoSource(path)
        assert caught.value.code == "not-a-video"


def test_a_clip_for_whose_result_there_is_no_room_is_refused_first(tmp_path):
    check_room(100, Extent(100, 100), tmp_path / "not" / "yet", ("video", "folder"))
    with pytest.raises(ScumbleError, match="MB are free") as caught:
        check_room(1 << 40, Extent(4000, 4000), tmp_path, ("folder",))
    assert caught.value.code == "disk-full"


def test_without_the_extra_the_way_to_it_is_said(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ScumbleError) as caught, contextlib.closing(frames_of(CASES / "sar.mp4")) as frames:  # type: ignore[type-var]
        next(frames)
    assert caught.value.code == "no-ffmpeg"
    assert "pip install av" in caught.value.hint
