"""Scumble's plug-in for GIMP 3: a thin skin over the client's `editing` package."""
