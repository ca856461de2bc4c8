"""Celery with Redis: workers may be killed at any moment. Start some, and one beat:

    celery -A celery_app worker --pool prefork
    celery -A celery_app beat

`CELERY_BROKER_URL` is the address of Redis, such as `redis://redis.internal/0`.
"""

import asyncio
from multiprocessing import RawValue
from typing import Final

from bills import look_up, pay
from celery import Celery
from celery.signals import worker_shutting_down
from customer_run import PART_S, RunNotOver, carry_out_part

from paycombat_async import StoreFailed

ROUND_S: Final = 60.0  # seconds between two looks for bills that are open

app: Final = Celery("recipes")
app.conf.update(
    task_acks_late=True,  # a task stays in the queue until it has ended
    task_reject_on_worker_lost=True,  # of a killed process: its worker queues it again
    worker_prefetch_multiplier=1,  # a worker takes no tasks that others could begin
    task_ignore_result=True,
    broker_transport_options={
        # The whole worker was killed: its tasks are queued again after this time. A task
        # that takes longer is started a second time meanwhile, so this is more than a
        # part of a batch takes.
        "visibility_timeout": 1.5 * PART_S,
        # By default, Kombu looks for such tasks every 100 seconds; this is every 10.
        "unacked_restore_interval": PART_S / 60,
        "unacked_restore_throttle": 1,
    },
    beat_schedule={
        "open bills": {
            "task": "recipes.pay_open_bills",
            "schedule": ROUND_S,
            "options": {"expires": ROUND_S},
        }
    },
)

# A warm shutdown (SIGTERM) waits for running tasks and does not tell them. They see it in
# this byte, which the pool's processes share with their worker. It has no lock, because a
# process that is killed could hold that for ever.
_is_stopping: Final = RawValue("b", 0)


@worker_shutting_down.connect
def tell_tasks(**_details: object) -> None:
    _is_stopping.value = 1


@app.task(name="recipes.pay_bill")
def pay_bill(order_id: str) -> None:
    asyncio.run(pay(order_id))


@app.task(name="recipes.pay_open_bills")
def pay_open_bills() -> None:
    """Queues the open bills again: jobs lost, failures, uncertain outcomes."""
    for order_id in asyncio.run(look_up()):
        # Dropped if no worker begins it before the next round, which queues it again.
        pay_bill.apply_async([order_id], expires=ROUND_S)


@app.task(
    name="recipes.sync_part",
    autoretry_for=(RunNotOver, StoreFailed),
    max_retries=None,
    default_retry_delay=PART_S / 60,
)
def sync_part(run: str, path: str) -> None:
    """Queue it once for each worker that is to help; each needs the file at that path."""
    asyncio.run(carry_out_part(run, path, lambda: bool(_is_stopping.value)))
