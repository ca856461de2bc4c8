"""The ledger: what it records, that it adds up, and that it flags what moved twice."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paycombat_async._signing import content_digest
from paycombat_async.errors import ConfigurationError
from paycombat_async.sandbox import LedgerEntry, Movement, Sandbox
from paycombat_async.sandbox.ledger.openings import Openings
from paycombat_async.sandbox.lifecycle import make, move
from paycombat_async.sandbox.records import Kind, Record
from paycombat_async.sandbox.refusals import Refused
from paycombat_async.sandbox.state import IN_MEMORY, SandboxState
from paycombat_async.sandbox.transitions import KINDS, PENDING
from tests.sandbox.caller import Caller, StandingClock
from tests.sandbox.money import create_payin, create_payout, made

CURRENCIES = ("AUD", "KRW")
STATUSES = ("SUCCESS", "FAILED", "EXPIRED", "RETURNED", "APPROVED", PENDING)
OPENING = Decimal("250.5")


def a_record(
    kind: Kind, number: str, amount: Decimal, *, currency: str = "AUD", reference: str | None = None
) -> Record:
    return Record(
        id=number,
        kind=kind,
        status=PENDING,
        currency=currency,
        amount=amount,
        reference=reference,
        body_digest="one body",
        webhook_url=None,
        document={},
    )


def add(
    state: SandboxState, kind: Kind, amount: Decimal, *, currency: str = "AUD", reference: str | None = None
) -> str:
    return make(state, lambda number: a_record(kind, number, amount, currency=currency, reference=reference)).id


@pytest.fixture(name="state")
def _state() -> Iterator[SandboxState]:
    state = SandboxState(IN_MEMORY, clock=StandingClock(), seed=0, openings=Openings(None))
    yield state
    state.close()


def sums(entries: list[LedgerEntry]) -> dict[str, Decimal]:
    totals: dict[str, Decimal] = {}
    for entry in entries:
        totals[entry.currency] = totals.get(entry.currency, Decimal(0)) + entry.amount
    return totals


async def test_every_movement_is_recorded(caller: Caller) -> None:
    """With its amount, its reference, the call that made it, and what tells its body from others."""
    payout = made(await create_payout(caller, order_id="order-1"))
    body = caller.sandbox.arrivals.last.body
    payin = made(await create_payin(caller, order_reference="paid-1"))
    caller.sandbox.settle(payout["id"], "FAILED")
    caller.sandbox.settle(payin["id"], "SUCCESS")

    opening, paid, failed, received = caller.sandbox.ledger

    assert (1, Movement.OPENING, "AUD", Decimal(1_000_000), None) == (
        opening.number,
        opening.movement,
        opening.currency,
        opening.amount,
        opening.reference,
    )
    assert paid == LedgerEntry(
        number=2,
        at="2025-11-24T16:00:00.250Z",
        movement=Movement.PAYOUT,
        currency="AUD",
        amount=Decimal(-50),
        id=payout["id"],
        reference="order-1",
        endpoint="payouts.create",
        body_digest=content_digest(body),
    )
    assert (Movement.PAYOUT_FAILED, Decimal(50), "order-1", paid.body_digest) == (
        failed.movement,
        failed.amount,
        failed.reference,
        failed.body_digest,
    )
    assert (Movement.PAYIN, Decimal("12.5"), "paid-1", "payins.create") == (
        received.movement,
        received.amount,
        received.reference,
        received.endpoint,
    )
    assert len(caller.sandbox.ledger) == 4


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(
            st.just("make"),
            st.sampled_from(KINDS),
            st.decimals("0.000001", "200", places=6).filter(lambda amount: amount > 0),
            st.sampled_from(CURRENCIES),
        ),
        st.tuples(st.just("move"), st.integers(0, 15), st.sampled_from(STATUSES)),
    ),
    max_size=30,
)


@given(OPERATIONS)
def test_the_ledger_adds_up(operations: list[tuple[Any, ...]]) -> None:
    """After any operations, carried out or refused: the entries' sums are the balances, as a plain model has them."""
    state = SandboxState(
        IN_MEMORY, clock=StandingClock(), seed=0, openings=Openings(dict.fromkeys(CURRENCIES, OPENING))
    )
    model = dict.fromkeys(CURRENCIES, OPENING)
    made: list[tuple[str, Kind, Decimal, str]] = []
    refusals: set[int] = set()

    for operation in operations:
        try:
            if operation[0] == "make":
                _, kind, amount, currency = operation
                made.append((add(state, kind, amount, currency=currency), kind, amount, currency))
                model[currency] -= amount if kind is Kind.PAYOUT else 0
            elif operation[1] < len(made):
                record_id, kind, amount, currency = made[operation[1]]
                move(state, record_id, KINDS, to=operation[2])
                gains = {(Kind.PAYIN, "SUCCESS"), (Kind.PAYOUT, "FAILED"), (Kind.PAYOUT, "RETURNED")}
                model[currency] += amount if (kind, operation[2]) in gains else 0
        except Refused as refused:
            refusals.add(refused.status)

    balances = {currency: state.ledger.balance(currency) for currency in CURRENCIES}
    entries = state.ledger.entries()
    state.close()
    assert model == balances
    assert refusals <= {409, 422}
    assert min(balances.values()) >= 0
    assert {entry.currency: balances[entry.currency] for entry in entries} == sums(entries)


def test_threads_move_money_once(state: SandboxState) -> None:
    """Of many who report the same payout as failed, one is heard."""
    payout = add(state, Kind.PAYOUT, Decimal(10))
    heard: list[bool] = []
    gate = threading.Barrier(8)

    def report() -> None:
        gate.wait()
        try:
            move(state, payout, KINDS, to="FAILED")
        except Refused:
            return
        heard.append(True)

    threads = [threading.Thread(target=report) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [True] == heard
    assert Decimal(1_000_000) == state.ledger.balance("AUD")


async def test_payouts_at_once_never_overdraw_and_all_are_flagged(clock: StandingClock) -> None:
    """One order_id sent forty times over: as many are paid as the balance allows, and each of them is in the double."""
    async with Sandbox(clock=clock, balances={"AUD": 1250}) as sandbox, aiohttp.ClientSession() as session:
        caller = Caller(sandbox, session)
        answers = await asyncio.gather(*(create_payout(caller, order_id="order-1") for _ in range(40)))

        (double,) = sandbox.ledger.doubles()
        assert {201: 25, 422: 15} == Counter(answer.status for answer in answers)
        assert Decimal(0) == sandbox.balance("AUD")
        assert ("order-1", 25) == (double.reference, len(double.entries))
        assert {made(answer)["id"] for answer in answers if answer.status == 201} == {it.id for it in double.entries}


@pytest.mark.parametrize(
    ("first", "second", "is_double"),
    [
        ({"order_id": "a"}, {"order_id": "a"}, True),
        ({"order_id": "a"}, {"order_id": "a", "sender_amount": 7}, True),
        ({"order_id": 7}, {"order_id": "7"}, True),
        ({}, {}, True),
        ({"order_id": "a"}, {"order_id": "b"}, False),
        ({}, {"sender_amount": 7}, False),
        ({}, {"order_id": "a"}, False),
    ],
    ids=["same id", "same id, another amount", "same id as number", "same body", "ids", "bodies", "with and without"],
)
async def test_what_is_a_double(
    caller: Caller, first: dict[str, Any], second: dict[str, Any], *, is_double: bool
) -> None:
    """The same order_id or, where there is none, the very same body. It is accepted, but flagged."""
    ids = [made(await create_payout(caller, **fields))["id"] for fields in (first, second)]

    doubles = caller.sandbox.ledger.doubles()

    assert [ids] * is_double == [[entry.id for entry in double.entries] for double in doubles]


@pytest.mark.parametrize(
    ("statuses", "is_double"), [(["FAILED"], False), (["SUCCESS", "RETURNED"], False), (["SUCCESS"], True)]
)
async def test_a_second_try_is_no_double(caller: Caller, statuses: list[str], *, is_double: bool) -> None:
    """Once the first one's money has come back, another payout may take its order_id."""
    payout = made(await create_payout(caller, order_id="order-1"))
    for status in statuses:
        caller.sandbox.settle(payout["id"], status)

    made(await create_payout(caller, order_id="order-1"))

    assert is_double == bool(caller.sandbox.ledger.doubles())


async def test_a_double_stays_one(caller: Caller) -> None:
    """Both stood at one time, whatever becomes of them."""
    ids = [made(await create_payout(caller, order_id="order-1"))["id"] for _ in range(2)]
    for payout_id in ids:
        caller.sandbox.settle(payout_id, "FAILED")

    assert len(caller.sandbox.ledger.doubles()) == 1


async def test_payins_are_doubles_once_they_are_paid_twice(caller: Caller) -> None:
    """One that nobody pays moves nothing; a payout may bear the same reference."""
    ids = [made(await create_payin(caller, order_reference="order-1"))["id"] for _ in range(2)]
    made(await create_payout(caller, order_id="order-1"))

    caller.sandbox.settle(ids[0], "SUCCESS")
    before = caller.sandbox.ledger.doubles()
    caller.sandbox.settle(ids[1], "SUCCESS")
    (double,) = caller.sandbox.ledger.doubles()

    assert [] == before
    assert ids == [entry.id for entry in double.entries]


async def test_a_file_keeps_the_ledger(tmp_path: Path) -> None:
    """Balances and entries are there again, and nothing is opened twice."""
    async with Sandbox(db=tmp_path / "db", balances={"AUD": 100}) as sandbox, aiohttp.ClientSession() as session:
        made(await create_payout(Caller(sandbox, session)))
        entries = sandbox.ledger.entries()

    async with Sandbox(db=tmp_path / "db", balances={"AUD": 7}) as again:
        assert entries == again.ledger.entries()
        assert {"AUD": Decimal(50)} == again.ledger.balances()


async def test_balances_are_given_or_generous() -> None:
    """Given for some, the others are 0; given for none, there is plenty of each."""
    async with Sandbox(balances={"AUD": Decimal("10.5")}) as given, Sandbox() as generous:
        assert (Decimal("10.5"), Decimal(0)) == (given.balance("AUD"), given.balance("EUR"))
        assert Decimal(1_000_000) == generous.balance("EUR")
        assert {} == generous.ledger.balances()


@pytest.mark.parametrize("amount", [1.5, True, "10", -1, Decimal("NaN"), Decimal("Infinity"), Decimal("-0.01")])
def test_what_is_no_balance_is_refused(amount: Any) -> None:
    """Before anything is started, naming the currency."""
    with pytest.raises(ConfigurationError, match=r"balances\['AUD'\]"):
        Sandbox(balances={"AUD": amount})
