"""The stream of changes: what is in it, who gets it, and that it ends with the sandbox."""

import asyncio
from typing import Any

import aiohttp
import pytest

from paycombat_async.sandbox import Sandbox
from paycombat_async.sandbox.news import News
from paycombat_async.sandbox.traffic import Exchange
from tests.processes import PATIENCE_S
from tests.sandbox.caller import Caller
from tests.sandbox.control.steering import Control, Events
from tests.sandbox.money import create_payout, made


@pytest.fixture(name="control")
async def _control(caller: Caller) -> Control:
    return Control(caller.sandbox, caller.session)


async def test_changes_are_told(caller: Caller, control: Control) -> None:
    """Requests with their answers, objects that were changed in code, faults, and a reset."""
    async with asyncio.timeout(PATIENCE_S), control.events() as events:
        payout = made(await create_payout(caller))
        rows = [row for change in await until(events, "objects") for row in change["requests"]]
        caller.sandbox.settle(payout["id"], "FAILED")
        await until(events, "objects")
        await control.post("faults", {"next": ["html_502"]})
        await until(events, "control")
        caller.sandbox.reset()
        await until(events, "reset")

    assert ("payouts.create", 201) == (rows[-1]["operation"], rows[-1]["status"])


async def until(events: Events, topic: str) -> list[Any]:
    """All changes up to the first with this topic."""
    changes = [await events.next()]
    while topic not in changes[-1]["topics"]:
        changes.append(await events.next())
    return changes


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"X-Sandbox-Control": "wrong" * 10}, 401),
        ({"Host": "attacker.example"}, 421),
        ({"Origin": "https://attacker.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
async def test_others_get_nothing(control: Control, headers: dict[str, str], status: int) -> None:
    """As for all other paths: the stream has data."""
    token = {} if status == 401 else {"X-Sandbox-Control": control.sandbox.control_token}
    async with control.session.get(f"{control.sandbox.base_url}/_sandbox/events", headers=token | headers) as answer:
        assert status == answer.status
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]


async def test_it_ends_with_the_sandbox() -> None:
    """At once, and without a task that is left."""
    async with asyncio.timeout(PATIENCE_S), aiohttp.ClientSession() as session:
        async with Sandbox() as sandbox:
            answer = await session.get(
                f"{sandbox.base_url}/_sandbox/events", headers={"X-Sandbox-Control": sandbox.control_token}
            )
            await answer.content.readline()
        rest = await answer.read()

    assert b"data: " not in rest
    assert {asyncio.current_task()} == asyncio.all_tasks()


def test_it_ends_with_a_blocking_sandbox() -> None:
    """Whose event loop runs in a thread of its own."""

    async def read(sandbox: Sandbox, is_open: asyncio.Event) -> bytes:
        async with aiohttp.ClientSession() as session, Control(sandbox, session).events() as events:
            is_open.set()
            return await events.answer.read()

    async def stop_meanwhile() -> bytes:
        sandbox, is_open = Sandbox(), asyncio.Event()
        with sandbox:
            task = asyncio.create_task(read(sandbox, is_open))
            await is_open.wait()
            await asyncio.to_thread(sandbox.__exit__, None, None, None)
            return await asyncio.wait_for(task, PATIENCE_S)

    assert b"data: " not in asyncio.run(stop_meanwhile())


async def test_a_slow_reader_is_told_that_it_has_missed_some() -> None:
    """Its batch is bounded, and later answers to requests in it still come."""
    news = News()
    with news.subscribed() as subscription:
        exchanges = [Exchange(number=number, at="", arrival=None) for number in range(1000)]  # type: ignore[arg-type]  # not read
        for exchange in (*exchanges, exchanges[0]):
            news.publish_exchange(exchange)
        batch = await subscription.next(PATIENCE_S)

    assert batch is not None
    assert (True, 500) == (batch.is_lossy, len(batch.exchanges))
    assert 0 == news.readers


async def test_nothing_new_is_no_batch() -> None:
    """After the time that was given; a subscription to closed news ends at once."""
    news = News()
    with news.subscribed() as subscription:
        assert None is await subscription.next(0)
    news.close()
    with news.subscribed() as late:
        assert late.is_closed
