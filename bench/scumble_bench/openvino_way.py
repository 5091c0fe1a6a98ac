"""What a skilled user would build: the published network in OpenVINO, in float32 or bfloat16.

The style's signals are constants of the graph, which is compiled anew for each style; what a stylization
takes is measured without that. Sizes are left open: with a fixed one OpenVINO 2026.4 is no faster, and the
picture is wrong.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from scumble_bench.reference import Reference, load_reference
from scumble_models.errors import ModelError
from scumble_models.registry import StyleModel

#: What OpenVINO calls the precision of each way.
WAYS = {"openvino": "f32", "openvino-bf16": "bf16"}
TRACED_SIDE = 64


def load_openvino(model: StyleModel, way: str) -> Reference:
    """One of `WAYS`, on as many threads as torch has; its signals are the graph compiled with the style's.

    Raises:
        ModelError: the package is missing, or the model is not on the CPU.
    """
    if model.device.type != "cpu":
        raise ModelError("OpenVINO is measured on the CPU.", hint="Give --device cpu.")
    # It reports each conversion to its makers where their package for that can be imported.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    try:
        import openvino
    except ImportError:
        raise ModelError("OpenVINO is not installed.", hint="Run: pip install -e 'bench[openvino]'") from None
    published = load_reference(None, model)
    settings = {
        "INFERENCE_PRECISION_HINT": WAYS[way],
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "PERFORMANCE_HINT": "LATENCY",
    }

    def compiled(style: Tensor) -> Any:
        stylizer = _Stylizer(published.run_tensors, published.encode_tensor(style))
        # Sizes are left open, so any small picture will do to follow what the network does.
        graph = openvino.convert_model(stylizer, example_input=torch.rand(1, 3, TRACED_SIDE, TRACED_SIDE))
        return openvino.Core().compile_model(graph, "CPU", settings)

    def run(content: Tensor, graph: Any) -> Tensor:
        return torch.from_numpy(graph([content.numpy()])[0])

    return Reference(compiled, run, model.device)


class _Stylizer(nn.Module):
    """A module of the content alone: the style is known."""

    def __init__(self, run: Callable[[Tensor, Any], Tensor], signals: Any) -> None:
        super().__init__()
        self.stylize, self.signals = run, signals

    def forward(self, content: Tensor) -> Tensor:
        return self.stylize(content, self.signals)
