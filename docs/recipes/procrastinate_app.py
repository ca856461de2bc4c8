"""procrastinate, a queue in PostgreSQL: workers may be killed at any moment. Start some:

    procrastinate --app=procrastinate_app.app schema --apply
    python procrastinate_app.py

The first line is for once.
"""

import asyncio
import logging
import signal
from contextlib import suppress
from math import ceil
from typing import Final

from bills import DATABASE, look_up, pay
from customer_run import PART_S, RunNotOver, carry_out_part
from procrastinate import App, JobContext, PsycopgConnector, RetryStrategy
from procrastinate.exceptions import AlreadyEnqueued

from paycombat_async import StoreFailed

STALLED_S: Final = (
    30  # without a heartbeat, which comes every 10 seconds, a worker is dead
)

app: Final = App(connector=PsycopgConnector(conninfo=DATABASE))


@app.task(name="pay_bill")
async def pay_bill(order_id: str) -> None:
    await pay(order_id)


@app.periodic(cron="* * * * *")
@app.task(name="pay_open_bills", queueing_lock="pay_open_bills")
async def pay_open_bills(timestamp: int) -> None:
    """Queues the open bills again: failures, uncertain outcomes."""
    for order_id in await look_up():
        with suppress(AlreadyEnqueued):  # no worker has come to the earlier one yet
            await pay_bill.configure(queueing_lock=order_id).defer_async(
                order_id=order_id
            )


@app.task(
    name="sync_part",
    pass_context=True,
    retry=RetryStrategy(
        wait=ceil(PART_S / 60), retry_exceptions=[RunNotOver, StoreFailed]
    ),
)
async def sync_part(context: JobContext, run: str, path: str) -> None:
    """Queue it once for each worker that is to help; each needs the file at that path."""
    await carry_out_part(run, path, context.additional_context["stopping"].is_set)


@app.periodic(cron="* * * * *")
@app.task(name="retry_stalled", queueing_lock="retry_stalled")
async def retry_stalled(timestamp: int) -> None:
    """Queues the jobs of dead workers again. Without this, they stay "doing" for ever."""
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_S):
        await app.job_manager.retry_job(job)


async def work() -> None:
    """Runs a worker until SIGTERM or Ctrl-C, which jobs are told. It waits for them."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with app.open_async():
        worker = asyncio.create_task(
            app.run_worker_async(
                concurrency=4,
                install_signal_handlers=False,
                additional_context={"stopping": stopping},
            )
        )
        waiting = asyncio.create_task(stopping.wait())
        await asyncio.wait({worker, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        worker.cancel()  # it takes no more jobs, and waits for those that run
        await asyncio.wait({worker})
        if not worker.cancelled():
            worker.result()  # raises what ended the worker by itself


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(work())
