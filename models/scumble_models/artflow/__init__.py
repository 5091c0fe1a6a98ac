"""ArtFlow: a reversible network; style is exchanged in its latent space and can be put back."""
