"""Two machines work on one inbox in PostgreSQL, are killed again and again, and the database is restarted.

`PAYCOMBAT_SOAK=1` delivers 20 000 webhooks over 60 kills and 6 restarts.
"""

import asyncio
import contextlib
import os
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise
from pathlib import Path
from random import Random
from time import monotonic
from typing import NamedTuple

import pytest

from paycombat_async import StoreFailed
from paycombat_async.schemas.events import WebhookEvent
from paycombat_async.webhooks.inboxes.postgres import PostgresInbox
from paycombat_async.webhooks.inboxes.rules import STAGES
from tests.chaos.soak import LIMIT_S, SEED, SOAK
from tests.postgres_server import PostgresServer, execute, postgres_inbox
from tests.processes import PATIENCE_S, ROOT, Process
from tests.webhooks.inbox_worker import KINDS
from tests.webhooks.postgres_events import event

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")

DELIVERIES, KILLS, RESTARTS = (20_000, 60, 6) if SOAK else (300, 4, 1)
RECEIVERS = 8
LONGEST_LINE = 100  # bytes in a log
MACHINES = 2
DISORDER = 30  # places by which a delivery may be late

pytestmark = [
    pytest.mark.promise("P14"),
    pytest.mark.skipif(sys.platform == "win32", reason="POSIX only: SIGKILL and process groups"),
    pytest.mark.timeout(LIMIT_S if SOAK else 2 * PATIENCE_S),
]


class Worker:
    """One process of a kind, in the folder of its machine; started anew after each kill."""

    def __init__(self, inbox: PostgresInbox, dsn: str, machine: Path, kind: str) -> None:
        self.log = machine / f"{kind}.log"
        self.killed: dict[int, float] = {}  # when each process was told to die: others may take its event at once then
        self.complaints: list[str] = []
        self._command = (sys.executable, "-m", "tests.webhooks.inbox_worker", dsn, inbox.schema, self.log, kind)
        self._machine = machine
        self.start()

    @property
    def lines(self) -> int:
        """How many lines are in its log, at least."""
        return self.log.stat().st_size // LONGEST_LINE if self.log.exists() else 0

    def start(self) -> None:
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        self.process = Process(*self._command, cwd=self._machine, env={**os.environ, "PYTHONPATH": path})

    def kill(self) -> None:
        self.killed[self.process.pid] = monotonic()
        self.process.kill()

    def end(self) -> int:
        """Its exit code, after it was told to stop."""
        with contextlib.suppress(BrokenPipeError):  # it has ended already, and its complaint says why
            self.process.say("stop\n")
        ended = self.process.end(limit=PATIENCE_S)
        self.complaints.append(ended.stderr)
        return ended.returncode


class Attempt(NamedTuple):
    begun: float
    ended: float
    is_done: bool
    kind: str


def deliveries(random: Random) -> list[WebhookEvent]:
    """Payins and payouts with two statuses each, repeated and late."""
    sent = []
    number = 0
    while len(sent) < DELIVERIES:
        kind, statuses = random.choice([("PAYIN", ("PENDING", "SUCCESS")), ("PAYOUT", ("SUCCESS", "RETURNED"))])
        for status in statuses:
            sent += [event(status, kind, number)] * random.choice([1, 1, 2, 3])
        number += 1
    places = sorted(range(len(sent)), key=lambda place: place + random.random() * DISORDER)
    return [sent[place] for place in places]


def attempts(worker: Worker) -> Iterator[tuple[str, Attempt]]:
    """What the log of a worker says, by key. An attempt without an end went on until its process was killed."""
    begun: dict[str, tuple[str, float]] = {}
    for line in worker.log.read_text().splitlines():
        word, name, key, time = line.split("\t")
        if word == "begin":
            begun[name] = key, float(time)
        else:
            yield key, Attempt(begun.pop(name)[1], float(time), word == "ended", worker.log.stem)
    for name, (key, time) in begun.items():
        yield key, Attempt(time, worker.killed[int(name.partition("-")[0])], is_done=False, kind=worker.log.stem)


@pytest.fixture(name="inbox")
async def _inbox(postgres_server: PostgresServer) -> AsyncIterator[PostgresInbox]:
    async with postgres_inbox(postgres_server.dsn) as inbox:
        await execute(postgres_server.dsn, f"CREATE TABLE {inbox.schema}.effect (key text PRIMARY KEY)")
        yield inbox


async def test_two_machines_work_on_each_event_to_its_end(inbox, postgres_server, tmp_path, capsys):
    """Each by one worker at a time, those of one payout in order, and in a transaction exactly once."""
    random = Random(SEED)
    sent = deliveries(random)
    machines = [tmp_path / f"machine-{number}" for number in range(MACHINES)]
    for machine in machines:
        machine.mkdir()
    began = monotonic()
    workers = [
        Worker(inbox, postgres_server.dsn, machines[number % MACHINES], kind) for number, kind in enumerate(KINDS)
    ]
    await play(inbox, postgres_server, workers, sent, random)
    async with asyncio.timeout(LIMIT_S if SOAK else PATIENCE_S):
        while (depth := await inbox.depth()).waiting or depth.taken:  # noqa: ASYNC110  # processes set no event
            await asyncio.sleep(0.05)
    codes = [await asyncio.to_thread(worker.end) for worker in workers]
    took = monotonic() - began

    by_key: dict[str, list[Attempt]] = defaultdict(list)
    for worker in workers:
        for key, attempt in attempts(worker):
            by_key[key].append(attempt)
    for made in by_key.values():
        made.sort()
    states = dict(await execute(postgres_server.dsn, f"SELECT key, state FROM {inbox.schema}.event"))
    effects = {key for (key,) in await execute(postgres_server.dsn, f"SELECT key FROM {inbox.schema}.effect")}
    with capsys.disabled():
        if SOAK:
            tries = sum(map(len, by_key.values()))
            sys.stdout.write(
                f"\n{len(sent)} deliveries of {len(states)} events in {took:.0f} s, {KILLS} kills, {RESTARTS} restarts:"
                f" {len(by_key)} worked on in {tries} attempts, {len(effects)} of them in a transaction\n"
            )

    assert [] == [text for worker in workers for text in worker.complaints if "Traceback" in text]
    assert [0] * len(workers) == codes
    assert {each.key for each in sent} == states.keys()
    assert {"done", "outdated"} >= set(states.values())
    assert {key for key, state in states.items() if state == "done"} == by_key.keys()
    assert [] == [key for key, made in by_key.items() if not any(attempt.is_done for attempt in made)]
    assert [] == [made for made in by_key.values() if any(next_.begun < one.ended for one, next_ in pairwise(made))]
    assert [] == [key for key in effects if not by_key[key][-1].is_done or "transaction" not in by_key[key][-1].kind]
    assert [] == list(out_of_order(by_key, sent))


def out_of_order(by_key: dict[str, list[Attempt]], sent: list[WebhookEvent]) -> Iterator[str]:
    """The payins and payouts whose later status was begun before the earlier was over, or was not worked on."""
    by_object: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
    for each in sent:
        by_object[each.type, each.id][STAGES[each.type][each.status]] = each.key
    for (kind, number), keys in by_object.items():
        last, *before = (keys[stage] for stage in sorted(keys, reverse=True))
        if last not in by_key:
            yield f"{kind} {number} has no end"
        elif any(by_key[last][0].begun < attempt.ended for key in before for attempt in by_key.get(key, [])):
            yield f"{kind} {number}"


async def play(
    inbox: PostgresInbox, server: PostgresServer, workers: list[Worker], sent: list[WebhookEvent], random: Random
) -> None:
    """Delivers all events to two machines, and meanwhile kills workers and restarts the server."""
    second = PostgresInbox(server.dsn, schema=inbox.schema)
    waiting = iter(sent)

    async def receive(own: PostgresInbox) -> None:
        for each in waiting:
            while True:
                try:
                    await own.receive(each)
                    break
                except StoreFailed:  # the provider sends it again
                    await asyncio.sleep(0.05)

    async def disturb() -> None:
        least = 2 * len({each.id for each in sent})  # lines in the logs: each object has one event that is worked on
        for what, share in disturbances():
            while sum(worker.lines for worker in workers) < share * least:  # noqa: ASYNC110  # processes set no event
                await asyncio.sleep(0.005)
            if what == "restart":
                await asyncio.to_thread(server.restart)
            else:
                worker = random.choice(workers)
                await asyncio.to_thread(worker.kill)
                worker.start()

    for worker in workers:
        assert await asyncio.to_thread(worker.process.line) == "ready\n"
    await asyncio.gather(disturb(), *(receive((inbox, second)[number % 2]) for number in range(RECEIVERS)))
    await second.aclose()


def disturbances() -> list[tuple[str, float]]:
    """What happens, and after which share of the work."""
    kills = [("kill", (number + 0.5) / KILLS) for number in range(KILLS)]
    restarts = [("restart", (number + 0.5) / RESTARTS) for number in range(RESTARTS)]
    return sorted(kills + restarts, key=lambda each: each[1])
