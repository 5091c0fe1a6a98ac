"""Clips: frames from a folder or a video file, and to one. Video files need the extra ``video``."""
