"""Speed and memory, measured on this machine: ratios within one run, never asserted in a test."""
