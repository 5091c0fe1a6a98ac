"""Scumble client: wire protocol and client, standard library only."""
