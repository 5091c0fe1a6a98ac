#!/usr/bin/env python3
"""Make what styles look like before they are learned from the built-in library: a few seconds.

    python tools/first_sight.py

It writes models/scumble_models/microast/first-sight.safetensors; tools/learn_library.py goes before.
"""

from __future__ import annotations

import click
from built_in import STYLES

from scumble_daemon.worker.starting import known_styles
from scumble_models.files import write_atomically
from scumble_models.learning.start import learned_change
from scumble_models.registry import load_model


@click.command()
def main() -> None:
    """Make it."""
    model = load_model("microast", "cpu")
    assert model.info.first_sight is not None
    known = known_styles(STYLES, model)
    common = learned_change([(encoded, learned, 1.0 / len(known)) for encoded, learned in known])
    write_atomically(common.to_bytes(), model.info.first_sight)
    click.echo(f"{len(known)} styles: {model.info.first_sight.stat().st_size} bytes")


if __name__ == "__main__":
    main()
