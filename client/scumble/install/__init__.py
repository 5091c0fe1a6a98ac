"""Installing the engine, the part that computes, from inside an editor: no terminal, no administrator.

    bundle.py       what a plug-in's package carries: our wheel, the lock with hashes, and uv
    places.py       the engine's folder, and what is in it
    state.py        whether there is an engine, half of one, or an older one
    indexes.py      pip's configuration of this computer, for uv
    processes.py    a program that is listened to and can be cancelled
    uv.py           what we ask of uv, and what its complaints mean
    download.py     wheels, resumed where a broken line left them; runs on the engine's own Python
    installer.py    the steps, one after the other
    background.py   the same on a thread, with events for an interface
    __main__.py     the same from a shell, for tests and for those who like it

Standard library only, and Python 3.8, as all of the client.
"""
