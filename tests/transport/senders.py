"""Payouts over each way and each kind of event loop: what became of each, with the outcome that its error has."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from paycombat_async import ConnectFailed, Disconnected, Draft, Outcome, PayCombatError, RawReply
from tests.processes import PATIENCE_S
from tests.transport.connecting import OK
from tests.transport.ways import Way

CROSSINGS: Final = (
    ("direct", "asyncio"),
    ("direct", "uvloop"),
    ("own session", "asyncio"),
    ("user's session", "asyncio"),
    ("user's session", "uvloop"),
)


class Ended(NamedTuple):
    """How a payout ended: with a reply or an error of this type and outcome. `words` are the body or the message."""

    kind: type
    outcome: Outcome | None
    words: str
    is_whole: bool  # an answer that said itself where it ends

    @property
    def is_answered(self) -> bool:
        return (RawReply, OK.decode()) == (self.kind, self.words)

    @property
    def is_not_sent(self) -> bool:
        return (ConnectFailed, Outcome.NOT_SENT) == (self.kind, self.outcome)

    @property
    def is_unknown(self) -> bool:
        return (Disconnected, Outcome.UNKNOWN) == (self.kind, self.outcome)


async def _pause() -> None:
    await asyncio.sleep(0)


class Sender:
    """Sends payouts one after the other by one way, each sender in an event loop of its own."""

    def __init__(self, make: Way, runner: asyncio.Runner) -> None:
        self._make = make
        self._runner = runner

    def one(self, base_url: str, **options: Any) -> Ended:
        """Sends one; `options` are those of `several` and of the transport."""
        [ended] = self.several(base_url, times=1, **options)
        return ended

    def several(
        self,
        base_url: str,
        *,
        times: int,
        between: Callable[[], Awaitable[None]] = _pause,
        timeout: float = PATIENCE_S,
        body: bytes = b"{}",
        **options: Any,
    ) -> list[Ended]:
        """Sends so many; `between` is awaited in the same loop before each but the first."""
        payout = Draft("payouts.create", "POST", f"{base_url}/x", {"X-token": "snd_t"}, body, is_once_only=True)

        async def send() -> list[Ended]:
            transport = self._make(base_url=base_url, **options)
            ended = [await _ended(transport, payout, timeout)]
            for _ in range(times - 1):
                await between()
                ended.append(await _ended(transport, payout, timeout))
            await transport.aclose()
            return ended

        return self._runner.run(send())


async def _ended(transport: Any, payout: Draft, timeout: float) -> Ended:
    try:
        reply = await transport.send(payout, timeout)
    except PayCombatError as error:
        return Ended(type(error), error.outcome, str(error), is_whole=False)
    return Ended(type(reply), None, reply.body.decode(), reply.is_whole)
