"""The intents store in PostgreSQL: what holds there beyond what every store does, against a real server."""

import asyncio
import importlib
import pickle
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC
from types import SimpleNamespace
from urllib.parse import quote

import pytest

from paycombat_async.errors import ConfigurationError, StoreFailed
from paycombat_async.intents import postgres
from paycombat_async.intents.intent import Begun, Intent, IntentState, NewIntent, Settlement
from paycombat_async.intents.postgres import PostgresIntents
from paycombat_async.testing import SecretCanary
from paycombat_async.testing.intents_conformance import CHECKS
from tests.postgres_server import PostgresServer, execute, postgres_intents, watch_commits
from tests.processes import ROOT, Process

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
psycopg_pool = pytest.importorskip("psycopg_pool", reason="psycopg_pool is not installed")
postgres_database = importlib.import_module("paycombat_async._postgres.database")  # imports psycopg itself

SOON_S = 20.0  # for an error: 10 s at most, on a machine that has much else to do
pytestmark = pytest.mark.timeout(60)

PASSWORD = "Canary+Password/7d1f=="


def new(reference: str = "order-1", lease: float = 3600.0) -> NewIntent:
    return NewIntent(endpoint="payouts.create", reference=reference, body_digest="digest", owner="tests", lease=lease)


def outcome(state: IntentState, reference: str = "order-1", attempt: int = 1) -> Settlement:
    return Settlement(
        endpoint="payouts.create",
        reference=reference,
        attempt=attempt,
        state=state,
        evidence="answer",
        object_id="id-1",
        answer=b"{}",
    )


@pytest.fixture(name="store")
async def _store(postgres_server: PostgresServer) -> AsyncIterator[PostgresIntents]:
    async with postgres_intents(postgres_server.dsn) as store:
        yield store


@pytest.fixture(name="silent_dsn")
async def _silent_dsn() -> AsyncIterator[str]:
    """An address where connections are taken and never answered."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"postgresql://tests:{quote(PASSWORD, '')}@127.0.0.1:{server.getsockname()[1]}/tests"


async def failure(call: Awaitable[object]) -> StoreFailed:
    """The error of a call that fails soon."""
    with pytest.raises(StoreFailed) as caught:
        async with asyncio.timeout(SOON_S):
            await call
    return caught.value


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_it_does_what_every_store_does(store, check: Callable[[PostgresIntents], Awaitable[None]]):
    """The suite that is the same for all stores."""
    await check(store)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_a_given_pool_works_as_well(store, postgres_server, check):
    """Also one with transactions that the caller commits, rows as dictionaries and its own placeholders."""
    kwargs = {"row_factory": psycopg.rows.dict_row, "cursor_factory": psycopg.AsyncRawCursor}
    async with psycopg_pool.AsyncConnectionPool(postgres_server.dsn, min_size=1, kwargs=kwargs, open=False) as pool:
        await check(PostgresIntents(pool, schema=store.schema))


async def test_a_given_pool_is_not_closed(store, postgres_server):
    """It belongs to whoever opened it."""
    async with psycopg_pool.AsyncConnectionPool(postgres_server.dsn, min_size=1, open=False) as pool:
        given = PostgresIntents(pool, schema=store.schema)
        await given.begin(new())
        await given.aclose()

        assert not pool.closed
        assert len(await given.find("order-1")) == 1


async def test_a_pool_that_is_closed_is_a_failure_of_the_store(store, postgres_server):
    """In words that name the pool."""
    pool = psycopg_pool.AsyncConnectionPool(postgres_server.dsn, open=False)

    assert "the pool is closed" in str(await failure(PostgresIntents(pool, schema=store.schema).begin(new())))


async def test_of_many_tasks_over_many_connections_one_may_send(store, postgres_server):
    """Each time the reference is free: at first, and after a refusal."""
    stores = [PostgresIntents(postgres_server.dsn, schema=store.schema) for _ in range(4)]
    for attempt in range(1, 6):
        begun: list[Begun] = await asyncio.gather(*(each.begin(new()) for each in stores * 8))
        assert [each.may_send for each in begun].count(True) == 1
        assert {(each.intent.attempt, each.intent.state) for each in begun} == {(attempt, IntentState.SENDING)}
        assert await store.settle(outcome(IntentState.REJECTED, attempt=attempt))
    for each in stores:
        await each.aclose()


BEGIN_MANY = """
import asyncio, sys
from paycombat_async.intents.intent import NewIntent
from paycombat_async.intents.postgres import PostgresIntents

async def main(dsn, schema):
    store = PostgresIntents(dsn, schema=schema)
    await store.version()
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(50):
        call = NewIntent(endpoint="payouts.create", reference=f"order-{number}", body_digest="d", owner="o", lease=60)
        if (await store.begin(call)).may_send:
            print(number)
    await store.aclose()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_of_many_processes_one_may_send(store, postgres_server):
    """Each reference is sent exactly once, whichever process gets it."""
    command = (sys.executable, "-c", BEGIN_MANY, postgres_server.dsn, store.schema)
    processes = [Process(*command, cwd=ROOT) for _ in range(3)]
    for process in processes:
        assert process.line() == "ready\n"
    for process in processes:
        process.say("go\n")
    ended = [process.end() for process in processes]

    assert [each.stderr for each in ended] == [""] * 3
    assert sorted(int(number) for each in ended for number in each.stdout.split()) == list(range(50))


async def test_serialization_failures_are_repeated(store, postgres_server):
    """Where the database's default is stricter than READ COMMITTED, losers get an error and try again."""
    dsn = postgres_server.dsn_of("postgres", options="-c default_transaction_isolation=serializable")
    strict = PostgresIntents(dsn, schema=store.schema)
    for attempt in range(1, 6):
        begun = await asyncio.gather(*(strict.begin(new()) for _ in range(16)))
        assert [each.may_send for each in begun].count(True) == 1
        settled = await asyncio.gather(
            *(strict.settle(outcome(IntentState.NOT_SENT, attempt=attempt)) for _ in range(8))
        )
        assert settled.count(True) == 1
    await strict.aclose()


async def test_a_connection_that_was_idle_for_long_is_not_used_again(store, postgres_server, monkeypatch):
    """Clouds drop such connections without a word, and a statement on one waits for its time-out."""
    await store.begin(new("order-1"))
    pool = store._tables.database._pools.current()
    [(_, used)] = pool._idle
    later = pool._loop.time() + 181

    monkeypatch.setattr(pool, "_loop", SimpleNamespace(time=lambda: later))
    await store.begin(new("order-2"))

    [(_, other)] = pool._idle
    assert (True, True) == (used.closed, other is not used)


@pytest.mark.parametrize("state", ["40001", "40P01"], ids=["a conflict", "a deadlock"])
async def test_work_that_the_server_undid_is_repeated(state, store):
    """Nothing of it was written, so nobody has to know."""
    undone = [psycopg.errors.lookup(state)("undone")]

    async def work(_connection: object) -> str:
        if undone:
            raise undone.pop()
        return "done"

    assert "done" == await store._tables.database.run(work)


async def test_a_lease_ends_by_the_clock_of_the_database(store, postgres_server):
    """A machine with a wrong clock neither prolongs nor ends the lease of another."""
    begun = await store.begin(new())
    (age,) = (await execute(postgres_server.dsn, f"SELECT leased_until - now() FROM {store.schema}.intent"))[0]
    await execute(postgres_server.dsn, f"UPDATE {store.schema}.intent SET leased_until = now() - interval '1 second'")

    assert 3500 < age.total_seconds() < 3600
    assert IntentState.SENDING is begun.intent.state
    assert [intent.state for intent in await store.find("order-1")] == [IntentState.UNKNOWN]
    assert len(await store.unresolved()) == 1
    assert not (await store.begin(new())).may_send


async def test_a_record_from_the_future_is_listed(store, postgres_server):
    """The database has moved to a machine whose clock is right; the call would otherwise be under way for years."""
    await store.begin(new())
    table = f"{store.schema}.intent"
    later = "created_at + interval '10 years', leased_until = leased_until + interval '10 years'"
    await execute(postgres_server.dsn, f"UPDATE {table} SET created_at = {later}")

    assert [IntentState.UNKNOWN] == [intent.state for intent in await store.unresolved(older_than=60)]
    assert IntentState.UNKNOWN is (await store.begin(new())).intent.state
    assert await store.move("default", "other") == 1


async def test_the_key_of_a_record_is_compared_byte_by_byte(store, postgres_server):
    """An upgrade of the server's system may change a language's order, and an index in that order admits duplicates."""
    columns = (
        "SELECT collname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)"
        " JOIN pg_collation ON pg_collation.oid = attcollation"
    )
    key = f"{columns} WHERE indrelid = '{store.schema}.intent'::regclass AND indisprimary"

    assert [("C",)] * 3 == await execute(postgres_server.dsn, key)


async def test_times_are_in_utc_wherever_the_server_is(store, postgres_server):
    """Sessions have a time zone of their own."""
    dsn = postgres_server.dsn_of("postgres", options="-c timezone=Asia/Tokyo")
    elsewhere = PostgresIntents(dsn, schema=store.schema)
    begun = await elsewhere.begin(new())
    await elsewhere.aclose()

    assert UTC is begun.intent.created_at.tzinfo
    assert [begun.intent] == await store.find("order-1")


async def test_records_are_durable_whatever_the_session_is_set_to(store, postgres_server):
    """With `synchronous_commit` off, a commit returns before the log is written; all that is evidence waits for it."""
    dsn = postgres_server.dsn_of("postgres", options="-c synchronous_commit=off")
    lazy = PostgresIntents(dsn, schema=store.schema)
    commits = await watch_commits(dsn, store.schema, "intent")

    await lazy.begin(new())
    after_begin = await execute(dsn, commits)
    await lazy.settle(outcome(IntentState.APPLIED))
    after_settle = await execute(dsn, commits)
    await lazy.move("default", "another")
    after_move = await execute(dsn, commits)
    await lazy.aclose()
    without = await execute(dsn, f"UPDATE {store.schema}.intent SET attempt = 1", commits)

    assert (after_begin, after_settle, after_move, without) == ([("on",)], [("on",)], [("on",)], [("off",)])


@pytest.mark.parametrize("is_pool", [False, True])
async def test_a_restart_between_begin_and_settle_is_not_noticed(store, postgres_server, is_pool):
    """The record is still there, and connections that broke meanwhile are replaced."""
    pool = psycopg_pool.AsyncConnectionPool(postgres_server.dsn, min_size=3, open=False)
    used = PostgresIntents(pool, schema=store.schema) if is_pool else store
    async with pool:
        await asyncio.gather(*(used.begin(new(f"order-{number}")) for number in range(6)))
        await asyncio.to_thread(postgres_server.restart)

        assert await used.settle(outcome(IntentState.APPLIED, "order-0"))
        assert [IntentState.APPLIED] == [intent.state for intent in await used.find("order-0")]


async def test_a_stopped_server_is_a_failure_at_once(store, postgres_server):
    """For a store that was connected before, and for one that was not; when it is back, so are they."""
    fresh = PostgresIntents(postgres_server.dsn, schema=store.schema)
    await store.begin(new())
    await asyncio.to_thread(postgres_server.stop)
    try:
        async with asyncio.timeout(SOON_S / 10):
            errors = [await failure(each.begin(new("order-2"))) for each in (store, fresh)]
    finally:
        await asyncio.to_thread(postgres_server.start)

    assert ["cannot be reached" in str(error) for error in errors] == [True, True]
    assert (await fresh.begin(new("order-2"))).may_send
    assert not (await store.begin(new("order-2"))).may_send
    await fresh.aclose()


async def test_a_server_that_does_not_answer_is_a_failure_soon(silent_dsn, monkeypatch):
    """Neither the store nor its caller waits for good; here with less patience than usual."""
    monkeypatch.setattr(postgres_database, "CONNECT_S", 0.05)
    store = PostgresIntents(silent_dsn)
    error = await failure(store.begin(new()))
    await store.aclose()

    assert "does not answer in time" in str(error)
    assert [] == SecretCanary(more={"password": PASSWORD}).sightings(error)


async def test_a_server_that_falls_silent_is_cut(store):
    """Here the statement waits in the server, as it does for a storage that hangs."""
    error = await failure(store._tables.database.run(_sleeping, 0.05))

    assert "connection broke" in str(error)
    assert (await store.begin(new())).may_send


async def _sleeping(connection) -> None:
    await connection.execute("SELECT pg_sleep(60)")


async def test_a_cancelled_call_leaves_a_store_that_works(store):
    """The connection in the middle of a statement is not used again."""
    for _ in range(5):
        calls = [asyncio.ensure_future(store._tables.database.run(_sleeping, 0.2)) for _ in range(3)]
        await asyncio.sleep(0.005)
        for call in calls:
            call.cancel()
        assert await asyncio.gather(*calls, return_exceptions=True)

    assert (await store.begin(new())).may_send


async def test_a_locked_record_is_a_failure_soon(store, postgres_server, monkeypatch):
    """Somebody has left a transaction open in which the record was changed; here with less patience than usual."""
    monkeypatch.setattr(postgres, "_SETTLE", postgres._SETTLE.replace("'3s'", "'30ms'"))
    await store.begin(new())
    async with await psycopg.AsyncConnection.connect(postgres_server.dsn) as other:
        await other.execute(f"UPDATE {store.schema}.intent SET owner = 'somebody'".encode())
        error = await failure(store.settle(outcome(IntentState.APPLIED)))

    assert "is locked: another transaction holds" in str(error)
    assert await store.settle(outcome(IntentState.APPLIED))


@pytest.mark.parametrize(
    ("account", "reference", "refusal"),
    [
        ("default", "order-1", "1 of the calls of the account default may be under way"),
        ("default", "order-2", "1 of the calls of the account default may be under way"),
        ("another", "order-2", "both have a record of 1 of the calls"),
        ("a third", "order-2", ""),
    ],
    ids=["again", "first", "in the other account", "in a third account"],
)
@pytest.mark.parametrize("isolation", [{}, {"options": "-c default_transaction_isolation=serializable"}], ids=len)
async def test_a_call_that_begins_beside_a_move_is_seen(store, postgres_server, account, reference, refusal, isolation):
    """Its transaction was open when the move began. All records are moved or none, and none that is being sent."""
    await store.begin(new("order-1"))
    await store.settle(outcome(IntentState.REJECTED, "order-1"))
    await store.begin(new("order-3", lease=0))
    if account == "another":
        await store.begin(new("order-2", lease=0))
    mover = PostgresIntents(postgres_server.dsn_of("postgres", **isolation), "another", schema=store.schema)
    values = {"account": account, "reference": reference, "endpoint": "payouts.create", "body_digest": "d"}
    values |= {"owner": "o", "lease": 3600.0, "expected": "{}"}
    waits = f"SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%{store.schema}%'"
    async with await psycopg.AsyncConnection.connect(postgres_server.dsn) as other:
        await other.execute(store._tables.sql(postgres._BEGIN), values)
        moving = asyncio.ensure_future(mover.move("default", "another"))
        async with asyncio.timeout(SOON_S):
            while not moving.done() and not await execute(postgres_server.dsn, waits):  # noqa: ASYNC110  # the server sets no event
                await asyncio.sleep(0)
        await other.commit()

    if refusal:
        with pytest.raises(ConfigurationError, match=refusal):
            await moving
    moved = [len(await mover.find(reference)) for reference in ("order-1", "order-3")]
    left = [len(await store.find(reference)) for reference in ("order-1", "order-3")]
    assert ([0, 0], [1, 1]) == ((moved, left) if refusal else (left, moved))
    await mover.aclose()


async def test_a_call_waits_for_a_move_of_its_account_only(store, postgres_server, monkeypatch):
    """And not for long: nothing is sent then. Here with less patience than usual."""
    monkeypatch.setattr(postgres, "_BEGIN", postgres._BEGIN.replace("'3s'", "'30ms'"))
    elsewhere = PostgresIntents(postgres_server.dsn, "elsewhere", schema=store.schema)
    async with await psycopg.AsyncConnection.connect(postgres_server.dsn) as other:
        accounts = {"source": "default", "target": "another"}
        await other.execute(store._tables.sql(postgres._LOCK_BOTH), accounts)
        error = await failure(store.begin(new()))
        begun = await elsewhere.begin(new())

    assert "is locked: another transaction holds" in str(error)
    assert begun.may_send
    assert (await store.begin(new())).may_send
    await elsewhere.aclose()


async def test_moves_in_both_directions_at_once_do_not_block_each_other(store):
    """Each takes its two locks in the same order."""
    await store.begin(new(lease=0))
    moves = [store.move(*accounts) for accounts in (("default", "another"), ("another", "default")) * 8]

    assert {0, 1} == set(await asyncio.gather(*moves))


async def test_a_read_only_database_is_a_failure(store, postgres_server):
    """As a standby is; what was written before can still be read."""
    dsn = postgres_server.dsn_of("postgres", options="-c default_transaction_read_only=on")
    await store.begin(new())
    reader = PostgresIntents(dsn, schema=store.schema)

    assert "is read-only" in str(await failure(reader.begin(new("order-2"))))
    assert "is read-only" in str(await failure(reader.settle(outcome(IntentState.APPLIED))))
    assert len(await reader.find("order-1")) == 1
    await reader.aclose()


async def test_migrations_may_run_many_at_once_and_again(store, postgres_server):
    """As when all processes of a new release start together. What is recorded stays."""
    stores = [PostgresIntents(postgres_server.dsn, schema=f"{store.schema}_new") for _ in range(8)]
    assert await stores[0].version() == 0

    await asyncio.gather(*(each.migrate() for each in stores))
    await stores[0].begin(new())
    await asyncio.gather(*(each.migrate() for each in stores))

    assert await stores[1].version() == 1
    assert len(await stores[1].find("order-1")) == 1
    for each in stores:
        await each.aclose()
    await execute(postgres_server.dsn, f"DROP SCHEMA {store.schema}_new CASCADE")


async def test_missing_tables_are_a_failure_that_says_what_to_do(store, postgres_server):
    """Without the schema, and in a schema that has been emptied while the store was in use."""
    other = PostgresIntents(postgres_server.dsn, schema=f"{store.schema}_missing")
    errors = [await failure(other.begin(new())), await failure(other.find("order-1"))]
    await other.aclose()
    await store.begin(new())
    await execute(postgres_server.dsn, f"DROP TABLE {store.schema}.intent")
    errors.append(await failure(store.begin(new())))

    assert ["run `paycombat db migrate`" in str(error) for error in errors] == [True] * 3


async def test_tables_of_a_later_release_are_refused(store, postgres_server):
    """By migrate as by every other method: nobody knows what the columns mean then."""
    later = f"INSERT INTO {store.schema}.migration (component, version) VALUES ('intents', 99)"
    await execute(postgres_server.dsn, later)
    errors = [await failure(store.begin(new())), await failure(store.migrate())]

    assert ["version 99" in str(error) and "upgrade paycombat" in str(error) for error in errors] == [True, True]
    assert await store.version() == 99


async def test_a_user_without_rights_is_a_failure_that_says_so(store, postgres_server):
    """The administrator has made the tables, and forgot the grant."""
    await execute(postgres_server.dsn, "DROP ROLE IF EXISTS stranger", "CREATE ROLE stranger LOGIN")
    stranger = PostgresIntents(postgres_server.dsn_of("postgres", user="stranger"), schema=store.schema)

    assert "does not permit this user" in str(await failure(stranger.begin(new())))
    await stranger.aclose()


async def test_many_records_are_forgotten_in_portions(store, postgres_server, monkeypatch):
    """So that no statement takes long; the count is that of all."""
    monkeypatch.setattr(postgres, "_FORGOTTEN_AT_ONCE", 3)
    for number in range(7):
        await store.begin(new(f"order-{number}"))
        await store.settle(outcome(IntentState.APPLIED, f"order-{number}"))

    assert await store.forget(days=-1) == 7
    assert await execute(postgres_server.dsn, f"SELECT 1 FROM {store.schema}.intent") == []


async def test_accounts_do_not_see_each_other(store, postgres_server):
    """The same reference is another record for another account."""
    other = PostgresIntents(postgres_server.dsn, "second", schema=store.schema)
    first, second = await store.begin(new(lease=0)), await other.begin(new(lease=0))

    assert (first.may_send, second.may_send) == (True, True)
    assert [intent.account for intent in await other.unresolved()] == ["second"]
    assert await other.settle(outcome(IntentState.APPLIED))
    assert (await other.forget(days=-1), len(await store.find("order-1"))) == (1, 1)
    await other.aclose()


async def test_answers_are_kept_only_if_wanted(postgres_server):
    """They hold personal data."""
    async with postgres_intents(postgres_server.dsn, keep_answers=False) as store:
        await store.begin(new())
        await store.settle(outcome(IntentState.APPLIED))
        (intent,) = await store.find("order-1")

    assert (intent.answer, intent.object_id) == (None, "id-1")


async def test_what_cannot_be_stored_is_a_failure_and_no_reference_has_it(store):
    """NUL and half surrogates: a reference is refused before, anything else by the database."""
    await store.begin(new())

    assert await store.find("a\0b") == await store.find("\ud83d") == []
    assert not await store.settle(outcome(IntentState.APPLIED, "a\0b"))
    for evidence in ("a\0b", "\ud83d"):
        odd = Settlement(
            endpoint="payouts.create", reference="order-1", attempt=1, state=IntentState.APPLIED, evidence=evidence
        )
        assert "cannot store one of the values" in str(await failure(store.settle(odd)))


def test_one_store_serves_one_event_loop_after_another(postgres_server):
    """Each has its own connections, which are closed with it."""

    async def prepare() -> PostgresIntents:
        async with postgres_intents(postgres_server.dsn) as store:
            await store.begin(new())
        await store.migrate()
        return store

    async def once_more(store: PostgresIntents, number: int) -> list[Intent]:
        await asyncio.gather(*(store.begin(new(f"order-{number}-{each}")) for each in range(4)))
        return await store.find(f"order-{number}-0")

    store = asyncio.run(prepare())
    found = [asyncio.run(once_more(store, number)) for number in range(2)]
    loop = asyncio.new_event_loop()
    found.append(loop.run_until_complete(once_more(store, 2)))
    loop.close()  # without closing what was opened in it
    found.append(asyncio.run(once_more(store, 3)))
    # Not those that still sleep in the server for an earlier test, though their connection was cut.
    mine = "application_name = 'paycombat' AND wait_event IS DISTINCT FROM 'PgSleep'"
    count = f"SELECT count(*) FROM pg_stat_activity WHERE {mine}"
    asyncio.run(execute(postgres_server.dsn, f"DROP SCHEMA {store.schema} CASCADE"))

    async def until_closed() -> None:
        async with asyncio.timeout(SOON_S):
            while (await execute(postgres_server.dsn, count))[0][0] > 4:  # noqa: ASYNC110  # the server sets no event
                await asyncio.sleep(0)

    assert [len(intents) for intents in found] == [1] * 4
    asyncio.run(until_closed())  # the server ends a connection a moment after it was closed


@pytest.mark.parametrize(
    "dsn",
    [
        f"postgresql://tests:{quote(PASSWORD, '')}@127.0.0.1:1/tests?connect_timeout=2",
        f"postgresql://tests:{PASSWORD}@127.0.0.1:1/tests?connect_timeout=2",
        f"host=127.0.0.1 port=1 user=tests password={PASSWORD} connect_timeout=2",
        f"postgresql://tests:x@{PASSWORD}@127.0.0.1:1/tests?connect_timeout=2",
    ],
)
async def test_a_password_is_never_shown(dsn, caplog):
    """Neither by the store nor by its errors, nor in a pickle; also when it is written wrongly."""
    store = PostgresIntents(dsn)
    error = await failure(store.begin(new()))
    canary = SecretCanary(more={"password": PASSWORD, "half": PASSWORD[4:]})

    assert [] == canary.sightings(store, repr(store), str(store), error, pickle.dumps(error), caplog.text)
    with pytest.raises(TypeError, match=r"cannot be pickled or copied, .* make one in each process"):
        pickle.dumps(store)
    assert "PostgresIntents(account='default', schema='paycombat')" == repr(store)
    await store.aclose()


@pytest.mark.parametrize(
    "dsn",
    [
        "",
        f"mysql://tests:{PASSWORD}@host/db",
        f"postgresql+psycopg://tests:{PASSWORD}@host",
        f"postgresql://tests:{PASSWORD}\0@host/db",
    ],
)
def test_what_is_no_connection_string_is_refused_unseen(dsn):
    """As of another database, or in SQLAlchemy's form. An empty one means libpq's own defaults."""
    if not dsn:
        assert PostgresIntents(dsn).account == "default"
        return
    with pytest.raises(ConfigurationError, match="is no connection string") as caught:
        PostgresIntents(dsn)

    assert [] == SecretCanary(more={"password": PASSWORD}).sightings(caught.value)


@pytest.mark.parametrize(
    "options", ["port=port", "port=99999", "port=1,2,3", "connect_timeout=x", "sslmode=bogus", "target_session_attrs=x"]
)
async def test_an_impossible_value_in_the_connection_string_is_named_as_that(options):
    """It is found when the store connects; "cannot be reached" alone would send people to look at the network."""
    store = PostgresIntents(f"host=127.0.0.1,127.0.0.2 password={PASSWORD} {options}")
    with pytest.raises(StoreFailed, match="its connection string has an impossible value") as caught:
        await store.unresolved()

    assert [] == SecretCanary(more={"password": PASSWORD}).sightings(caught.value)
    await store.aclose()


@pytest.mark.parametrize(
    "schema", ["", "1st", "Upper", "a b", 'a"b', "a;b", "a.b", "x" * 64, "pg_own", "ünicode", "a\n", None, 3]
)
def test_a_schema_that_is_no_plain_name_is_refused(schema):
    """It becomes a part of statements."""
    with pytest.raises(ConfigurationError, match="plain identifier"):
        PostgresIntents("", schema=schema)


def test_neither_string_nor_pool_is_refused():
    """Such as a blocking pool, or a variable of the environment that is not set."""
    for source in (None, 5, psycopg_pool.ConnectionPool(open=False)):
        with pytest.raises(ConfigurationError, match="AsyncConnectionPool"):
            PostgresIntents(source)


def test_without_psycopg_the_error_says_what_to_install(monkeypatch):
    """It is an extra that most users do not need."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    importlib.invalidate_caches()

    with pytest.raises(ConfigurationError, match=r"pip install 'paycombat\[postgres\]'"):
        PostgresIntents("")
