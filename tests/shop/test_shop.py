"""The shop of docs/shop on two machines, one database and one load balancer, while its machines are killed.

`PAYCOMBAT_SOAK=1` pays 2 000 bills over 100 kills.
"""

import asyncio
import importlib
import itertools
import os
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from time import monotonic
from types import ModuleType, SimpleNamespace
from unittest import mock

import aiohttp
import pytest

from paycombat_async import Outcome, PayCombatError
from paycombat_async.sandbox import Movement, Sandbox
from tests.chaos.soak import LIMIT_S, SOAK
from tests.postgres_server import PostgresServer
from tests.processes import PATIENCE_S, ROOT, Process
from tests.shop.balancer import Balancer

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
for needed in ("psycopg_pool", "fastapi", "uvicorn"):
    pytest.importorskip(needed, reason=f"{needed} is not installed")

BILLS, KILLS = (2_000, 100) if SOAK else (40, 3)
AT_ONCE = 8
FAULTS = (
    "500_after_commit:0.03,disconnect_after_commit:0.03,latency=5ms:0.3,duplicate_webhook:0.2,out_of_order_webhook:0.1"
)
BILL = {"first_name": "Ana", "last_name": "Reyes", "account_number": "1234567", "bsb": "062-000", "amount": "50.00"}
_NUMBERS = itertools.count(1)  # of databases
OPEN = "SELECT order_id FROM bill WHERE status <> 'paid'"

pytestmark = [
    pytest.mark.promise("P13", "P14", "P15", "P16"),
    pytest.mark.skipif(sys.platform == "win32", reason="POSIX only: SIGKILL and process groups"),
    pytest.mark.timeout(LIMIT_S if SOAK else 180),
]


class Machine:
    """One machine of the shop: a process with a working folder of its own."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        folder.mkdir()
        self.port = 0
        self._folder, self._environment = folder, environment
        self._process: Process | None = None

    def start(self) -> None:
        # No coverage: it would start threads and open files of its own in the process.
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("COV", "PAYCOMBAT_"))}
        self._process = Process(
            *(sys.executable, "-m", "uvicorn", "shop:app", "--app-dir", ROOT / "docs" / "shop", "--port", "0"),
            "--no-access-log",
            env=inherited | self._environment | {"PYTHONPATH": str(ROOT)},
            cwd=self._folder,
        )
        found = re.search(r"http://127\.0\.0\.1:(\d+) ", self._process.complaint("to quit)"))
        assert found is not None
        self.port = int(found[1])

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()


async def test_two_machines_pay_each_bill_once(
    tmp_path: Path, postgres_server: PostgresServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are killed at random moments; each bill that the provider carried out is shown as paid."""
    database = f"shop_{os.getpid()}"
    await execute(postgres_server.dsn, f"CREATE DATABASE {database}")
    dsn = postgres_server.dsn_of(database)
    begun = monotonic()
    async with (
        Balancer() as balancer,
        Sandbox(
            token="snd_token",
            signature_key="snd_key",
            faults=FAULTS,
            balances={"AUD": 10**9},
            settle_after=0.05,
            webhook_url=f"http://127.0.0.1:{balancer.port}/webhooks/paycombat",
            webhook_waits=[0.1] * 100,
        ) as sandbox,
    ):
        environment = {
            "PAYCOMBAT_DATABASE_URL": dsn,
            "PAYCOMBAT_BASE_URL": sandbox.base_url,
            "PAYCOMBAT_TOKEN": sandbox.token,
            "PAYCOMBAT_SIGNATURE_KEY": sandbox.signature_key,
            "PAYCOMBAT_WEBHOOK_KEY": sandbox.signature_key,
            "SHOP_ROUND_S": "1",
        }
        machines = [Machine(tmp_path / name, environment) for name in ("first", "second")]
        await asyncio.gather(*(asyncio.to_thread(machine.start) for machine in machines))
        balancer.ports = [machine.port for machine in machines]
        await pay_all(balancer, machines)
        never_paid = await all_settled(dsn, sandbox)
        paid = payouts(sandbox)
        for machine in machines:
            await asyncio.to_thread(machine.kill)

    with capsys.disabled():
        if SOAK:
            sys.stdout.write(f"\n{BILLS} bills, {KILLS} kills of two machines, {monotonic() - begun:.0f} s, ")
            sys.stdout.write(f"{len(never_paid)} never carried out and listed\n")
    assert {} == {reference: times for reference, times in paid.items() if times > 1}
    assert {f"bill-{number}" for number in range(BILLS)} == paid.keys() | never_paid
    assert not paid.keys() & never_paid


@pytest.fixture(name="shop")
async def _shop(postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ModuleType]:
    """The shop's program in this process, with a database of its own."""
    name = f"shop_{next(_NUMBERS)}_{os.getpid()}"
    await execute(postgres_server.dsn, f"CREATE DATABASE {name}")
    monkeypatch.setenv("PAYCOMBAT_DATABASE_URL", postgres_server.dsn_of(name))
    monkeypatch.setenv("PAYCOMBAT_WEBHOOK_KEY", "snd_key")
    monkeypatch.setenv("PAYCOMBAT_TOKEN", "snd_token")
    monkeypatch.setenv("PAYCOMBAT_SIGNATURE_KEY", "snd_key")
    monkeypatch.syspath_prepend(ROOT / "docs" / "shop")
    monkeypatch.delitem(sys.modules, "shop", raising=False)
    shop = importlib.import_module("shop")
    await shop.database.open()
    yield shop
    await shop.database.close()
    await shop.paycombat.aclose()
    await shop.inbox.aclose()
    await shop.intents.aclose()


async def test_machines_that_start_at_the_same_moment_create_the_table_once(shop: ModuleType) -> None:
    """PostgreSQL's `CREATE TABLE IF NOT EXISTS` fails when two sessions run it at once."""
    machines = 4
    await shop.database.resize(machines, machines)
    await shop.database.wait()
    for _ in range(20):
        await shop.execute("DROP TABLE IF EXISTS bill")
        await asyncio.gather(*(shop.create_table() for _ in range(machines)))


STATUSES = {
    Outcome.NOT_SENT: "refused",
    Outcome.REJECTED: "refused",
    Outcome.UNKNOWN: "not certain",
    Outcome.APPLIED: "not certain",
}


async def test_a_bill_that_may_have_been_paid_is_not_refused(shop: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused bill may be corrected and is not looked up any more."""
    await shop.create_table()
    for outcome, status in STATUSES.items():
        failure = PayCombatError("no answer", outcome=outcome)
        fake = SimpleNamespace(payouts=SimpleNamespace(create=mock.AsyncMock(side_effect=failure)))
        await shop.execute(shop.NOTE, order_id=outcome.value, **BILL)
        with monkeypatch.context() as patch:
            patch.setattr(shop, "paycombat", fake)
            await shop.pay(outcome.value)
        assert status == (await shop.get_bill(outcome.value))["status"], outcome


async def pay_all(balancer: Balancer, machines: list[Machine]) -> None:
    """Asks for each bill until a machine has answered; after some of them, a machine is killed and started again."""
    random = Random(20261128)
    numbers = iter(range(BILLS))
    done = itertools.count(1)
    moments = {round((index + random.random()) * BILLS / KILLS) for index in range(KILLS)}
    restart = asyncio.Lock()

    async def pay() -> None:
        for number in numbers:
            await put(f"http://127.0.0.1:{balancer.port}/bills/bill-{number}")
            if next(done) in moments:
                machine = random.choice(machines)
                async with restart:
                    await asyncio.to_thread(machine.kill)
                    await asyncio.to_thread(machine.start)
                    balancer.ports = [each.port for each in machines]

    await asyncio.gather(*(pay() for _ in range(AT_ONCE)))


async def put(url: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                async with (
                    aiohttp.ClientSession() as session,
                    session.put(url, json=BILL, headers={"Connection": "close"}) as answer,
                ):
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass  # the machine was killed, or is not up again: the other one is asked next


async def all_settled(dsn: str, sandbox: Sandbox) -> set[str]:
    """Waits until each bill that was carried out is shown as paid; returns those that never were."""
    await execute(
        dsn,
        "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NOTIFY bill; RETURN NULL; END $$",
        "CREATE TRIGGER tell AFTER UPDATE ON bill EXECUTE FUNCTION tell()",
    )
    async with asyncio.timeout(2 * PATIENCE_S), await psycopg.AsyncConnection.connect(dsn, autocommit=True) as database:
        await database.execute("LISTEN bill")
        while True:
            left = {row[0] async for row in await database.execute(OPEN)}
            if not left & payouts(sandbox).keys() and await is_listed(database, left):
                return left
            async for _ in database.notifies(timeout=1, stop_after=1):
                pass


async def is_listed(database: "psycopg.AsyncConnection", bills: set[str]) -> bool:
    """Whether the intents store has a record for each of them, which a person can look at."""
    rows = await database.execute("SELECT reference FROM paycombat.intent WHERE state IN ('sending', 'unknown')")
    return bills <= {row[0] async for row in rows}


def payouts(sandbox: Sandbox) -> Counter[str]:
    """How often the provider has carried out each reference."""
    return Counter(entry.reference for entry in sandbox.ledger if entry.movement is Movement.PAYOUT)


async def execute(dsn: str, *statements: str) -> None:
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        for statement in statements:
            await connection.execute(statement.encode())
