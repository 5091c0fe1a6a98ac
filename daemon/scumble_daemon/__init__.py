"""Scumble daemon: ZeroMQ broker, worker process, jobs and the command line."""
