"""The process that paints and learns."""
