"""The connection to a dask scheduler."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

from scumble.errors import ScumbleError

CONNECT_S = 10
#: Workers of a queueing system come one by one; the first suffices to begin.
FIRST_WORKER_S = 60
INSTALL = "Install the part for clusters: pip install 'dask[distributed]'"


@contextlib.contextmanager
def connected(address: str) -> Iterator[Any]:
    """A ``distributed.Client`` of the scheduler at `address` (``tcp://host:port``) with a worker at least.

    Raises ScumbleError `no-cluster` without the extra, and `no-scheduler` when nobody answers there
    or no worker comes.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise ScumbleError(
            "no-cluster", "--scheduler needs dask, which is not installed.", hint=INSTALL
        ) from error
    # What is wrong is said in one sentence; dask's own tracebacks about lost workers are not.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False, direct_to_workers=True)
    except (OSError, ValueError, TimeoutError) as error:
        raise ScumbleError(
            "no-scheduler",
            "No dask scheduler answers at {address}.",
            hint="Start one with: dask scheduler",
            detail=str(error),
            address=address,
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=FIRST_WORKER_S)
        except TimeoutError as error:
            raise ScumbleError(
                "no-scheduler",
                "The scheduler at {address} has no workers.",
                hint="Start some with: dask worker {address} --nthreads 1",
                address=address,
            ) from error
        yield client


def worker_count(client: Any) -> int:
    """Threads of all workers there are now, at least 1."""
    return max(1, sum(client.nthreads().values()))


def explained(error: BaseException, what: str) -> ScumbleError:
    """The typed error for a task that failed."""
    if isinstance(error, ScumbleError):
        return error
    if type(error).__name__ == "KilledWorker":
        return ScumbleError(
            "worker-died",
            "Every worker that took {what} has died.",
            hint="It may be too large for their memory: look at their logs.",
            detail=str(error)[:500],
            what=what,
        )
    return ScumbleError(
        "internal-error",
        "A worker failed with {what} for a reason that Scumble did not foresee.",
        hint="Look at the workers' logs: all of them need the same version of Scumble.",
        detail=f"{type(error).__name__}: {error}"[:500],
        what=what,
    )
