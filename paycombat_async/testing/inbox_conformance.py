"""Checks of what every inbox (`webhooks.Inbox`) must do. Run them on an inbox that you have written yourself.

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    async def test_my_inbox(check):
        async with a_fresh_inbox() as inbox:
            await check(inbox)

Each check needs a new, empty inbox without an intents store. The docstring of a check is the rule that the inbox must
follow. If the inbox does not follow it, the check raises `AssertionError`. The message names the check, quotes the
rule, and says what was found.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from typing import Final, TypeAlias

import msgspec

from paycombat_async.errors import ConfigurationError, LeaseLost
from paycombat_async.schemas.events import WebhookEvent
from paycombat_async.testing.rules import expect, expect_error, rule
from paycombat_async.webhooks.events import read_event
from paycombat_async.webhooks.inboxes.delivery import Delivery
from paycombat_async.webhooks.inboxes.inbox import Depth, Inbox, Receipt

Check: TypeAlias = Callable[[Inbox], Awaitable[None]]

_LEASE_S: Final = 3600.0  # seconds; longer than any check takes, so that it does not end during a check
_EMPTY: Final = Depth(waiting=0, taken=0, conflicts=0, damaged=0, oldest=None)
_SOME: Final = Depth(waiting=2, taken=1, conflicts=1, damaged=0, oldest=None)
_STOP_S: Final = 60.0  # seconds; if `work` has not ended or yielded by then, the check fails


@rule
async def an_event_is_new_once(inbox: Inbox) -> None:
    """The first `receive` of an event returns NEW. Each later call returns DUPLICATE, even after the event is done."""
    await _receives(inbox, _payin("SUCCESS"), Receipt.NEW)
    await _receives(inbox, _payin("SUCCESS"), Receipt.DUPLICATE)
    await inbox.done(await _take(inbox))
    await _receives(inbox, _payin("SUCCESS"), Receipt.DUPLICATE)
    await _has_nothing(inbox)


@rule
async def of_many_at_once_one_is_new(inbox: Inbox) -> None:
    """If 20 calls of `receive` with the same event run concurrently, exactly one of them returns NEW."""
    receipts = await asyncio.gather(*(inbox.receive(_payin("SUCCESS")) for _ in range(20)))

    expect("the receipts", sorted(receipts), [Receipt.DUPLICATE] * 19 + [Receipt.NEW])


@rule
async def an_earlier_status_is_outdated(inbox: Inbox) -> None:
    """An event whose payin or payout already has a later status is OUTDATED, and no worker gets it."""
    await _receives(inbox, _payout("RETURNED"), Receipt.NEW)
    await _receives(inbox, _payout("SUCCESS"), Receipt.OUTDATED)
    await _receives(inbox, _payout("SUCCESS"), Receipt.DUPLICATE)
    expect("the statuses in pending()", [event.status for event in await inbox.pending()], ["RETURNED"])
    expect("pending(Receipt.OUTDATED)", await inbox.pending(Receipt.OUTDATED), [])


@rule
async def another_end_is_a_conflict(inbox: Inbox) -> None:
    """If a final status follows another final status, the second event is a CONFLICT, and no worker gets it.

    For example, SUCCESS may follow EXPIRED. `pending(Receipt.CONFLICT)` lists the second event until `done` is called
    with it.
    """
    await _receives(inbox, _payin("EXPIRED"), Receipt.NEW)
    await _receives(inbox, _payin("SUCCESS"), Receipt.CONFLICT)
    await inbox.done(await _take(inbox))

    await _has_nothing(inbox)
    expect("pending(Receipt.CONFLICT)", await inbox.pending(Receipt.CONFLICT), [_payin("SUCCESS")])
    await inbox.done(_payin("SUCCESS"))
    expect("pending(Receipt.CONFLICT) after done()", await inbox.pending(Receipt.CONFLICT), [])


@rule
async def an_event_comes_out_as_it_went_in(inbox: Inbox) -> None:
    """`take` returns the event with the same payload, byte for byte, and with attempt number 1."""
    event = read_event('{ "id": "id-1", "type": "PAYIN", "status": "SUCCESS", "brand": "한빛\\u0000" }'.encode())
    await inbox.receive(event)
    delivery = await _take(inbox)

    expect("the event", delivery.event, event)
    expect("its payload", delivery.event.payload, event.payload)
    expect("the attempt", delivery.attempt, 1)
    expect("the connection", delivery.connection, None)


@rule
async def events_are_taken_in_order_of_arrival(inbox: Inbox) -> None:
    """`take` and `pending` return events in order of arrival. `pending` returns at most `limit` events."""
    for number in range(5):
        await inbox.receive(_payin("SUCCESS", number))

    expect("pending(limit=3)", _ids(await inbox.pending(limit=3)), ["id-0", "id-1", "id-2"])
    taken = [(await _take(inbox)).event for _ in range(5)]
    expect("the events taken, in order", _ids(taken), [f"id-{number}" for number in range(5)])
    await _has_nothing(inbox)


@rule
async def one_worker_gets_an_event(inbox: Inbox) -> None:
    """If 20 calls of `take` run concurrently, each event is returned by exactly one of them."""
    for number in range(5):
        await inbox.receive(_payin("SUCCESS", number))
    taken = await asyncio.gather(*(inbox.take(lease=_LEASE_S) for _ in range(20)))

    found = sorted(str(delivery.event.id) for delivery in taken if delivery)
    expect("the events taken", found, [f"id-{number}" for number in range(5)])


@rule
async def events_of_one_object_wait_for_each_other(inbox: Inbox) -> None:
    """The RETURNED event of a payout is taken only after its SUCCESS event is done. Other payouts do not wait."""
    for event in (_payout("SUCCESS"), _payout("RETURNED"), _payout("SUCCESS", 2)):
        await inbox.receive(event)
    first, second = await _take(inbox), await _take(inbox)

    expect("the first status taken", first.event.status, "SUCCESS")
    expect("the second id taken", second.event.id, "id-2")
    await _has_nothing(inbox)
    await inbox.done(first)
    expect("the status taken after done()", (await _take(inbox)).event.status, "RETURNED")


@rule
async def an_event_whose_lease_is_over_is_taken_again(inbox: Inbox) -> None:
    """After the lease of a taken event has ended, `take` returns the event again, as attempt 2 and with a new token.

    With the new token, the inbox can tell the two workers apart.
    """
    await inbox.receive(_payin("SUCCESS"))
    first = await _take(inbox, lease=0)
    second = await _take(inbox)

    expect("the number of the event taken again", second.number, first.number)
    expect("the attempts", (first.attempt, second.attempt), (1, 2))
    expect("whether both have the same token", first.token == second.token, wanted=False)
    await _has_nothing(inbox)


@rule
async def a_worker_that_comes_too_late_is_refused(inbox: Inbox) -> None:
    """After another worker has taken an event, `done`, `release` and `renew` of the first worker raise `LeaseLost`.

    They change nothing. They also raise `LeaseLost` after the other worker has marked the event as done, and after
    `forget` has deleted the event.
    """
    await inbox.receive(_payin("SUCCESS"))
    late = await _take(inbox, lease=0)
    holder = await _take(inbox)

    await _loses(inbox, late, "while another worker has the event")
    expect("taken in depth()", (await inbox.depth()).taken, 1)
    await inbox.done(holder)
    await _loses(inbox, late, "when the other worker is done")
    await inbox.forget(days=-1)
    await _loses(inbox, holder, "when the event is forgotten")


@rule
async def done_may_be_repeated(inbox: Inbox) -> None:
    """After `done`, more calls of `done`, `release` and `renew` with the same delivery do nothing and raise nothing."""
    await inbox.receive(_payin("SUCCESS"))
    delivery = await _take(inbox)
    for step in (inbox.done, inbox.done, inbox.release, inbox.renew, inbox.done):
        await step(delivery)

    await _has_nothing(inbox)
    expect("pending()", await inbox.pending(), [])


@rule
async def done_after_the_lease_counts_if_nobody_took_the_event(inbox: Inbox) -> None:
    """After the end of the lease, `done` and `renew` still have their effect if nobody has taken the event again.

    After `release`, `done` still marks the event as done, and a second `release` does nothing.
    """
    await inbox.receive(_payin("SUCCESS"))
    delivery = await _take(inbox, lease=0)
    await inbox.renew(delivery, lease=_LEASE_S)
    await _has_nothing(inbox)
    await inbox.renew(delivery, lease=0)
    await inbox.release(delivery)
    await inbox.release(delivery)
    await inbox.done(delivery)
    await _has_nothing(inbox)
    expect("depth()", await inbox.depth(), _EMPTY)


@rule
async def a_lease_is_a_time(inbox: Inbox) -> None:
    """`take` and `renew` raise `ConfigurationError` for a lease that is negative, NaN or infinite, and take nothing."""
    await inbox.receive(_payin("SUCCESS"))
    delivery = await _take(inbox)
    await inbox.release(delivery)
    for lease in (-1, float("nan"), float("inf")):
        await expect_error(f"take(lease={lease})", inbox.take(lease=lease), ConfigurationError)
        await expect_error(f"renew(lease={lease})", inbox.renew(delivery, lease=lease), ConfigurationError)
    expect("waiting in depth()", (await inbox.depth()).waiting, 1)


@rule
async def a_released_event_is_taken_again(inbox: Inbox) -> None:
    """An event that is released after attempt 1 can be taken immediately. After attempt 2, there is a pause first.

    `renew` raises `LeaseLost` for a delivery that was released.
    """
    await inbox.receive(_payin("SUCCESS"))
    first = await _take(inbox)
    await inbox.release(first)
    await expect_error("renew() after release()", inbox.renew(first), LeaseLost)
    second = await _take(inbox)
    expect("the attempt after release()", second.attempt, 2)
    await inbox.release(second)
    await _has_nothing(inbox)
    expect("waiting in depth()", (await inbox.depth()).waiting, 1)


@rule
async def a_person_may_call_an_event_done(inbox: Inbox) -> None:
    """`done` with an event (not a delivery) marks the event as done, even if a worker has taken it.

    The worker's own calls then do nothing. For an unknown event, `done` raises `ConfigurationError`.
    """
    await inbox.receive(_payin("SUCCESS"))
    delivery = await _take(inbox)
    await inbox.done(_payin("SUCCESS"))
    await inbox.done(_payin("SUCCESS"))
    for step in (inbox.renew, inbox.release, inbox.done):
        await step(delivery)

    expect("pending()", await inbox.pending(), [])
    await _has_nothing(inbox)
    await expect_error("done() of an unknown event", inbox.done(_payin("SUCCESS", 2)), ConfigurationError)


@rule
async def a_clean_end_is_done(inbox: Inbox) -> None:
    """`async with delivery as event` yields the event. At a clean end of the block, it marks the event as done."""
    await inbox.receive(_payin("SUCCESS"))
    async with await _take(inbox) as event:
        expect("the event in the body", event, _payin("SUCCESS"))
        expect("taken in depth() meanwhile", (await inbox.depth()).taken, 1)
    expect("depth() afterwards", await inbox.depth(), _EMPTY)


@rule
async def an_error_releases(inbox: Inbox) -> None:
    """If the block of `async with delivery` raises, its error is passed on, and the event can be taken immediately."""
    await inbox.receive(_payin("SUCCESS"))
    await expect_error("a body that raises", _failing(await _take(inbox)), _BodyFailed)
    expect("the attempt after the error", (await _take(inbox)).attempt, 2)


@rule
async def a_cancelled_body_releases(inbox: Inbox) -> None:
    """If the block of `async with delivery` is cancelled, the event can be taken again immediately."""
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
    expect("whether the task was cancelled", task.cancelled(), wanted=True)
    expect("the attempt after the cancellation", (await _take(inbox)).attempt, 2)


@rule
async def taken_is_one_event_and_its_end(inbox: Inbox) -> None:
    """`taken` yields the next delivery, or None if no event can be taken.

    At a clean end of the `with` block, `taken` marks the event as done. If the block raises, the event can be taken
    again.
    """
    await inbox.receive(_payin("SUCCESS"))
    with suppress(_BodyFailed):
        async with inbox.taken() as delivery:
            expect("what taken() yields", delivery and delivery.event, _payin("SUCCESS"))
            raise _BodyFailed
    async with inbox.taken() as delivery:
        expect("what taken() yields after an error", delivery and delivery.event, _payin("SUCCESS"))
    async with inbox.taken() as delivery:
        expect("what taken() yields when nothing waits", delivery, None)
    expect("depth()", await inbox.depth(), _EMPTY)


@rule
async def work_yields_what_is_there_and_what_comes(inbox: Inbox) -> None:
    """`work` yields the events that are in the inbox, and the events that arrive while it waits."""
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
    expect("the events that work() yields", seen, ["id-1", "id-2", "id-3"])
    expect("depth()", await inbox.depth(), _EMPTY)


@rule
async def work_ends_when_it_is_told(inbox: Inbox) -> None:
    """After `stop` is set, `work` ends: after the current delivery, or immediately if it is waiting for events."""
    stop = asyncio.Event()
    for number in (1, 2):
        await inbox.receive(_payin("SUCCESS", number))
    async for delivery in inbox.work(stop=stop):
        async with delivery:
            stop.set()
    expect("the events left when stop is set", _ids(await inbox.pending()), ["id-2"])

    await inbox.done(_payin("SUCCESS", 2))
    stop = asyncio.Event()
    asyncio.get_running_loop().call_soon(stop.set)
    async with asyncio.timeout(_STOP_S):
        expect("what work() yields", [delivery async for delivery in inbox.work(stop=stop)], [])


@rule
async def work_ends_when_the_inbox_is_closed(inbox: Inbox) -> None:
    """`aclose` ends the loops of `work`. The inbox can be used again afterwards."""
    task = asyncio.create_task(anext(inbox.work(), None))
    # `aclose` is called repeatedly, because `work` may not have started at the first call.
    while not task.done():
        await inbox.aclose()
        await asyncio.wait([task], timeout=0.01)
    expect("what work() yields when the inbox is closed", task.result(), None)
    await _receives(inbox, _payin("SUCCESS"), Receipt.NEW)
    await _take(inbox)


@rule
async def the_depth_counts_what_is_not_done(inbox: Inbox) -> None:
    """`depth` counts waiting events, taken events and conflicts, and gives the age of the oldest of them in seconds."""
    expect("depth() at first", await inbox.depth(), _EMPTY)
    for event in (_payin("EXPIRED"), _payin("SUCCESS"), _payin("SUCCESS", 2), _payout("SUCCESS"), _payout("PENDING")):
        await inbox.receive(event)
    await _take(inbox)
    depth = await inbox.depth()

    expect("the numbers in depth()", msgspec.structs.replace(depth, oldest=None), _SOME)
    expect("whether oldest is an age in seconds", 0 <= (depth.oldest or 0) < _LEASE_S, wanted=True)
    expect("whether oldest is None", depth.oldest is None, wanted=False)
    expect("damaged()", await inbox.damaged(), [])


@rule
async def only_done_events_are_forgotten(inbox: Inbox) -> None:
    """`forget` deletes only events that are done and old enough, and returns their number.

    The statuses of payins and payouts stay recorded, so that a deleted event that arrives again is OUTDATED, not NEW.
    """
    await inbox.receive(_payin("SUCCESS"))
    await inbox.receive(_payin("SUCCESS", 2))
    await inbox.done(_payin("SUCCESS"))

    expect("forget(days=1) of young events", await inbox.forget(days=1), 0)
    expect("forget(days=-1)", await inbox.forget(days=-1), 1)
    await _receives(inbox, _payin("SUCCESS"), Receipt.OUTDATED)
    await _receives(inbox, _payin("SUCCESS", 2), Receipt.DUPLICATE)


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
    """The exception that the checks raise in place of an error in a worker's own code."""


def _event(kind: str, status: str, number: int) -> WebhookEvent:
    return read_event(msgspec.json.encode({"id": f"id-{number}", "type": kind, "status": status}))


def _payin(status: str, number: int = 1) -> WebhookEvent:
    return _event("PAYIN", status, number)


def _payout(status: str, number: int = 1) -> WebhookEvent:
    return _event("PAYOUT", status, number)


async def _take(inbox: Inbox, *, lease: float = _LEASE_S) -> Delivery:
    delivery = await inbox.take(lease=lease)
    if delivery is None:
        raise AssertionError("take(): None, although an event waits")
    return delivery


async def _has_nothing(inbox: Inbox) -> None:
    expect("take()", await inbox.take(), None)


async def _receives(inbox: Inbox, event: WebhookEvent, receipt: Receipt) -> None:
    expect(f"receive() of {event.type} {event.status}", await inbox.receive(event), receipt)


async def _loses(inbox: Inbox, delivery: Delivery, when: str) -> None:
    for name, call in (("done", inbox.done), ("release", inbox.release), ("renew", inbox.renew)):
        await expect_error(f"{name}() {when}", call(delivery), LeaseLost)


async def _failing(delivery: Delivery) -> None:
    async with delivery:
        raise _BodyFailed


def _ids(events: list[WebhookEvent]) -> list[str | None]:
    return [event.id for event in events]
