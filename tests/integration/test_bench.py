"""`scumble bench` measures real daemons in a place of its own and leaves nothing behind."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

from scumble import Client
from scumble.folders import runtime_dir
from scumble_bench.command import command
from scumble_bench.learning import learner_of
from scumble_bench.place import own_place
from scumble_bench.preview import measure_preview
from scumble_bench.tables import tables
from scumble_bench.wire import measure_wire


def test_previews_and_the_wire_are_measured_in_a_place_that_is_gone_afterwards():
    before = runtime_dir()
    with own_place() as folder:
        assert runtime_dir().is_relative_to(folder)
        assert runtime_dir() != before
        with Client.connect() as client:
            preview = measure_preview(client, 48, 32, 2)
            wire = measure_wire(client, 64, 48, 2)
    assert (preview.width, preview.changes) == (48, 120)
    assert 1 <= preview.answered <= preview.changes
    assert preview.last > 0
    assert wire.seconds > 0
    assert wire.two_copies > 0
    assert runtime_dir() == before
    assert not folder.exists()


def test_the_command_prints_tables_and_json():
    arguments = ["--section", "network", "--section", "cascade", "--sizes", "700x48", "--repeats", "1"]
    told = CliRunner().invoke(command, [*arguments, "--json"])
    assert told.exit_code == 0, told.output
    document = json.loads(told.stdout)
    assert set(document["network"][0]) == {"scumble", "reference"}
    (cost,) = document["cascade"]
    assert cost["levels"] == [[640, 44], [700, 48]]
    assert min(cost["preview"], cost["seconds"], cost["one_pass"], cost["work_ratio"]) > 0
    title, _, rows = tables(document)[1]
    assert title.startswith("Cascade")
    assert rows[0][:2] == ["700x48", "640x44"]
    told = CliRunner().invoke(command, ["--section", "profile", "--sizes", "64x48"])
    assert told.exit_code == 0, told.output
    assert "as published" in told.stdout
    # Which layers have a row of their own is a matter of time.
    assert re.search(r"conv \dx\d \d+ to \d+", told.stdout)


@pytest.mark.slow
def test_a_batch_is_measured_beside_painting_alone():
    told = CliRunner().invoke(
        command, ["--section", "batch", "--sizes", "64x48", "--pictures", "3", "--repeats", "1", "--json"]
    )
    assert told.exit_code == 0, told.output
    document = json.loads(told.stdout)
    (batch,) = document["batch"]
    assert min(batch["painted"], batch["rate"], batch["ratio"]) > 0
    assert 0 < batch["computing"] <= 1
    title, _, rows = tables(document)[0]
    assert title.startswith("Batch")
    assert rows[0][0] == "3 of 64x48, JPG"


@pytest.mark.slow
def test_learning_is_measured_beside_a_plain_loop_that_learns_the_same():
    ours, plain = (learner_of(way, "microast", "cpu") for way in ("ours", "plain"))
    for _ in range(2):
        assert plain.step() == pytest.approx(ours.step(), rel=0.01)
        assert plain.last == pytest.approx(ours.last, rel=0.02, abs=1e-3)
    told = CliRunner().invoke(command, ["--section", "learning", "--repeats", "1", "--json"])
    assert told.exit_code == 0, told.output
    document = json.loads(told.stdout)
    assert min(document["learning"].values()) > 0
    assert min(document["switch"].values()) > 0
    assert [title.partition(" ")[0] for title, _, _ in tables(document)] == ["Learning", "Choosing"]


def test_sizes_that_are_none_are_refused():
    told = CliRunner().invoke(command, ["--sizes", "64"])
    assert told.exit_code == 2
    assert "512x512" in told.stderr
