"""The inbox in PostgreSQL: what holds there beyond what every inbox does, against a real server."""

import asyncio
import importlib
import pickle
import sys
from collections.abc import AsyncIterator, Awaitable
from datetime import UTC
from urllib.parse import quote

import pytest

from paycombat_async import ConfigurationError, StoreFailed
from paycombat_async.intents.intent import IntentState, NewIntent
from paycombat_async.intents.postgres import PostgresIntents
from paycombat_async.schemas.events import UnknownEvent, WebhookEvent
from paycombat_async.testing import SecretCanary
from paycombat_async.testing.inbox_conformance import CHECKS, Check
from paycombat_async.webhooks.inboxes import postgres_scripts
from paycombat_async.webhooks.inboxes.inbox import Receipt
from paycombat_async.webhooks.inboxes.postgres import PostgresInbox
from paycombat_async.webhooks.inboxes.postgres_tables import INBOX_STEPS
from tests.postgres_server import PostgresServer, execute, postgres_inbox, postgres_intents, watch_commits
from tests.webhooks.postgres_events import EXPIRED, OTHER, PAID, RETURNED, SENT, event

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
psycopg_pool = pytest.importorskip("psycopg_pool", reason="psycopg_pool is not installed")
postgres_database = importlib.import_module("paycombat_async._postgres.database")  # imports psycopg itself

SOON_S = 20.0  # for an error: 10 s at most, on a machine that has much else to do
PASSWORD = "Canary+Password/7d1f=="

pytestmark = [pytest.mark.promise("P14"), pytest.mark.timeout(60)]


@pytest.fixture(name="inbox")
async def _inbox(postgres_server: PostgresServer) -> AsyncIterator[PostgresInbox]:
    async with postgres_inbox(postgres_server.dsn) as inbox:
        yield inbox


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_it_does_what_every_inbox_does(inbox: PostgresInbox, check: Check) -> None:
    """The suite that is the same for all inboxes."""
    await check(inbox)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_a_given_pool_works_as_well(inbox: PostgresInbox, postgres_server: PostgresServer, check: Check) -> None:
    """Also one with transactions that the caller commits, rows as dictionaries and its own placeholders."""
    kwargs = {"row_factory": psycopg.rows.dict_row, "cursor_factory": psycopg.AsyncRawCursor}
    async with psycopg_pool.AsyncConnectionPool(postgres_server.dsn, min_size=1, kwargs=kwargs, open=False) as pool:
        await check(PostgresInbox(pool, schema=inbox.schema))


async def failure(call: Awaitable[object]) -> StoreFailed:
    """The error of a call that fails soon."""
    with pytest.raises(StoreFailed) as caught:
        async with asyncio.timeout(SOON_S):
            await call
    return caught.value


async def test_a_given_pool_is_not_closed(inbox, postgres_server):
    """It belongs to whoever opened it; `work` ends all the same."""
    async with psycopg_pool.AsyncConnectionPool(postgres_server.dsn, min_size=1, open=False) as pool:
        given = PostgresInbox(pool, schema=inbox.schema)
        await given.receive(PAID)
        async with given.taken() as delivery:
            assert delivery.event == PAID
        working = asyncio.ensure_future(anext(given.work(poll=0.01), None))
        while not working.done():
            await given.aclose()
            await asyncio.wait([working], timeout=0.01)

        assert not pool.closed
        assert await given.receive(PAID) is Receipt.DUPLICATE


async def test_a_pool_that_is_closed_is_a_failure_of_the_inbox(inbox, postgres_server):
    """In words that name the pool."""
    given = PostgresInbox(psycopg_pool.AsyncConnectionPool(postgres_server.dsn, open=False), schema=inbox.schema)

    assert "the inbox in PostgreSQL cannot be reached: the pool is closed" in str(await failure(given.receive(PAID)))
    assert "the pool is closed" in str(await failure(enter(given)))


async def enter(inbox: PostgresInbox) -> None:
    async with inbox.taken():
        pass


async def test_a_transaction_over_a_stale_connection_of_a_given_pool(inbox, postgres_server):
    """The server has ended the idle connections of the pool, as a restart does."""
    await inbox.receive(PAID)
    async with psycopg_pool.AsyncConnectionPool(postgres_server.dsn, min_size=3, open=False) as pool:
        await pool.wait()
        mine = "application_name <> 'paycombat' AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        await execute(
            postgres_server.dsn, f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE {mine}"
        )
        async with PostgresInbox(pool, schema=inbox.schema).taken() as delivery:
            assert delivery.event == PAID


async def test_a_payload_that_cannot_be_read_is_set_aside(inbox, postgres_server, caplog):
    """It holds up neither the others nor those of its own payout, and its content is not logged."""
    for each in (SENT, RETURNED, PAID, EXPIRED):
        await inbox.receive(each)
    damage = f"UPDATE {inbox.schema}.event SET payload = 'Some-Body''s name' WHERE key = '{SENT.key}'"
    await execute(
        postgres_server.dsn, damage, damage.replace("'Some-Body''s name'", "NULL").replace(SENT.key, PAID.key)
    )
    taken = [await inbox.take() for _ in range(2)]
    (first, second), depth = await inbox.damaged(), await inbox.depth()

    assert [RETURNED] == [delivery.event for delivery in taken if delivery]
    assert ([1, 3], [SENT.key, PAID.key]) == ([first.number, second.number], [first.key, second.key])
    assert UTC is first.arrived_at.tzinfo
    assert [first] == await inbox.damaged(limit=1)
    assert (0, 1, 1, 2) == (depth.waiting, depth.taken, depth.conflicts, depth.damaged)
    assert ["event 1 of the inbox cannot", "event 3 of the inbox cannot"] == [text[:27] for text in caplog.messages]
    assert "Some-Body" not in caplog.text
    assert [RETURNED] == await inbox.pending()
    assert (await inbox.forget(days=-1), await inbox.receive(SENT)) == (0, Receipt.DUPLICATE)
    await inbox.done(SENT)
    assert [second] == await inbox.damaged()


async def test_a_lease_ends_by_the_clock_of_the_database(inbox, postgres_server):
    """A machine with a wrong clock neither prolongs nor ends the lease of another."""
    await inbox.receive(PAID)
    await inbox.take(lease=3600)
    ((left,),) = await execute(postgres_server.dsn, f"SELECT free_at - now() FROM {inbox.schema}.event")
    before = await inbox.take()
    await execute(postgres_server.dsn, f"UPDATE {inbox.schema}.event SET free_at = now() - interval '1 second'")

    assert 3500 < left.total_seconds() < 3600
    assert before is None
    assert (await inbox.take()).attempt == 2


async def test_a_clock_that_is_set_back_holds_up_no_event(inbox, postgres_server):
    """As by a failover: leases and pauses that begin in the future, by more than they are long, are over."""
    await inbox.receive(PAID)
    await inbox.receive(OTHER)
    taken = [await inbox.take(lease=60), await inbox.take(lease=60)]
    ahead = f"UPDATE {inbox.schema}.event SET since = since + interval '%s', free_at = free_at + interval '%s',"
    ahead += " arrived_at = arrived_at + interval '1 hour' WHERE number = %s"
    await execute(postgres_server.dsn, ahead % ("59 seconds", "59 seconds", 1), ahead % ("61 seconds", "61 seconds", 2))
    depth = await inbox.depth()

    assert [PAID, OTHER] == [delivery.event for delivery in taken]
    assert (1, 1, 0.0) == (depth.waiting, depth.taken, depth.oldest)
    assert OTHER == (await inbox.take()).event


@pytest.mark.parametrize("lease", [-1, float("nan"), float("inf"), 1e9])
async def test_a_lease_is_a_time(inbox, lease):
    """Refused before anything is taken."""
    await inbox.receive(PAID)
    delivery = await inbox.take()
    with pytest.raises(ConfigurationError, match="lease must be a number"):
        await inbox.take(lease=lease)
    with pytest.raises(ConfigurationError, match="lease must be a number"):
        await inbox.renew(delivery, lease=lease)


async def test_what_a_cancelled_take_has_taken_is_given_back(inbox, postgres_server, monkeypatch):
    """Else the event would wait for the end of a lease that nobody holds."""
    await inbox.receive(PAID)
    committed = asyncio.Event()

    async def take_slowly(*arguments):
        taken = await inbox._core.__class__.take(inbox._core, *arguments)
        committed.set()
        await asyncio.sleep(0)
        return taken

    monkeypatch.setattr(inbox._core, "take", take_slowly)
    taking = asyncio.ensure_future(inbox.take())
    await committed.wait()
    taking.cancel()
    await asyncio.wait([taking])
    monkeypatch.undo()

    assert taking.cancelled()
    assert (await inbox.take()).attempt == 2


async def test_a_failing_event_waits_longer_and_longer(inbox, postgres_server):
    """0, 1, 2, 4 ... and never more than 60 seconds."""
    await inbox.receive(PAID)
    waits = []
    for _ in range(10):
        await inbox.release(await inbox.take())
        ((wait,),) = await execute(postgres_server.dsn, f"SELECT free_at - now() FROM {inbox.schema}.event")
        waits.append(round(wait.total_seconds()))
        await execute(postgres_server.dsn, f"UPDATE {inbox.schema}.event SET free_at = now()")

    assert [0, 1, 2, 4, 8, 16, 32, 60, 60, 60] == waits


async def test_events_are_durable_whatever_the_session_is_set_to(inbox, postgres_server):
    """With `synchronous_commit` off, a commit returns before the log is written; the inbox waits for it."""
    dsn = postgres_server.dsn_of("postgres", options="-c synchronous_commit=off")
    lazy = PostgresInbox(dsn, schema=inbox.schema)
    commits = await watch_commits(dsn, inbox.schema, "event")
    found = []
    for each in (PAID, event("MELTED"), EXPIRED):
        await lazy.receive(each)
        found.append(set(await execute(dsn, commits)))
    delivery = await lazy.take()
    found.append(set(await execute(dsn, commits)))
    for step in (lazy.renew, lazy.release, lazy.done):
        await step(delivery)
        found.append(set(await execute(dsn, commits)))
    async with lazy.taken():
        pass
    found.append(set(await execute(dsn, commits)))
    await lazy.aclose()

    assert [{("on",)}] * 8 == found
    assert {("off",)} == set(await execute(dsn, f"UPDATE {inbox.schema}.event SET attempt = 1", commits))


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
async def test_a_stricter_isolation_only_costs_tries(inbox, postgres_server, isolation):
    """Where the database's default is not READ COMMITTED, losers get an error and try again."""
    strict = isolation.replace(" ", "\\ ")
    dsn = postgres_server.dsn_of("postgres", options=f"-c default_transaction_isolation={strict}".replace("\\", "\\\\"))
    inboxes = [PostgresInbox(dsn, schema=inbox.schema) for _ in range(2)]
    async with psycopg_pool.AsyncConnectionPool(dsn, min_size=4, open=False) as pool:
        inboxes.append(PostgresInbox(pool, schema=inbox.schema))
        for number in range(5):
            one = event("SUCCESS", number=number)
            receipts = await asyncio.gather(*(each.receive(one) for each in inboxes * 4))
            assert [Receipt.NEW] == [receipt for receipt in receipts if receipt is not Receipt.DUPLICATE]
        taken = await asyncio.gather(*(each.take() for each in inboxes * 4))
        assert [1, 2, 3, 4, 5] == sorted(delivery.number for delivery in taken if delivery)
    for each in inboxes:
        await each.aclose()


@pytest.mark.parametrize("odd", ["a\0b", "x" * 5000, "주문" * 300, "'; DROP TABLE event; --"])
async def test_an_odd_id_is_kept_like_any_other(inbox, odd):
    """NUL cannot be stored as text, and long texts not be indexed."""
    odd_payin, odd_return = event("SUCCESS", number=odd), event("RETURNED", "PAYOUT", odd)
    receipts = [await inbox.receive(each) for each in (odd_payin, odd_payin, odd_return, event("EXPIRED", number=odd))]
    taken = [await inbox.take(), await inbox.take()]
    await inbox.done(odd_payin)

    assert [Receipt.NEW, Receipt.DUPLICATE, Receipt.NEW, Receipt.CONFLICT] == receipts
    assert [odd_payin, odd_return] == [delivery.event for delivery in taken]
    assert [odd_return] == await inbox.pending()


async def test_an_id_is_kept_whatever_the_encoding_of_the_database(postgres_server):
    """A database in Latin-1 cannot store other letters, so that each delivery of the event would fail, for ever."""
    await execute(postgres_server.dsn, "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    async with postgres_inbox(postgres_server.dsn_of("latin")) as inbox:
        events = [event("SUCCESS", number=number) for number in ("주문", "é", "plain")]

        assert [Receipt.NEW] * 3 == [await inbox.receive(each) for each in events]
        assert [Receipt.DUPLICATE] * 3 == [await inbox.receive(each) for each in events]
        assert events == await inbox.pending()
    await execute(postgres_server.dsn, "DROP DATABASE latin")


async def test_an_event_of_an_unknown_kind_stays_known_when_it_is_known(inbox):
    """A later release gives another key to the same body, and must not work on it a second time."""
    unknown = UnknownEvent(payload=PAID.payload, data={"type": "PAYIN"})
    receipts = [await inbox.receive(unknown), await inbox.receive(PAID)]
    await inbox.done(PAID)

    assert [Receipt.NEW, Receipt.DUPLICATE] == receipts
    assert [] == await inbox.pending()


async def test_events_settle_calls_and_contradictions_are_listed(inbox, postgres_server):
    """Also in the transaction of the caller; whatever is rolled back there, the evidence stands."""
    async with postgres_intents(postgres_server.dsn) as intents:
        settling = PostgresInbox(postgres_server.dsn, schema=inbox.schema, intents=intents)
        for reference in ("order-1", "order-2"):
            await intents.begin(new_intent(reference))
        async with await psycopg.AsyncConnection.connect(postgres_server.dsn) as connection:
            await settling.receive(payout_of("order-1", "payout-1"), connection=connection)
            await connection.rollback()
        (settled,) = await intents.find("order-1")
        receipts = [
            await settling.receive(payout_of("order-1", "payout-1")),
            await settling.receive(payout_of("order-1", "payout-2")),
            await settling.receive(payout_of("order-1", "payout-2")),
        ]
        conflicts = await settling.pending(Receipt.CONFLICT)
        await settling.aclose()

    assert (IntentState.APPLIED, "id-payout-1", "webhook") == (settled.state, settled.object_id, settled.evidence)
    assert [Receipt.NEW, Receipt.CONFLICT, Receipt.DUPLICATE] == receipts
    assert ["id-payout-2"] == [each.id for each in conflicts]


def new_intent(reference: str) -> NewIntent:
    return NewIntent(endpoint="payouts.create", reference=reference, body_digest="d", owner="tests", lease=3600)


def payout_of(reference: str, number: str) -> WebhookEvent:
    return event("SUCCESS", "PAYOUT", number, order_id=reference)


async def test_many_done_events_are_forgotten_in_portions(inbox, monkeypatch):
    """So that no statement takes long; the count is that of all."""
    monkeypatch.setattr(postgres_scripts, "FORGOTTEN_AT_ONCE", 3)
    for number in range(7):
        await inbox.receive(event("SUCCESS", number=number))
        await inbox.done(event("SUCCESS", number=number))

    assert await inbox.forget(days=-1) == 7


async def test_migrations_may_run_many_at_once_and_again(inbox, postgres_server):
    """As when all processes of a new release start together; also beside those of the intents store."""
    schema = f"{inbox.schema}_new"
    inboxes = [PostgresInbox(postgres_server.dsn, schema=schema) for _ in range(4)]
    stores = [PostgresIntents(postgres_server.dsn, schema=schema) for _ in range(4)]
    assert await inboxes[0].version() == 0

    await asyncio.gather(*(each.migrate() for each in (*inboxes, *stores)))
    await inboxes[0].receive(PAID)
    await asyncio.gather(*(each.migrate() for each in (*inboxes, *stores)))

    assert (await inboxes[1].version(), await stores[1].version()) == (len(INBOX_STEPS), 1)
    assert [PAID] == await inboxes[1].pending()
    for each in (*inboxes, *stores):
        await each.aclose()
    await execute(postgres_server.dsn, f"DROP SCHEMA {schema} CASCADE")


async def test_missing_tables_are_a_failure_that_says_what_to_do(inbox, postgres_server):
    """Without the schema, with the tables of the intents alone, and when they are dropped in the middle."""
    other = PostgresInbox(postgres_server.dsn, schema=f"{inbox.schema}_missing")
    errors = [await failure(other.receive(PAID)), await failure(other.take()), await failure(enter(other))]
    await other.aclose()
    async with postgres_intents(postgres_server.dsn) as intents:
        beside = PostgresInbox(postgres_server.dsn, schema=intents.schema)
        errors.append(await failure(beside.receive(PAID)))
        await beside.aclose()
    await inbox.receive(PAID)
    await execute(postgres_server.dsn, f"DROP TABLE {inbox.schema}.event")
    errors.append(await failure(inbox.take()))

    assert ["run `paycombat db migrate`" in str(error) for error in errors] == [True] * 5


async def test_tables_of_a_later_release_are_refused(inbox, postgres_server):
    """By migrate as by every other method: nobody knows what the columns mean then."""
    later = f"INSERT INTO {inbox.schema}.migration (component, version) VALUES ('inbox', 99)"
    await execute(postgres_server.dsn, later)
    errors = [await failure(inbox.receive(PAID)), await failure(inbox.migrate()), await failure(enter(inbox))]

    assert ["version 99" in str(error) and "upgrade paycombat" in str(error) for error in errors] == [True] * 3


async def test_a_locked_event_is_a_failure_soon(inbox, postgres_server, monkeypatch):
    """Somebody has left a transaction open in which the event was changed; here with less patience than usual."""
    monkeypatch.setattr(postgres_scripts, "_DONE", postgres_scripts._DONE.replace("'3s'", "'30ms'"))
    await inbox.receive(PAID)
    delivery = await inbox.take()
    async with await psycopg.AsyncConnection.connect(postgres_server.dsn) as other:
        await other.execute(f"UPDATE {inbox.schema}.event SET attempt = attempt".encode())
        error = await failure(inbox.done(delivery))

    assert "is locked: another transaction holds" in str(error)
    await inbox.done(delivery)


async def test_a_read_only_database_is_a_failure(inbox, postgres_server):
    """As a standby is; what waits can still be seen."""
    await inbox.receive(PAID)
    reader = PostgresInbox(
        postgres_server.dsn_of("postgres", options="-c default_transaction_read_only=on"), schema=inbox.schema
    )

    assert "is read-only" in str(await failure(reader.receive(OTHER)))
    assert "is read-only" in str(await failure(reader.take()))
    assert ([PAID], 1) == (await reader.pending(), (await reader.depth()).waiting)
    await reader.aclose()


@pytest.mark.parametrize("where", ["dsn", "listen_dsn"])
async def test_a_password_is_never_shown(where, caplog):
    """Neither by the inbox nor by its errors and warnings, nor in a pickle."""
    dsn = f"postgresql://tests:{quote(PASSWORD, '')}@127.0.0.1:1/tests?connect_timeout=2"
    inbox = PostgresInbox(dsn, listen_dsn=dsn) if where == "listen_dsn" else PostgresInbox(dsn)
    error, of_taken = await failure(inbox.receive(PAID)), await failure(enter(inbox))
    stop = asyncio.Event()
    working = asyncio.ensure_future(anext(inbox.work(stop=stop), None))
    async with asyncio.timeout(SOON_S):
        while len(caplog.records) < 2:  # noqa: ASYNC110  # the log sets no event
            await asyncio.sleep(0.01)
    stop.set()
    await working
    canary = SecretCanary(more={"password": PASSWORD, "half": PASSWORD[4:]})

    assert "cannot be reached: nothing listens" in str(error)
    assert [] == canary.sightings(inbox, repr(inbox), str(inbox), error, of_taken, pickle.dumps(error), caplog.text)
    with pytest.raises(TypeError, match=r"cannot be pickled or copied, .* make one in each process"):
        pickle.dumps(inbox)
    assert "PostgresInbox(schema='paycombat')" == repr(inbox)
    await inbox.aclose()


@pytest.mark.parametrize("arguments", [(f"mysql://tests:{PASSWORD}@host/db", None), ("", f"mysql://x:{PASSWORD}@h/d")])
def test_what_is_no_connection_string_is_refused_unseen(arguments):
    """Neither of the two is quoted."""
    dsn, listen_dsn = arguments
    with pytest.raises(ConfigurationError, match="is no connection string") as caught:
        PostgresInbox(dsn, listen_dsn=listen_dsn)

    assert [] == SecretCanary(more={"password": PASSWORD}).sightings(caught.value)


@pytest.mark.parametrize("schema", ["", "Upper", 'a"b', "a;b", "x" * 64, "pg_own", "a\n", "a'b"])
def test_a_schema_that_is_no_plain_name_is_refused(schema):
    """It becomes a part of statements."""
    with pytest.raises(ConfigurationError, match="plain identifier"):
        PostgresInbox("", schema=schema)


def test_neither_string_nor_pool_is_refused():
    """Such as a blocking pool, or a variable of the environment that is not set."""
    for source in (None, 5, psycopg_pool.ConnectionPool(open=False)):
        with pytest.raises(ConfigurationError, match=r"PostgresInbox needs .* AsyncConnectionPool"):
            PostgresInbox(source)


def test_without_psycopg_the_error_says_what_to_install(monkeypatch):
    """It is an extra that most users do not need."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    importlib.invalidate_caches()

    with pytest.raises(ConfigurationError, match=r"PostgresInbox needs psycopg: pip install 'paycombat\[postgres\]'"):
        PostgresInbox("")


async def test_the_first_event_of_an_object_costs_one_statement(inbox, monkeypatch):
    """Which is its own commit, so that the 200 waits for one round trip and one fsync; the rest costs at most three."""
    statements = []
    fetch = postgres_database.fetch

    async def counted(connection, statement, values=None):
        statements.append(statement)
        return await fetch(connection, statement, values)

    await inbox.depth()
    monkeypatch.setattr(postgres_database, "fetch", counted)
    costs = []
    for each in (PAID, PAID, event("MELTED"), SENT, RETURNED, SENT, EXPIRED):
        statements.clear()
        await inbox.receive(each)
        costs.append(len(statements))

    assert [1, 2, 1, 1, 3, 2, 3] == costs


@pytest.mark.parametrize("statistics", ["none", "of an empty inbox", "of a full inbox"])
async def test_taking_an_event_reads_no_others(inbox, postgres_server, statistics):
    """A burst fills an inbox faster than the server renews its statistics; sorting all events would take 300 ms."""
    table, taking = f"{inbox.schema}.event", inbox._core.tables.sql(postgres_scripts._TAKE).decode()
    fill = (
        f"INSERT INTO {table} (key, subject, state, arrived_at, payload)"
        " SELECT n, n, 'waiting', now(), '{}' FROM generate_series(1, 5000) AS n"
    )
    if statistics == "of an empty inbox":
        over = fill.replace("waiting", "done").replace("SELECT n, n", "SELECT -n, n")
        await execute(postgres_server.dsn, over, f"ANALYZE {table}")
    await execute(postgres_server.dsn, fill, *([f"ANALYZE {table}"] if statistics == "of a full inbox" else []))
    plan = await execute(postgres_server.dsn, "EXPLAIN " + taking.replace("%(lease)s", "60"))
    text = "\n".join(line for (line,) in plan)

    assert "Index Scan using event_waiting on event candidate" in text
    assert "Scan using event_subject on event earlier" in text
    assert "Sort" not in text
    assert "Seq Scan" not in text
