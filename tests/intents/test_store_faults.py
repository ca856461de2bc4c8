"""Stores that fail before, during and after a payout: what cannot be recorded is not sent, what was sent is not lost.

The faults are real ones: a server that is stopped, restarted or cut off, a file system that is full.
"""

import asyncio
import contextlib
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from paycombat_async import (
    AsyncPayCombat,
    Call,
    ConfigurationError,
    Draft,
    IntentInProgress,
    Outcome,
    OutcomeUnknown,
    RawReply,
    ReferenceReused,
    StoreFailed,
)
from paycombat_async._engine import background, records
from paycombat_async._sqlite import file as sqlite_file
from paycombat_async.endpoints import CREATE_PAYOUT
from paycombat_async.intents import Intents, IntentState, MemoryIntents, PostgresIntents, SqliteIntents
from paycombat_async.testing import FakeTransport
from tests.calls import payout
from tests.postgres_server import PostgresServer, postgres_intents
from tests.processes import PATIENCE_S

pytestmark = [pytest.mark.promise("P13"), pytest.mark.timeout(2 * PATIENCE_S)]

PAID = RawReply(200, {}, b'{"status":true,"data":{"id":"payout_1","order_id":"order-1"}}')
ORDER, OTHER_BODY = payout(order_id="order-1"), payout(order_id="order-1", sender_amount=51)
Fault = Callable[[], Awaitable[object]]


async def nothing() -> None:
    """No fault."""


class During(FakeTransport):
    """A transport in which something happens to the store while the payout is under way."""

    def __init__(self, fault: Fault = nothing) -> None:
        super().__init__()
        self.fault = fault

    async def send(self, draft: Draft, timeout: float) -> RawReply:
        self.drafts.append(draft)
        await self.fault()
        return PAID


def client_of(store: Intents, transport: FakeTransport, calls: list[Call]) -> AsyncPayCombat:
    options: Any = {"token": "snd_t", "signature_key": "snd_k", "base_url": "http://127.0.0.1:1"}
    return AsyncPayCombat(**options, transport=transport, intents=store, on_call=calls.append)


async def state_of(store: Intents) -> list[IntentState]:
    return [intent.state for intent in await store.find("order-1")]


async def check_before(store: Intents, fault: Fault, repair: Fault, words: str) -> None:
    """A store that fails before the send: one sentence, nothing sent, and the same call passes later."""
    calls: list[Call] = []
    transport = During()
    client = client_of(store, transport, calls)
    await fault()
    try:
        with pytest.raises(StoreFailed, match=words) as caught:
            await client.payouts.create(ORDER)
    finally:
        await repair()

    assert (Outcome.NOT_SENT, True, []) == (caught.value.outcome, caught.value.may_pass_later, transport.drafts)
    assert [] == await state_of(store)
    assert "payout_1" == (await client.payouts.create(ORDER)).id


async def check_after(store: Intents, fault: Fault, repair: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that fails after the send: the answer is returned, and the record says that the call is under way."""
    monkeypatch.setattr(records, "LEASE_MARGIN_S", 0.5)  # less patience than usual with a silent store
    calls: list[Call] = []
    transport = During(fault)
    client = client_of(store, transport, calls)
    try:
        made = await client.payouts.create(ORDER)
    finally:
        await background.finished()
        await repair()

    assert ("payout_1", [False]) == (made.id, [call.is_recorded for call in calls])
    assert [IntentState.SENDING] == await state_of(store)
    with pytest.raises(IntentInProgress):
        await client.payouts.create(ORDER)
    assert 1 == len(transport.drafts)


# Disks that are full


@pytest.fixture(name="full")
async def _full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[SqliteIntents, Fault, Fault]]:
    """A store in a file that may not grow, which is what SQLite makes of a full disk: its error and its code."""
    store = SqliteIntents(tmp_path / "intents.db")
    connect, pages = sqlite_file._connect, 2**30

    def limited(path: Path) -> sqlite3.Connection:
        connection = connect(path)
        connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection

    def limit(most: int) -> None:
        nonlocal pages
        pages = most
        store._file.close()  # an error closes the connection, too, so every new one has the limit

    monkeypatch.setattr(sqlite_file, "_connect", limited)

    async def fill() -> None:
        limit(1)
        for number in range(100):  # the pages that there are have room for some records
            try:
                await store.begin(
                    records.new_intent(CREATE_PAYOUT, None, f"order-0-{number:03}", b"", 60, is_sandbox=True)
                )
            except StoreFailed:
                return
        raise AssertionError("the disk is not full")

    async def free() -> None:
        limit(2**30)

    yield store, fill, free
    await store.aclose()


async def test_a_full_disk_before_the_send(full: tuple[SqliteIntents, Fault, Fault]) -> None:
    """Nothing is sent while the record cannot be written."""
    store, fault, repair = full

    await check_before(store, fault, repair, "the disk is full")


def mounted(folder: Path, size: str) -> bool:
    """Whether a small file system in memory could be mounted there; only root may do that."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    with contextlib.suppress(OSError):
        return subprocess.run(command, capture_output=True, timeout=PATIENCE_S, check=False).returncode == 0
    return False


@pytest.fixture(name="small_disk")
def _small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system of 256 kB of its own."""
    folder = tmp_path / "small"
    folder.mkdir()
    if not mounted(folder, "256k"):
        pytest.skip("no file system can be mounted here: it needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True, timeout=PATIENCE_S)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_file_system_without_room(small_disk: Path, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    """The real thing, on a small file system in memory."""
    store = SqliteIntents(small_disk / "intents.db")

    async def fill() -> None:
        with contextlib.suppress(OSError), (small_disk / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(b"x" * 512)

    async def free() -> None:
        (small_disk / "filler").unlink()

    check = check_before(store, fill, free, "the disk is full")
    if when == "after":
        check.close()
        check = check_after(store, fill, free, monkeypatch)
    await check
    await store.aclose()


# Databases that fail


@pytest.fixture(name="postgres")
async def _postgres(postgres_server: PostgresServer) -> AsyncIterator[PostgresIntents]:
    async with postgres_intents(postgres_server.dsn) as store:
        yield store


async def test_a_server_whose_disk_is_full(postgres: PostgresIntents, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLSTATE 53100, raised by the server for each write; the same before and after the send."""
    execute = postgres._tables.execute

    async def fault() -> None:
        raising = "BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END"
        await execute(
            f"CREATE OR REPLACE FUNCTION {{schema}}.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ {raising} $$", {}
        )
        await execute(
            "CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON {schema}.intent EXECUTE FUNCTION {schema}.refuse()", {}
        )

    async def repair() -> None:
        await execute("DROP TRIGGER refuse ON {schema}.intent", {})

    await check_before(postgres, fault, repair, "the server's disk is full")
    await execute("DELETE FROM {schema}.intent", {})
    await check_after(postgres, fault, repair, monkeypatch)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_server_that_is_down(
    postgres: PostgresIntents, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Stopped as by a crash, and started again afterwards."""

    async def stop() -> None:
        await asyncio.to_thread(postgres_server.stop)

    async def start() -> None:
        await asyncio.to_thread(postgres_server.start)

    if when == "before":
        await check_before(postgres, stop, start, "cannot be reached")
    else:
        await check_after(postgres, stop, start, monkeypatch)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("DROP SCHEMA {schema} CASCADE", "has no tables yet; run `paycombat db migrate` once"),
        ("DROP TABLE {schema}.intent", "has no tables yet; run `paycombat db migrate` once"),
        ("INSERT INTO {schema}.migration VALUES ('intents', 99)", "has tables of version 99, .* upgrade paycombat"),
        ("DELETE FROM {schema}.migration WHERE component = 'intents'", "has no tables yet"),
    ],
)
async def test_tables_that_do_not_fit_send_nothing(postgres: PostgresIntents, postgres_server, change, words) -> None:
    """Missing ones, or those of a later release: one sentence that says what to do."""
    await postgres._tables.execute(change, {})
    store, transport = PostgresIntents(postgres_server.dsn, schema=postgres.schema), During()
    with pytest.raises(StoreFailed, match=words) as caught:
        await client_of(store, transport, []).payouts.create(ORDER)
    await store.aclose()
    await postgres._tables.execute("CREATE SCHEMA IF NOT EXISTS {schema}", {})

    assert (Outcome.NOT_SENT, []) == (caught.value.outcome, transport.drafts)
    assert "\n" not in str(caught.value)


async def test_a_server_that_restarts_during_a_call(postgres: PostgresIntents, postgres_server: PostgresServer) -> None:
    """The connection broke while nobody used it, so the outcome is written over another."""
    calls: list[Call] = []
    transport = During(lambda: asyncio.to_thread(postgres_server.restart))
    client = client_of(postgres, transport, calls)
    made = await client.payouts.create(ORDER)
    again = await client.send(CREATE_PAYOUT, ORDER)

    assert [True, None] == [call.is_recorded for call in calls]
    assert (made, True, 1) == (again.data, again.is_replayed, len(transport.drafts))


class Network(StrEnum):
    """What becomes of bytes on their way between the store and its server."""

    PASSES = "passes"
    LOSES = "loses"  # as a cut cable, a firewall that forgets, or a machine that is gone
    LOSES_ANSWERS = "loses answers"
    HOLDS = "holds"  # they arrive once it passes again, when nobody waits for them any more


READY = b"Z\0\0\0\5I"  # the server's word that it is done, and in no transaction


class Proxy:
    """A loopback proxy between the store and its server."""

    def __init__(self, server: PostgresServer, notice: Callable[[Network], None]) -> None:
        self._notice = notice
        self._socket = str(server.folder / ".s.PGSQL.5432")
        self._changed = asyncio.Event()
        self.network = Network.PASSES
        self.round_trips = 0
        self.tasks: set[asyncio.Task[None]] = set()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(self._socket)
        for source, target, is_answer in ((reader, back, False), (there, writer, True)):
            forwarding = self._forward(source, target, is_answer=is_answer)
            self.tasks.add(asyncio.get_running_loop().create_task(forwarding))

    def set(self, network: Network) -> Fault:
        """A fault, or its end."""

        async def apply() -> None:
            self.network = network
            self._notice(network)
            self._changed.set()
            self._changed = asyncio.Event()

        return apply

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool) -> None:
        with contextlib.suppress(ConnectionError), contextlib.closing(writer):
            while data := await reader.read(1 << 16):
                while self.network is Network.HOLDS:
                    await self._changed.wait()
                if self.network is Network.PASSES or (self.network is Network.LOSES_ANSWERS and not is_answer):
                    writer.write(data)
                    self.round_trips += is_answer and data.count(READY)
                else:
                    return  # what comes after lost bytes is no use


@pytest.fixture(name="cut_off")
async def _cut_off(
    postgres: PostgresIntents, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[PostgresIntents, Proxy]]:
    """A store behind a proxy, which has less patience than usual while the network is silent."""
    from paycombat_async._postgres import database

    usual = (database.STATEMENT_S, database.CONNECT_S)

    def notice(network: Network) -> None:
        statement, connect = usual if network is Network.PASSES else (0.3, 0.3)
        monkeypatch.setattr(database.Database.run, "__defaults__", (statement,))
        monkeypatch.setattr(database, "CONNECT_S", connect)

    proxy = Proxy(postgres_server, notice)
    async with await asyncio.start_server(proxy, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        dsn = f"host=127.0.0.1 port={port} user=tests dbname=postgres sslmode=disable gssencmode=disable"
        store = PostgresIntents(dsn, schema=postgres.schema)
        yield store, proxy
        await proxy.set(Network.PASSES)()
        await store.aclose()
        for task in proxy.tasks:
            task.cancel()
        await asyncio.gather(*proxy.tasks, return_exceptions=True)


async def test_a_call_costs_two_round_trips(cut_off: tuple[PostgresIntents, Proxy]) -> None:
    """One before the send and one after it; two for a call that was made before: it is written only if it is new."""
    store, proxy = cut_off
    await store.find("order-0")
    client = client_of(store, During(), [])
    before = proxy.round_trips
    await client.payouts.create(ORDER)
    after = proxy.round_trips
    await client.payouts.create(ORDER)

    assert (2, 2) == (after - before, proxy.round_trips - after)


async def test_a_network_that_is_cut_before_the_send(cut_off: tuple[PostgresIntents, Proxy]) -> None:
    """Neither record nor call gets through; when the network is back, both do."""
    store, proxy = cut_off
    await store.find("order-0")  # the connection is there already

    await check_before(store, proxy.set(Network.LOSES), proxy.set(Network.PASSES), "connection broke|be reached")


async def test_a_network_that_is_cut_after_the_send(
    cut_off: tuple[PostgresIntents, Proxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is returned after the store's time, and the record is unknown once its lease is over."""
    store, proxy = cut_off
    await check_after(store, proxy.set(Network.LOSES), proxy.set(Network.PASSES), monkeypatch)


@pytest.mark.parametrize("network", [Network.LOSES_ANSWERS, Network.HOLDS])
async def test_a_record_that_nobody_knows_of(cut_off: tuple[PostgresIntents, Proxy], network: Network) -> None:
    """It was written, then or later, for a call that was given up: nothing is sent until a person has judged."""
    store, proxy = cut_off
    transport = During()
    client = client_of(store, transport, [])
    await store.find("order-0")
    await proxy.set(network)()
    with pytest.raises(StoreFailed) as caught:
        await client.payouts.create(ORDER)
    await proxy.set(Network.PASSES)()
    async with asyncio.timeout(PATIENCE_S):
        while not await state_of(store):
            pass

    assert (Outcome.NOT_SENT, []) == (caught.value.outcome, transport.drafts)
    with pytest.raises(IntentInProgress):
        await client.payouts.create(ORDER)
    await store._tables.execute("UPDATE {schema}.intent SET leased_until = created_at RETURNING true", {})
    with pytest.raises(OutcomeUnknown):
        await client.payouts.create(ORDER)
    await client.intents.resolve("order-1", Outcome.REJECTED, by="Ana")
    assert ("payout_1", 1) == ((await client.payouts.create(ORDER)).id, len(transport.drafts))


# The table of what a second call with a reference gets

SAME = {
    IntentState.APPLIED: None,
    IntentState.REJECTED: None,
    IntentState.NOT_SENT: None,
    IntentState.SENDING: IntentInProgress,
    IntentState.UNKNOWN: OutcomeUnknown,
}
FREE = {IntentState.REJECTED, IntentState.NOT_SENT}


async def put(store: Intents, state: IntentState) -> None:
    """Makes the record of order-1, with this state."""
    new = records.new_intent(CREATE_PAYOUT, ORDER, "order-1", await _body(), 60, is_sandbox=True)
    begun = await store.begin(new)
    if state is not IntentState.SENDING:
        record = records.CallRecord(store, CREATE_PAYOUT, "order-1", begun.intent.attempt, 0)
        assert await record.settle(state, "payout_1", PAID if state is IntentState.APPLIED else None)


async def _body() -> bytes:
    transport = During()
    await client_of(MemoryIntents(), transport, []).payouts.create(ORDER)
    return transport.drafts[0].body or b""


async def check_table(store: Intents, state: IntentState) -> None:
    """Same body, then another: what the documentation says, and a send only where the reference is free."""
    await put(store, state)
    transport = During()
    client = client_of(store, transport, [])
    if state not in FREE:
        with pytest.raises(ReferenceReused) as reused:
            await client.payouts.create(OTHER_BODY)
        assert Outcome.NOT_SENT is reused.value.outcome
    error = SAME[state]
    if error is not None:
        with pytest.raises(error) as caught:
            await client.payouts.create(ORDER)
        assert Outcome.UNKNOWN is caught.value.outcome
    else:
        reply = await client.send(CREATE_PAYOUT, OTHER_BODY if state in FREE else ORDER)
        assert ("payout_1", state is IntentState.APPLIED) == (reply.data.id, reply.is_replayed)
    assert int(state in FREE) == len(transport.drafts)


@pytest.mark.parametrize("state", IntentState)
async def test_the_table_holds_in_memory(state: IntentState) -> None:
    """A second call with a reference, by the state of its record."""
    await check_table(MemoryIntents(), state)


@pytest.mark.parametrize("state", IntentState)
async def test_the_table_holds_in_a_file(state: IntentState, tmp_path: Path) -> None:
    """A second call with a reference, by the state of its record."""
    store = SqliteIntents(tmp_path / "intents.db")
    await check_table(store, state)
    await store.aclose()


@pytest.mark.parametrize("state", IntentState)
async def test_the_table_holds_in_a_database(state: IntentState, postgres: PostgresIntents) -> None:
    """A second call with a reference, by the state of its record."""
    await check_table(postgres, state)


@pytest.mark.parametrize("state", IntentState)
async def test_whatever_stands_there_a_silent_database_sends_nothing(
    state: IntentState, cut_off: tuple[PostgresIntents, Proxy]
) -> None:
    """Also where a record would allow it: the store could not write down that it is sent."""
    store, proxy = cut_off
    await put(store, state)
    transport = During()
    await proxy.set(Network.LOSES)()
    for body in (ORDER, OTHER_BODY):
        with pytest.raises(StoreFailed):
            await client_of(store, transport, []).payouts.create(body)
    await proxy.set(Network.PASSES)()

    assert ([], [state]) == (transport.drafts, await state_of(store))


@pytest.mark.parametrize("state", [state for state in IntentState if state not in FREE])
async def test_whatever_stands_there_a_full_disk_sends_nothing(
    state: IntentState, full: tuple[SqliteIntents, Fault, Fault]
) -> None:
    """What only has to be read can still be read."""
    store, fault, _ = full
    await put(store, state)
    await fault()
    transport = During()
    error = SAME[state]
    if error is None:
        assert "payout_1" == (await client_of(store, transport, []).payouts.create(ORDER)).id
    else:
        with pytest.raises(error):
            await client_of(store, transport, []).payouts.create(ORDER)
    assert [] == transport.drafts


def test_a_full_disk_at_the_very_first_use(small_disk: Path) -> None:
    """The store cannot even be made, and says why."""
    with contextlib.suppress(OSError), (small_disk / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(b"x" * 512)
    with pytest.raises(ConfigurationError, match="the disk is full"):
        SqliteIntents(small_disk / "intents.db")
