"""ArtFlow with adaptive attention normalisation in its latent space."""
