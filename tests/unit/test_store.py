"""The image store and the job queue: what they hold, what they refuse, whose turn it is."""

from __future__ import annotations

import dataclasses

import pytest

from scumble import Bounds, PixelFormat, ScumbleError
from scumble.pixels.content import digest_of, leaf_digest, leaves_of
from scumble.pixels.shared_memory import AVAILABLE, SHARED_FROM, SharedBlock, frozen_block
from scumble_daemon.jobs.content_cache import ContentCache
from scumble_daemon.jobs.queue import Job, JobTable, State
from scumble_daemon.settings import Limits, Settings, settings_from_environment

ANNA, BEN = b"anna", b"ben"
LEAF = 4
X = b"xxxx"
LENT = b"lent" * (SHARED_FROM // 4)


def digest(content: bytes) -> bytes:
    return digest_of(content, LEAF)


def new_store(capacity: int, largest: int, per_owner: int) -> ContentCache:
    return ContentCache(capacity, largest, per_owner, leaf=LEAF)


def put_leaf(store: ContentCache, owner: bytes, name: bytes, size: int, offset: int, leaf: bytes, now: float):
    return store.put(owner, name, size, offset, leaf, leaf_digest(leaf), now)


def put(store: ContentCache, content: bytes, owner: bytes = ANNA) -> None:
    size = len(content)
    for offset in range(0, max(1, size), LEAF):
        leaf = content[offset : offset + LEAF]
        complete = put_leaf(store, owner, digest(content), size, offset, leaf, 0.0)
        assert complete == (offset + LEAF >= size)


def code_of(call, *args) -> str:
    with pytest.raises(ScumbleError) as caught:
        call(*args)
    return caught.value.code


@pytest.mark.parametrize("content", [b"", b"a", b"pixe", b"pixels", b"some pixels."])
def test_what_was_put_is_there(content):
    store = new_store(100, 100, 100)
    put(store, content)
    assert bytes(store.get(digest(content))) == content
    assert store.get(digest(content)).readonly
    assert store.bytes_used == len(content)


def test_the_longest_unused_content_makes_room():
    store = new_store(30, 30, 30)
    for content in (b"a" * 10, b"b" * 10, b"c" * 10):
        put(store, content)
    store.get(digest(b"a" * 10))
    put(store, b"d" * 10)
    assert digest(b"a" * 10) in store
    assert digest(b"b" * 10) not in store
    assert store.bytes_used == 30


def test_what_a_job_needs_is_never_dropped():
    store = new_store(30, 30, 30)
    put(store, b"a" * 20)
    store.pin([digest(b"a" * 20)])
    store.pin([digest(b"a" * 20)])
    assert code_of(put, store, b"b" * 20) == "daemon-full"
    store.unpin([digest(b"a" * 20)])
    assert code_of(put, store, b"b" * 20) == "daemon-full"
    store.clear()
    assert digest(b"a" * 20) in store
    store.unpin([digest(b"a" * 20)])
    put(store, b"b" * 20)
    assert digest(b"a" * 20) not in store


def test_room_is_reserved_before_the_first_byte():
    store = new_store(100, 60, 80)
    assert code_of(put_leaf, store, ANNA, bytes(32), 61, 0, X, 0.0) == "image-too-large"
    assert code_of(put_leaf, store, ANNA, bytes(32), 1 << 62, 0, X, 0.0) == "image-too-large"
    put_leaf(store, ANNA, b"1" * 32, 60, 0, X, 0.0)
    assert store.bytes_used == 60
    assert code_of(put_leaf, store, ANNA, b"2" * 32, 30, 0, X, 0.0) == "daemon-full"
    assert code_of(put_leaf, store, BEN, b"2" * 32, 50, 0, X, 0.0) == "daemon-full"
    put_leaf(store, BEN, b"2" * 32, 40, 0, X, 0.0)
    assert store.bytes_used == 100


def test_an_upload_that_goes_wrong_gives_its_room_back():
    store = new_store(100, 100, 100)
    for offset, piece in ((5, X), (4, bytes(100)), (4, b""), (4, b"xxx")):
        put_leaf(store, ANNA, bytes(32), 50, 0, X, 0.0)
        assert code_of(put_leaf, store, ANNA, bytes(32), 50, offset, piece, 0.0) == "bad-upload"
        assert store.bytes_used == 0
    put_leaf(store, ANNA, bytes(32), 50, 0, X, 0.0)
    assert code_of(put_leaf, store, ANNA, bytes(32), 51, 4, X, 0.0) == "bad-upload"
    assert code_of(put_leaf, store, ANNA, bytes(32), 4, 0, b"abcd", 0.0) == "bad-digest"
    assert store.bytes_used == 0


def test_nobody_adds_to_another_ones_upload():
    store = new_store(100, 100, 100)
    content = b"some pixels"
    put_leaf(store, ANNA, digest(content), 11, 0, content[:4], 0.0)
    assert code_of(put_leaf, store, BEN, digest(content), 11, 4, content[4:8], 0.0) == "bad-upload"
    assert not put_leaf(store, ANNA, digest(content), 11, 4, content[4:8], 0.0)
    assert put_leaf(store, ANNA, digest(content), 11, 8, content[8:], 0.0)


def test_the_same_content_from_two_clients_is_held_once():
    store = new_store(100, 100, 100)
    put(store, b"same", ANNA)
    put(store, b"same", BEN)
    assert store.bytes_used == 4


def test_uploads_of_the_gone_and_the_silent_are_dropped():
    store = new_store(100, 100, 100)
    put_leaf(store, ANNA, b"1" * 32, 30, 0, X, 1.0)
    put_leaf(store, BEN, b"2" * 32, 30, 0, X, 2.0)
    store.abandon(ANNA)
    assert store.bytes_used == 30
    store.abandon_stale(2.0)
    assert store.bytes_used == 30
    store.abandon_stale(2.1)
    assert store.bytes_used == 0


@pytest.fixture
def lent() -> SharedBlock:
    if not AVAILABLE:
        pytest.skip("This system has no such memory.")
    block = frozen_block(LENT)
    assert block is not None
    return block


def test_what_was_lent_is_there_once_it_was_checked(lent: SharedBlock):
    store, name = new_store(2 * len(LENT), 2 * len(LENT), 2 * len(LENT)), digest_of(LENT)
    store.borrow(ANNA, name, lent, 0.0)
    assert name not in store
    assert store.bytes_used == store.uploads_of(ANNA) == len(LENT)
    store.settle(ANNA, name, lent, leaves_of(LENT))
    assert bytes(store.get(name)) == LENT
    store.clear()
    assert store.bytes_used == 0


def test_what_was_lent_and_is_not_what_it_was_called_is_dropped(lent: SharedBlock):
    store = new_store(2 * len(LENT), 2 * len(LENT), 2 * len(LENT))
    store.borrow(ANNA, bytes(32), lent, 0.0)
    assert code_of(store.settle, ANNA, bytes(32), lent, leaves_of(LENT)) == "bad-digest"
    assert (bytes(32) in store, store.bytes_used) == (False, 0)


def test_a_loan_that_was_given_up_meanwhile_is_not_taken(lent: SharedBlock):
    store, name = new_store(2 * len(LENT), 2 * len(LENT), 2 * len(LENT)), digest_of(LENT)
    store.borrow(ANNA, name, lent, 0.0)
    store.abandon(ANNA)
    assert code_of(store.settle, ANNA, name, lent, leaves_of(LENT)) == "bad-upload"
    assert (name in store, store.bytes_used) == (False, 0)


@pytest.mark.parametrize(("largest", "per_owner"), [(1, 0), (0, 1)])
def test_room_is_reserved_for_what_is_lent(lent: SharedBlock, largest: int, per_owner: int):
    size = len(LENT)
    store = new_store(2 * size, size - 1 + largest, size - 1 + per_owner)
    code = "daemon-full" if largest else "image-too-large"
    assert code_of(store.borrow, ANNA, digest_of(LENT), lent, 0.0) == code
    assert store.bytes_used == 0
    with pytest.raises(ValueError, match="closed"):
        lent.fileno()


# Jobs ---------------------------------------------------------------------------------------------


def job(number: int, owner: bytes = ANNA, urgent: bool = False, side: int = 10) -> Job:
    bounds = Bounds(0, 0, side, side)
    image = PixelFormat("u8", "GRAY")
    return Job(f"{number:032x}", owner, {}, [], bounds, image, side * side, b"", urgent)


def run_all(table: JobTable) -> list[int]:
    order = []
    while (next_job := table.next()) is not None:
        next_job.state = State.RUNNING
        order.append(int(next_job.id, 16))
        table.end(next_job, State.DONE, 1.0)
    return order


def test_clients_take_turns():
    table = JobTable(Limits())
    for number, owner in ((1, ANNA), (2, ANNA), (3, ANNA), (4, BEN), (5, BEN)):
        table.add(job(number, owner))
    assert run_all(table) == [1, 4, 2, 5, 3]


def test_urgent_jobs_go_first():
    table = JobTable(Limits())
    assert table.add(job(1)) == 0
    assert table.add(job(2)) == 1
    assert table.add(job(3, BEN, urgent=True)) == 0
    assert run_all(table) == [3, 1, 2]


def test_a_waiting_job_can_end_without_having_run():
    table = JobTable(Limits())
    first, second = job(1), job(2)
    table.add(first)
    table.add(second)
    table.end(first, State.CANCELLED, 1.0)
    assert table.waiting == 1
    assert run_all(table) == [2]


def test_results_count_until_they_are_fetched():
    table = JobTable(dataclasses.replace(Limits(), result_bytes=250))
    first, second = job(1), job(2)
    table.add(first)
    table.add(second)
    assert code_of(table.check_room, ANNA, 100, 100, 0) == "queue-full"
    assert code_of(table.check_room, ANNA, 100, 251, 0) == "image-too-large"
    table.end(second, State.FAILED, 1.0)
    assert table.result_bytes == 100
    run_all(table)
    assert table.result_bytes == 100
    table.remove(first)
    table.remove(first)
    assert table.result_bytes == 0
    table.expire(2.0)
    assert list(table) == []


def test_a_result_nobody_waits_for_makes_room():
    table = JobTable(dataclasses.replace(Limits(), result_bytes=150))
    listened, forgotten = job(1), job(2, side=5)
    listened.listeners.add(ANNA)
    for one in (listened, forgotten):
        table.add(one)
    run_all(table)
    table.check_room(ANNA, 50, 50, 0)
    assert table.get(listened.id) is listened
    assert table.get(forgotten.id) is None
    assert code_of(table.check_room, ANNA, 51, 51, 0) == "queue-full"


def test_jobs_are_limited_for_one_and_for_all():
    limits = dataclasses.replace(Limits(), max_jobs=3, max_jobs_per_client=2, client_bytes=1000)
    table = JobTable(limits)
    table.add(job(1))
    assert code_of(table.check_room, ANNA, 901, 1, 0) == "queue-full"
    assert code_of(table.check_room, ANNA, 500, 1, 401) == "queue-full"
    table.check_room(ANNA, 900, 1, 0)
    table.add(job(2))
    assert code_of(table.check_room, ANNA, 1, 1, 0) == "queue-full"
    table.check_room(BEN, 1, 1, 0)
    table.add(job(3, BEN))
    assert code_of(table.check_room, BEN, 1, 1, 0) == "queue-full"


def test_limits_fit_this_machine_and_each_other():
    limits = Settings().limits
    assert limits.max_image_bytes <= limits.client_bytes <= limits.store_bytes
    assert all(isinstance(value, int) and value > 0 for value in limits.to_dict().values())


@pytest.mark.parametrize("value", ["", "soon", "-1", "0", "nan", "inf", "1e12"])
def test_a_setting_that_is_no_time_is_refused(monkeypatch: pytest.MonkeyPatch, value: str):
    monkeypatch.setenv("SCUMBLE_IDLE_EXIT", value)
    assert code_of(settings_from_environment) == "bad-setting"
