"""The client on asyncio, with a real daemon."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from daemon_process import noise, until

from scumble import ScumbleError
from scumble.aio import AsyncClient


def test_several_pictures_at_once_and_the_loop_stays_free(client):
    layers, told, ticks = [noise(40, 50, seed=seed) for seed in range(3)], [], 0

    async def main():
        nonlocal ticks
        async with AsyncClient(start=False) as waiting:
            names = {style["name"] for style in await waiting.styles()}
            assert "irises" in names
            jobs = [waiting.stylize(layer, "irises", on_progress=told.append) for layer in layers]
            results = asyncio.gather(*jobs)
            while not results.done():
                ticks += 1
                await asyncio.sleep(0.01)
            assert (await waiting.status())["running"] is None
            return await results

    results = asyncio.run(main())
    assert ticks > 1
    assert told
    for layer, result in zip(layers, results, strict=True):
        assert np.array_equal(np.asarray(result), np.asarray(client.stylize(layer, "irises")))


def test_a_cancelled_task_cancels_its_job(client):
    async def main():
        async with AsyncClient(start=False) as waiting:
            task = asyncio.ensure_future(waiting.stylize(noise(2000, 3000), "irises"))
            while not (await waiting.status())["running"]:
                await asyncio.sleep(0.02)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())
    until(lambda: client.status()["running"] is None, "the job's end")


def test_errors_come_as_they_are_and_a_client_that_is_closed_says_so():
    async def main():
        client = AsyncClient(start=False)
        with pytest.raises(ScumbleError) as caught:
            await client.stylize(noise(8, 8), "irises")
        assert caught.value.code == "closed"

    asyncio.run(main())
