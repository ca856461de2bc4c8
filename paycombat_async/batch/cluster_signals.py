"""Flags of a run in the memory of the Dask scheduler, with which the calling process ends the work of the workers."""

import asyncio
import importlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, Protocol

from paycombat_async._clock import Clock
from paycombat_async.batch.dask_calls import ask

POLL_S: Final = 1.0  # seconds between two questions to the scheduler
# Seconds without an answer of the scheduler, after which the calling process gives up and the workers stop. Dask closes
# a broken connection after 30 s (distributed.comm.timeouts.tcp), so that a shorter time could end a run without need.
SILENT_S: Final = 60.0
STOP: Final = "stop"  # workers finish their calls under way, and stop
CANCEL: Final = "cancel"  # workers cancel their calls under way, and stop


class _Flag(Protocol):
    """The part of `distributed.Event` that is used here. With an asynchronous client, the methods return coroutines."""

    def set(self) -> object: ...

    def is_set(self) -> object: ...


class Silence:
    """Measures how long the scheduler has not answered, or has not had any worker."""

    def __init__(self, clock: Clock, seconds: float | None = None) -> None:
        """`seconds` is the time after which the silence is long. None means `SILENT_S` (one minute)."""
        self._clock = clock
        self._seconds = SILENT_S if seconds is None else seconds
        self._since = clock.monotonic()

    def answered(self) -> None:
        """Begins the measurement again, because the scheduler has just answered, or has just had a worker."""
        self._since = self._clock.monotonic()

    @property
    def is_long(self) -> bool:
        """Whether the silence lasts longer than the `seconds` that were passed to the constructor."""
        return self._clock.monotonic() - self._since > self._seconds


class Signals:
    """The flags `STOP` and `CANCEL` of one run."""

    def __init__(self, client: Any, name: str, clock: Clock) -> None:  # Any: Dask has no types
        """Takes a client of Dask, and a name that no other run uses."""
        event = importlib.import_module("distributed").Event
        self._flags: dict[str, _Flag] = {kind: event(f"{name}-{kind}", client=client) for kind in (STOP, CANCEL)}
        self._asynchronous = bool(client.asynchronous)
        self._clock = clock

    async def set(self, kind: str) -> None:
        """Sets a flag. If the scheduler does not answer, tries again until it does."""
        while True:
            with suppress(Exception):  # Dask may raise any error
                await ask(self._flags[kind].set, asynchronous=self._asynchronous)
                return
            await self._clock.sleep(POLL_S)

    async def relay(self, stop: asyncio.Event, cancel: Callable[[], object]) -> None:
        """Sets `stop` when the flag `STOP` is set. Later, calls `cancel` when the flag `CANCEL` is set, and returns.

        Also sets `stop` if the scheduler has not answered for a minute, because a silent scheduler cannot tell this
        worker to stop.
        """
        silence = Silence(self._clock)
        while True:
            with suppress(Exception):  # Dask may raise any error
                if await self._is_set(STOP):
                    stop.set()
                silence.answered()
                if stop.is_set() and await self._is_set(CANCEL):
                    cancel()
                    return
            if silence.is_long:
                stop.set()
            await self._clock.sleep(POLL_S)

    async def _is_set(self, kind: str) -> bool:
        return bool(await ask(self._flags[kind].is_set, asynchronous=self._asynchronous))
