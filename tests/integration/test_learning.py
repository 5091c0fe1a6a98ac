"""Styles are learned by a real daemon: the same each time, behind all painting, and nothing gets lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from daemon_process import Place, code_of, connected, noise, until
from fault_kit import worker_of
from PIL import Image
from safetensors.numpy import load, save
from test_fault_surroundings import fill, small_disk

from scumble import Client, LearnedStyle, LearningProgress, LearnRequest, ScumbleError, StyleSource
from scumble.conversion import as_pixels
from scumble_daemon import cli
from scumble_daemon.library import Library, Recipe, StyleEntry
from scumble_daemon.library.entries import Credits
from scumble_daemon.library.learned import (
    learned_files,
    learned_folder,
    lesson_of,
    load_learned,
    save_learned,
)
from scumble_daemon.library.signals import signals_files, signals_name
from scumble_models.grain import GRAIN
from scumble_models.registry import find_model, load_model

pytestmark = pytest.mark.timeout(600)  # a step takes half a second, and ten where much else is done
LAYER = noise(48, 64)
PAINTING = noise(72, 96, seed=3)
WEIGHTS = find_model("microast").sha256
STEPS = 4


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same result for the same seed, and tests beside it that are not waited for."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture
def library(shared_place) -> Iterator[Library]:
    """The daemon's own library, without what a test has put there."""
    library = Library()
    yield library
    shutil.rmtree(library.folder, ignore_errors=True)


def learn(client: Client, style=PAINTING, **options) -> LearnedStyle:
    return client.learn_style(style, **{"title": "Sea", "steps": STEPS, **options})


def tensors_of(entry: StyleEntry) -> dict[str, np.ndarray]:
    data = load_learned(entry, WEIGHTS)
    assert data is not None
    return load(data)


def same(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> bool:
    return first.keys() == second.keys() and all(np.array_equal(first[k], second[k]) for k in first)


def bare(library: Library) -> StyleEntry:
    """A style of the user without a picture, as others give them away."""
    name = signals_name("microast", WEIGHTS)
    signals = (library.find("irises").signals_folder / name).read_bytes()
    return library.add("ab" * 32, Credits("bare"), signals={name: signals})


class At:
    """Does something once a learning has come to a step, and notes all progress."""

    def __init__(self, step: int, what: Callable[[], object]) -> None:
        self._step, self._what, self.seen = step, what, list[LearningProgress]()

    def __call__(self, progress: LearningProgress) -> None:
        self.seen.append(progress)
        if progress.done >= self._step and self._what is not None:
            what, self._step = self._what, 1 << 30
            what()


def stop_at(client: Client, step: int, **options) -> At:
    """A learning that is cancelled at a step."""
    cancel = threading.Event()
    at = At(step, cancel.set)
    assert code_of(lambda: learn(client, on_progress=at, cancel=cancel, **options)) == "cancelled"
    until(lambda: client.status()["learning"] is None, "the worker's last word")
    return at


def test_a_painting_is_learned_and_painted_with(client, library):
    plain = client.stylize(LAYER, PAINTING)
    previews = []
    at = At(1 << 20, lambda: None)
    learned = learn(client, image=LAYER, on_preview=previews.append, on_progress=at)
    assert (learned.name, learned.steps) == ("Sea", STEPS)
    assert [progress.done for progress in at.seen] == sorted(progress.done for progress in at.seen)
    assert at.seen[-1].done == at.seen[-1].stored == at.seen[-1].total == STEPS
    assert {progress.stored for progress in at.seen} <= {0, 1, 2, 4}
    assert [preview.extent for preview in previews] == [(64, 48)] * 3
    row = next(style for style in client.styles() if style["name"] == "Sea")
    assert row["learned"] == {"microast": {"steps": STEPS, "done": STEPS}}
    assert row["begun"] == {}
    painted = client.stylize(LAYER, "Sea")
    assert bytes(painted.data) != bytes(plain.data)
    # Who sends the same pixels gets what was learned of them.
    assert bytes(client.stylize(LAYER, PAINTING).data) == bytes(painted.data)
    again = learn(client, image=LAYER)
    assert again.steps == STEPS
    assert again.seconds < learned.seconds
    mixed = client.stylize(LAYER, [("Sea", 0.5), ("irises", 0.5)], weight=0.5)
    assert mixed.shape == painted.shape


def test_a_painting_begins_between_what_the_library_has_learned(client, library):
    """One that the library knows, under another name, begins at what was learned of it: a step is small."""
    known = library.find("red-fuji")
    assert known.image is not None
    learn(client, style=known.image, steps=1)
    began, there = tensors_of(library.find("Sea")), tensors_of(known)
    own = load_model("microast", "cpu").decoder_weights()
    for name in (name for name in own if name != GRAIN):
        found = began[f"decoder.{name}"].astype(np.float32)
        near = np.abs(found - there[f"decoder.{name}"]).max()
        assert near < 1e-3
        assert near < np.abs(found - own[name].numpy()).max()


def test_the_same_seed_gives_the_same_style_however_often_it_was_stopped(client, library):
    learn(client, seed=7)
    whole = tensors_of(library.find("Sea"))
    library.remove("Sea")
    for step in (1, 2):
        stop_at(client, step, seed=7)
        begun = library.describe(library.find("Sea"))["begun"]
        assert begun["done"] >= step
        assert begun["steps"] == STEPS
    at = At(1 << 20, lambda: None)
    learn(client, seed=7, on_progress=at)
    assert at.seen[0].done >= 2
    assert same(tensors_of(library.find("Sea")), whole)
    assert library.describe(library.find("Sea"))["begun"] == {}


def test_older_tensors_stay_until_the_new_ones_are_whole(client, library):
    learn(client)
    older = tensors_of(library.find("Sea"))
    stop_at(client, 2, seed=1)  # at the half
    assert same(tensors_of(library.find("Sea")), older)
    assert learn(client, seed=1).steps == STEPS
    assert not same(tensors_of(library.find("Sea")), older)


def test_what_was_learned_by_an_older_recipe_is_learned_again_when_asked_for(client, library):
    learn(client, steps=1)
    entry, data = library.find("Sea"), load_learned(library.find("Sea"), WEIGHTS)
    lesson = lesson_of(entry, WEIGHTS)
    assert data is not None
    assert lesson is not None
    older = replace(lesson, recipe=0)
    save_learned(entry, "microast", WEIGHTS, data, older)
    learn(client, steps=1, only_new=True)  # as the editors ask
    assert lesson_of(entry, WEIGHTS) == older
    learn(client, steps=1)
    assert lesson_of(entry, WEIGHTS) == lesson


def test_painting_goes_before_learning(client, library):
    """A job that comes while a style is learned is done between two steps, and the learning ends after it."""
    client.stylize(LAYER, "irises")
    painted_at: list[int] = []
    seen: list[LearningProgress] = []

    def paint(progress: LearningProgress) -> None:
        seen.append(progress)
        if progress.done >= 1 and len(painted_at) < 3:
            with connected(start=False) as other:
                other.stylize(LAYER, "irises")
                running = other.status()["learning"]
            assert running is not None
            painted_at.append(running["done"])

    learn(client, style=noise(72, 96, seed=4), title="", steps=12, on_progress=paint)
    assert len(painted_at) == 3
    # All that while at most one step was done per painting: what was waited for was not the end.
    assert painted_at[-1] < 12
    assert seen[-1].done == 12


def test_one_style_is_learned_at_a_time_and_one_that_waits_can_be_cancelled(client, library):
    sources = [StyleSource(pixels=as_pixels(noise(64, 64, seed=seed))) for seed in (5, 6, 7)]
    first, second, third = (client.submit_learning(LearnRequest(source, steps=3)) for source in sources)
    until(lambda: (client.status()["learning"] or {}).get("waiting") == 2, "the first learning")
    second.cancel()
    assert code_of(second.result) == "cancelled"
    order: list[str] = []
    waits = [
        threading.Thread(target=lambda one=one, name=name: (one.result(), order.append(name)))
        for one, name in ((third, "third"), (first, "first"))
    ]
    for thread in waits:
        thread.start()
    for thread in waits:
        thread.join(120)
    assert order == ["first", "third"]


@pytest.mark.parametrize(
    ("picture", "code"),
    [
        (np.full((64, 64, 3), 90, np.uint8), "bad-pixels"),
        (np.zeros((1, 1, 3), np.uint8), "bad-pixels"),
        (np.zeros((64, 64, 4), np.uint8), "bad-pixels"),
        (noise(5, 200), "bad-pixels"),
        (b"no picture", "not-an-image"),
        ("nowhere", "unknown-style"),
    ],
)
def test_what_cannot_be_learned_is_said_in_plain_words_and_leaves_nothing(client, library, picture, code):
    title = "" if isinstance(picture, str) else "Bad"
    with pytest.raises(ScumbleError) as caught:
        learn(client, picture, title=title)
    assert caught.value.code == code
    assert caught.value.message.endswith(".")
    assert not any(entry.kind == "user" for entry in library.entries())
    assert library.checkpoints.all() == []
    assert client.stylize(LAYER, "irises").shape == (48, 64, 3)


@pytest.mark.parametrize(
    "picture",
    [noise(64, 64, 1), noise(64, 64, 2), noise(64, 64, 4), noise(64, 64, dtype=np.float32)],
    ids=["gray", "gray and alpha", "alpha", "float"],
)
def test_pictures_of_other_kinds_are_learned_too(client, library, picture):
    entry = library.find(learn(client, picture, steps=1).name)
    assert entry.image is not None
    with Image.open(entry.image) as image:
        assert image.size == (64, 64)
    assert client.stylize(LAYER, entry.name).shape == (48, 64, 3)


def test_what_is_learned_of_a_built_in_style_is_the_users(client, library):
    shipped = learned_files(library.find("comic"))
    before = {path: path.read_bytes() for path in shipped}
    assert learn(client, "comic", title="", steps=1).name == "comic"
    entry = library.find("comic")
    own = [path for path in learned_files(entry) if path.is_relative_to(library.folder)]
    assert [path.name for path in own] == [signals_name("microast", WEIGHTS)]
    assert {path: path.read_bytes() for path in shipped} == before
    assert not any(path.parts[-2] == "learned" and path not in before for path in entry.folder.rglob("*"))
    lesson = lesson_of(entry, WEIGHTS)
    assert lesson is not None
    assert lesson.steps == 1


def test_engines_and_recipes_that_cannot_learn_say_so(client, library):
    assert code_of(lambda: learn(client, engine="adain")) == "cannot-learn"
    assert code_of(lambda: learn(client, engine="nothing")) == "unknown-model"
    bare(library)
    assert code_of(lambda: learn(client, "bare", title="")) == "no-image"
    library.add_recipe(Recipe((("irises", 1.0), ("comic", 1.0))), "Both")
    assert code_of(lambda: learn(client, "Both", title="")) == "cannot-learn"
    client.welcome.features.remove("learning")
    assert code_of(lambda: learn(client)) == "daemon-too-old"
    client.welcome.features.append("learning")


def test_a_time_is_turned_into_steps(client, library):
    learned = learn(client, minutes=0.05)
    assert learned.steps >= 10
    lesson = lesson_of(library.find("Sea"), WEIGHTS)
    assert lesson is not None
    assert (lesson.whole, lesson.steps) == (True, learned.steps)


def test_damaged_tensors_are_passed_over_where_there_is_something_else(client, library):
    learn(client, steps=1)
    entry = library.find("Sea")
    path = signals_files(learned_folder(entry))[0]
    good, sound = path.read_bytes(), load(path.read_bytes())
    learned = client.stylize(LAYER, "Sea")
    meta = {"architecture": "microast"}
    other = {**sound, next(k for k in sound if k.startswith("decoder.")): np.zeros((2, 2), "f2")}
    nan = {k: np.full_like(v, np.nan) for k, v in sound.items()}
    missing = {k: v for k, v in sound.items() if not k.startswith("decoder.")}
    plain = None
    for bad in (
        b"nothing",
        good[:-100],
        save(other, meta),
        save(nan, meta),
        save(missing, meta),
        save(sound),
    ):
        path.write_bytes(bad)
        painted = bytes(client.stylize(LAYER, "Sea").data)
        plain = plain or painted
        assert painted == plain != bytes(learned.data)
    path.write_bytes(good)
    assert bytes(client.stylize(LAYER, "Sea").data) == bytes(learned.data)
    path.write_bytes(b"nothing")
    assert entry.image is not None
    entry.image.unlink()
    shutil.rmtree(entry.signals_folder)
    client.unload()
    until(lambda: client.status()["worker"] is None, "the worker's end")
    assert code_of(lambda: client.stylize(LAYER, "Sea")) == "bad-signals"


def test_a_killed_worker_is_a_typed_error_and_what_was_learned_stays(client, library):
    learn(client, seed=2)
    whole = tensors_of(library.find("Sea"))
    library.remove("Sea")
    at = At(3, lambda: os.kill(worker_of(client), signal.SIGKILL))
    with pytest.raises(ScumbleError) as caught:
        learn(client, seed=2, on_progress=at)
    assert (caught.value.code, caught.value.retryable) == ("worker-died", True)
    begun = library.checkpoints.all()
    assert [one.style for one in begun] == [library.find("Sea").identity.hex()]
    assert begun[0].done >= 2  # the half was kept
    learn(client, seed=2)
    assert same(tensors_of(library.find("Sea")), whole)


def test_a_learning_survives_the_end_of_its_daemon(place: Place):
    with connected() as client:
        client.stylize(LAYER, "irises")
        at = At(2, lambda: os.kill(place.info.pid, signal.SIGKILL))
        learned = learn(client, on_progress=at)
    assert learned.steps == STEPS
    after = [progress.done for progress in at.seen[[p.done for p in at.seen].index(2) + 1 :]]
    assert min(after) >= 1  # from the checkpoint at a quarter or at the half, in a new daemon
    lesson = lesson_of(Library().find("Sea"), WEIGHTS)
    assert lesson is not None
    assert lesson.whole


@pytest.mark.timeout(0)
def test_no_room_on_the_disk(place: Place):
    """The older tensors stay, the error is plain, and the same request goes on when there is room."""
    data = place.runtime.parent / "data"
    with small_disk(data, 12 << 20) as disk, connected() as client:
        learn(client)
        entry = Library().find("Sea")
        older = tensors_of(entry)
        with pytest.raises(ScumbleError) as caught:
            learn(client, seed=1, on_progress=At(1, lambda: fill(disk)))
        assert caught.value.code == "disk-full"
        assert same(tensors_of(entry), older)
        assert client.stylize(LAYER, "Sea").shape == (48, 64, 3)
        (disk / "filler").unlink()
        learn(client, seed=1)
        assert not same(tensors_of(entry), older)
        place.stop()


def test_the_command_line_learns(shared_place, library, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(PAINTING).save("harbour.png")
    Image.fromarray(LAYER).save("photo.png")
    assert cli.run(["styles", "learn", "harbour.png", "--steps", "2", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["style"], answer["steps"], answer["seed"]) == ("harbour", 2, 0)
    assert cli.run(["styles", "show", "harbour"]) == 0
    assert "learned: microast (2 of 2 steps)" in capsys.readouterr().out
    assert cli.run(["styles", "list", "--mine"]) == 0
    assert ", learned" in capsys.readouterr().out
    assert cli.run(["styles", "learn", "harbour", "--steps", "2"]) == 0
    assert "harbour is learned (2 steps, 0 s)" in capsys.readouterr().out
    assert cli.run(["styles", "learn", "harbour", "--steps", "2", "--minutes", "1"]) == 2
    assert cli.run(["styles", "learn", "nowhere.jpg"]) == 1
    bare(library)
    assert cli.run(["styles", "learn", "bare", "--steps", "2"]) == 1
    assert "without its picture" in capsys.readouterr().err
    again = ["stylize", "photo.png", "--style", "harbour", "--learn", "-o", "out.png"]
    assert cli.run(again) == 0  # learned already
    assert Path("out.png").is_file()
