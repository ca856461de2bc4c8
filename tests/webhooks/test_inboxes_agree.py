"""The three inboxes give the same answers to the same calls, whatever their order.

`PAYCOMBAT_SOAK=1` compares 200 histories instead of 8.
"""

import json
import math
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from paycombat_async import ConfigurationError, PayCombatError
from paycombat_async.webhooks import Delivery, Depth, Inbox, MemoryInbox, Receipt, SqliteInbox, WebhookEvent, read
from paycombat_async.webhooks.inboxes import memory, postgres_scripts, sqlite_file
from tests.chaos.soak import LIMIT_S, SOAK
from tests.postgres_server import PostgresServer, postgres_inbox

HISTORIES = 200 if SOAK else 8
CALLS = 60
STATUSES = ("PENDING", "SUCCESS", "FAILED", "EXPIRED", "RETURNED", "MELTED")

pytestmark = [pytest.mark.promise("P14"), pytest.mark.timeout(LIMIT_S if SOAK else 120)]


class WorkFailed(Exception):
    """The error of a worker."""


class User:
    """Uses one inbox, and keeps the deliveries that it has taken."""

    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox
        self._taken: list[Delivery] = []

    async def receive(self, random: Random) -> object:
        return await self.inbox.receive(event(random))

    async def take(self, random: Random) -> object:
        delivery = await self.inbox.take(lease=random.choice((0, 3600)))
        self._taken += [delivery] if delivery else []
        return delivery and (delivery.event.key, delivery.number, delivery.attempt)

    async def work_in_transaction(self, random: Random) -> object:
        async with self.inbox.taken() as delivery:
            if delivery is not None and random.random() < 0.3:
                raise WorkFailed
            return delivery and (delivery.event.key, delivery.number, delivery.attempt)

    async def end(self, random: Random) -> object:
        ends: list[Callable[[Delivery], Awaitable[None]]] = [
            *(self.inbox.done, self.inbox.done, self.inbox.release, self.inbox.renew)
        ]
        return await random.choice(ends)(random.choice(self._taken)) if self._taken else None

    async def done_by_hand(self, random: Random) -> object:
        return await self.inbox.done(event(random))

    async def pending(self, random: Random) -> object:
        return await self.inbox.pending(random.choice(list(Receipt)), limit=5)

    async def depth(self, _random: Random) -> Depth:
        depth = await self.inbox.depth()
        return Depth(
            waiting=depth.waiting,
            taken=depth.taken,
            conflicts=depth.conflicts,
            damaged=depth.damaged,
            oldest=depth.oldest and 0.0,
        )

    async def forget(self, random: Random) -> object:
        return await self.inbox.forget(days=random.choice((-1, 1, 1)))


OPERATIONS = [
    *[User.receive] * 10,
    *[User.take] * 8,
    *[User.work_in_transaction] * 4,
    *[User.end] * 10,
    *[User.done_by_hand] * 2,
    *[User.pending] * 2,
    *[User.depth] * 2,
    User.forget,
]


def event(random: Random) -> WebhookEvent:
    fields = {
        "type": random.choice(("PAYIN", "PAYOUT", "REFUND")),
        "id": random.choice(("1", "2", "")),
        "status": random.choice(STATUSES),
    }
    return read(json.dumps(fields).encode())


async def result_of(call: Awaitable[object]) -> object:
    try:
        return await call
    except (PayCombatError, WorkFailed) as error:
        return type(error), str(error)


async def test_all_inboxes_say_the_same(
    tmp_path: Path, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call of a history gets the same from each inbox."""
    for module in (memory, sqlite_file, postgres_scripts):  # no pause ends between the calls of two inboxes
        monkeypatch.setattr(module, "retry_delay", lambda attempt: 0.0 if attempt < 2 else 3600.0)
    for seed in range(HISTORIES):
        sqlite = SqliteInbox(tmp_path / f"{seed}.db")
        async with postgres_inbox(postgres_server.dsn) as postgres:
            users = [User(inbox) for inbox in (MemoryInbox(), sqlite, postgres)]
            random = Random(seed)
            for number in range(CALLS):
                operation, choices = random.choice(OPERATIONS), random.random()
                first, *others = [await result_of(operation(user, Random(choices))) for user in users]
                assert [first] * len(others) == others, f"history {seed}, call {number}"
        await sqlite.aclose()


NO_NUMBERS = (math.nan, math.inf, -math.inf, 1e300, -1e300, "5", None, True)
REFUSED: dict[str, tuple[tuple[object, ...], Callable[[Inbox, Any], Awaitable[object]]]] = {
    "take": ((*NO_NUMBERS, -1), lambda inbox, lease: inbox.take(lease=lease)),
    "forget": (NO_NUMBERS, lambda inbox, days: inbox.forget(days=days)),
    "pending": ((*NO_NUMBERS, -1, 1.5), lambda inbox, limit: inbox.pending(limit=limit)),
    "damaged": ((*NO_NUMBERS, -1, 1.5), lambda inbox, limit: inbox.damaged(limit=limit)),
    "work": ((*NO_NUMBERS, -1, 0), lambda inbox, poll: anext(inbox.work(poll=poll))),
}


@pytest.mark.parametrize("method", REFUSED)
async def test_all_inboxes_refuse_the_same_numbers(
    method: str, tmp_path: Path, postgres_server: PostgresServer
) -> None:
    """With -1 as the limit, one listed all but the newest event, one listed nothing, and one failed."""
    numbers, call = REFUSED[method]
    sqlite = SqliteInbox(tmp_path / "inbox.db")
    async with postgres_inbox(postgres_server.dsn) as postgres:
        for inbox in (MemoryInbox(), sqlite, postgres):
            for number in numbers:
                with pytest.raises(ConfigurationError, match=r"must be an? (number|integer)"):
                    await call(inbox, number)
    await sqlite.aclose()
