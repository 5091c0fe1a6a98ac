"""What must be there before anything else of the plug-in is: the docker's name, and its log."""

from __future__ import annotations

DOCKER_ID = "scumble_docker"
"""Also the object name of each docker: there is one in every window."""


def log(text: str) -> str:
    """Write to the plug-in's log and return where that is; empty where not even that is possible."""
    try:
        from scumble.editing.log import write_log

        return str(write_log("krita", text))
    except Exception:
        return ""
