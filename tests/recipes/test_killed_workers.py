"""The recipes for task queues, as they stand in docs/recipes, with workers that are killed in the middle of a job."""

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from paycombat_async.sandbox import Fault, Movement, Sandbox
from tests.postgres_server import execute
from tests.processes import PATIENCE_S, Process
from tests.recipes.queues import Queue, wait_for_success

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="POSIX only: SIGKILL and process groups"),
    pytest.mark.timeout(180),
]

ROWS = 900
LOST = 500 + 64  # rows that each kill may have sent again: results that were not committed, and the calls under way
SLOW = {"BATCH_RATE": "100"}  # the run would take 9 seconds, so that it is not over before a worker has stopped
SHORT = {"BATCH_PART_S": "2"}  # and Celery's visibility timeout is 3 seconds


@pytest.mark.promise("P13", "P15")
async def test_a_bill_whose_worker_was_killed_is_paid_once(queue: Queue, database: str, sandbox: Sandbox) -> None:
    """The payout was made, and its answer was on the way; another worker finds it and notes it."""
    sandbox.faults.script("payouts.create", [Fault.TRICKLE.lasting(PATIENCE_S)])
    first = await asyncio.to_thread(queue.start_worker)
    await put_bills(queue, database, "a", 3)
    await until(lambda: left_to_pay(database), 1)
    first.kill()
    await execute(database, "UPDATE paycombat.intent SET leased_until = now() WHERE state = 'sending'")

    await queue.bury()
    await put_bills(queue, database, "b", 2)
    second = await asyncio.to_thread(queue.start_worker, **SHORT)
    await until(lambda: left_to_pay(database), 1)
    # The killed job comes again, sends nothing, and can only say why.
    await asyncio.to_thread(second.complaint, "may have been carried out")
    await queue.put("pay_open_bills", **queue.now)
    await until(lambda: left_to_pay(database), 0)
    second.kill()

    paid = Counter(entry.reference for entry in sandbox.ledger if entry.movement is Movement.PAYOUT)
    assert dict.fromkeys(["a-0", "a-1", "a-2", "b-0", "b-1"], 1) == paid
    assert [] == sandbox.ledger.doubles()


async def test_a_run_goes_on_when_its_workers_are_stopped_and_killed(
    queue: Queue, database: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    """The stopped one repeats no row, the killed one few; and a job that comes once more sends nothing."""
    ids = [f"customer_{number}" for number in range(ROWS)]
    sandbox.add_customers(ids[1:])  # the provider refuses the first row
    file = tmp_path / "customers.csv"
    file.write_text("customer_id,description\n" + "".join(f"{each},VIP\n" for each in ids))
    sent = sandbox.arrivals.counts
    job = {"run": "crm", "path": str(file)}

    first = await asyncio.to_thread(queue.start_worker, **SLOW)
    await queue.put("sync_part", **job)
    await until_sent(sandbox, 50)
    first.signal(signal.SIGTERM)
    assert 0 == (await asyncio.to_thread(first.end, "", 30)).returncode
    before = sent["customers.update"]
    assert ROWS > before == sum(sandbox.executions(each) for each in ids[1:]) + 1

    second = await asyncio.to_thread(queue.start_worker)
    for kill in (queue.kill_jobs, Process.kill):
        await until_sent(sandbox, before + 50)
        kill(second)
        await execute(database, "UPDATE paycombat.batch_chunk SET leased_until = '-infinity'")  # 15 seconds have passed
        before = sent["customers.update"]

    await queue.bury()
    third = await asyncio.to_thread(queue.start_worker, **SHORT)
    await asyncio.to_thread(wait_for_success, third, "sync_part")
    assert [] == [each for each in ids[1:] if not sandbox.executions(each)]
    again = sent["customers.update"] - ROWS
    assert 0 <= again <= 2 * LOST, again
    await queue.put("sync_part", **job)
    await asyncio.to_thread(wait_for_success, third, "sync_part")
    assert ROWS + again == sent["customers.update"]
    third.kill()


async def put_bills(queue: Queue, database: str, name: str, number: int) -> None:
    for each in range(number):
        bill = f"('{name}-{each}', 'Ana', 'Reyes', '1234567', '062-000', 50)"
        await execute(
            database, f"INSERT INTO bill (order_id, first_name, last_name, account_number, bsb, amount) VALUES {bill}"
        )
        await queue.put("pay_bill", order_id=f"{name}-{each}")


async def left_to_pay(database: str) -> int:
    [(number,)] = await execute(database, "SELECT count(*) FROM bill WHERE payout_id IS NULL")
    return int(number)


async def until_sent(sandbox: Sandbox, number: int) -> None:
    """Until the workers have sent at least this number of rows."""

    async def is_sent() -> bool:
        return sandbox.arrivals.counts["customers.update"] >= number

    await until(is_sent, True)


async def until(ask: Callable[[], Awaitable[object]], wanted: object) -> None:
    """Asks until the answer is the wanted one."""
    async with asyncio.timeout(PATIENCE_S):
        while await ask() != wanted:  # noqa: ASYNC110  # another process changes it
            await asyncio.sleep(0.05)
