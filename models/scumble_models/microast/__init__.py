"""MicroAST (Wang et al., AAAI 2023): arbitrary style transfer with 0.47 M parameters."""

from scumble_models.microast.network import MicroAST

__all__ = ["MicroAST"]
