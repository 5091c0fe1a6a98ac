"""What ``scumble bench`` measures with: the network, the cascade, the wire, previews and the start."""
