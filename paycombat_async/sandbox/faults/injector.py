"""Where a fault is played out: the request is answered, or not, and the answer is what the table makes of it."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from aiohttp import web

from paycombat_async._clock import Clock
from paycombat_async.sandbox.faults.idle import Strays
from paycombat_async.sandbox.faults.names import Mishap
from paycombat_async.sandbox.faults.response import Plain, Scene
from paycombat_async.sandbox.faults.table import ACTIONS, Action, Pause
from paycombat_async.sandbox.faults.waits import Waits
from paycombat_async.sandbox.faults.wire import RawAnswer, Wire, disconnect

Answer: TypeAlias = Callable[[], Awaitable[web.StreamResponse]]

_NOTHING: Final = Plain(200, {}, b"")


class Stage:
    """One for each running sandbox."""

    def __init__(self, clock: Clock, redirect_to: str) -> None:
        self._clock = clock
        self._redirect_to = redirect_to
        self._waits = Waits(clock)
        self.strays = Strays(clock, self._waits)

    async def play(self, mishap: Mishap, answer: Answer, turn_away: Answer) -> web.StreamResponse:
        """The broken answer. `answer` carries the request out, `turn_away` takes it in and does nothing."""
        action = ACTIONS[mishap.fault]
        if action.pause is Pause.BEFORE and not await self._waits.sleep(mishap.seconds):
            return self._raw(disconnect(_NOTHING), _NOTHING, mishap)
        response = await (answer() if action.executes else turn_away())
        if action.pause is Pause.AFTER and not await self._waits.sleep(mishap.seconds):
            return self._raw(disconnect(_NOTHING), _NOTHING, mishap)
        return self._broken(action, response, mishap)

    async def end(self) -> None:
        """Cut all waits short: what is in flight breaks off."""
        self.strays.end()
        await self._waits.end()

    def _broken(self, action: Action, response: web.StreamResponse, mishap: Mishap) -> web.StreamResponse:
        plain = _plain(response)
        if action.change is not None:
            plain = action.change(plain, Scene(mishap.seconds, self._clock.now(), self._redirect_to))
        if action.write is not None:
            return self._raw(action.write(plain), plain, mishap)
        return web.Response(status=plain.status, headers=plain.headers, body=plain.body)

    def _raw(self, wire: Wire, plain: Plain, mishap: Mishap) -> RawAnswer:
        return RawAnswer(wire, plain.status, seconds=mishap.seconds, waits=self._waits, strays=self.strays)


def _plain(response: web.StreamResponse) -> Plain:
    body = response.body if isinstance(response, web.Response) else None
    return Plain(response.status, dict(response.headers), body if isinstance(body, bytes) else b"")
