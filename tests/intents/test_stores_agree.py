"""The three stores of intents give the same answers to the same calls, whatever their order.

`PAYCOMBAT_SOAK=1` compares 500 histories instead of 10.
"""

import math
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from paycombat_async import ConfigurationError, PayCombatError
from paycombat_async.intents import (
    Begun,
    Intent,
    Intents,
    IntentState,
    MemoryIntents,
    NewIntent,
    Settlement,
    SqliteIntents,
)
from tests.chaos.soak import LIMIT_S, SOAK
from tests.postgres_server import PostgresServer, postgres_intents

HISTORIES = 500 if SOAK else 10
CALLS = 60
ENDPOINTS, REFERENCES = ("payouts.create", "payins.create"), ("order-1", "order-2")

pytestmark = [pytest.mark.promise("P13"), pytest.mark.timeout(LIMIT_S if SOAK else 120)]


def begin(random: Random, store: Intents) -> Awaitable[object]:
    new = NewIntent(
        endpoint=random.choice(ENDPOINTS),
        reference=random.choice(REFERENCES),
        body_digest=random.choice("xy"),
        owner="tests",
        lease=random.choice((0, 3600)),
        expected=random.choice(({}, {"currency": ("AUD", "KRW")})),
    )
    return store.begin(new)


def settle(random: Random, store: Intents) -> Awaitable[object]:
    settlement = Settlement(
        endpoint=random.choice(ENDPOINTS),
        reference=random.choice(REFERENCES),
        attempt=random.choice((1, 1, 1, 2, 2, 3)),
        state=random.choice((IntentState.APPLIED, *(state for state in IntentState if state != IntentState.SENDING))),
        evidence=random.choice(("answer", "webhook", "Ana")),
        object_id=random.choice((None, "", "object_1", "object_2")),
        answer=random.choice((None, None, b"", b"{}")),
    )
    return store.settle(settlement)


def move(random: Random, store: Intents) -> Awaitable[object]:
    return store.move(*random.choice((("default", "other"), ("other", "default"), ("default", "default"))))


OPERATIONS = [
    *[begin] * 6,
    *[settle] * 10,
    *[move] * 2,
    *[lambda random, store: store.find(random.choice(REFERENCES))] * 3,
    *[lambda random, store: store.unresolved(older_than=random.choice((0, 3600)))] * 2,
    *[lambda random, store: store.sending(older_than=random.choice((0, 3600)))] * 2,
    *[lambda random, store: store.recent(limit=random.choice((1, 10)))] * 2,
    lambda random, store: store.forget(days=random.choice((-1, 1))),
]


def without_times(found: object) -> object:
    """What a store has returned, as plain values that do not depend on when it did so."""
    if isinstance(found, Begun):
        return found.may_send, without_times(found.intent)
    if isinstance(found, list):
        return [without_times(each) for each in found]
    if isinstance(found, Intent):
        fields: dict[str, Any] = {name: getattr(found, name) for name in found.__struct_fields__}
        times = {name: fields[name] is not None for name in ("created_at", "settled_at", "leased_until")}
        return fields | times
    return found


async def result_of(call: Awaitable[object]) -> object:
    try:
        return without_times(await call)
    except PayCombatError as error:
        return type(error), str(error)


@pytest.mark.parametrize("keeps", [True, False], ids=["with answers", "without"])
async def test_all_stores_say_the_same(keeps: bool, tmp_path: Path, postgres_server: PostgresServer) -> None:
    """Each call of a history gets the same from each store. A store in memory always keeps answers."""
    for seed in range(HISTORIES // 2):
        sqlite = SqliteIntents(tmp_path / f"{seed}.db", keep_answers=keeps)
        async with postgres_intents(postgres_server.dsn, keep_answers=keeps) as postgres:
            stores: list[Intents] = [postgres, sqlite, *([MemoryIntents()] if keeps else [])]
            random = Random(f"{seed}-{keeps}")
            for number in range(CALLS):
                operation, choices = random.choice(OPERATIONS), random.random()
                first, *others = [await result_of(operation(Random(choices), store)) for store in stores]
                assert [first] * len(others) == others, f"history {seed}, call {number}"
        await sqlite.aclose()


NO_NUMBERS = (math.nan, math.inf, -math.inf, 1e300, -1e300, "5", None, True)
REFUSED: dict[str, tuple[tuple[object, ...], Callable[[Intents, Any], Awaitable[object]]]] = {
    "forget": (NO_NUMBERS, lambda store, days: store.forget(days=days)),
    "recent": ((*NO_NUMBERS, -1, 1.5), lambda store, limit: store.recent(limit=limit)),
    "unresolved": ((*NO_NUMBERS, -1), lambda store, seconds: store.unresolved(older_than=seconds)),
    "sending": ((*NO_NUMBERS, -1), lambda store, seconds: store.sending(older_than=seconds)),
}


@pytest.mark.parametrize("method", REFUSED)
async def test_all_stores_refuse_the_same_numbers(method: str, tmp_path: Path, postgres_server: PostgresServer) -> None:
    """A limit of -1 was all records, all but the oldest, or a failure, and an endless number of days an overflow."""
    numbers, call = REFUSED[method]
    sqlite = SqliteIntents(tmp_path / "intents.db")
    async with postgres_intents(postgres_server.dsn) as postgres:
        for store in (MemoryIntents(), sqlite, postgres):
            for number in numbers:
                with pytest.raises(ConfigurationError, match=r"must be an? (number|integer)"):
                    await call(store, number)
    await sqlite.aclose()
