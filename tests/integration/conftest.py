"""Fixtures with a real daemon, and those of the installer."""

from daemon_fixtures import client, place, shared_place
from install_fixtures import home, index, kit, ready, ready_engine

__all__ = ["client", "home", "index", "kit", "place", "ready", "ready_engine", "shared_place"]
