"""Sockets, sessions, and what each message is answered with."""
