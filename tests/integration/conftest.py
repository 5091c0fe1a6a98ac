"""Fixtures with a real daemon."""

from daemon_fixtures import client, place, shared_place

__all__ = ["client", "place", "shared_place"]
