"""A shop that pays its orders, and is killed while it does: `python -m tests.intents.shop BASE_URL STORE ORDERS KIND`.

It prints a line for each order that is settled. Started again, it goes over all of its orders once more, as a shop does
that does not know where it was: what keeps it from paying twice is the store alone.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

from paycombat_async import AsyncPayCombat, PayCombatError
from paycombat_async.intents import SqliteIntents
from paycombat_sync import PayCombat
from tests.calls import payout
from tests.chaos.matrix_cells import PAYEE

CREDENTIALS = {"token": "snd_token", "signature_key": "snd_key", "max_retries": 0}
AT_ONCE = 4


def order(number: int) -> Any:
    return payout(order_id=f"order-{number}", payout_beneficiary_param=PAYEE)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def pay_all(base_url: str, store: SqliteIntents, orders: int) -> None:
    numbers = iter(range(orders))
    async with AsyncPayCombat(**CREDENTIALS, base_url=base_url, intents=store) as client:

        async def pay() -> None:
            for number in numbers:
                try:
                    say(f"paid {(await client.payouts.create(order(number))).id}")
                except PayCombatError as error:
                    say(f"{error.outcome} {number}")

        await asyncio.gather(*(pay() for _ in range(AT_ONCE)))
    await store.aclose()


def pay_all_blocking(base_url: str, store: SqliteIntents, orders: int) -> None:
    with PayCombat(**CREDENTIALS, base_url=base_url, intents=store) as client:
        for number in range(orders):
            try:
                say(f"paid {client.payouts.create(order(number)).id}")
            except PayCombatError as error:
                say(f"{error.outcome} {number}")


def main(base_url: str, store: str, orders: str, kind: str) -> None:
    intents = SqliteIntents(Path(store))
    if kind == "async":
        asyncio.run(pay_all(base_url, intents, int(orders)))
    else:
        pay_all_blocking(base_url, intents, int(orders))
    say("over")


if __name__ == "__main__":
    main(*sys.argv[1:])
