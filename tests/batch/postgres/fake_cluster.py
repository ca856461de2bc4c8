"""Stands in for an asynchronous client of Dask, whose tasks end as a test says, without processes."""

import asyncio
from collections.abc import Awaitable, Callable

End = Callable[[], Awaitable[bytes]]


class FakeFuture:
    """A task that has ended, with what `end` returns or raises; without `end`, a task that never ends."""

    def __init__(self, end: End | None) -> None:
        self._end = end

    def add_done_callback(self, call: Callable[[object], object]) -> None:
        if self._end is not None:
            call(self)

    async def result(self) -> bytes:
        assert self._end is not None
        return await self._end()


class FakeCluster:
    """A cluster with one end for each task. `workers` is the answer to `nthreads`, None for a silent scheduler."""

    asynchronous = True

    def __init__(self, *ends: End | None, workers: dict[str, int] | None) -> None:
        self._ends = list(ends)
        self._workers = workers

    def submit(self, func: Callable[..., object], /, *args: object, **options: object) -> FakeFuture:
        return FakeFuture(self._ends.pop())

    async def nthreads(self) -> dict[str, int]:
        await asyncio.sleep(0)
        if self._workers is None:
            raise OSError("Timed out trying to connect")
        return self._workers
