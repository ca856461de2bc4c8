"""A shop that is killed again and again while it pays: no order is paid twice, and none is lost without a word.

`PAYCOMBAT_SOAK=1` pays 2 000 orders over 100 kills with each client.
"""

import asyncio
import sys
from collections import Counter
from pathlib import Path
from random import Random
from time import monotonic

import pytest

from paycombat_async import AsyncPayCombat
from paycombat_async._clock import SYSTEM_CLOCK
from paycombat_async.intents import SqliteIntents
from paycombat_async.sandbox import Movement, Sandbox
from paycombat_async.testing import FakeClock
from tests.chaos.soak import LIMIT_S, SOAK
from tests.processes import Process

ORDERS, KILLS = (2_000, 100) if SOAK else (60, 5)
FAULTS = "500_after_commit:0.02,disconnect_after_commit:0.02,latency=5ms:0.3"
SEED = 20261128

pytestmark = [
    pytest.mark.promise("P13", "P15"),
    pytest.mark.skipif(sys.platform == "win32", reason="POSIX only: SIGKILL and process groups"),
    pytest.mark.timeout(LIMIT_S if SOAK else 120),
]


@pytest.mark.parametrize("kind", ["async", "blocking"])
def test_a_shop_that_is_killed_pays_each_order_once(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After the last kill it runs to its end, and then the provider's list settles what is not certain."""
    random = Random(f"{SEED}-{kind}")
    store = tmp_path / "intents.db"
    with Sandbox(token="snd_token", signature_key="snd_key", faults=FAULTS, balances={"AUD": 10**9}) as sandbox:
        command = (sys.executable, "-m", "tests.intents.shop", sandbox.base_url, store, ORDERS, kind)
        begun = monotonic()
        for _ in range(KILLS):
            with Process(*command) as shop:
                for _ in range(random.randrange(1, 2 * ORDERS // KILLS)):
                    if shop.line() in {"over\n", ""}:
                        break
        with Process(*command) as shop:
            last = shop.end(limit=LIMIT_S)
        sandbox.faults.calm()
        applied, unresolved = asyncio.run(reconcile(sandbox, store))
        paid = Counter(entry.reference for entry in sandbox.ledger if entry.movement is Movement.PAYOUT)

    with capsys.disabled():
        if SOAK:
            sys.stdout.write(f"\n{kind}: {ORDERS} orders, {KILLS} kills, {monotonic() - begun:.0f} s, ")
            sys.stdout.write(f"{len(applied)} found by the list, {len(unresolved)} listed for a person\n")
    assert (0, "") == (last.returncode, last.stderr)
    assert {} == {reference: times for reference, times in paid.items() if times > 1}
    assert {f"order-{number}" for number in range(ORDERS)} == paid.keys() | unresolved
    assert not paid.keys() & unresolved


async def reconcile(sandbox: Sandbox, path: Path) -> tuple[set[str], set[str]]:
    """The references that the list has settled, and those that only a person can judge: they were never carried out."""
    store = SqliteIntents(path, clock=FakeClock(start=SYSTEM_CLOCK.now() + 3600))  # all leases are over by then
    options = {"token": sandbox.token, "signature_key": sandbox.signature_key, "base_url": sandbox.base_url}
    async with AsyncPayCombat(**options, intents=store) as client:
        report = await client.intents.reconcile()
        left = await client.intents.unresolved()
    await store.aclose()
    return {intent.reference for intent in report.applied}, {intent.reference for intent in left}
