"""A delivery in a worker's hands: its lease is renewed, lost or ended, and nothing is left running."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from paycombat_async import LeaseLost, StoreFailed
from paycombat_async.testing import FakeClock
from paycombat_async.webhooks import Delivery, Inbox, MemoryInbox, SqliteInbox, read
from paycombat_async.webhooks.inboxes import holding
from paycombat_async.webhooks.inboxes.rules import retry_delay
from tests.processes import PATIENCE_S

pytestmark = pytest.mark.promise("P14")

PAID = read(b'{"id":"id-1","type":"PAYIN","status":"SUCCESS"}')
LATER = read(b'{"id":"id-2","type":"PAYIN","status":"SUCCESS"}')


class SteppedClock(FakeClock):
    """A clock whose sleeps end when a test moves it on."""

    def __init__(self) -> None:
        super().__init__()
        self._sleepers: list[tuple[float, asyncio.Event]] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        over = asyncio.Event()
        self._sleepers.append((self.time + seconds, over))
        await over.wait()

    async def move(self, seconds: float) -> None:
        """Wake those whose time has come, and let them do what they do then."""
        self.time += seconds
        for until, over in self._sleepers:
            if until <= self.time:
                over.set()
        await turns()


async def turns() -> None:
    """All that can go on without a wait goes on."""
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture(name="stepped")
def _stepped() -> SteppedClock:
    return SteppedClock()


@pytest.fixture(name="inbox")
def _inbox(stepped: SteppedClock) -> MemoryInbox:
    return MemoryInbox(clock=stepped)


@pytest.fixture(name="disk")
async def _disk(tmp_path: Path) -> AsyncIterator[SqliteInbox]:
    inbox = SqliteInbox(tmp_path / "inbox.db")
    yield inbox
    await inbox.aclose()


@pytest.fixture(name="_nothing_is_left", autouse=True)
async def _nothing_is_left() -> AsyncIterator[None]:
    """No test leaves a task behind."""
    yield
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def taken(inbox: Inbox, *, lease: float = 60.0) -> Delivery:
    await inbox.receive(PAID)
    delivery = await inbox.take(lease=lease)
    assert delivery is not None
    return delivery


async def lose(inbox: Inbox, clock: SteppedClock) -> None:
    """The lease is over, another worker has the event, and the renewal finds out."""
    await turns()
    clock.time += 61
    await inbox.take()
    await clock.move(0)


async def test_the_lease_is_renewed_every_third_of_it(inbox, stepped):
    """Counted from the taking: work that begins later begins with less."""
    delivery = await taken(inbox, lease=60)
    await stepped.move(15)

    async with delivery:
        await turns()
        for seconds in (5, 20, 20, 20, 20):
            await stepped.move(seconds)
            assert await inbox.take() is None

    assert [5, 20, 20, 20, 20, 20] == stepped.slept
    assert [] == await inbox.pending()


async def test_a_lost_lease_cuts_the_work_off(inbox, stepped):
    """LeaseLost comes out in the place of the cancellation, and the task itself is not cancelled."""
    delivery = await taken(inbox)
    has_begun, cut = asyncio.Event(), []

    async def work() -> str:
        try:
            async with delivery:
                has_begun.set()
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    cut.append(True)
                    raise
        except LeaseLost as error:
            await asyncio.sleep(0)  # no cancellation is left over
            return str(error)
        return "done"

    task = asyncio.create_task(work())
    await has_begun.wait()
    stepped.time += 61
    other = await inbox.take()
    await stepped.move(0)

    assert "event 1 is no longer this worker's" in await task
    assert [True] == cut
    assert 0 == task.cancelling()
    await inbox.done(other)


async def test_a_cancellation_from_outside_stays_one(inbox, stepped, monkeypatch):
    """Also when the lease is lost at the same moment."""
    delivery = await taken(inbox)
    has_begun = asyncio.Event()

    async def work() -> None:
        async with delivery:
            has_begun.set()
            await asyncio.Event().wait()

    async def renew(_delivery: Delivery, *, lease: float) -> None:
        asyncio.get_running_loop().call_soon(task.cancel)  # comes before the worker has noticed the lost lease
        raise LeaseLost("lost")

    monkeypatch.setattr(inbox, "renew", renew)
    task = asyncio.create_task(work())
    await has_begun.wait()
    await turns()
    await stepped.move(20)
    await asyncio.wait([task])

    assert task.cancelled()


async def test_an_error_of_the_body_goes_before_a_lost_lease(inbox, stepped):
    """The lease is lost while the body is about to raise."""
    delivery = await taken(inbox)

    async def work() -> None:
        async with delivery:
            try:
                await lose(inbox, stepped)
            except asyncio.CancelledError:
                raise KeyError from None

    with pytest.raises(KeyError):
        await work()

    assert 0 == asyncio.current_task().cancelling()


async def test_a_body_that_ignores_the_cut_does_not_end_well(inbox, stepped):
    """The event is another worker's."""
    delivery = await taken(inbox)

    async def work() -> None:
        async with delivery:
            with contextlib.suppress(asyncio.CancelledError):
                await lose(inbox, stepped)

    with pytest.raises(LeaseLost):
        await work()

    assert 0 == asyncio.current_task().cancelling()


async def test_work_that_ends_before_anybody_notices_loses_too(inbox, stepped):
    """`done` is fenced, whatever the renewals know."""
    delivery = await taken(inbox)

    async def work() -> None:
        async with delivery:
            stepped.time += 61
            await inbox.take()

    with pytest.raises(LeaseLost):
        await work()


class Flaky(MemoryInbox):
    """An inbox whose store fails when told to."""

    is_down = False

    async def renew(self, delivery: Delivery, *, lease: float = 60.0) -> None:
        self._fail()
        await super().renew(delivery, lease=lease)

    async def release(self, delivery: Delivery) -> None:
        self._fail()
        await super().release(delivery)

    async def take(self, *, lease: float = 60.0) -> Delivery | None:
        self._fail()
        return await super().take(lease=lease)

    def _fail(self) -> None:
        if self.is_down:
            raise StoreFailed("the inbox is down")


async def test_a_store_that_fails_is_asked_again_until_the_lease_is_over(stepped):
    """A database that restarts costs no work; one that stays away does."""
    inbox = Flaky(clock=stepped)
    delivery = await taken(inbox, lease=60)

    async def work() -> None:
        async with delivery:
            await turns()
            inbox.is_down = True
            for seconds in (20, 2, 2):
                await stepped.move(seconds)
            inbox.is_down = False
            await stepped.move(2)
            inbox.is_down = True
            for seconds in (20, *[2] * 20):
                await stepped.move(seconds)
            raise AssertionError("nobody has cut this off")

    with pytest.raises(LeaseLost, match="cannot be renewed: the inbox is down"):
        await work()

    assert [20, 2, 2, 2, 20, *[2] * 20] == stepped.slept


async def test_a_lease_is_counted_from_the_beginning_of_its_renewal(stepped):
    """The store may have renewed it at once, and answered late."""

    class Late(Flaky):
        async def renew(self, delivery: Delivery, *, lease: float = 60.0) -> None:
            await super().renew(delivery, lease=lease)
            stepped.time += 15

    inbox = Late(clock=stepped)
    delivery = await taken(inbox, lease=60)
    begun = stepped.time

    async def work() -> None:
        async with delivery:
            await turns()
            await stepped.move(20)
            inbox.is_down = True
            await stepped.move(20)
            while stepped.time < begun + 20 + 60:
                await stepped.move(1)
            await stepped.move(1)
            raise AssertionError("nobody has cut this off")

    with pytest.raises(LeaseLost):
        await work()


async def test_a_renewal_that_is_never_answered_loses_the_lease(stepped, monkeypatch):
    """Another worker has the event when the lease is over, so this one must not work on."""
    monkeypatch.setattr(holding, "_LATE_S", 0.01)

    class Silent(MemoryInbox):
        async def renew(self, delivery: Delivery, *, lease: float = 60.0) -> None:
            await asyncio.Event().wait()

    delivery = await taken(Silent(clock=stepped), lease=0.03)

    async def work() -> None:
        async with delivery:
            await turns()
            await stepped.move(0.03)
            async with asyncio.timeout(PATIENCE_S):
                await asyncio.Event().wait()

    with pytest.raises(LeaseLost, match="the inbox does not answer"):
        await work()


async def test_a_lost_lease_is_told_at_the_end_of_what_cannot_be_cancelled(stepped):
    """A thread works on; that nobody else has the event yet does not make its lease good again."""
    inbox = Flaky(clock=stepped)
    delivery = await taken(inbox, lease=60)
    lost: list[bool] = []
    held = delivery.hold(lambda: lost.append(True))
    await turns()
    inbox.is_down = True
    for seconds in (20, *[2] * 20):
        await stepped.move(seconds)
    inbox.is_down = False

    for is_clean in (True, False):
        with pytest.raises(LeaseLost):
            await held.end(is_clean=is_clean)

    assert ([True], [PAID]) == (lost, await inbox.pending())


async def test_a_release_that_fails_hides_no_error(stepped, caplog):
    """The event comes again when its lease is over, and the log says so."""
    inbox = Flaky(clock=stepped)
    delivery = await taken(inbox)

    async def work() -> None:
        async with delivery:
            inbox.is_down = True
            raise KeyError

    with pytest.raises(KeyError):
        await work()

    assert ["event 1 is taken again only when its lease is over: the inbox is down"] == caplog.messages


@pytest.mark.parametrize("cancels", [1, 3])
async def test_a_cancelled_worker_still_writes_what_it_did(disk, cancels, monkeypatch):
    """Cancelled while `done` is on its way to the disk, even repeatedly: it arrives there."""
    delivery = await taken(disk)
    is_writing, may_write = asyncio.Event(), asyncio.Event()
    write = disk.done

    async def done(event: Delivery) -> None:
        is_writing.set()
        await may_write.wait()
        await write(event)

    monkeypatch.setattr(disk, "done", done)

    async def work() -> None:
        async with delivery:
            pass

    task = asyncio.create_task(work())
    await is_writing.wait()
    for _ in range(cancels):
        task.cancel()
        await turns()
    may_write.set()
    await asyncio.wait([task])

    assert task.cancelled()
    assert [] == await disk.pending()


async def test_a_write_that_hangs_is_given_up(inbox, monkeypatch):
    """A cancelled worker waits for its last write, but not for ever."""
    monkeypatch.setattr(holding, "_FINISH_S", 0.01)
    delivery = await taken(inbox)
    is_writing = asyncio.Event()

    async def release(_delivery: Delivery) -> None:
        is_writing.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(inbox, "release", release)

    async def work() -> None:
        async with delivery:
            raise KeyError

    task = asyncio.create_task(work())
    await is_writing.wait()
    task.cancel()
    await asyncio.wait([task])
    await turns()

    assert task.cancelled()


async def test_an_event_whose_taking_is_cancelled_is_given_back(disk, monkeypatch):
    """A thread takes it all the same; nobody would have it until the end of its lease."""
    await disk.receive(PAID)
    take, has_taken, may_return = disk._take, asyncio.Event(), asyncio.Event()

    async def slowly(lease: float) -> Delivery | None:
        delivery = await take(lease)
        has_taken.set()
        await may_return.wait()
        return delivery

    monkeypatch.setattr(disk, "_take", slowly)
    task = asyncio.create_task(disk.take())
    await has_taken.wait()
    task.cancel()
    may_return.set()
    await asyncio.wait([task])

    assert task.cancelled()
    assert 2 == (await disk.take()).attempt


async def test_a_coroutine_that_is_thrown_away_leaves_the_lease_to_run_out(inbox):
    """Nothing can be awaited while it is closed."""
    delivery = await taken(inbox)

    async def work() -> None:
        async with delivery:
            await asyncio.Event().wait()

    coroutine = work()
    waiting = coroutine.send(None)
    waiting.cancel()
    coroutine.close()
    await turns()

    assert 1 == (await inbox.depth()).taken


@pytest.mark.parametrize(
    ("attempt", "seconds"), [(1, 0), (2, 1), (3, 2), (4, 4), (7, 32), (8, 60), (9, 60), (10**9, 60)]
)
def test_each_failure_doubles_the_wait(attempt, seconds):
    """An event that cannot be worked on does not keep a worker busy."""
    assert seconds == retry_delay(attempt)


async def test_a_released_event_waits_as_long_as_the_rule_says(inbox, stepped):
    """At once, then a second."""
    await inbox.receive(PAID)
    await inbox.release(await inbox.take())
    await inbox.release(await inbox.take())
    waits = [await inbox.take()]
    stepped.time += 1
    waits.append(await inbox.take())

    assert [None, 3] == [delivery and delivery.attempt for delivery in waits]


def test_its_repr_shows_no_personal_data(inbox):
    """Deliveries are logged."""
    event = read(b'{"id":"id-1","type":"PAYIN","status":"SUCCESS","customer_full_name":"Jane Personal"}')
    asyncio.run(inbox.receive(event))

    delivery = asyncio.run(inbox.take())

    assert f"Delivery({event!r}, number=1, attempt=1)" == repr(delivery)
    assert "Jane" not in repr(delivery)


async def test_work_waits_through_an_outage(stepped, caplog):
    """One warning for each outage, growing waits, and then it goes on."""
    inbox = Flaky(clock=stepped)
    inbox.is_down = True
    await inbox.receive(PAID)
    deliveries = inbox.work(poll=1)
    waiting = asyncio.create_task(anext(deliveries))
    await turns()
    for seconds in (2, 4, 8, 16, 30):
        await stepped.move(seconds)
    inbox.is_down = False
    await stepped.move(30)
    await waiting
    await deliveries.aclose()

    assert [2, 4, 8, 16, 30, 30] == stepped.slept
    assert ["the inbox cannot be reached; its workers go on trying: the inbox is down"] == caplog.messages


async def test_work_notices_what_comes_without_news(disk, tmp_path):
    """From another process, and events whose lease is over: it looks every `poll` seconds."""
    deliveries = disk.work(poll=0.01)
    waiting = asyncio.create_task(anext(deliveries))
    other = SqliteInbox(tmp_path / "inbox.db")
    await other.receive(PAID)

    assert (await waiting).event == PAID
    await deliveries.aclose()
    await other.aclose()


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_work_notices_what_comes_in_this_process_at_once(kind, tmp_path, stepped):
    """No time goes by on the clock."""
    inbox = MemoryInbox(clock=stepped) if kind == "memory" else SqliteInbox(tmp_path / "inbox.db", clock=stepped)
    deliveries = inbox.work(poll=60)
    waiting = asyncio.create_task(anext(deliveries))
    while not stepped.slept:  # it has found nothing
        await turns()
    await inbox.receive(PAID)

    first = await waiting
    waiting = asyncio.create_task(anext(deliveries))
    while len(stepped.slept) < 2:
        await turns()
    await inbox.release(first)

    assert 2 == (await waiting).attempt
    assert 0 == stepped.time - FakeClock().time
    await deliveries.aclose()
    await inbox.aclose()


async def test_no_task_outlives_a_block(inbox):
    """Not even by a turn of the loop: whoever closes the loop next is not warned of it."""
    delivery = await taken(inbox)
    async with delivery:
        assert 2 == len(asyncio.all_tasks())

    assert {asyncio.current_task()} == asyncio.all_tasks()


async def test_no_task_outlives_a_cancelled_wait(inbox):
    """The waits of `work` for news, for time and for its end."""
    waiting = asyncio.create_task(anext(inbox.work(stop=asyncio.Event())))
    await turns()
    assert 5 == len(asyncio.all_tasks())
    waiting.cancel()
    await asyncio.wait([waiting])

    assert {asyncio.current_task()} == asyncio.all_tasks()


async def end_by_break(inbox: Inbox) -> None:
    async for _ in inbox.work():
        break
    gc.collect()


async def end_by_closing_the_generator(inbox: Inbox) -> None:
    deliveries = inbox.work()
    await anext(deliveries)
    await deliveries.aclose()


async def end_by_cancelling(inbox: Inbox) -> None:
    deliveries = inbox.work()
    await anext(deliveries)
    waiting = asyncio.create_task(anext(deliveries))
    await turns()
    waiting.cancel()
    await asyncio.wait([waiting])


async def end_by_collecting_the_generator(inbox: Inbox) -> None:
    deliveries = inbox.work()
    await anext(deliveries)
    del deliveries
    gc.collect()


@pytest.mark.parametrize(
    "end", [end_by_break, end_by_closing_the_generator, end_by_cancelling, end_by_collecting_the_generator]
)
async def test_nothing_is_left_of_work(end: Callable, inbox):
    """No task, whatever ends it, and no listener either."""
    await inbox.receive(PAID)

    await end(inbox)
    await turns()

    assert set() == inbox._news._listeners


async def test_an_inbox_on_a_fake_clock_can_be_worked_on(clock):
    """Its sleeps return at once, and yet others run."""
    inbox = MemoryInbox(clock=clock)
    seen = []

    async def work() -> None:
        async for delivery in inbox.work():
            async with delivery as event:
                await turns()
                seen.append(event)
            if len(seen) == 2:
                return

    task = asyncio.create_task(work())
    for event in (PAID, LATER):
        await turns()
        await inbox.receive(event)
    await task

    assert [PAID, LATER] == seen
