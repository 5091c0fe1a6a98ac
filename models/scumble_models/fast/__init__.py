"""The same networks, computed faster on the CPU: fused layers on patches without padding."""
