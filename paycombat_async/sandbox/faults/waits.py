"""Waits that end when the sandbox stops, and bytes that come later on connections that are idle then."""

import asyncio
from collections.abc import Coroutine

from paycombat_async._clock import Clock


class Waits:
    """Sleeps by the sandbox's clock. Once ended, all sleeps end at once, also later ones."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._running: set[asyncio.Task[None]] = set()
        self._is_over = False

    async def sleep(self, seconds: float) -> bool:
        """Whether the time passed; False where the sandbox stops first."""
        if self._is_over:
            return False
        nap = self.start(self._clock.sleep(seconds))
        try:
            await asyncio.wait((nap,))
        finally:
            nap.cancel()  # for the case that the one who waits is cancelled
        if nap.cancelled():
            return False
        nap.result()
        return True

    def start(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Run it beside everything else, until the end."""
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def end(self) -> None:
        """Cancel all that runs, and wait until it has ended."""
        self._is_over = True
        running = tuple(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


class Strays:
    """Bytes that nobody asked for, each on a connection of its own. A request that comes first keeps them from coming:
    in its way they would be its answer, and no client could tell.
    """

    def __init__(self, waits: Waits) -> None:
        self._waits = waits
        self._planned: dict[asyncio.BaseTransport, asyncio.Task[None]] = {}

    def __bool__(self) -> bool:
        return bool(self._planned)

    def plan(self, transport: asyncio.Transport, data: bytes, *, after: float) -> None:
        """Write these bytes then."""
        task = self._waits.start(self._write(transport, data, after))
        self._planned[transport] = task
        task.add_done_callback(lambda _task: self._planned.pop(transport, None))

    def drop(self, transport: asyncio.BaseTransport | None) -> None:
        """Nothing of it on this connection: it is not idle any more."""
        task = self._planned.get(transport) if transport else None
        if task is not None:
            task.cancel()

    async def _write(self, transport: asyncio.Transport, data: bytes, after: float) -> None:
        if await self._waits.sleep(after) and not transport.is_closing():
            transport.write(data)
