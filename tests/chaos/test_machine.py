"""The stateful test: whatever a merchant does in whatever weather, no money moves twice and nothing is lost."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import seed
from hypothesis.stateful import run_state_machine_as_test

from paycombat_async.sandbox.faults import Fault
from tests.chaos.machine import Merchant
from tests.chaos.soak import SEED, SOAK, chosen

pytestmark = pytest.mark.promise("P3")


def test_every_outcome_keeps_its_word_in_any_weather(report: Callable[..., None]) -> None:
    """The ledger is the judge after every step; what the rules came to must include the cases that matter."""
    Merchant.counts.clear()
    machine = seed(SEED)(Merchant) if SOAK else Merchant

    run_state_machine_as_test(machine, settings=chosen("machine"))

    report(**Merchant.counts)
    wanted = ("pay", "pay: unknown", "pay: rejected", "update", "list", "settle", "webhook new", "batch never")
    assert [] == [name for name in wanted if not Merchant.counts[name]]


@pytest.fixture(name="merchant")
def _merchant() -> Iterator[Merchant]:
    merchant = Merchant()
    merchant.open(opening=100_000, on_disk=False, trust_429=False, hangs=0)
    yield merchant
    merchant.teardown()


@pytest.mark.parametrize(
    "first", [Fault.STATUS_500_AFTER_COMMIT, Fault.RESET_AFTER_COMMIT, Fault.TRUNCATED_JSON, Fault.GZIP_BOMB]
)
def test_an_earlier_attempt_that_may_have_worked_is_not_forgotten(merchant: Merchant, first: Fault) -> None:
    """The last attempt was refused untouched, the first was carried out: the call's outcome is no refusal."""
    merchant.update(place=0, text="VIP", weather=(first, Fault.STATUS_429_BARE, Fault.STATUS_429_BARE))

    assert 1 == merchant.environment.sandbox.executions(merchant.environment.customers[0])
    merchant.customers_were_updated_as_often_as_was_promised()


def test_a_row_that_was_sent_is_not_called_new(merchant: Merchant) -> None:
    """Its answer was lost, its retry throttled, and then the run was stopped: "new" means that it never left."""
    merchant.run_the_batch(
        texts=["a"], how="stop", after=1, weather=(Fault.RESET_AFTER_COMMIT, *[Fault.STATUS_429_BARE] * 2)
    )
