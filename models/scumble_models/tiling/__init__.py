"""Patches: any network that is local between its points of normalisation, at any size, in constant memory."""
