"""Compare the editors' estimates with the time that jobs take: see `scumble.editing.estimate`.

.venv/bin/python tools/estimates.py PHOTO [STYLE] [LONG_SIDE...]
"""

from __future__ import annotations

import itertools
import sys
import time

import numpy as np
from PIL import Image

from scumble import Bounds, Client, Extent, PixelFormat, Pixels, StyleSource, StyleWeight, StylizeRequest
from scumble.editing.estimate import BASE_SIDE, Estimate


def main(photo: str, style: str = "irises", *sides: str) -> None:
    """Print estimate and time for all of the photo, and for a quarter of it, at each size."""
    numbers = itertools.count(int(time.time()))
    source = Image.open(photo).convert("RGB")

    def pixels(side: int) -> Pixels:
        extent = Extent(side, round(side * source.height / source.width))
        values = np.asarray(source.resize(extent, Image.Resampling.LANCZOS)).copy()
        values[0, 0] = next(numbers) // np.array((1, 256, 65536)) % 256  # nothing is known of it yet
        return Pixels(extent, PixelFormat("u8", "RGB"), values.tobytes())

    with Client.connect() as client:

        def seconds(layer: Pixels, region: Bounds | None = None) -> float:
            job = client.submit(
                StylizeRequest(layer, (StyleWeight(StyleSource(library=style)),), region=region)
            )
            job.result()
            return job.seconds

        seconds(pixels(BASE_SIDE))  # the network and the style are read
        for side in map(int, sides or ("1500", "3000", "4500")):
            estimate, small, layer = Estimate(), pixels(BASE_SIDE), pixels(side)
            estimate.learn(None, seconds(small), small.extent, 1.0)
            quarter = Bounds(0, 0, layer.extent.width // 2, layer.extent.height // 2)
            for name, region in (("all", None), ("a quarter", quarter)):
                took, told = seconds(pixels(side), region), estimate.seconds(layer.extent, region, 1.0)
                line = f"{layer.extent} {name:9}: {took:6.2f} s, estimated {told:6.2f} s, {told / took:.2f}"
                sys.stdout.write(f"{line}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
