"""What the fuzzer kept: inputs that reach every corner of the three parsers, tried again on every change."""

from __future__ import annotations

import tracemalloc

import pytest
from attackers import MIB
from fuzz_targets import CORPUS, TARGETS, taken_from

pytestmark = pytest.mark.usefixtures("each_codec")

LARGEST = 4 * MIB


@pytest.mark.timeout(60)
@pytest.mark.parametrize("target", TARGETS)
def test_inputs_that_the_fuzzer_kept(target, record_property):
    """All inputs that the fuzzer kept for ZMTP, headers and requests: no error but ours, no large memory.

    Ten minutes of search for each with `tools/fuzz.py` found these and no others that reach more of the code.
    """
    inputs = sorted((CORPUS / target).iterdir())
    assert len(inputs) > 50
    tracemalloc.start()
    try:
        for path in inputs:
            data = path.read_bytes()
            tracemalloc.reset_peak()
            TARGETS[target](data)
            assert tracemalloc.get_traced_memory()[1] < LARGEST, path.name
    finally:
        tracemalloc.stop()
    record_property("tries", len(inputs))
    record_property("outcome", "typed errors or valid messages; less than 4 MiB each")


def test_that_the_corpus_is_not_all_refused(record_property):
    """Inputs that are good requests are taken, or the fuzzer would have searched the first checks only."""
    taken = [taken_from(path.read_bytes()) for path in (CORPUS / "request").iterdir()]
    good = [request for request in taken if request is not None]
    assert any(request.region and request.mask and request.references for request in good)
    record_property("tries", len(taken))
    record_property("outcome", f"{len(good)} are taken, one of them with everything that a request can have")
