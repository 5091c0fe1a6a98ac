"""ArtFlow with whitening and colouring in its latent space."""
