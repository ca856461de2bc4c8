"""Shops that are killed again and again while they pay, or pay at the same time: no order is paid twice, none is lost.

`PAYCOMBAT_SOAK=1` pays 2 000 orders over 100 kills with each client and store, and 500 by eight processes at once.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable
from random import Random
from time import monotonic

import pytest

from paycombat_async import AsyncPayCombat
from paycombat_async.intents import Intent, IntentState
from paycombat_async.sandbox import Movement, Sandbox
from tests.chaos.soak import LIMIT_S, SOAK
from tests.intents.stores import Place
from tests.processes import Process

ORDERS, KILLS = (2_000, 100) if SOAK else (40, 4)
SHOPS, SHARED_ORDERS = (8, 500) if SOAK else (4, 30)
FAULTS = "500_after_commit:0.02,disconnect_after_commit:0.02,latency=5ms:0.3"
SEED = 20261128

pytestmark = [
    pytest.mark.promise("P13", "P15"),
    pytest.mark.skipif(sys.platform == "win32", reason="POSIX only: SIGKILL and process groups"),
    pytest.mark.timeout(LIMIT_S if SOAK else 120),
]


def sandbox_with(faults: str = "") -> Sandbox:
    return Sandbox(token="snd_token", signature_key="snd_key", faults=faults, balances={"AUD": 10**9})


def shop(sandbox: Sandbox, place: Place, orders: int, kind: str) -> Process:
    return Process(sys.executable, "-m", "tests.intents.shop", sandbox.base_url, place.name, orders, kind)


def paid_times(sandbox: Sandbox) -> Counter[str]:
    return Counter(str(entry.reference) for entry in sandbox.ledger if entry.movement is Movement.PAYOUT)


@pytest.mark.parametrize("kind", ["async", "blocking"])
def test_a_shop_that_is_killed_pays_each_order_once(kind: str, place: Place, report: Callable[..., None]) -> None:
    """After the last kill it runs to its end, and then the provider's list settles what is not certain."""
    random = Random(f"{SEED}-{kind}")
    begun = monotonic()
    with sandbox_with(FAULTS) as sandbox:
        for _ in range(KILLS):
            with shop(sandbox, place, ORDERS, kind) as killed:
                for _ in range(random.randrange(1, 2 * ORDERS // KILLS)):
                    if killed.line() in {"over\n", ""}:
                        break
        with shop(sandbox, place, ORDERS, kind) as process:
            last = process.end(limit=LIMIT_S)
        sandbox.faults.calm()
        applied, unresolved = asyncio.run(reconcile(sandbox, place))
        paid = paid_times(sandbox)

    report(orders=ORDERS, kills=KILLS, seconds=round(monotonic() - begun), found=len(applied), listed=len(unresolved))
    assert (0, "") == (last.returncode, last.stderr)
    assert {} == {reference: times for reference, times in paid.items() if times > 1}
    assert {f"order-{number}" for number in range(ORDERS)} == paid.keys() | unresolved
    assert not paid.keys() & unresolved  # what is listed was killed between its record and its first byte


async def reconcile(sandbox: Sandbox, place: Place) -> tuple[set[str], set[str]]:
    """The references that the list has settled, and those that only a person can judge: they were never carried out."""
    options = {"token": sandbox.token, "signature_key": sandbox.signature_key, "base_url": sandbox.base_url}
    async with place.store(later=True) as store, AsyncPayCombat(**options, intents=store) as client:
        found = await client.intents.reconcile()
        left = await client.intents.unresolved()
    return {intent.reference for intent in found.applied}, {intent.reference for intent in left}


def test_shops_that_pay_the_same_orders_at_once_send_each_once(place: Place, report: Callable[..., None]) -> None:
    """Whichever process sends an order, the others get its answer or are told that it is under way."""
    begun = monotonic()
    with sandbox_with("latency=2ms:0.3") as sandbox:
        shops = [shop(sandbox, place, SHARED_ORDERS, "async") for _ in range(SHOPS)]
        ended = [process.end(limit=LIMIT_S) for process in shops]
        arrived = sandbox.arrivals.counts["payouts.create"]
        paid = paid_times(sandbox)

    lines = [line.split() for each in ended for line in each.stdout.splitlines()]
    answers = {tuple(line[1:]) for line in lines if line[0] == "paid"}
    report(
        shops=SHOPS,
        orders=SHARED_ORDERS,
        seconds=round(monotonic() - begun),
        words=dict(Counter(line[0] for line in lines)),
    )
    assert [(0, "")] * SHOPS == [(each.returncode, each.stderr) for each in ended]
    assert {f"order-{number}": 1 for number in range(SHARED_ORDERS)} == paid
    assert arrived == len(answers) == SHARED_ORDERS


@pytest.mark.parametrize(
    ("when", "state", "is_paid"), [("before", IntentState.UNKNOWN, False), ("after", IntentState.APPLIED, True)]
)
def test_a_shop_that_dies_beside_the_send(when: str, state: IntentState, is_paid: bool, place: Place) -> None:
    """Between record and send, and between send and record: the second shop sends nothing, the list knows the rest."""
    with sandbox_with() as sandbox:
        with shop(sandbox, place, 1, when) as dying:
            died = dying.end()
        with shop(sandbox, place, 1, "async") as process:
            second = process.end()
        applied, unresolved = asyncio.run(reconcile(sandbox, place))
        paid = paid_times(sandbox)

    assert (-9, "unknown 0\nover\n") == (died.returncode, second.stdout)
    assert ({"order-0": 1} if is_paid else {}) == paid
    assert (int(is_paid), int(not is_paid)) == (len(applied), len(unresolved))
    assert [state] == [intent.state for intent in asyncio.run(found(place))]


async def found(place: Place) -> list[Intent]:
    async with place.store(later=True) as store:
        return await store.find("order-0")
