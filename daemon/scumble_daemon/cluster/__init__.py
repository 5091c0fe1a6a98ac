"""Many machines: pictures, or the parts of one, mapped over the workers of a dask scheduler.

Needs the extra ``cluster``. `connect` finds the scheduler, `plan` says what is done, `parts` cuts one picture
up, `tasks` hands the work out, and `worker` runs in the workers' processes. Files are named by paths, so that
all machines need the same shared folders.
"""
