"""Finding the daemon, starting it, and the files that say where it is."""
