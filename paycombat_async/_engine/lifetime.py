"""The state of a client: open or closed, the calls under way, and closing with a grace period."""

import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from paycombat_async._clock import Clock
from paycombat_async._engine.records import CallRecord
from paycombat_async._secrets import short_rich_repr
from paycombat_async.endpoints import Endpoint
from paycombat_async.errors import ConfigurationError

if TYPE_CHECKING:
    from paycombat_async.telemetry.call_trace import CallTrace


class CallUnderWay(Struct, eq=False, gc=False):
    """One call and its progress.

    - `begun` and `attempt_begun`: when the call and its latest attempt began, in monotonic seconds.
    - `body`: the signed body, or None until it is encoded.
    - `is_sending`: True while an attempt waits for its answer.
    - `is_in_doubt`: True as soon as an attempt may have been carried out.
    - `reference`: the name of the call's record in the intents store.
    - `is_settling`: True as soon as the result is known and is being written to that store.
    - `trace`: the telemetry spans of the call, or None if there is no telemetry.
    """

    endpoint: Endpoint[Any, Any]
    request: object
    begun: float
    body: bytes | None = None
    attempts: int = 0
    status: int = 0
    is_sending: bool = False
    is_in_doubt: bool = False
    record: CallRecord | None = None
    reference: str | None = None
    is_settling: bool = False
    is_recorded: bool | None = None
    is_replayed: bool = False
    attempt_begun: float = 0.0
    trace: "CallTrace | None" = None

    # Error reporters show local variables, and this object is a local variable of the engine. Its `body` has personal
    # data.
    def __repr__(self) -> str:
        return f"CallUnderWay({self.endpoint.name}, attempts={self.attempts}, status={self.status})"

    __rich_repr__ = short_rich_repr


def check_grace(grace: object) -> None:
    """Raises `ConfigurationError` unless `grace` is a finite number of seconds, 0 or more."""
    if isinstance(grace, bool) or not isinstance(grace, int | float) or not (math.isfinite(grace) and grace >= 0):
        raise ConfigurationError("grace must be a finite number of seconds, 0 or more; the client is as it was")


class Lifetime(Struct, eq=False):
    """Whether a client is open. The client shares this object with the clients made by its `with_options`.

    If `is_closed` is True, new calls are refused. If `is_over` is True, calls in progress make no further attempt.
    """

    close_transport: Callable[[], Awaitable[None]] | None
    is_closed: bool = False
    is_over: bool = False
    _under_way: set[CallUnderWay] = field(default_factory=set[CallUnderWay])
    _waiting: list[Callable[[], object]] = field(default_factory=list[Callable[[], object]])

    def enter(self, call: CallUnderWay) -> None:
        """Registers a call as under way. May be called from any thread."""
        self._under_way.add(call)

    def leave(self, call: CallUnderWay) -> None:
        """Removes a call that has ended. If it was the last call under way, wakes a client that waits to close."""
        self._under_way.discard(call)
        if self._waiting and not self._under_way:
            for wake in tuple(self._waiting):
                with suppress(RuntimeError):  # raised if the event loop of the waiting client was closed
                    wake()

    async def end(self, grace: float, clock: Clock) -> None:
        """Refuses new calls, waits up to `grace` seconds for the calls under way, and then closes the transport."""
        check_grace(grace)
        self.is_closed = True
        try:
            if grace > 0 and self._under_way:
                await self._until_idle(grace, clock)
        finally:
            self.is_over = True
            if self.close_transport is not None:
                await self.close_transport()

    async def _until_idle(self, grace: float, clock: Clock) -> None:
        import asyncio  # noqa: PLC0415  # importing it takes 30 ms, which code that never uses a loop should not pay

        idle = asyncio.Event()
        loop = asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(idle.set)

        self._waiting.append(wake)
        waits: list[asyncio.Future[Any]] = [
            asyncio.ensure_future(clock.sleep(grace)),
            asyncio.ensure_future(idle.wait()),
        ]
        try:
            if self._under_way:  # The last call may have ended in another thread, before `wake` could be called.
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._waiting.remove(wake)
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
