"""What every store keeps apart: accounts, endpoints, references and attempts, in one file or one table."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from paycombat_async.intents import Begun, Intent, Intents, IntentState, MemoryIntents, NewIntent, SqliteIntents
from paycombat_async.intents.intent import Settlement
from paycombat_async.testing import FakeClock
from tests.postgres_server import PostgresServer, postgres_intents

pytestmark = pytest.mark.promise("P13")

PAYOUT, PAYIN = "payouts.create", "payins.create"
OTHER, ASIDE = "another", "aside"
LEASE_S = 3600.0


class SlowClock(FakeClock):
    """A clock that goes on by a millisecond whenever somebody asks."""

    def now(self) -> float:
        self.time += 0.001
        return self.time


@pytest.fixture(name="store", params=["memory", "sqlite", "postgres"])
async def _store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Intents]:
    if request.param == "memory":
        yield MemoryIntents(clock=SlowClock())
    elif request.param == "sqlite":
        store = SqliteIntents(tmp_path / "intents.db", clock=SlowClock())
        yield store
        await store.aclose()
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        async with postgres_intents(server.dsn) as in_postgres:
            yield in_postgres


async def begin(store: Intents, reference: str, endpoint: str = PAYOUT, lease: float = LEASE_S) -> Begun:
    new = NewIntent(endpoint=endpoint, reference=reference, body_digest="digest", owner="tests", lease=lease)
    return await store.begin(new)


async def settle(
    store: Intents, reference: str, state: IntentState, endpoint: str = PAYOUT, **fields: Any
) -> tuple[bool, Intent]:
    """Whether it was settled, and the record as it is then."""
    usual: dict[str, Any] = {"endpoint": endpoint, "reference": reference, "attempt": 1, "evidence": "answer"}
    settlement = Settlement(state=state, **(usual | fields))
    is_settled = await store.settle(settlement)
    return is_settled, next(each for each in await store.find(reference) if each.endpoint == endpoint)


async def states(store: Intents, account: str | None = None) -> dict[tuple[str, str], IntentState]:
    """The states of an account's records, by endpoint and reference; of another account only if no call is sent."""
    if account is not None:
        await store.move(store.account, ASIDE)
        await store.move(account, store.account)
    found = {(each.endpoint, each.reference): each.state for each in await store.recent(limit=100)}
    if account is not None:
        await store.move(store.account, account)
        await store.move(ASIDE, store.account)
    return found


async def test_only_records_of_the_own_account_are_forgotten(store: Intents) -> None:
    """What another account has settled is its evidence."""
    await begin(store, "order-1")
    await settle(store, "order-1", IntentState.APPLIED)
    await store.move(store.account, OTHER)
    await begin(store, "order-2")
    await settle(store, "order-2", IntentState.APPLIED)

    assert 1 == await store.forget(days=-1)

    assert {} == await states(store)
    assert {(PAYOUT, "order-1"): IntentState.APPLIED} == await states(store, OTHER)


async def test_only_one_record_is_settled(store: Intents) -> None:
    """Neither that of another endpoint with the same reference, nor another account's."""
    await begin(store, "order-1")
    await settle(store, "order-1", IntentState.UNKNOWN)
    await store.move(store.account, OTHER)
    for endpoint, reference in ((PAYOUT, "order-1"), (PAYIN, "order-1"), (PAYOUT, "order-2")):
        await begin(store, reference, endpoint)

    await settle(store, "order-1", IntentState.APPLIED, object_id="payout_1")
    assert {
        (PAYOUT, "order-1"): IntentState.APPLIED,
        (PAYIN, "order-1"): IntentState.SENDING,
        (PAYOUT, "order-2"): IntentState.SENDING,
    } == await states(store)

    await settle(store, "order-1", IntentState.REJECTED, PAYIN)
    await settle(store, "order-2", IntentState.REJECTED)
    assert {(PAYOUT, "order-1"): IntentState.UNKNOWN} == await states(store, OTHER)


async def test_records_that_share_only_half_of_their_name_can_be_moved(store: Intents) -> None:
    """Two accounts collide where both have the same endpoint and the same reference."""
    await begin(store, "order-1")
    await settle(store, "order-1", IntentState.APPLIED)
    await store.move(store.account, OTHER)
    for endpoint, reference in ((PAYIN, "order-1"), (PAYOUT, "order-2")):
        await begin(store, reference, endpoint)
        await settle(store, reference, IntentState.APPLIED, endpoint)

    assert 2 == await store.move(store.account, OTHER)
    assert 3 == len(await states(store, OTHER))


async def test_the_oldest_unknown_call_comes_first(store: Intents) -> None:
    """Whatever the references are called."""
    for reference in ("order-3", "order-1", "order-2"):
        await begin(store, reference)
        await settle(store, reference, IntentState.UNKNOWN)

    assert ["order-3", "order-1", "order-2"] == [each.reference for each in await store.unresolved()]


async def test_the_next_attempt_begins_anew(store: Intents) -> None:
    """With a lease of its own, and without what was known of the attempt before."""
    await begin(store, "order-1", lease=0)
    settled, before = await settle(store, "order-1", IntentState.REJECTED, object_id="payout_1", answer=b"no")
    assert (True, "payout_1", b"no") == (settled, before.object_id, before.answer)

    begun = await begin(store, "order-1")
    _, after = await settle(store, "order-1", IntentState.APPLIED)  # of attempt 1: too late

    assert begun.may_send
    assert begun.intent == after
    assert (IntentState.SENDING, 2) == (after.state, after.attempt)
    assert (None, None, None, None) == (after.settled_at, after.object_id, after.evidence, after.answer)
    assert [] == await store.unresolved()
    assert after.created_at > before.created_at


@pytest.mark.parametrize("later", [None, ""])
async def test_an_object_id_that_is_known_stays(store: Intents, later: str | None) -> None:
    """Evidence without an id settles the record; the id that an earlier answer showed is not lost."""
    await begin(store, "order-1")
    await settle(store, "order-1", IntentState.UNKNOWN, object_id="payout_1")

    settled, intent = await settle(store, "order-1", IntentState.APPLIED, object_id=later, evidence="Ana")

    assert (True, IntentState.APPLIED) == (settled, intent.state)
    assert ("payout_1", "Ana") == (intent.object_id, intent.evidence)
