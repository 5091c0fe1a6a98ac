"""What many machines would do, as arithmetic on measured rates: the tables of docs/scale.md."""

from __future__ import annotations

from dataclasses import dataclass

PHOTO_MP = 12
#: A JPEG of 6 MB is read twice (once for the journal's key), and one is written.
PHOTO_MB = 18
GIGAPIXEL = 1000  # megapixels
#: What a file server on one line gives.
LINES_MB = {"1 Gbit/s": 120, "10 Gbit/s": 1200}
PATCH = 512
#: As in scumble_daemon.cluster.parts.
TASKS_PER_WORKER, MOST_PATCHES = 4, 64
#: Of one picture in parts: this many commands' worth of workers, each with so many.
WORKERS_OF_ONE = 10
MOST_WORKERS = 1000
BYTES_PER_PIXEL = 3

Row = tuple[str, ...]


@dataclass(frozen=True)
class Rates:
    """What was measured: megapixels per second, unless it says otherwise.

    Attributes:
        whole: one worker with whole pictures. parts: one worker with parts of one picture.
        passes: each pass of `parts` by itself, by name.
        tasks: empty tasks per second. returned: parts that come back to the client.
        read, written: decoding a TIFF, writing a tiled one, by the machine that gives the command.
        overlap: for each pass, pixels read for each pixel of the picture, because of the halos.
    """

    whole: float
    parts: float
    passes: dict[str, float]
    tasks: float
    returned: float
    read: float
    written: float
    overlap: list[float]

    @property
    def photo_s(self) -> float:
        """Seconds of one worker for one photo."""
        return PHOTO_MP / self.whole

    @property
    def pixel_bytes(self) -> float:
        """Bytes on shared storage for each pixel in parts: written once, read by every pass."""
        return BYTES_PER_PIXEL * (1 + sum(self.overlap))


def task_count(workers: int) -> int:
    """Tasks of one gigapixel in parts, all passes."""
    patches = -(-GIGAPIXEL * 1_000_000 // PATCH**2)
    return 3 * min(patches, max(TASKS_PER_WORKER * workers, -(-patches // MOST_PATCHES)))


def gigapixel_seconds(rates: Rates, workers: int, line_mb: float) -> dict[str, float]:
    """Seconds of one gigapixel picture by what they are spent on, none of it at the same time as another."""
    computing = GIGAPIXEL / rates.parts / workers
    moved = GIGAPIXEL * rates.pixel_bytes
    return {
        "computing": computing,
        "scheduler": task_count(workers) / rates.tasks,
        # Read while it is computed: only what the line takes longer counts.
        "storage": max(0.0, moved / line_mb - computing),
        "client": GIGAPIXEL * (1 / rates.read + 1 / rates.returned + 1 / rates.written),
    }


def measured(rates: Rates, side: int) -> list[Row]:
    """The table of what was measured."""
    passes = ", ".join(f"{rate:.1f}" for rate in rates.passes.values())
    return [
        ("measured", ""),
        ("whole pictures (1024x1024, JPEG in and out)", f"{rates.whole:.2f} MP/s per worker"),
        (
            f"one picture in parts ({side}x{side})",
            f"{rates.parts:.2f} MP/s per worker; its passes alone {passes}",
        ),
        ("scheduler and client", f"{rates.tasks:.0f} empty tasks per second"),
        ("parts coming back to the client", f"{rates.returned:.0f} MP/s"),
        (
            "reading a TIFF, writing a tiled one (8192x8192, deflate)",
            f"{rates.read:.0f} MP/s, {rates.written:.0f} MP/s",
        ),
        (
            f"pixels read for each pixel of one picture in parts (patches of {PATCH})",
            ", ".join(f"{factor:.2f}" for factor in rates.overlap) + " in its passes",
        ),
    ]


def photos(rates: Rates) -> list[Row]:
    """The table of whole pictures."""
    rows: list[Row] = [("workers", "photos per hour", "tasks per second", "shared storage")]
    for workers in (1, 10, 100, MOST_WORKERS):
        second = workers / rates.photo_s
        rows.append(
            (f"{workers:,}", f"{_round(second * 3600):,}", f"{second:.1f}", f"{second * PHOTO_MB:,.0f} MB/s")
        )
    return rows


def photo_limits(rates: Rates) -> list[Row]:
    """The workers at which each shared thing is busy all the time with whole pictures."""
    rows: list[Row] = [("what is shared", "busy at")]
    rows += [
        (f"storage on {name} ({mb:,} MB/s)", f"{_round(mb / PHOTO_MB * rates.photo_s):,} workers")
        for name, mb in LINES_MB.items()
    ]
    return [*rows, ("the scheduler", f"{_round(rates.tasks * rates.photo_s):,} workers")]


def gigapixels(rates: Rates) -> list[Row]:
    """The table of one picture in parts, on storage of 10 Gbit/s."""
    rows: list[Row] = [
        (
            "workers",
            "computing",
            "scheduler",
            "waiting for storage",
            "client: reading, collecting, writing",
            "one picture",
            "gigapixels per hour",
        )
    ]
    for workers in (1, 10, 50, 100, MOST_WORKERS):
        seconds = gigapixel_seconds(rates, workers, LINES_MB["10 Gbit/s"])
        whole = sum(seconds.values())
        rows.append(
            (
                f"{workers:,}",
                *(f"{value:.0f} s" for value in seconds.values()),
                f"{whole / 60:.1f} min",
                f"{3600 / whole:.0f}",
            )
        )
    return rows


def many_gigapixels(rates: Rates) -> str:
    """What a thousand workers would need when they do not all work at one picture."""
    second = MOST_WORKERS * rates.parts  # megapixels
    commands = MOST_WORKERS // WORKERS_OF_ONE
    tasks = second / GIGAPIXEL * task_count(WORKERS_OF_ONE)
    fed = LINES_MB["10 Gbit/s"] / rates.pixel_bytes / rates.parts
    return (
        f"One picture does not use {MOST_WORKERS:,} workers. {commands} commands at a time, with "
        f"{WORKERS_OF_ONE} workers for each, would: {MOST_WORKERS:,} x {rates.parts:.2f} MP/s are "
        f"{_round(second * 3.6):,} gigapixels an hour, in {tasks:.0f} tasks per second and "
        f"{second * rates.pixel_bytes / 1000:.0f} GB/s of shared storage ({rates.pixel_bytes:.1f} bytes per "
        f"pixel). One line of 10 Gbit/s feeds {fed:.0f} workers, and one scheduler "
        f"{_round(rates.tasks / tasks * MOST_WORKERS):,}."
    )


def _round(value: float) -> int:
    """To three digits."""
    return int(float(f"{value:.3g}"))
