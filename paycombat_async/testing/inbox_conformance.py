"""Checks of what every inbox (`webhooks.Inbox`) must do. Run them on an inbox that you have written yourself.

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    async def test_my_inbox(check):
        async with a_fresh_inbox() as inbox:
            await check(inbox)

Each check needs a new, empty inbox without an intents store, and raises `AssertionError` if the inbox does not do what
the check's docstring says.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from typing import Final, TypeAlias

import msgspec

from paycombat_async.errors import ConfigurationError, LeaseLost
from paycombat_async.schemas.events import WebhookEvent
from paycombat_async.webhooks.events import read_event
from paycombat_async.webhooks.inboxes.delivery import Delivery
from paycombat_async.webhooks.inboxes.inbox import Depth, Inbox, Receipt

Check: TypeAlias = Callable[[Inbox], Awaitable[None]]

_LEASE_S: Final = 3600.0  # longer than any check takes
_EMPTY: Final = Depth(waiting=0, taken=0, conflicts=0, damaged=0, oldest=None)
_STOP_S: Final = 60.0  # a wait that takes longer has failed


async def an_event_is_new_once(inbox: Inbox) -> None:
    """The first `receive` of an event returns NEW, and each later one DUPLICATE, even after the event is done."""
    assert await inbox.receive(_payin("SUCCESS")) is Receipt.NEW
    assert await inbox.receive(_payin("SUCCESS")) is Receipt.DUPLICATE
    await inbox.done(await _take(inbox))
    assert await inbox.receive(_payin("SUCCESS")) is Receipt.DUPLICATE
    assert await inbox.take() is None


async def of_many_at_once_one_is_new(inbox: Inbox) -> None:
    """Of 20 concurrent calls of `receive` with one event, exactly one returns NEW."""
    receipts = await asyncio.gather(*(inbox.receive(_payin("SUCCESS")) for _ in range(20)))

    assert sorted(receipts) == [Receipt.DUPLICATE] * 19 + [Receipt.NEW]


async def an_earlier_status_is_outdated(inbox: Inbox) -> None:
    """An event whose payin or payout already has a later status is OUTDATED, and no worker gets the event."""
    assert await inbox.receive(_payout("RETURNED")) is Receipt.NEW
    assert await inbox.receive(_payout("SUCCESS")) is Receipt.OUTDATED
    assert await inbox.receive(_payout("SUCCESS")) is Receipt.DUPLICATE
    assert [event.status for event in await inbox.pending()] == ["RETURNED"]
    assert await inbox.pending(Receipt.OUTDATED) == []


async def another_end_is_a_conflict(inbox: Inbox) -> None:
    """An event with a final status after another final status is a CONFLICT.

    No worker gets the event, and `pending` lists it until `done`.
    """
    assert await inbox.receive(_payin("EXPIRED")) is Receipt.NEW
    assert await inbox.receive(_payin("SUCCESS")) is Receipt.CONFLICT
    await inbox.done(await _take(inbox))

    assert await inbox.take() is None
    assert [event.status for event in await inbox.pending(Receipt.CONFLICT)] == ["SUCCESS"]
    await inbox.done(_payin("SUCCESS"))
    assert await inbox.pending(Receipt.CONFLICT) == []


async def an_event_comes_out_as_it_went_in(inbox: Inbox) -> None:
    """`take` returns the event with its payload byte for byte, as attempt 1."""
    event = read_event('{ "id": "id-1", "type": "PAYIN", "status": "SUCCESS", "brand": "한빛\\u0000" }'.encode())
    await inbox.receive(event)
    delivery = await _take(inbox)

    assert delivery.event == event
    assert delivery.event.payload == event.payload
    assert (delivery.attempt, delivery.connection) == (1, None)


async def events_are_taken_in_order_of_arrival(inbox: Inbox) -> None:
    """`take` and `pending` return events in order of arrival; `pending` returns at most `limit`."""
    for number in range(5):
        await inbox.receive(_payin("SUCCESS", number))

    assert [event.id for event in await inbox.pending(limit=3)] == ["id-0", "id-1", "id-2"]
    assert [(await _take(inbox)).event.id for _ in range(5)] == [f"id-{number}" for number in range(5)]
    assert await inbox.take() is None


async def one_worker_gets_an_event(inbox: Inbox) -> None:
    """Each event is returned by exactly one of 20 concurrent calls of `take`."""
    for number in range(5):
        await inbox.receive(_payin("SUCCESS", number))
    taken = await asyncio.gather(*(inbox.take(lease=_LEASE_S) for _ in range(20)))

    assert sorted(str(delivery.event.id) for delivery in taken if delivery) == [f"id-{number}" for number in range(5)]


async def events_of_one_object_wait_for_each_other(inbox: Inbox) -> None:
    """The RETURNED event of a payout is taken only after its SUCCESS event is done. Other payouts do not wait."""
    for event in (_payout("SUCCESS"), _payout("RETURNED"), _payout("SUCCESS", 2)):
        await inbox.receive(event)
    first, second = await _take(inbox), await _take(inbox)

    assert (first.event.status, second.event.id) == ("SUCCESS", "id-2")
    assert await inbox.take() is None
    await inbox.done(first)
    assert (await _take(inbox)).event.status == "RETURNED"


async def an_event_whose_lease_is_over_is_taken_again(inbox: Inbox) -> None:
    """After the end of an event's lease, the next `take` returns the event as attempt 2, with another token."""
    await inbox.receive(_payin("SUCCESS"))
    first = await _take(inbox, lease=0)
    second = await _take(inbox)

    assert (first.number, first.attempt, second.attempt) == (second.number, 1, 2)
    assert first.token != second.token
    assert await inbox.take() is None


async def a_worker_that_comes_too_late_is_refused(inbox: Inbox) -> None:
    """When another worker has taken the event, `done`, `release` and `renew` raise `LeaseLost` and change nothing."""
    await inbox.receive(_payin("SUCCESS"))
    late = await _take(inbox, lease=0)
    holder = await _take(inbox)

    for attempt in (inbox.done, inbox.release, inbox.renew):
        assert await _loses(attempt(late))
    assert (await inbox.depth()).taken == 1
    await inbox.done(holder)
    for attempt in (inbox.done, inbox.release, inbox.renew):
        assert await _loses(attempt(late))


async def done_may_be_repeated(inbox: Inbox) -> None:
    """After `done`, further calls of `done`, `release` and `renew` with the same delivery do nothing."""
    await inbox.receive(_payin("SUCCESS"))
    delivery = await _take(inbox)
    for step in (inbox.done, inbox.done, inbox.release, inbox.renew, inbox.done):
        await step(delivery)

    assert await inbox.take() is None
    assert await inbox.pending() == []


async def done_after_the_lease_counts_if_nobody_took_the_event(inbox: Inbox) -> None:
    """`done` and `renew` succeed after the end of the lease if no other worker has taken the event."""
    await inbox.receive(_payin("SUCCESS"))
    delivery = await _take(inbox, lease=0)
    await inbox.renew(delivery, lease=_LEASE_S)
    assert await inbox.take() is None
    await inbox.renew(delivery, lease=0)
    await inbox.done(delivery)
    assert await inbox.take() is None


async def a_lease_is_a_time(inbox: Inbox) -> None:
    """`take` and `renew` raise `ConfigurationError` for a lease that is negative, NaN or infinite, and take nothing."""
    await inbox.receive(_payin("SUCCESS"))
    delivery = await _take(inbox)
    await inbox.release(delivery)
    for lease in (-1, float("nan"), float("inf")):
        for call in (inbox.take(lease=lease), inbox.renew(delivery, lease=lease)):
            try:
                await call
            except ConfigurationError:
                continue
            raise AssertionError("a lease that is no time was accepted")
    assert (await inbox.depth()).waiting == 1


async def a_released_event_is_taken_again(inbox: Inbox) -> None:
    """After `release`, an event can be taken immediately if that was its first attempt; after its second it waits.

    `renew` raises `LeaseLost` for a delivery that was released.
    """
    await inbox.receive(_payin("SUCCESS"))
    first = await _take(inbox)
    await inbox.release(first)
    assert await _loses(inbox.renew(first))
    second = await _take(inbox)
    assert second.attempt == 2
    await inbox.release(second)
    assert await inbox.take() is None
    assert (await inbox.depth()).waiting == 1


async def a_person_may_call_an_event_done(inbox: Inbox) -> None:
    """`done` with an event marks the event even if a worker has it.

    It raises `ConfigurationError` for an event that was never received.
    """
    await inbox.receive(_payin("SUCCESS"))
    delivery = await _take(inbox)
    await inbox.done(_payin("SUCCESS"))
    await inbox.done(_payin("SUCCESS"))
    await inbox.done(delivery)

    assert await inbox.pending() == []
    try:
        await inbox.done(_payin("SUCCESS", 2))
    except ConfigurationError:
        return
    raise AssertionError("an event that was never received was marked as done")


async def a_clean_end_is_done(inbox: Inbox) -> None:
    """`async with delivery as event` yields the event, and marks it as done at the end."""
    await inbox.receive(_payin("SUCCESS"))
    async with await _take(inbox) as event:
        assert event == _payin("SUCCESS")
        assert (await inbox.depth()).taken == 1
    assert await inbox.depth() == _EMPTY


async def an_error_releases(inbox: Inbox) -> None:
    """When the block of `async with delivery` raises, the error is passed on, and the event is free immediately."""
    await inbox.receive(_payin("SUCCESS"))
    with suppress(_BodyFailed):
        async with await _take(inbox):
            raise _BodyFailed
    assert (await _take(inbox)).attempt == 2


async def a_cancelled_body_releases(inbox: Inbox) -> None:
    """When the block of `async with delivery` is cancelled, the event can be taken again immediately."""
    await inbox.receive(_payin("SUCCESS"))
    entered = asyncio.Event()

    async def body() -> None:
        async with await _take(inbox):
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(body())
    await entered.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert (await _take(inbox)).attempt == 2


async def taken_is_one_event_and_its_end(inbox: Inbox) -> None:
    """`taken` yields the next delivery, and marks the event as done unless the `with` block raises.

    It yields None if no event can be taken.
    """
    await inbox.receive(_payin("SUCCESS"))
    with suppress(_BodyFailed):
        async with inbox.taken() as delivery:
            assert delivery is not None
            raise _BodyFailed
    async with inbox.taken() as delivery:
        assert delivery is not None
        assert delivery.event == _payin("SUCCESS")
    async with inbox.taken() as delivery:
        assert delivery is None
    assert await inbox.depth() == _EMPTY


async def work_yields_what_is_there_and_what_comes(inbox: Inbox) -> None:
    """`work` yields the events that are in the inbox, and those that arrive while it waits."""
    await inbox.receive(_payin("SUCCESS"))
    seen: list[str | None] = []

    async def work() -> None:
        async with aclosing(inbox.work(lease=_LEASE_S)) as deliveries:
            async for delivery in deliveries:
                async with delivery as event:
                    seen.append(event.id)
                if len(seen) == 3:
                    return

    task = asyncio.create_task(work())
    for number in (2, 3):
        await inbox.receive(_payin("SUCCESS", number))
    async with asyncio.timeout(_STOP_S):
        await task
    assert seen == ["id-1", "id-2", "id-3"]
    assert await inbox.depth() == _EMPTY


async def work_ends_when_it_is_told(inbox: Inbox) -> None:
    """`work` ends when `stop` is set: after the delivery under way, or immediately if it waits for events."""
    stop = asyncio.Event()
    for number in (1, 2):
        await inbox.receive(_payin("SUCCESS", number))
    async for delivery in inbox.work(stop=stop):
        async with delivery:
            stop.set()
    assert [event.id for event in await inbox.pending()] == ["id-2"]

    await inbox.done(_payin("SUCCESS", 2))
    stop = asyncio.Event()
    asyncio.get_running_loop().call_soon(stop.set)
    async with asyncio.timeout(_STOP_S):
        assert [delivery async for delivery in inbox.work(stop=stop)] == []


async def work_ends_when_the_inbox_is_closed(inbox: Inbox) -> None:
    """`aclose` ends the loops of `work`; the inbox can be used again afterwards."""
    task = asyncio.create_task(anext(inbox.work(), None))
    while not task.done():
        await inbox.aclose()
        await asyncio.wait([task], timeout=0.01)  # `aclose` is repeated, because `work` may not have begun before
    assert task.result() is None
    assert await inbox.receive(_payin("SUCCESS")) is Receipt.NEW
    await _take(inbox)


async def the_depth_counts_what_is_not_done(inbox: Inbox) -> None:
    """`depth` counts waiting events, taken events and conflicts, and has the age of the oldest of them in seconds."""
    assert await inbox.depth() == _EMPTY
    for event in (_payin("EXPIRED"), _payin("SUCCESS"), _payin("SUCCESS", 2), _payout("SUCCESS"), _payout("PENDING")):
        await inbox.receive(event)
    await _take(inbox)
    depth = await inbox.depth()

    assert (depth.waiting, depth.taken, depth.conflicts, depth.damaged) == (2, 1, 1, 0)
    assert depth.oldest is not None
    assert 0 <= depth.oldest < _LEASE_S
    assert await inbox.damaged() == []


async def only_done_events_are_forgotten(inbox: Inbox) -> None:
    """`forget` deletes only events that are done and old enough, and returns how many. The recorded statuses stay."""
    await inbox.receive(_payin("SUCCESS"))
    await inbox.receive(_payin("SUCCESS", 2))
    await inbox.done(_payin("SUCCESS"))

    assert await inbox.forget(days=1) == 0
    assert await inbox.forget(days=-1) == 1
    assert await inbox.receive(_payin("SUCCESS")) is Receipt.OUTDATED
    assert await inbox.receive(_payin("SUCCESS", 2)) is Receipt.DUPLICATE


CHECKS: Final[tuple[Check, ...]] = (
    an_event_is_new_once,
    of_many_at_once_one_is_new,
    an_earlier_status_is_outdated,
    another_end_is_a_conflict,
    an_event_comes_out_as_it_went_in,
    events_are_taken_in_order_of_arrival,
    one_worker_gets_an_event,
    events_of_one_object_wait_for_each_other,
    an_event_whose_lease_is_over_is_taken_again,
    a_worker_that_comes_too_late_is_refused,
    done_may_be_repeated,
    done_after_the_lease_counts_if_nobody_took_the_event,
    a_lease_is_a_time,
    a_released_event_is_taken_again,
    a_person_may_call_an_event_done,
    a_clean_end_is_done,
    an_error_releases,
    a_cancelled_body_releases,
    taken_is_one_event_and_its_end,
    work_yields_what_is_there_and_what_comes,
    work_ends_when_it_is_told,
    work_ends_when_the_inbox_is_closed,
    the_depth_counts_what_is_not_done,
    only_done_events_are_forgotten,
)


class _BodyFailed(Exception):
    """Is raised by the checks in place of an error of a worker's own code."""


def _event(kind: str, status: str, number: int) -> WebhookEvent:
    return read_event(msgspec.json.encode({"id": f"id-{number}", "type": kind, "status": status}))


def _payin(status: str, number: int = 1) -> WebhookEvent:
    return _event("PAYIN", status, number)


def _payout(status: str, number: int = 1) -> WebhookEvent:
    return _event("PAYOUT", status, number)


async def _take(inbox: Inbox, *, lease: float = _LEASE_S) -> Delivery:
    delivery = await inbox.take(lease=lease)
    assert delivery is not None, "nothing waits in the inbox"
    return delivery


async def _loses(attempt: Awaitable[None]) -> bool:
    try:
        await attempt
    except LeaseLost:
        return True
    return False
