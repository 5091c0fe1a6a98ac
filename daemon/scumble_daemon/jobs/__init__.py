"""Jobs from the queue to the worker and back to who asked."""
