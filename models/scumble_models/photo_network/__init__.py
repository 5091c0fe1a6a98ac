"""The photorealistic network: feature aggregation, unpooling and re-stylization (Wu, Ni and Li)."""
