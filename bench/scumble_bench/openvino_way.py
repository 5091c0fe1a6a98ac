"""What a skilled user would build: the published network in OpenVINO, in float32 or bfloat16.

The style's signals are constants of the graph, which is compiled anew for each style; what a stylization
takes is measured without that. Sizes are left open: with a fixed one OpenVINO 2026.4 is no faster, and the
picture is wrong.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from scumble_bench.reference import load_reference
from scumble_models.errors import ModelError
from scumble_models.registry import StyleModel

#: What OpenVINO calls the precision of each way.
WAYS = {"openvino": "f32", "openvino-bf16": "bf16"}
TRACED_SIDE = 64


class OpenVINO:
    """A network in OpenVINO, on as many threads as torch has.

    Raises:
        ModelError: the package is missing, or the model is not on the CPU.
    """

    def __init__(self, model: StyleModel, way: str, content: np.ndarray) -> None:
        if model.device.type != "cpu":
            raise ModelError("OpenVINO is measured on the CPU.", hint="Give --device cpu.")
        # It reports each conversion to its makers where their package for that can be imported.
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
        try:
            import openvino
        except ImportError:
            raise ModelError(
                "OpenVINO is not installed.", hint="Run: pip install -e 'bench[openvino]'"
            ) from None
        self._openvino: Any = openvino
        self._published = load_reference(None, model)
        self._content = content
        self._settings = {
            "INFERENCE_PRECISION_HINT": WAYS[way],
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "PERFORMANCE_HINT": "LATENCY",
        }

    def encode(self, style: np.ndarray) -> Callable[[], Any]:
        """A call that encodes the style ``(H, W, 3)`` uint8 and compiles the graph with it."""
        encode = self._published.encode(style)

        @torch.no_grad()
        def compiled() -> Any:
            # Sizes are left open, so a corner of the content will do to follow what the network does.
            content = torch.from_numpy(_planes(self._content[:TRACED_SIDE, :TRACED_SIDE]))
            stylizer = _Stylizer(self._published.run_tensors, encode())
            graph = self._openvino.convert_model(stylizer, example_input=content)
            return self._openvino.Core().compile_model(graph, "CPU", self._settings)

        return compiled

    def run(self, compiled: Any) -> np.ndarray:
        """The content stylized, ``(H, W, 3)`` uint8."""
        output = torch.from_numpy(compiled([_planes(self._content)])[0][0])
        return output.mul(255).add(0.5).clamp(0, 255).permute(1, 2, 0).byte().numpy()


class _Stylizer(nn.Module):
    """A module of the content alone: the style is known."""

    def __init__(self, run: Callable[[Tensor, Any], Tensor], signals: Any) -> None:
        super().__init__()
        self.stylize, self.signals = run, signals

    def forward(self, content: Tensor) -> Tensor:
        return self.stylize(content, self.signals)


def _planes(image: np.ndarray) -> np.ndarray:
    """``(H, W, 3)`` uint8 as ``(1, 3, H, W)`` in 0..1."""
    return torch.from_numpy(image).permute(2, 0, 1).contiguous().float().div(255)[None].numpy()
