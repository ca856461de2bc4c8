"""What `paycombat sandbox` says about webhooks that were not delivered."""

import asyncio
import re
import signal
import sys

import aiohttp
import pytest

from paycombat_async.sandbox import Delivery, Sandbox
from paycombat_async.sandbox.deliveries.notices import UndeliveredNotices
from paycombat_sync import PayCombat
from tests.calls import payout
from tests.processes import PATIENCE_S, Process
from tests.sandbox.caller import Caller, StandingClock
from tests.sandbox.deliveries.receiver import receiving
from tests.sandbox.deliveries.test_flags import ANA, PROGRAMS
from tests.sandbox.faults.gated_clock import GatedClock
from tests.sandbox.loop_watch import no_complaints
from tests.sandbox.money import create_payout, made

URL = "http://127.0.0.1:8000/hook"


def delivery(number: int, *statuses: int | None, url: str = URL) -> Delivery:
    return Delivery(
        event="PAYOUT SUCCESS",
        id=f"payout_{number}",
        url=url,
        payload={},
        body=b"",
        signature="",
        statuses=list(statuses),
    )


async def test_each_failure_is_told_with_what_comes_next() -> None:
    """The answer, or that there was none; the next try, or that it is given up; nothing of the URL's query."""
    lines: list[str] = []
    notices = UndeliveredNotices(lines.append, GatedClock())

    with no_complaints():
        notices.failed(delivery(1, None), 0.25)
        notices.failed(delivery(1, None, 404, url=f"{URL}?key=S3CRET"), 30.0)
        notices.failed(delivery(1, None, 404, 500), None)
        notices.failed(delivery(2, 302), None)
        await notices.end()

    assert [
        f"PAYOUT SUCCESS of payout_1 was not delivered to {URL}: there was no answer; next try in 0.25 s",
        f"PAYOUT SUCCESS of payout_1 was not delivered to {URL}: the answer was 404; next try in 30 s",
        f"PAYOUT SUCCESS of payout_1 was not delivered to {URL}: the answer was 500; given up after 3 tries",
        f"PAYOUT SUCCESS of payout_2 was not delivered to {URL}: the answer was 302; given up after 1 try",
    ] == lines


async def test_many_are_counted() -> None:
    """Ten lines, and a count when the period is over; after that there are lines again."""
    lines: list[str] = []
    counted = asyncio.Event()
    clock = GatedClock()

    def write(line: str) -> None:
        lines.append(line)
        if "more" in line:
            counted.set()

    notices = UndeliveredNotices(write, clock)
    for number in range(300):
        notices.failed(delivery(number, None), None if number == 299 else 0.25)
    at_once = len(lines)
    await clock.waiting(1)
    clock.open.set()
    await asyncio.wait_for(counted.wait(), PATIENCE_S)
    clock.open.clear()
    for number in range(12):
        notices.failed(delivery(number, 500), None)
    await notices.end()

    assert 10 == at_once
    assert "290 more tries to deliver webhooks failed; 1 webhook was given up" == lines[10]
    assert "the answer was 500; given up after 1 try" in lines[11]
    assert "2 more tries to deliver webhooks failed; 2 webhooks were given up" == lines[21]
    assert 22 == len(lines)


async def test_the_sandbox_calls_back_after_each_failure(clock: StandingClock) -> None:
    """And not after the attempt that succeeds."""
    failures: list[tuple[int | None, float | None]] = []
    async with receiving() as receiver, aiohttp.ClientSession() as session:
        receiver.statuses = [500, 404]
        async with Sandbox(clock=clock, webhook_url=receiver.url, webhook_waits=[1, 2, 4]) as sandbox:
            sandbox.deliveries.on_failed = lambda failed, wait: failures.append((failed.statuses[-1], wait))
            taken = made(await create_payout(Caller(sandbox, session)))
            never = made(await create_payout(Caller(sandbox, session), webhook_url="http://127.0.0.1:1/"))
            for created in (taken, never):
                sandbox.settle(created["id"], "SUCCESS")
                await sandbox.drain()

    assert [(500, 1), (404, 2), (None, 1), (None, 2), (None, 4), (None, None)] == failures


@pytest.mark.parametrize("program", PROGRAMS)
async def test_the_terminal_shows_them(program: list[str]) -> None:
    """On standard error, so that what is to be pasted stays alone."""
    async with receiving() as receiver:
        receiver.statuses = [404]
        flags = ["--settle-after", "0", "--webhook-url", f"{receiver.url}?key=S3CRET", "--webhook-waits", "0"]
        with Process(sys.executable, "-W", "error", *program, *flags) as process:
            exported = await asyncio.to_thread(variables, process)
            await asyncio.to_thread(pay, exported)
            await receiver.until(2)
            process.signal(signal.SIGTERM)
            ended = await asyncio.to_thread(process.end)

    expected = rf"PAYOUT SUCCESS of \S+ was not delivered to {receiver.url}: the answer was 404; next try in 0 s\n"
    assert re.fullmatch(expected, ended.stderr)


def variables(process: Process) -> dict[str, str]:
    lines = [process.line()]
    while lines[-1] != "# }\n":
        lines.append(process.line())
    return dict(re.findall(r"^export PAYCOMBAT_(\w+)=(\S+)$", "".join(lines), re.MULTILINE))


def pay(exported: dict[str, str]) -> None:
    with PayCombat(
        base_url=exported["BASE_URL"], token=exported["TOKEN"], signature_key=exported["SIGNATURE_KEY"]
    ) as client:
        client.payouts.create(payout(payout_beneficiary_param=ANA))
