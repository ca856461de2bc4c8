"""Programs patched by gevent, one function each: `python -m tests.sync.gevent_programs NAME BASE_URL`.

What they print is what test_gevent.py expects.
"""
# ruff: noqa: T201, E402  # as the docstring says; gevent patches before anything else is imported

from gevent import monkey

monkey.patch_all()

import asyncio
import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path

import django
import gevent
from django.conf import settings as django_settings
from django.db import connection

from paycombat_async.intents import SqliteIntents
from paycombat_sync import BeneficiaryIndividual, PayCombat, PayoutBeneficiary, UpdateCustomer, sync_customers
from tests.calls import payout
from tests.sync.programs import customer, is_right, right_answers, settings

GREENLETS = 50


def many_greenlets(base_url: str) -> None:
    """Each gets its own answers from one client, and others go on meanwhile."""
    ticks = 0

    def tick() -> None:
        nonlocal ticks
        while True:
            gevent.sleep(0)
            ticks += 1

    ticking = gevent.spawn(tick)
    with PayCombat(**settings(base_url)) as client:
        jobs = [gevent.spawn(right_answers, client, number, 4) for number in range(GREENLETS)]
        gevent.joinall(jobs, raise_error=True)
    ticking.kill()
    print(sum(job.value for job in jobs), ticks > GREENLETS)


def beside_asyncio(base_url: str) -> None:
    """No loop runs in the caller's thread: Django's ORM, a loop of the program's own and a second client work."""
    django_settings.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}, USE_TZ=True
    )
    django.setup()
    first, second = PayCombat(**settings(base_url)), PayCombat(**settings(base_url))
    right = right_answers(first, 1, 3)
    with connection.cursor() as cursor:  # raises SynchronousOnlyOperation where a loop runs
        cursor.execute("SELECT 7")
        print(*cursor.fetchone())
    connection.close()

    async def own() -> int:
        return 5

    print(asyncio.run(own()), right + right_answers(second, 2, 3))
    first.close()
    second.close()


def clients_end(base_url: str) -> None:
    """Closed or collected, a client leaves neither a thread nor an open file."""
    right_answers(PayCombat(**settings(base_url)), 0, 1)
    gc.collect()
    before = _held()
    for number in range(8):
        client = PayCombat(**settings(base_url))
        right_answers(client, number, 1)
        if number % 2:
            client.close()
        del client
        gc.collect()
    for _ in range(6_000):  # the system may take a moment to end a thread that has come to its end
        if _held() != before:
            gevent.sleep(0.01)
    print([after - held for held, after in zip(before, _held(), strict=True)])


def _held() -> tuple[int, int]:
    return len(list(Path("/proc/self/task").iterdir())), len(list(Path("/proc/self/fd").iterdir()))


def close_forgotten(base_url: str) -> None:
    kept.append(PayCombat(**settings(base_url)))
    print(right_answers(kept[0], 1))


kept: list[PayCombat] = []


def timeout(base_url: str) -> None:
    """A time-out of gevent, here with the first byte of stdin, cuts the call that it interrupts; the client goes on."""
    client = PayCombat(**settings(base_url), timeout=600.0)
    caller, over = gevent.getcurrent(), gevent.Timeout()
    gevent.spawn(lambda: (gevent.os.tp_read(0, 1), gevent.kill(caller, over)))
    try:
        client.customers.retrieve("customer_1")
    except gevent.Timeout as cut:
        print(type(cut.__cause__).__name__)
    print(is_right(1, client.customers.retrieve("customer_1")))
    client.close()


def interrupt(base_url: str) -> None:
    """Ctrl-C is told to the program, which ends."""
    client = PayCombat(**settings(base_url), timeout=600.0)
    try:
        client.customers.retrieve("customer_1")
    except KeyboardInterrupt:
        print("interrupted")


def batch(base_url: str) -> None:
    """Rows are read, and progress is told, in the greenlet of the caller."""
    here, elsewhere = gevent.getcurrent(), 0

    def rows() -> "list[UpdateCustomer]":
        nonlocal elsewhere
        elsewhere += gevent.getcurrent() is not here
        return [customer(number) for number in range(200)]

    with PayCombat(**settings(base_url)) as client:
        report = sync_customers(client, (row for row in rows()))
    print(report.updated, elsewhere)


def intents(base_url: str) -> None:
    """A store of intents, which works in threads."""
    path = os.environ["INTENTS"]
    with PayCombat(**settings(base_url), intents=SqliteIntents(path)) as client:
        to = PayoutBeneficiary(
            individual=BeneficiaryIndividual(first_name="Ana", last_name="Reyes"),
            account_number="1234567",
            bsb="123-456",
        )
        print(client.payouts.create(payout(order_id="once", payout_beneficiary_param=to)).order_id)
        print(client.intents.find("once")[0].state)


def fork(base_url: str) -> None:
    """The child gets a loop of its own; the parent keeps its."""
    client = PayCombat(**settings(base_url))
    right = right_answers(client, 1, 3)
    child = os.fork()
    if not child:
        os._exit(right_answers(client, 2, 3))
    print(right, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), right_answers(client, 3, 3))
    client.close()


PROGRAMS: dict[str, Callable[[str], None]] = {
    program.__name__: program
    for program in (many_greenlets, beside_asyncio, clients_end, close_forgotten, timeout, interrupt)
}
PROGRAMS |= {program.__name__: program for program in (batch, intents, fork)}

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]](sys.argv[2])
