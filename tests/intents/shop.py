"""A shop that pays its orders, and is killed while it does: `python -m tests.intents.shop BASE_URL STORE ORDERS KIND`.

It prints a line for each order that is settled. Started again, it goes over all of its orders once more, as a shop does
that does not know where it was: what keeps it from paying twice is the store alone. STORE is the path of a file, or
`DSN#SCHEMA` of a PostgreSQL database. KIND is async or blocking; a shop of the kind before or after kills itself just
before or after the first payout has been sent.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

from paycombat_async import AsyncPayCombat, Draft, PayCombatError, RawReply, Transport
from paycombat_async.intents import PostgresIntents, SqliteIntents
from paycombat_async.transport import AiohttpTransport
from paycombat_sync import PayCombat
from tests.calls import payout
from tests.chaos.matrix_cells import PAYEE

CREDENTIALS = {"token": "snd_token", "signature_key": "snd_key", "max_retries": 0}
AT_ONCE = 4
Store = SqliteIntents | PostgresIntents


class Dying:
    """A transport that kills its process before or after the request has been sent and answered."""

    def __init__(self, base_url: str, when: str) -> None:
        self._when = when
        self._transport = AiohttpTransport(base_url=base_url)

    async def send(self, draft: Draft, timeout: float) -> RawReply:
        if self._when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        await self._transport.send(draft, timeout)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("unreachable")


def order(number: int) -> Any:
    return payout(order_id=f"order-{number}", payout_beneficiary_param=PAYEE)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def open_store(store: str) -> Store:
    dsn, _, schema = store.rpartition("#")
    return PostgresIntents(dsn, schema=schema) if dsn else SqliteIntents(Path(store))


async def pay_all(base_url: str, store: Store, orders: int, transport: Transport | None) -> None:
    numbers = iter(range(orders))
    options: Any = {**CREDENTIALS, "base_url": base_url, "transport": transport}
    async with AsyncPayCombat(**options, intents=store) as client:

        async def pay() -> None:
            for number in numbers:
                try:
                    say(f"paid {number} {(await client.payouts.create(order(number))).id}")
                except PayCombatError as error:
                    say(f"{error.outcome} {number}")

        await asyncio.gather(*(pay() for _ in range(AT_ONCE)))
    await store.aclose()


def pay_all_blocking(base_url: str, store: Store, orders: int) -> None:
    with PayCombat(**CREDENTIALS, base_url=base_url, intents=store) as client:
        for number in range(orders):
            try:
                say(f"paid {number} {client.payouts.create(order(number)).id}")
            except PayCombatError as error:
                say(f"{error.outcome} {number}")


def main(base_url: str, store: str, orders: str, kind: str) -> None:
    intents = open_store(store)
    if kind == "blocking":
        pay_all_blocking(base_url, intents, int(orders))
    else:
        transport = None if kind == "async" else Dying(base_url, kind)
        asyncio.run(pay_all(base_url, intents, int(orders), transport))
    say("over")


if __name__ == "__main__":
    main(*sys.argv[1:])
