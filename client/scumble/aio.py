"""The client for programs that run on asyncio.

    async with AsyncClient() as client:
        result = await client.stylize("photo.jpg", style="painting.jpg")

Each call waits on a thread of its own and leaves the loop free; cancelling the task cancels the job.
"""

from __future__ import annotations

import asyncio
import functools
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Dict, List, Optional

from .client import Client
from .errors import ScumbleError
from .learning import LearnedStyle

MOST_AT_ONCE = 16
_CALLBACKS = ("on_progress", "on_preview")


class AsyncClient:
    """As Client, with calls to await. `options` are those of :meth:`Client.connect`."""

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._threads = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="scumble-async")
        self._client: Optional[Client] = None

    async def __aenter__(self) -> AsyncClient:
        self._client = await self._call(functools.partial(Client.connect, **self._options))
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def stylize(self, layer: Any, style: Any, weight: float = 1.0, **options: Any) -> Any:
        """As :meth:`Client.stylize`; callbacks are called on the loop's thread."""
        return await self._job(self._connected.stylize, layer, style, weight, **options)

    async def unstyle(self, layer: Any, reversal: Optional[bytes] = None, **options: Any) -> Any:
        """As :meth:`Client.unstyle`; callbacks are called on the loop's thread."""
        return await self._job(self._connected.unstyle, layer, reversal, **options)

    async def learn_style(self, style: Any, **options: Any) -> LearnedStyle:
        """As :meth:`Client.learn_style`."""
        return await self._job(self._connected.learn_style, style, **options)

    async def styles(self) -> List[Dict[str, Any]]:
        """As :meth:`Client.styles`."""
        return await self._call(self._connected.styles)

    async def style_thumbnail(self, name: str) -> bytes:
        """As :meth:`Client.style_thumbnail`."""
        return await self._call(functools.partial(self._connected.style_thumbnail, name))

    async def models(self) -> List[Dict[str, Any]]:
        """As :meth:`Client.models`."""
        return await self._call(self._connected.models)

    async def status(self) -> Dict[str, Any]:
        """As :meth:`Client.status`."""
        return await self._call(self._connected.status)

    async def close(self) -> None:
        """Leave the daemon; calls that wait get ScumbleError `closed`."""
        client, self._client = self._client, None
        if client is not None:
            await self._call(client.close)
        self._threads.shutdown(wait=False)

    @property
    def _connected(self) -> Client:
        if self._client is None:
            raise ScumbleError("closed", "The client is not connected: use it in `async with`.")
        return self._client

    async def _job(self, method: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        loop, cancel = asyncio.get_running_loop(), options.pop("cancel", None) or threading.Event()
        for name in _CALLBACKS:
            if options.get(name) is not None:
                options[name] = functools.partial(loop.call_soon_threadsafe, options[name])
        try:
            return await self._call(functools.partial(method, *arguments, cancel=cancel, **options))
        except asyncio.CancelledError:
            cancel.set()
            raise

    async def _call(self, function: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)
