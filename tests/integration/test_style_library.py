"""The library through a real daemon: names that travel, galleries, sweeps and batches."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from daemon_process import code_of, noise, until
from PIL import Image
from safetensors.numpy import save

from scumble import Client, StyleSource
from scumble_daemon import cli
from scumble_daemon.library import Library, Recipe
from scumble_daemon.library.entries import Credits
from scumble_daemon.library.signals import signals_files, signals_name
from scumble_models.registry import find_model, list_models

pytestmark = pytest.mark.usefixtures("shared_place", "folder")
SCUMBLE = [sys.executable, "-c", "from scumble_daemon.cli import main; main()"]


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("in/a.png", "in/deep/b.png"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise(40, 60, seed=len(name))).save(name)
    return tmp_path


@pytest.fixture
def library(shared_place) -> Iterator[Library]:
    """The daemon's own library, without what a test has put there."""
    library = Library()
    yield library
    shutil.rmtree(library.folder, ignore_errors=True)


def jpeg(seed: int = 0) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(noise(80, 120, seed=seed)).save(buffer, "JPEG")
    return buffer.getvalue()


def run(*arguments: str) -> int:
    return cli.run(list(arguments))


LAYER = noise(48, 64)


def test_the_gallery_does_not_start_the_worker(client, library):
    styles = {style["name"]: style for style in client.styles()}
    assert len(styles) >= 32
    irises = styles["irises"]
    assert (irises["title"], irises["artist"], irises["builtin"]) == ("Irises", "Vincent van Gogh", True)
    # Signals of the others are made of its picture when they are needed.
    assert "microast" in irises["engines"]
    assert set(irises["engines"]) <= {m.name for m in list_models() if m.builtin}
    assert irises["any_engine"]
    assert Path(irises["preview"]).read_bytes() == client.style_thumbnail("irises")
    with Image.open(io.BytesIO(client.style_thumbnail("irises"))) as image:
        assert image.format == "JPEG"
    assert client.status()["worker"] is None
    assert code_of(lambda: client.style_thumbnail("nowhere")) == "unknown-style"


def test_a_library_of_any_size_comes_in_pages(client, library):
    built_in = len(library.entries())
    for number in range(40):
        title = f"{number} " + "long title " * 15
        library.add(f"{number:064x}", Credits(title, source="long credit " * 40, tags=("tag " * 9,) * 16))
    names = [style["name"] for style in client.styles()]
    assert len(names) == len(set(names)) == built_in + 40


def test_a_built_in_style_is_its_signals(client, library):
    """The name alone gives what the signals give, and no picture is sent for it."""
    first = client.stylize(LAYER, "irises")
    assert bytes(client.stylize(LAYER, "Irises").data) == bytes(first.data)
    assert bytes(client.stylize(LAYER, "comic").data) != bytes(first.data)
    assert bytes(first.data) != LAYER.tobytes()


def test_a_users_style_is_the_same_by_name_and_by_file_and_encoded_once(client, library):
    entry = library.add_image(jpeg(), "sea")
    assert signals_files(entry.signals_folder) == []
    by_name = client.stylize(LAYER, "sea")
    by_file = client.stylize(LAYER, jpeg())
    assert bytes(by_name.data) == bytes(by_file.data)
    assert len(signals_files(entry.signals_folder)) == 1
    assert entry.image is not None
    entry.image.unlink()
    fresh_worker(client)
    assert bytes(client.stylize(LAYER, "sea").data) == bytes(by_name.data)


def test_a_recipe_is_the_mix_that_it_names(client, library):
    library.add_recipe(Recipe((("irises", 3.0), ("comic", 1.0))), "Mix")
    mixed = client.stylize(LAYER, [("irises", 0.75), ("comic", 0.25)])
    difference = np.frombuffer(client.stylize(LAYER, "Mix").data, np.uint8).astype(int) - np.frombuffer(
        mixed.data, np.uint8
    )
    assert np.abs(difference).max() <= 1


def test_an_engine_without_signals_of_a_style_says_so(client, library):
    entry = library.add_image(jpeg(2), "sea")
    assert entry.image is not None
    entry.image.unlink()
    assert code_of(lambda: client.stylize(LAYER, "sea")) == "no-signals"


def fresh_worker(client: Client) -> None:
    """Forget what the worker has in memory."""
    client.unload()
    until(lambda: client.status()["worker"] is None, "the end of the worker")


def test_damaged_signals_are_made_anew_from_the_picture(client, library):
    entry = library.add_image(jpeg(3), "sea")
    sound = client.stylize(LAYER, "sea")
    file = signals_files(entry.signals_folder)[0]
    content = file.read_bytes()
    file.write_bytes(b"rubbish")
    fresh_worker(client)
    assert bytes(client.stylize(LAYER, "sea").data) == bytes(sound.data)
    assert file.read_bytes() == content


@pytest.mark.parametrize("content", ["rubbish", "of another shape", "of another network"])
def test_signals_that_cannot_be_used_are_a_typed_error(client, library, content):
    """As a file from a stranger may bring them, under the name of the weights that are here."""
    name = signals_name("microast", find_model("microast").sha256)
    metadata = {"architecture": "nothing" if content == "of another network" else "microast"}
    data = save({"mean1": np.zeros((1, 4), np.float32)}, metadata)
    digest = hashlib.sha256(content.encode()).hexdigest()
    entry = library.add(
        digest, Credits(content), signals={name: b"rubbish" if content == "rubbish" else data}
    )
    assert code_of(lambda: client.stylize(LAYER, StyleSource(library=entry.name))) == "bad-signals"


def test_an_unknown_name_is_a_typed_error_with_near_names(client, library):
    with pytest.raises(Exception, match="irisse") as caught:
        client.stylize(LAYER, StyleSource(library="irisse"))
    assert "irises" in caught.value.hint


def test_a_picture_in_a_watched_folder_gets_a_thumbnail(client, library, folder):
    (folder / "watched").mkdir()
    library.watch(folder / "watched")
    (folder / "watched" / "sea.jpg").write_bytes(jpeg())
    (folder / "watched" / "broken.jpg").write_bytes(b"no picture")
    names = [style["name"] for style in client.styles() if style["kind"] == "watched"]
    assert names == ["broken", "sea"]
    until(lambda: client.styles() and client.style_thumbnail("sea"), "a thumbnail")
    assert client.style_thumbnail("broken") == b""
    assert client.stylize(LAYER, "sea").shape == (48, 64, 3)
    assert code_of(lambda: client.stylize(LAYER, "broken")) in ("not-an-image", "image-truncated")


def test_the_command_line_takes_library_names_and_mixes_them_with_files(capsys, library):
    Path("own.jpg").write_bytes(jpeg())
    assert run("stylize", "in/a.png", "--style", "irises:0.6", "--style", "own.jpg:0.4", "-o", "out/") == 0
    assert Path("out/a-irises+own.png").is_file()
    capsys.readouterr()
    assert run("stylize", "in/a.png", "--style", "iriss", "-o", "x.png") == 1
    assert "Did you mean irises" in capsys.readouterr().err
    assert run("stylize", "in/a.png", "--style", "ownn", "-o", "x.png") == 1
    assert "own.jpg" in capsys.readouterr().err


def test_a_recipes_settings_are_defaults(library):
    library.add_recipe(Recipe((("irises", 1.0),), {"weight": 0.0, "later": "unknown"}), "Off")
    assert run("stylize", "in/a.png", "--style", "Off", "-o", "off.png") == 0
    assert run("stylize", "in/a.png", "--style", "Off", "--weight", "1", "-o", "on.png") == 0
    source, off, on = (np.asarray(Image.open(name)) for name in ("in/a.png", "off.png", "on.png"))
    np.testing.assert_array_equal(off, source)
    assert (on != source).any()


def test_styles_are_managed_from_the_command_line(capsys, library, folder):
    Path("own.jpg").write_bytes(jpeg())

    def said(*arguments: str) -> dict:
        assert run("styles", *arguments, "--json") == 0
        return json.loads(capsys.readouterr().out)

    assert said("add", "own.jpg", "--title", "Mine", "--tag", "sea")["styles"][0]["name"] == "Mine"
    assert [row["name"] for row in said("list", "sea", "--mine")["styles"]] == ["Mine"]
    recipe = ("add", "--style", "Mine:1", "--style", "irises:3", "--title", "Mix", "--set", "weight=0.5")
    assert said(*recipe)["styles"][0]["settings"] == {"weight": 0.5}
    assert said("show", "Mix")["parts"] == {"Mine": 0.25, "irises": 0.75}
    assert said("favourite", "Mix")["styles"][0]["favourite"] is True
    assert said("rename", "Mix", "Blend")["styles"][0]["name"] == "Blend"
    assert said("export", "Blend", "-o", "blend.scumble-style")["bytes"] < 512 * 1024
    assert said("remove", "Blend", "Mine") == {"removed": ["Blend", "Mine"]}
    assert said("import", "blend.scumble-style")["styles"][0]["name"] == "Blend"
    assert said("show", "Blend")["parts"] == {"Mine": 0.25, "irises": 0.75}
    assert run("stylize", "in/a.png", "--style", "Blend", "-o", "out.png") == 0
    capsys.readouterr()
    assert said("watch", str(folder / "in"))["watched"] == [str(folder / "in")]
    assert run("styles", "list") == 0
    assert "watched folder" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("styles show iriss", 1, "Did you mean irises"),
        ("styles remove irises", 1, "is built in"),
        ("styles add missing.jpg", 1, "There is no file missing.jpg"),
        ("styles add", 2, "Give image files"),
        ("styles add --style irises", 2, "needs a --title"),
        ("styles add --style irises --title x --set weight", 2, "is not KEY=VALUE"),
        ("styles add --style irises --title x --set wieght=1", 2, "wieght is no setting"),
        ("styles add --style irises --title x --set weight=7", 2, "between 0 and 1"),
        ("styles import missing", 1, "There is no file missing"),
        ("styles import in/a.png", 1, "The style file cannot be used"),
        ("styles export nowhere -o x", 1, "no style named"),
        ("styles watch missing", 1, "There is no folder"),
        ("sweep in/a.png --style irises:0.5 -o s.png", 2, "each style by itself"),
        ("sweep in/a.png --style irises --strengths 0,2 -o s.png", 2, "list of strengths"),
        ("sweep in/a.png --style irises -o s.gif", 1, "no format that Scumble writes"),
        ("batch nowhere/*.png --style irises -o out", 2, "There is no picture"),
        ("batch in --style irises -o out --pattern ../{stem}.png", 2, "leads out"),
        ("batch in --style irises -o out --report in/a.png", 2, "choose another name"),
        ("batch in --style iriss -o out", 1, "Did you mean irises"),
    ],
)
def test_what_is_wrong_is_one_sentence(capsys, library, line, code, says):
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    assert run(*line.split()) == code
    out, err = capsys.readouterr()
    assert (out, err.count("\n"), err.startswith("Error: ")) == ("", 1, True)
    assert says in err
    assert before == {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}


def test_a_sweep_is_a_sheet_of_styles_and_weights(library):
    line = ("sweep", "in/a.png", "--style", "irises", "--style", "comic", "--weights", "0,1", "--size", "60")
    assert run(*line, "-o", "sheet.png") == 0
    with Image.open("sheet.png") as image:
        sheet = np.asarray(image.convert("RGB"))
    source = np.asarray(Image.open("in/a.png"))
    height, width = source.shape[:2]
    rows = [26, 26 + height + 6]
    left = sheet.shape[1] - 2 * (width + 6)
    for row in rows:  # the first column has weight 0: the picture itself
        np.testing.assert_array_equal(sheet[row : row + height, left : left + width], source)
    cells = [sheet[row : row + height, left + width + 6 : left + 2 * width + 6] for row in rows]
    assert (cells[0] != source).any()
    assert (cells[0] != cells[1]).any()
    assert (sheet[:, : left - 1] < 128).any()  # labels


def batch(*more: str) -> int:
    return run("batch", "in", "--recursive", "--style", "comic", "-o", "out", "--report", "r.jsonl", *more)


def statuses() -> dict[str, str]:
    lines = [json.loads(line) for line in Path("r.jsonl").read_text().splitlines()]
    return {Path(line["input"]).name: line["status"] for line in lines}


def test_a_batch_goes_on_after_a_failure_and_resumes(capsys, library):
    Path("in/bad.png").write_bytes(b"\x89PNG broken")
    assert batch() == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("out: 2 done, 1 failed\n", 1)
    assert statuses() == {"a.png": "done", "b.png": "done", "bad.png": "failed"}
    outputs = [Path("out/a-comic.png"), Path("out/deep/b-comic.png")]
    before = [path.stat().st_mtime_ns for path in outputs]
    Image.fromarray(noise(20, 20)).save("in/bad.png")
    assert batch("--resume", "--jobs", "4") == 0
    assert statuses() == {"a.png": "skipped", "b.png": "skipped", "bad.png": "done"}
    assert [path.stat().st_mtime_ns for path in outputs] == before
    assert batch("--resume", "--weight", "0.5") == 0
    assert set(statuses().values()) == {"done"}
    Image.fromarray(noise(30, 30)).save("in/a.png")
    Path("out/deep/b-comic.png").unlink()
    assert batch("--resume", "--weight", "0.5") == 0
    assert statuses() == {"a.png": "done", "b.png": "done", "bad.png": "skipped"}


def test_a_batch_makes_what_stylize_makes(library):
    assert batch("--weight", "0.7", "--pattern", "{style}/{stem}-{weight}.png") == 0
    assert run("stylize", "in/a.png", "--style", "comic", "--weight", "0.7", "-o", "one.png") == 0
    assert Path("out/comic/a-0.7.png").read_bytes() == Path("one.png").read_bytes()


def test_a_batch_with_an_impossible_engine_fails_for_each_picture(capsys, library):
    assert batch("--engine", "nowhere", "--json") == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["counts"] == {"failed": 2}
    assert err.count("\n") == 2


@pytest.mark.skipif(os.name != "posix", reason="signals and terminals are POSIX")
def test_ctrl_c_ends_a_batch_and_resume_goes_on(library):
    import pty

    for number in range(9):
        Image.fromarray(noise(300, 400, seed=number)).save(f"in/{number}.png")
    line = [*SCUMBLE, "batch", "in", "--style", "comic", "-o", "out", "--jobs", "1"]
    controller, terminal = pty.openpty()
    with subprocess.Popen(line, stdout=terminal, stderr=terminal) as process:
        os.close(terminal)
        # The table and the journal tell when the first is done: no sleeping, no guessing.
        seen = b""
        while b"1 of 10" not in seen:
            seen += os.read(controller, 4096)
        process.send_signal(signal.SIGINT)
        shown = seen + read_all(controller)
        assert process.wait(timeout=100) == 130
    assert b"Traceback" not in shown
    made = list(Path("out").glob("*.png"))
    assert 1 <= len(made) < 10
    assert not list(Path("out").glob(".*.part"))
    assert run("batch", "in", "--style", "comic", "-o", "out", "--resume", "--report", "r.jsonl") == 0
    assert list(statuses().values()).count("skipped") == len(made)


def read_all(descriptor: int) -> bytes:
    found = b""
    with contextlib.suppress(OSError):  # Linux's way to say that the other end is closed
        while chunk := os.read(descriptor, 4096):
            found += chunk
    os.close(descriptor)
    return found


def test_two_clients_see_one_library(client, library):
    with Client.connect() as other:
        library.favourite("irises")
        for one in (client, other):
            assert [s["name"] for s in one.styles() if s["favourite"]] == ["irises"]
