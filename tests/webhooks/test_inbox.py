"""The inboxes in memory and in SQLite: what each delivery is to them, and what is left to do."""

import asyncio
import json
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paycombat_async import ConfigurationError, PayCombatError
from paycombat_async.schemas.events import WebhookEvent
from paycombat_async.testing import FakeClock
from paycombat_async.webhooks import Delivery, Inbox, MemoryInbox, Receipt, SqliteInbox, judge, read
from paycombat_sync import webhooks as blocking

NEW, DUPLICATE, OUTDATED, CONFLICT = Receipt


def event(status: str, kind: str = "PAYIN", number: int = 1, **more: object) -> WebhookEvent:
    return read(json.dumps({"id": f"id-{number}", "type": kind, "status": status, **more}).encode())


def payout(status: str) -> WebhookEvent:
    return event(status, "PAYOUT")


PAID, EXPIRED = event("SUCCESS"), event("EXPIRED")
SENT, RETURNED = payout("SUCCESS"), payout("RETURNED")
OTHER = event("SUCCESS", number=2)
DOUBTFUL = event("SUCCESS", "PAYOUT", approval="FAILED")


pytestmark = pytest.mark.promise("P14")


async def take(inbox: Inbox, **options: float) -> WebhookEvent | None:
    """The event of the next delivery."""
    delivery = await inbox.take(**options)
    return delivery.event if delivery else None


@pytest.fixture(name="inbox", params=["memory", "sqlite"])
async def _inbox(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Inbox]:
    inbox = MemoryInbox(clock=clock) if request.param == "memory" else SqliteInbox(tmp_path / "inbox.db", clock=clock)
    yield inbox
    await inbox.aclose()


@pytest.fixture(name="shared", params=["memory", "sqlite"])
def _shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[blocking.Inbox]:
    """For threads."""
    in_memory = request.param == "memory"
    inbox = blocking.MemoryInbox() if in_memory else blocking.SqliteInbox(tmp_path / "inbox.db")
    yield inbox
    inbox.close()


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
async def test_each_delivery_gets_its_receipt(inbox, deliveries, receipts):
    """By what came before it; a contradiction moves nothing."""
    assert receipts == [await inbox.receive(delivered) for delivered in deliveries]


async def test_what_is_new_is_to_be_done_in_order_of_arrival(inbox):
    """Duplicates and what is outdated are not; contradictions are listed apart."""
    for delivered in (OTHER, RETURNED, SENT, EXPIRED, RETURNED, PAID):
        await inbox.receive(delivered)

    assert [OTHER, RETURNED, EXPIRED] == await inbox.pending()
    assert [PAID] == await inbox.pending(CONFLICT)


async def test_an_event_comes_out_as_it_went_in(inbox):
    """The payload byte for byte, white space included."""
    went_in = read('{ "id": "id-1", "type": "PAYIN", "status": "SUCCESS", "customer_full_name": "한빛" }'.encode())
    await inbox.receive(went_in)

    came_out = await take(inbox)

    assert went_in == came_out
    assert went_in.payload == came_out.payload


async def test_what_is_done_is_done(inbox):
    """It is neither pending nor taken any more, and a repetition is still known."""
    await inbox.receive(PAID)

    await inbox.done(await take(inbox))
    await inbox.done(PAID)

    assert (None, [], DUPLICATE) == (await take(inbox), await inbox.pending(), await inbox.receive(PAID))


async def test_a_contradiction_is_done_when_somebody_says_so(inbox):
    """Until then it stays listed, and no worker gets it."""
    await inbox.receive(EXPIRED)
    await inbox.receive(PAID)
    await inbox.done(EXPIRED)

    taken, listed = await take(inbox), await inbox.pending(CONFLICT)
    await inbox.done(PAID)

    assert (None, [PAID], []) == (taken, listed, await inbox.pending(CONFLICT))


async def test_done_refuses_what_never_came(inbox):
    """A mistake of the program, which would otherwise work on the event for ever."""
    with pytest.raises(ConfigurationError, match="never received"):
        await inbox.done(PAID)


async def test_a_lease_keeps_others_off_until_it_ends(inbox, clock):
    """Then the work counts as cut off; a taken event stays pending all the while."""
    await inbox.receive(PAID)
    await take(inbox, lease=60)

    clock.time += 59
    during = await take(inbox)
    clock.time += 1
    after = await take(inbox)

    assert (None, PAID) == (during, after)
    assert [PAID] == await inbox.pending()


@pytest.mark.parametrize("lease", [-1, float("nan"), float("inf"), 1e12])
async def test_a_lease_that_is_no_time_is_refused(inbox, lease):
    """Nothing is taken, and nothing is set aside."""
    await inbox.receive(PAID)
    delivery = await inbox.take()
    await inbox.release(delivery)

    with pytest.raises(ConfigurationError, match="lease must be"):
        await inbox.take(lease=lease)
    with pytest.raises(ConfigurationError, match="lease must be"):
        await inbox.renew(delivery, lease=lease)

    assert (1, 0) == ((await inbox.depth()).waiting, (await inbox.depth()).damaged)


async def test_a_clock_that_is_set_back_hides_no_event(inbox, clock):
    """The lease was taken on a clock that was a day ahead; one that is a moment ahead still counts."""
    await inbox.receive(PAID)
    clock.time += 86_400
    await inbox.take(lease=60)
    clock.time -= 1
    a_moment_before, depth = await take(inbox), await inbox.depth()
    clock.time -= 86_399

    assert (None, 1, PAID) == (a_moment_before, depth.taken, await take(inbox))


async def test_events_of_one_object_are_worked_on_one_after_the_other(inbox):
    """Another worker gets the return of a payout only when its success is done; other objects do not wait."""
    for delivered in (SENT, RETURNED, OTHER):
        await inbox.receive(delivered)

    first, second, third = await take(inbox), await take(inbox), await take(inbox)
    await inbox.done(SENT)

    assert (SENT, OTHER, None) == (first, second, third)
    assert await take(inbox) == RETURNED


async def test_a_failed_event_lets_the_others_by(inbox):
    """It waits for the end of its lease, they do not."""
    await inbox.receive(PAID)
    await inbox.receive(OTHER)

    await take(inbox)

    assert await take(inbox) == OTHER


async def test_what_is_forgotten_is_old_and_done(inbox, clock):
    """Deliveries of the last 90 days and what is still to be done are kept."""
    await inbox.receive(event("x", "REFUND"))
    await inbox.receive(event("y", "REFUND"))
    await inbox.done(event("x", "REFUND"))
    clock.time += 90 * 86_400

    on_the_day = await inbox.forget()
    clock.time += 1
    later = await inbox.forget()

    assert (0, 1) == (on_the_day, later)
    assert [event("y", "REFUND")] == await inbox.pending()
    assert (NEW, DUPLICATE) == (await inbox.receive(event("x", "REFUND")), await inbox.receive(event("y", "REFUND")))


async def test_a_replay_of_a_forgotten_payin_is_outdated(inbox, clock):
    """Signatures are valid for ever; work must not be done again years later."""
    await inbox.receive(PAID)
    await inbox.done(PAID)
    clock.time += 1

    forgotten = await inbox.forget(days=0)

    assert (1, OUTDATED, CONFLICT) == (forgotten, await inbox.receive(PAID), await inbox.receive(EXPIRED))


async def test_a_replay_of_a_forgotten_contradiction_is_one_again(inbox, clock):
    """It never became how the payin stands."""
    for delivered in (EXPIRED, PAID):
        await inbox.receive(delivered)
        await inbox.done(delivered)
    clock.time += 1

    forgotten = await inbox.forget(days=0)

    assert (2, CONFLICT, OUTDATED) == (forgotten, await inbox.receive(PAID), await inbox.receive(EXPIRED))


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
def test_of_concurrent_deliveries_one_is_new(shared):
    """Threads of a web server, all with the same events."""
    many = [event("SUCCESS", number=number) for number in range(50)]

    by_thread = at_once(lambda: [shared.receive(one) for one in many])

    assert [[DUPLICATE, DUPLICATE, DUPLICATE, NEW]] * 50 == [sorted(of_one) for of_one in zip(*by_thread, strict=True)]


@pytest.mark.usefixtures("restless")
def test_of_concurrent_workers_one_gets_each_event(shared):
    """Four take until there is nothing left."""
    many = [event("SUCCESS", number=number) for number in range(50)]
    for one in many:
        shared.receive(one)

    by_thread = at_once(lambda: list(iter(shared.take, None)))

    assert sorted(one.key for one in many) == sorted(one.event.key for taken in by_thread for one in taken)


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
    st.tuples(st.sampled_from(["end", "release", "renew"]), st.integers(0, 3)),
    st.tuples(st.just("wait"), st.floats(-3, 10)),
    st.tuples(st.just("forget"), st.just(0.0)),
)


async def play(inbox: Inbox, clock: FakeClock, script: list[tuple[str, object]]) -> list[object]:
    """All results of the inbox for a sequence of calls; `end` and the like act on the last deliveries but some."""
    said: list[object] = []
    taken: list[Delivery] = []
    for name, value in script:
        if name in {"end", "release", "renew"} and value < len(taken):
            steps = {"end": inbox.done, "release": inbox.release, "renew": inbox.renew}
            said.append(await outcome(steps[name](taken[-1 - value])))
        elif name == "receive":
            said.append(await inbox.receive(value))
        elif name == "take":
            delivery = await inbox.take(lease=value)
            said.append(delivery and (delivery.event, delivery.number, delivery.attempt))
            taken += [delivery] if delivery else []
        elif name == "done":
            said.append(await outcome(inbox.done(value)))
        elif name == "wait":
            clock.time += value
        elif name == "forget":
            said.append(await inbox.forget(days=value))
        said.append((await inbox.pending(), await inbox.pending(CONFLICT), await inbox.depth()))
    await inbox.aclose()
    return said


async def outcome(step: Awaitable[None]) -> str | None:
    try:
        return await step
    except PayCombatError as error:
        return repr(error)


@settings(max_examples=50)  # each step is a write to the disk, and disks have their moods
@given(st.lists(steps, max_size=20))
def test_both_inboxes_say_the_same(tmp_path_factory, script):
    """Whatever comes in whatever order: the one in memory is the other's specification."""
    path = tmp_path_factory.mktemp("inbox") / "inbox.db"
    one, other = FakeClock(), FakeClock()

    in_memory = asyncio.run(play(MemoryInbox(clock=one), one, script))
    in_sqlite = asyncio.run(play(SqliteInbox(path, clock=other), other, script))

    assert in_memory == in_sqlite


@pytest.mark.parametrize(
    ("delivered", "standing", "receipt"),
    [
        (PAID, None, NEW),
        (PAID, "PENDING", NEW),
        (PAID, "SUCCESS", OUTDATED),
        (PAID, "EXPIRED", CONFLICT),
        (RETURNED, "FAILED", NEW),
        (SENT, "RETURNED", OUTDATED),
        (PAID, "a status of a later release", NEW),
        (DOUBTFUL, "SUCCESS", NEW),
        (event("MELTED"), "SUCCESS", NEW),
    ],
)
def test_the_verdict_can_be_asked_for(delivered, standing, receipt):
    """Without an inbox, as for a table of one's own."""
    assert receipt is judge(delivered, standing)
