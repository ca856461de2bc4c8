"""Records that no release has written: the store says that it is damaged, and nothing is sent."""

import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from paycombat_async import AnswerNotKept, AsyncPayCombat, Outcome, StoreFailed
from paycombat_async.intents import Intents, PostgresIntents, SqliteIntents
from paycombat_async.testing import FakeTransport
from tests.calls import payout
from tests.postgres_server import PostgresServer, postgres_intents

pytestmark = pytest.mark.promise("P13")

ORDER = payout(order_id="order-1")
PAID = b'{"status":true,"data":{"id":"payout_1","order_id":"order-1"}}'
DAMAGE: dict[str, tuple[str, object]] = {
    "JSON cut short": ("expected", "{"),
    "JSON of another shape": ("expected", "[]"),
    "JSON with a number for a list": ("expected", '{"currency":5}'),
    "JSON that is bytes": ("expected", b"\xff"),
    "an unknown state": ("state", "settled"),
    "a state of another case": ("state", "Applied"),
    "an attempt in words": ("attempt", "first"),
    "half an attempt": ("attempt", 1.5),
    "a digest of bytes": ("body_digest", b"\x00"),
    "a beginning in words": ("created_at", "yesterday"),
    "a beginning beyond all calendars": ("created_at", 1e30),
    "an end in words": ("settled_at", "today"),
    "a lease in words": ("leased_until", "tomorrow"),
    "a lease without end": ("leased_until", float("inf")),
    "an id of bytes": ("object_id", b"payout_1"),
    "an answer of text": ("answer", PAID.decode()),
}


def client_of(store: Intents, transport: FakeTransport) -> AsyncPayCombat:
    return AsyncPayCombat(
        token="snd_t", signature_key="snd_k", base_url="http://127.0.0.1:1", transport=transport, intents=store
    )


async def check_refused(store: Intents, words: str = "contains a record that cannot be read") -> None:
    """Every method that reads the record says so in one sentence, and the call is not sent."""
    transport = FakeTransport()
    client = client_of(store, transport)

    for call in (
        client.payouts.create(ORDER),
        client.intents.find("order-1"),
        store.recent(limit=1),
        client.intents.resolve("order-1", Outcome.REJECTED, by="Ana"),
    ):
        with pytest.raises(StoreFailed, match=words) as caught:
            await call
        assert (Outcome.NOT_SENT, None) == (caught.value.outcome, caught.value.__context__)
    assert [] == transport.drafts


async def make(store: Intents) -> None:
    """One record, applied with an answer."""
    transport = FakeTransport()
    transport.answer(200, PAID)
    await client_of(store, transport).payouts.create(ORDER)


@pytest.fixture(name="path")
async def _path(tmp_path: Path) -> Path:
    path = tmp_path / "intents.db"
    store = SqliteIntents(path)
    await make(store)
    await store.aclose()
    return path


def damage(path: Path, column: str, value: object) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(f"UPDATE intent SET {column} = ?", [value])
    connection.close()


@pytest.mark.parametrize(("column", "value"), DAMAGE.values(), ids=DAMAGE)
async def test_a_damaged_record_of_a_file_is_an_error_of_the_store(path: Path, column: str, value: object) -> None:
    """It names the file and the record, for whoever has to repair it."""
    damage(path, column, value)
    store = SqliteIntents(path)

    await check_refused(store, rf"^the intents store {path} .* \(payouts.create order-1\); .* repair it")

    await store.aclose()


@pytest.mark.parametrize("column", ["created_at", "leased_until"])
async def test_a_damaged_record_is_not_left_out_of_a_list(path: Path, column: str) -> None:
    """Neither what is under way nor what is unknown may be missing without a word."""
    damage(path, "state", "sending")
    damage(path, column, "soon")
    store = SqliteIntents(path)
    client = client_of(store, FakeTransport())

    for call in (client.intents.unresolved(), client.intents.sending(), client.intents.reconcile()):
        with pytest.raises(StoreFailed, match="contains a record that cannot be read"):
            await call
    with pytest.raises(StoreFailed, match="contains a record that cannot be read"):
        await store.move("default", "other")
    await store.aclose()


async def test_a_lease_until_the_end_of_the_calendar_is_read(path: Path) -> None:
    """Such a date can be read; arithmetic with it must not overflow."""
    damage(path, "state", "sending")
    damage(path, "leased_until", datetime(9999, 12, 31, tzinfo=UTC).timestamp())
    store = SqliteIntents(path)

    assert [9999] == [intent.leased_until and intent.leased_until.year for intent in await store.sending()]
    await store.aclose()


@pytest.mark.parametrize("answer", [b"", b"{", b'{"status":true}', b"\xff"])
async def test_a_damaged_answer_is_looked_up(path: Path, answer: bytes) -> None:
    """The record says that the call was carried out, and the provider says with what result."""
    damage(path, "answer", answer)
    store, transport = SqliteIntents(path), FakeTransport()
    transport.answer(200, PAID)
    transport.answer(404, b"{}")
    client = client_of(store, transport)

    assert "payout_1" == (await client.payouts.create(ORDER)).id
    with pytest.raises(AnswerNotKept) as caught:
        await client.payouts.create(ORDER)

    assert (Outcome.APPLIED, ["GET", "GET"]) == (caught.value.outcome, [draft.method for draft in transport.drafts])
    await store.aclose()


@pytest.fixture(name="store")
async def _store(postgres_server: PostgresServer) -> AsyncIterator[PostgresIntents]:
    async with postgres_intents(postgres_server.dsn) as store:
        await make(store)
        yield store


async def test_a_damaged_record_of_a_database_is_an_error_of_the_store(store: PostgresIntents) -> None:
    """Its columns have types, so less can be wrong, unless somebody has altered them."""
    for statement, words in (
        ("UPDATE {schema}.intent SET expected = '[]'", r"PostgreSQL contains .* \(payouts.create order-1\); .* repair"),
        ("UPDATE {schema}.intent SET expected = '{{\"a\":5}}', answer = NULL", "a record that cannot be read"),
        ("UPDATE {schema}.intent SET expected = '{{}}', created_at = 'infinity'", "a time that cannot be read"),
        ("ALTER TABLE {schema}.intent DROP CONSTRAINT intent_state_check", ""),
        ("UPDATE {schema}.intent SET created_at = now(), state = 'settled'", "a record that cannot be read"),
    ):
        text = statement.replace("{schema}", store.schema).replace("{{", "{").replace("}}", "}")
        async with store._tables.database.transaction() as connection:
            await connection.execute(text)
        if words:
            await check_refused(store, words)
