"""The inbox, in memory and in SQLite: what each delivery is to it, and what is left to do."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paycombat_async import ConfigurationError
from paycombat_async.schemas.events import WebhookEvent
from paycombat_async.testing import FakeClock
from paycombat_async.webhooks.events import read_event
from paycombat_async.webhooks.inbox import Inbox, MemoryInbox, Receipt
from paycombat_async.webhooks.inbox_sqlite import SqliteInbox

NEW, DUPLICATE, OUTDATED, CONFLICT = Receipt


def event(status: str, kind: str = "PAYIN", number: int = 1, **more: object) -> WebhookEvent:
    return read_event(json.dumps({"id": f"id-{number}", "type": kind, "status": status, **more}).encode())


def payout(status: str) -> WebhookEvent:
    return event(status, "PAYOUT")


PAID, EXPIRED = event("SUCCESS"), event("EXPIRED")
SENT, RETURNED = payout("SUCCESS"), payout("RETURNED")
OTHER = event("SUCCESS", number=2)
DOUBTFUL = event("SUCCESS", "PAYOUT", approval="FAILED")


@pytest.fixture(name="inbox", params=["memory", "sqlite"])
def _inbox(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> Inbox:
    return MemoryInbox(clock=clock) if request.param == "memory" else SqliteInbox(tmp_path / "inbox.db", clock=clock)


@pytest.mark.parametrize(
    ("deliveries", "receipts"),
    [
        ([PAID], [NEW]),
        ([PAID, PAID, PAID], [NEW, DUPLICATE, DUPLICATE]),
        ([PAID, OTHER], [NEW, NEW]),
        ([event("PENDING"), PAID], [NEW, NEW]),
        ([PAID, event("PENDING"), event("PENDING")], [NEW, OUTDATED, DUPLICATE]),
        ([SENT, RETURNED], [NEW, NEW]),
        ([payout("FAILED"), RETURNED], [NEW, NEW]),
        ([RETURNED, SENT, SENT], [NEW, OUTDATED, DUPLICATE]),
        ([RETURNED, SENT, payout("FAILED")], [NEW, OUTDATED, OUTDATED]),
        ([EXPIRED, PAID, PAID], [NEW, CONFLICT, DUPLICATE]),
        ([PAID, event("FAILED"), EXPIRED], [NEW, CONFLICT, CONFLICT]),
        ([payout("FAILED"), SENT, RETURNED], [NEW, CONFLICT, NEW]),
        ([PAID, SENT], [NEW, NEW]),
        ([event("PENDING"), event("PENDING", updated_at="later")], [NEW, OUTDATED]),
        ([DOUBTFUL, SENT, DOUBTFUL], [NEW, NEW, DUPLICATE]),
        ([SENT, DOUBTFUL], [NEW, NEW]),
        ([PAID, event("MELTED"), PAID], [NEW, NEW, DUPLICATE]),
        ([event("SUCCESS", "REFUND"), event("FAILED", "REFUND")], [NEW, NEW]),
        ([event("FAILED", "REFUND"), event("FAILED", "REFUND")], [NEW, DUPLICATE]),
    ],
    ids=[
        "the first of all",
        "repeated",
        "of two payins",
        "in order",
        "overtaken by its end",
        "a payout that comes back",
        "a failed payout that comes back",
        "overtaken by its return",
        "overtaken by its return, twice",
        "paid after it expired",
        "three ends",
        "two ends and a return",
        "a payin and a payout of one id",
        "the same state in other bytes",
        "in doubt, then for certain",
        "for certain, then in doubt",
        "a status nobody knows",
        "a type nobody knows",
        "a type nobody knows, repeated",
    ],
)
def test_each_delivery_gets_its_receipt(inbox, deliveries, receipts):
    """By what came before it; a contradiction moves nothing."""
    assert receipts == [inbox.receive(delivered) for delivered in deliveries]


def test_what_is_new_is_to_be_done_in_order_of_arrival(inbox):
    """Duplicates and what is outdated are not; contradictions are listed apart."""
    for delivered in (OTHER, RETURNED, SENT, EXPIRED, RETURNED, PAID):
        inbox.receive(delivered)

    assert [OTHER, RETURNED, EXPIRED] == inbox.pending()
    assert [PAID] == inbox.pending(CONFLICT)


def test_an_event_comes_out_as_it_went_in(inbox):
    """The payload byte for byte, white space included."""
    went_in = read_event(
        '{ "id": "id-1", "type": "PAYIN", "status": "SUCCESS", "customer_full_name": "한빛" }'.encode()
    )
    inbox.receive(went_in)

    came_out = inbox.take()

    assert went_in == came_out
    assert went_in.payload == came_out.payload


def test_what_is_done_is_done(inbox):
    """It is neither pending nor taken any more, and a repetition is still known."""
    inbox.receive(PAID)

    inbox.done(inbox.take())
    inbox.done(PAID)

    assert (None, [], DUPLICATE) == (inbox.take(), inbox.pending(), inbox.receive(PAID))


def test_a_contradiction_is_done_when_somebody_says_so(inbox):
    """Until then it stays listed, and no worker gets it."""
    inbox.receive(EXPIRED)
    inbox.receive(PAID)
    inbox.done(EXPIRED)

    taken, listed = inbox.take(), inbox.pending(CONFLICT)
    inbox.done(PAID)

    assert (None, [PAID], []) == (taken, listed, inbox.pending(CONFLICT))


def test_done_refuses_what_never_came(inbox):
    """A mistake of the program, which would otherwise work on the event for ever."""
    with pytest.raises(ConfigurationError, match="never received"):
        inbox.done(PAID)


def test_a_lease_keeps_others_off_until_it_ends(inbox, clock):
    """Then the work counts as cut off; a taken event stays pending all the while."""
    inbox.receive(PAID)
    inbox.take(lease=60)

    clock.time += 59
    during = inbox.take()
    clock.time += 1
    after = inbox.take()

    assert (None, PAID) == (during, after)
    assert [PAID] == inbox.pending()


def test_events_of_one_object_are_worked_on_one_after_the_other(inbox):
    """Another worker gets the return of a payout only when its success is done; other objects do not wait."""
    for delivered in (SENT, RETURNED, OTHER):
        inbox.receive(delivered)

    first, second, third = inbox.take(), inbox.take(), inbox.take()
    inbox.done(SENT)

    assert (SENT, OTHER, None) == (first, second, third)
    assert inbox.take() == RETURNED


def test_a_failed_event_lets_the_others_by(inbox):
    """It waits for the end of its lease, they do not."""
    inbox.receive(PAID)
    inbox.receive(OTHER)

    inbox.take()

    assert inbox.take() == OTHER


def test_what_is_forgotten_is_old_and_done(inbox, clock):
    """Deliveries of the last 90 days and what is still to be done are kept."""
    inbox.receive(event("x", "REFUND"))
    inbox.receive(event("y", "REFUND"))
    inbox.done(event("x", "REFUND"))
    clock.time += 90 * 86_400

    on_the_day = inbox.forget()
    clock.time += 1
    later = inbox.forget()

    assert (0, 1) == (on_the_day, later)
    assert [event("y", "REFUND")] == inbox.pending()
    assert (NEW, DUPLICATE) == (inbox.receive(event("x", "REFUND")), inbox.receive(event("y", "REFUND")))


def test_a_replay_of_a_forgotten_payin_is_outdated(inbox, clock):
    """Signatures are valid for ever; work must not be done again years later."""
    inbox.receive(PAID)
    inbox.done(PAID)
    clock.time += 1

    forgotten = inbox.forget(days=0)

    assert (1, OUTDATED, CONFLICT) == (forgotten, inbox.receive(PAID), inbox.receive(EXPIRED))


def test_a_replay_of_a_forgotten_contradiction_is_one_again(inbox, clock):
    """It never became how the payin stands."""
    for delivered in (EXPIRED, PAID):
        inbox.receive(delivered)
        inbox.done(delivered)
    clock.time += 1

    forgotten = inbox.forget(days=0)

    assert (2, CONFLICT, OUTDATED) == (forgotten, inbox.receive(PAID), inbox.receive(EXPIRED))


@pytest.fixture(name="restless")
def _restless() -> Iterator[None]:
    """Threads take turns so often that what is not guarded breaks."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def at_once(work: Callable[[], object], threads: int = 4) -> list[object]:
    barrier = threading.Barrier(threads)

    def start(_number: int) -> object:
        barrier.wait()
        return work()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(start, range(threads)))


@pytest.mark.usefixtures("restless")
def test_of_concurrent_deliveries_one_is_new(inbox):
    """Threads of a web server, all with the same events."""
    many = [event("SUCCESS", number=number) for number in range(50)]

    by_thread = at_once(lambda: [inbox.receive(one) for one in many])

    assert [[DUPLICATE, DUPLICATE, DUPLICATE, NEW]] * 50 == [sorted(of_one) for of_one in zip(*by_thread, strict=True)]


@pytest.mark.usefixtures("restless")
def test_of_concurrent_workers_one_gets_each_event(inbox):
    """Four take until there is nothing left."""
    many = [event("SUCCESS", number=number) for number in range(50)]
    for one in many:
        inbox.receive(one)

    by_thread = at_once(lambda: list(iter(inbox.take, None)))

    assert sorted(one.key for one in many) == sorted(one.key for taken in by_thread for one in taken)


events = st.sampled_from(
    [
        *(event(status) for status in ("PENDING", "SUCCESS", "FAILED", "EXPIRED", "MELTED")),
        *(payout(status) for status in ("PENDING", "SUCCESS", "FAILED", "RETURNED")),
        event("SUCCESS", "REFUND"),
        DOUBTFUL,
    ]
)
steps = st.one_of(
    st.tuples(st.just("receive"), events),
    st.tuples(st.just("receive"), events),
    st.tuples(st.just("take"), st.just(5.0)),
    st.tuples(st.just("done"), events),
    st.tuples(st.just("wait"), st.floats(0, 10)),
    st.tuples(st.just("forget"), st.just(0.0)),
)


def play(inbox: Inbox, clock: FakeClock, script: list[tuple[str, object]]) -> list[object]:
    """All results of the inbox for a sequence of calls."""
    said: list[object] = []
    for name, given_value in script:
        match name:
            case "receive":
                said.append(inbox.receive(given_value))
            case "take":
                said.append(inbox.take(lease=given_value))
            case "done":
                try:
                    said.append(inbox.done(given_value))
                except ConfigurationError as error:
                    said.append(str(error))
            case "wait":
                clock.time += given_value
            case "forget":
                said.append(inbox.forget(days=given_value))
        said.append((inbox.pending(), inbox.pending(CONFLICT)))
    return said


@settings(max_examples=50)  # each step is a write to the disk, and disks have their moods
@given(st.lists(steps, max_size=20))
def test_both_inboxes_say_the_same(tmp_path_factory, script):
    """Whatever comes in whatever order: the one in memory is the other's specification."""
    path = tmp_path_factory.mktemp("inbox") / "inbox.db"
    one, other = FakeClock(), FakeClock()

    in_memory = play(MemoryInbox(clock=one), one, script)
    in_sqlite = play(SqliteInbox(path, clock=other), other, script)

    assert in_memory == in_sqlite
