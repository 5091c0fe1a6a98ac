"""Many machines: pictures, or the parts of one, mapped over the workers of a dask scheduler.

Needs the extra ``cluster``. `plan` says what is done, `worker` runs in the workers' processes, and
`pictures` and `parts` hand the work out. Files are named by paths, so that all machines need the same
shared folders.
"""
