"""What ``scumble bench`` has measured, as tables for a terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from scumble_bench.network import TOLERANCE
from scumble_bench.openvino_way import WAYS

#: Layers that take less than this share of the time are one row together.
SMALL = 0.005
#: Narrower, and the columns could not be read.
WIDTH = 130


def show(document: dict[str, Any]) -> None:
    """Print every section that is in the document."""
    console = Console()
    console.width = max(console.width, WIDTH)
    gemm, copy = document["gemm_gflops"], document["copy_gbytes"]
    console.print(
        f"{document['machine']}, {document['device']}; matrix product {gemm:.0f} GFLOP/s (float32), "
        f"copying {copy:.1f} GB/s",
        highlight=False,
    )
    for title, header, rows in tables(document):
        table = Table(title=title, title_justify="left")
        for number, name in enumerate(header):
            table.add_column(name, justify="left" if number == 0 else "right")
        for row in rows:
            table.add_row(*row)
        console.print(table)


def tables(document: dict[str, Any]) -> list[tuple[str, list[str], list[list[str]]]]:
    """Title, header and rows of each table."""
    found = []
    if "network" in document:
        found.append(_network(document))
        if any(set(entry) & set(WAYS) for entry in document["network"]):
            found.append(_beside_openvino(document["network"]))
    if "cascade" in document:
        found.append(_cascade(document["cascade"]))
    if "learning" in document:
        found.append(_learning(document["learning"]))
    if "switch" in document:
        found.append(_switch(document["switch"]))
    if "wire" in document:
        found.append(_wire(document["wire"]))
    if "preview" in document:
        found.append(_preview(document["preview"]))
    if "start" in document:
        times = document["start"]
        header = ["first picture of `scumble stylize`, 600x400", "s"]
        rows = [["no daemon runs yet", f"{times['cold']:.2f}"], ["a daemon runs", f"{times['warm']:.2f}"]]
        found.append(("Start", header, rows))
    if "batch" in document:
        found.append(_batch(document["batch"]))
    for entry in document.get("profile", []):
        for way, name in (("reference", "as published"), ("scumble", "Scumble")):
            title = f"Layers, {entry['width']}x{entry['height']}, {name}"
            found.append(_profile(title, entry[way], document["gemm_gflops"]))
    return found


def _network(document: dict[str, Any]) -> tuple[str, list[str], list[list[str]]]:
    gemm, per_pixel = document["gemm_gflops"], document["operations_per_pixel"]
    header = ["size", "s", "MP/s", "GFLOP/s", "of GEMM", "peak MB", "MB per MP", "style s", "published s",
              "published MB", "ratio", "ratio with style"]  # fmt: skip
    rows = []
    for entry in document["network"]:
        ours, theirs = entry.get("scumble"), entry.get("reference")
        known = ours or theirs
        if known is None or ours is None:
            continue
        pixels = ours["width"] * ours["height"]
        achieved = pixels * per_pixel / ours["seconds"] / 1e9
        row = [f"{ours['width']}x{ours['height']}", f"{ours['seconds']:.3f}"]
        row += [f"{pixels / ours['seconds'] / 1e6:.2f}", f"{achieved:.0f}", f"{achieved / gemm:.0%}"]
        row += [f"{ours['peak_bytes'] / 1e6:.0f}", f"{ours['peak_bytes'] / pixels:.0f}"]
        row.append(f"{ours['style_seconds']:.3f}")
        if theirs:
            row += [f"{theirs['seconds']:.3f}", f"{theirs['peak_bytes'] / 1e6:.0f}"]
            row += [f"{theirs['seconds'] / ours['seconds']:.2f}x"]
            row += [f"{theirs['with_style'] / ours['seconds']:.2f}x"]
        else:
            row += ["not measured", "", "", ""]
        rows.append(row)
    title = "Network (with style: the published code encodes it each time, Scumble once in its life)"
    return title, header, rows


def _beside_openvino(entries: list[dict[str, Any]]) -> tuple[str, list[str], list[list[str]]]:
    header = [
        "size",
        "way",
        "s",
        "Scumble takes of it",
        "peak MB",
        f"pixels more than {TOLERANCE} levels off",
    ]
    rows = []
    for entry in entries:
        ours = entry.get("scumble")
        for way in ("scumble", *WAYS):
            found = entry.get(way)
            if found is None or ours is None:
                continue
            off = found["off"]
            rows.append([
                f"{found['width']}x{found['height']}",
                {"scumble": "Scumble", "openvino": "OpenVINO float32"}.get(way, "OpenVINO bfloat16"),
                f"{found['seconds']:.3f}",
                f"{ours['seconds'] / found['seconds']:.2f}",
                f"{found['peak_bytes'] / 1e6:.0f}",
                "not measured" if off is None else f"{off:.2%}",
            ])  # fmt: skip
    return "Beside OpenVINO (style known and compiled; differences to the published way)", header, rows


def _cascade(costs: list[dict[str, Any]]) -> tuple[str, list[str], list[list[str]]]:
    header = ["size", "levels", "one pass s", "cascade s", "ratio", "ratio of processor time",
              "first level shown after ms", "one pass peak MB", "cascade peak MB"]  # fmt: skip
    rows = [
        [
            f"{cost['width']}x{cost['height']}",
            ", ".join(f"{width}x{height}" for width, height in cost["levels"][:-1]) or "one",
            f"{cost['one_pass']:.2f}",
            f"{cost['seconds']:.2f}",
            f"{cost['ratio']:.2f}x",
            f"{cost['work_ratio']:.2f}x",
            f"{cost['preview'] * 1e3:.0f}",
            f"{cost['one_pass_peak_bytes'] / 1e6:.0f}",
            f"{cost['peak_bytes'] / 1e6:.0f}",
        ]
        for cost in costs
    ]
    return "Cascade (style known; levels: those before the picture itself)", header, rows


def _learning(cost: dict[str, Any]) -> tuple[str, list[str], list[list[str]]]:
    header = ["steps of learning a style", "steps/s", "peak MB", "ratio", "ratio of processor time"]
    plain = ["written plainly", f"{cost['plain_rate']:.2f}", f"{cost['plain_peak_bytes'] / 1e6:.0f}", "", ""]
    ours = ["Scumble", f"{cost['rate']:.2f}", f"{cost['peak_bytes'] / 1e6:.0f}"]
    ours += [f"{cost['ratio']:.2f}x", f"{cost['work_ratio']:.2f}x"]
    title = "Learning (plainly: float32, nothing kept between steps, malloc as it comes)"
    return title, header, [plain, ours]


def _switch(times: dict[str, Any]) -> tuple[str, list[str], list[list[str]]]:
    header = ["from file to network ms", "first preview of 640x427 ms", "the next one ms"]
    row = [f"{times[name] * 1e3:.1f}" for name in ("seconds", "first", "again")]
    return "Choosing a learned style", header, [row]


def _batch(batches: list[dict[str, Any]]) -> tuple[str, list[str], list[list[str]]]:
    header = ["pictures", "painting alone, pictures/s", "`scumble batch`", "ratio", "of it computing"]
    rows = [
        [
            f"{b['pictures']} of {b['width']}x{b['height']}, {b['suffix'].lstrip('.').upper()}",
            f"{b['painted']:.2f}",
            f"{b['rate']:.2f}",
            f"{b['ratio']:.2f}",
            f"{b['computing']:.0%}",
        ]
        for b in batches
    ]
    return "Batch (painting alone: pixels in memory, always a next one waiting)", header, rows


def _wire(ways: list[dict[str, Any]]) -> tuple[str, list[str], list[list[str]]]:
    header = ["RGBA u8, there and back, nothing computed", "s", "two copies into fresh memory s", "ratio"]
    rows = [
        [
            f"{way['width']}x{way['height']}",
            f"{way['seconds']:.3f}",
            f"{way['two_copies']:.3f}",
            f"{way['seconds'] / way['two_copies']:.1f}x",
        ]
        for way in ways
    ]
    return "Wire", header, rows


def _preview(previews: list[dict[str, Any]]) -> tuple[str, list[str], list[list[str]]]:
    header = ["preview", "new layer ms", "slider ms", "changes in a sweep", "answered", "last after ms"]
    rows = [
        [
            f"{p['width']}x{p['height']}",
            f"{p['seconds'] * 1e3:.0f}",
            f"{p['again'] * 1e3:.0f}",
            str(p["changes"]),
            str(p["answered"]),
            f"{p['last'] * 1e3:.0f}",
        ]
        for p in previews
    ]
    return "Preview (sweep: 30 changes a second, each cancels the one before)", header, rows


def _profile(title: str, layers: list[dict[str, Any]], gemm: float) -> tuple[str, list[str], list[list[str]]]:
    whole = sum(layer["seconds"] for layer in layers)
    header = ["layer", "calls", "ms", "share", "GFLOP", "MB", "GFLOP/s", "of GEMM", "GB/s"]
    rows, small = [], 0.0
    for layer in layers:
        seconds = layer["seconds"]
        if seconds < SMALL * whole:
            small += seconds
            continue
        rate = layer["operations"] / seconds / 1e9
        row = [layer["name"], str(layer["calls"]), f"{seconds * 1e3:.0f}", f"{seconds / whole:.1%}"]
        row += [f"{layer['operations'] / 1e9:.1f}" if rate else "", f"{layer['bytes'] / 1e6:.0f}"]
        row += [f"{rate:.0f}" if rate else "", f"{rate / gemm:.0%}" if rate else ""]
        rows.append([*row, f"{layer['bytes'] / seconds / 1e9:.1f}" if layer["bytes"] else ""])
    rows.append(["everything smaller", "", f"{small * 1e3:.0f}", f"{small / whole:.1%}"] + [""] * 5)
    operations = sum(layer["operations"] for layer in layers)
    bytes_ = sum(layer["bytes"] for layer in layers)
    rate = operations / whole / 1e9
    row = ["all", "", f"{whole * 1e3:.0f}", "100%", f"{operations / 1e9:.1f}", f"{bytes_ / 1e6:.0f}"]
    rows.append([*row, f"{rate:.0f}", f"{rate / gemm:.0%}", f"{bytes_ / whole / 1e9:.1f}"])
    return title, header, rows
