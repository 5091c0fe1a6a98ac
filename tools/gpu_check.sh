#!/bin/sh
# All that has to be known of a GPU, in one run of under nine minutes:
#
#     tools/gpu_check.sh                         # about eight minutes; writes out/gpu-check.json and docs/performance.md
#     tools/gpu_check.sh --device cpu --small    # a dry run of the same parts without a GPU, about two minutes
#     tools/gpu_check.sh --part learn            # one part only; may be given again
#
# It needs this checkout and a Python that has torch, built for CUDA, and the other packages of pyproject.toml:
# PYTHON=/path/to/python tools/gpu_check.sh. Scumble itself need not be installed. Packages that are missing there
# (click, msgpack, numpy, pillow, platformdirs, pyzmq, rich, safetensors, tifffile) are put into a folder that is
# removed afterwards: from wheels in WHEELS, a folder, where that is set, else from pip's index.
#
# Each part is a process of its own with its own time limit. One that fails or takes too long is written down as
# such, with the rows it had, and the next one begins. --json names another file, which is written anew after each
# part, so that what stops the machine costs one part. Where docs/performance.md of that machine is lost with it:
# `python tools/gpu_page.py gpu-check.json` writes the section from the file, anywhere.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
if [ -z "${PYTHON:-}" ]; then
    PYTHON=python3
    [ -x "$root/.venv/bin/python" ] && PYTHON=$root/.venv/bin/python
fi
"$PYTHON" -c 'import torch' || { echo "$PYTHON has no torch: name a Python that has it with PYTHON=..." >&2; exit 1; }

export PYTHONPATH="$root/client:$root/daemon:$root/models:$root/bench:$root/tools${PYTHONPATH:+:$PYTHONPATH}"
missing=$("$PYTHON" -c '
from importlib.util import find_spec
names = {"click": "click", "msgpack": "msgpack", "numpy": "numpy", "PIL": "pillow", "platformdirs": "platformdirs",
         "zmq": "pyzmq", "rich": "rich", "safetensors": "safetensors", "tifffile": "tifffile"}
print(*(package for module, package in names.items() if find_spec(module) is None))')
site=$(mktemp -d)
trap 'rm -rf "$site"' EXIT
export PYTHONPATH="$PYTHONPATH:$site"
# What an installed Scumble says of itself, which the daemon asks for.
"$PYTHON" - "$root/pyproject.toml" "$site" <<'END'
import re, sys
from pathlib import Path
version = re.search('^version = "(.+)"$', Path(sys.argv[1]).read_text(), re.MULTILINE)[1]
folder = Path(sys.argv[2], f"scumble-{version}.dist-info")
folder.mkdir()
(folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: scumble\nVersion: {version}\n")
END
if [ -n "$missing" ]; then
    echo "putting $missing into $site" >&2
    # shellcheck disable=SC2086 - one word for each package
    "$PYTHON" -m pip install -q --no-deps --target "$site" ${WHEELS:+--no-index --find-links "$WHEELS"} $missing
fi
"$PYTHON" "$root/tools/gpu_check.py" "$@"
