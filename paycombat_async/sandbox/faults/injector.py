"""Applies a fault to a request: executes or skips the request, waits, and changes or breaks the response."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from aiohttp import web

from paycombat_async._clock import Clock
from paycombat_async.sandbox.faults.idle import IdleFaults
from paycombat_async.sandbox.faults.names import Mishap
from paycombat_async.sandbox.faults.response import Context, PlainResponse
from paycombat_async.sandbox.faults.sleeper import Sleeper
from paycombat_async.sandbox.faults.table import ACTIONS, Action, Pause
from paycombat_async.sandbox.faults.wire import RawAnswer, Wire, disconnect

Answer: TypeAlias = Callable[[], Awaitable[web.StreamResponse]]

_NOTHING: Final = PlainResponse(200, {}, b"")


class Injector:
    """Applies faults to requests. Each running sandbox has one injector."""

    def __init__(self, clock: Clock, redirect_to: str) -> None:
        self._clock = clock
        self._redirect_to = redirect_to
        self._sleeper = Sleeper(clock)
        self.idle_faults = IdleFaults(clock, self._sleeper)

    async def inject(self, mishap: Mishap, answer: Answer, skip_handler: Answer) -> web.StreamResponse:
        """Returns the response as the fault has changed or broken it.

        `answer` executes the request. `skip_handler` does not: it only checks the Host header and reads the body. If
        the sandbox stops while the fault waits, the connection is closed without a response.
        """
        action = ACTIONS[mishap.fault]
        if action.pause is Pause.BEFORE and not await self._sleeper.sleep(mishap.seconds):
            return self._raw(disconnect(_NOTHING), _NOTHING, mishap)
        original = await (answer() if action.executes else skip_handler())
        if action.pause is Pause.AFTER and not await self._sleeper.sleep(mishap.seconds):
            return self._raw(disconnect(_NOTHING), _NOTHING, mishap)
        return self._broken(action, original, mishap)

    async def end(self) -> None:
        """Ends all waits of faults. Responses that are still being written are cut off."""
        self.idle_faults.end()
        await self._sleeper.end()

    def _broken(self, action: Action, original: web.StreamResponse, mishap: Mishap) -> web.StreamResponse:
        response = _as_plain(original)
        if action.change is not None:
            response = action.change(response, Context(mishap.seconds, self._clock.now(), self._redirect_to))
        if action.write is not None:
            return self._raw(action.write(response), response, mishap)
        return web.Response(status=response.status, headers=response.headers, body=response.body)

    def _raw(self, wire: Wire, response: PlainResponse, mishap: Mishap) -> RawAnswer:
        return RawAnswer(
            wire, response.status, seconds=mishap.seconds, sleeper=self._sleeper, idle_faults=self.idle_faults
        )


def _as_plain(original: web.StreamResponse) -> PlainResponse:
    body = original.body if isinstance(original, web.Response) else None
    return PlainResponse(original.status, dict(original.headers), body if isinstance(body, bytes) else b"")
