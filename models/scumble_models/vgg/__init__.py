"""VGG-16 as an encoder, and the way back: what the losses and the engines on VGG share."""
