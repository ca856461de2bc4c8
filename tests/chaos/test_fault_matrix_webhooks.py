"""Webhooks that come twice, out of order or again after a lost answer: each is worked on once, and forward only."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from paycombat_async import AsyncPayCombat, CreatePayin
from paycombat_async.sandbox import Faults, Sandbox
from paycombat_async.testing import FakeClock
from paycombat_async.webhooks import Inbox, MemoryInbox, Receipt, SqliteInbox
from tests.calls import payout
from tests.chaos.matrix_cells import PAYEE, credentials
from tests.sandbox.deliveries.receiver import Receiver, receiving

NEW, DUPLICATE, OUTDATED, _ = Receipt
TWICE, LATE = "duplicate_webhook", "out_of_order_webhook"
PAYIN = CreatePayin(extra={"amount": 50, "currency": "AUD", "payin_method_name": "au_bank_npp"})
SENT, BACK = "SUCCESS", "RETURNED"

# Of which object, where it moves to, what its webhooks meet, what they are to the inbox, and what is worked on.
CASES = {
    "payin-fair": ("payin", [SENT], [None], [NEW], [SENT]),
    "payin-twice": ("payin", [SENT], [TWICE], [NEW, DUPLICATE], [SENT]),
    "payin-late": ("payin", [SENT], [LATE], [NEW], [SENT]),
    "payin-expired-twice": ("payin", ["EXPIRED"], [TWICE], [NEW, DUPLICATE], ["EXPIRED"]),
    "payout-fair": ("payout", [SENT, BACK], [None, None], [NEW, NEW], [SENT, BACK]),
    "payout-both-twice": ("payout", [SENT, BACK], [TWICE, TWICE], [NEW, DUPLICATE, NEW, DUPLICATE], [SENT, BACK]),
    "payout-first-late": ("payout", [SENT, BACK], [LATE, None], [NEW, OUTDATED], [BACK]),
    "payout-first-late-second-twice": ("payout", [SENT, BACK], [LATE, TWICE], [NEW, DUPLICATE, OUTDATED], [BACK]),
    "payout-both-late": ("payout", [SENT, BACK], [LATE, LATE], [NEW, NEW], [SENT, BACK]),
}


@pytest.fixture(name="receiver")
async def _receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture(name="inbox", params=["memory", "sqlite"])
async def _inbox(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Inbox]:
    inbox = MemoryInbox() if request.param == "memory" else SqliteInbox(tmp_path / "inbox.db")
    yield inbox
    await inbox.aclose()


async def move(sandbox: Sandbox, kind: str, statuses: list[str]) -> None:
    """Make a payin or payout, move it, and have all of it told."""
    async with AsyncPayCombat(**credentials(sandbox)) as client:
        made = await (
            client.payins.create(PAYIN)
            if kind == "payin"
            else client.payouts.create(payout(payout_beneficiary_param=PAYEE))
        )
    for status in statuses:
        sandbox.settle(made.id, status)
    await sandbox.drain()


async def work_off(inbox: Inbox) -> list[str]:
    """What a worker finds to do, and does."""
    worked: list[str] = []
    while (delivery := await inbox.take()) is not None:
        async with delivery as event:
            worked.append(str(event.status))
    return worked


@pytest.mark.parametrize("worker", ["at-once", "later"])
@pytest.mark.parametrize(("kind", "statuses", "steps", "receipts", "work"), CASES.values(), ids=CASES)
async def test_each_event_is_worked_on_once(
    kind: str,
    statuses: list[str],
    steps: list[str | None],
    receipts: list[Receipt],
    work: list[str],
    worker: str,
    receiver: Receiver,
    inbox: Inbox,
) -> None:
    """However often it comes, and never back to an earlier state, whether the worker keeps pace or not."""
    faults = Faults()
    faults.script("webhooks", steps)
    async with Sandbox(webhook_url=receiver.url, clock=FakeClock(), faults=faults) as sandbox:
        await move(sandbox, kind, statuses)

    seen: list[Receipt] = []
    worked: list[str] = []
    for received in receiver.received:
        seen.append(await inbox.receive(received.event))
        worked += await work_off(inbox) if worker == "at-once" else []
    worked += await work_off(inbox)

    assert (receipts, work) == (seen, worked)
    assert [] == await inbox.pending() + await inbox.pending(Receipt.CONFLICT)


@pytest.mark.parametrize("lost", [1, 2])
async def test_a_delivery_whose_answer_was_lost_comes_again(lost: int, receiver: Receiver, inbox: Inbox) -> None:
    """The inbox had kept it before that; what comes later is a duplicate."""
    receiver.statuses = [500] * lost
    async with Sandbox(webhook_url=receiver.url, clock=FakeClock()) as sandbox:
        await move(sandbox, "payout", [SENT])

    seen = [await inbox.receive(received.event) for received in receiver.received]

    assert [NEW] + [DUPLICATE] * lost == seen
    assert [SENT] == await work_off(inbox)
