"""Scumble models: networks, patches, colour and training; everything torch."""
