"""What `scumble doctor` examines."""
