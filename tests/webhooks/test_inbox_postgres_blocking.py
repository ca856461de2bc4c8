"""The blocking inbox in PostgreSQL: in transactions of psycopg and of Django, in threads, and after a fork."""

import asyncio
import contextlib
import importlib
import inspect
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from paycombat_async import ConfigurationError, LeaseLost, StoreFailed
from paycombat_async import webhooks as original
from paycombat_async.intents.intent import IntentState, NewIntent
from paycombat_async.intents.postgres import PostgresIntents
from paycombat_async.testing import SecretCanary
from paycombat_async.testing.inbox_conformance import CHECKS, Check
from paycombat_async.webhooks import Receipt
from paycombat_sync.webhooks import PostgresInbox
from tests.postgres_server import PostgresServer, execute, new_schema
from tests.processes import PATIENCE_S, ROOT, run
from tests.sync.test_inboxes import _AwaitedInbox
from tests.sync.test_parity import members, plain, translated
from tests.webhooks.postgres_events import EXPIRED, OTHER, PAID, RETURNED, SENT, event

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
psycopg_pool = pytest.importorskip("psycopg_pool", reason="psycopg_pool is not installed")
ThreadedPool = importlib.import_module("paycombat_async._postgres.threaded").ThreadedPool  # imports psycopg itself

pytestmark = [pytest.mark.promise("P10", "P14"), pytest.mark.timeout(2 * PATIENCE_S)]


class BodyFailed(Exception):
    """The error of a worker."""


def run_sql(server: PostgresServer, *statements: str) -> list[tuple]:
    return asyncio.run(execute(server.dsn, *statements))


@pytest.fixture(name="inbox")
def _inbox(postgres_server: PostgresServer) -> Iterator[PostgresInbox]:
    inbox = PostgresInbox(postgres_server.dsn, schema=new_schema())
    inbox.migrate()
    with psycopg.connect(postgres_server.dsn, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE {inbox.schema}.shop (paid text PRIMARY KEY)".encode())
        yield inbox
        inbox.close()
        connection.execute(f"DROP SCHEMA {inbox.schema} CASCADE".encode())


@pytest.fixture(name="connection")
def _connection(postgres_server: PostgresServer) -> Iterator["psycopg.Connection"]:
    """The caller's own."""
    with psycopg.connect(postgres_server.dsn) as connection:
        yield connection
        connection.rollback()


@pytest.fixture(name="django")
def _django(postgres_server: PostgresServer) -> Iterator[object]:
    """Django's connection to the server, as `django.db.connection` is."""
    import django
    from django.conf import settings
    from django.db import ConnectionHandler

    if not settings.configured:
        settings.configure(LOGGING_CONFIG=None)
    django.setup()
    engine = {"ENGINE": "django.db.backends.postgresql", "NAME": "postgres", "USER": "tests"}
    connections = ConnectionHandler({"default": {**engine, "HOST": str(postgres_server.folder)}})
    yield connections["default"]
    connections["default"].close()


def credit(inbox: PostgresInbox, name: str) -> bytes:
    return f"INSERT INTO {inbox.schema}.shop VALUES ('{name}')".encode()


def credited(inbox: PostgresInbox, connection: "psycopg.Connection") -> list[str]:
    found = connection.execute(f"SELECT paid FROM {inbox.schema}.shop ORDER BY paid".encode()).fetchall()
    connection.rollback()
    return [name for (name,) in found]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_it_keeps_the_rules(inbox: PostgresInbox, check: Check) -> None:
    """Those of every inbox."""
    await check(_AwaitedInbox(inbox))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_it_keeps_the_rules_over_a_pool(
    inbox: PostgresInbox, postgres_server: PostgresServer, check: Check
) -> None:
    """The user's own, with transactions, rows as dictionaries and its own placeholders; it is not closed."""
    kwargs = {"row_factory": psycopg.rows.dict_row, "cursor_factory": psycopg.RawCursor}
    with psycopg_pool.ConnectionPool(postgres_server.dsn, min_size=1, kwargs=kwargs, open=True) as pool:
        pooled = PostgresInbox(pool, schema=inbox.schema)
        await check(_AwaitedInbox(pooled))
        pooled.close()
        assert not pool.closed


def test_a_pool_serves_everything_that_the_inbox_does(inbox, connection, postgres_server):
    """Migrations, transactions and failures; broken idle connections are replaced."""
    dsn = postgres_server.dsn_of("postgres", application_name="pooled")
    with psycopg_pool.ConnectionPool(dsn, min_size=2, max_size=2, open=True) as pool:
        pooled = PostgresInbox(pool, schema=inbox.schema)
        pooled.migrate()
        pooled.receive(PAID)
        pool.wait()
        idle = "FROM pg_stat_activity WHERE application_name = 'pooled'"
        run_sql(postgres_server, f"SELECT pg_terminate_backend(pid, 10000) {idle}")
        with contextlib.suppress(BodyFailed), pooled.taken() as delivery:
            delivery.connection.execute(credit(inbox, "first"))
            raise BodyFailed
        with pooled.taken() as again:
            again.connection.execute(credit(inbox, "second"))
        assert (1, 2, PAID) == (delivery.attempt, again.attempt, again.event)
        assert pooled.version() == inbox.version()
        pooled.close()
    with pytest.raises(StoreFailed, match="the pool is closed"), pooled.taken():
        pass
    with pytest.raises(StoreFailed, match="the pool is closed"):
        pooled.receive(PAID)
    pooled.close()
    assert [(1,)] == run_sql(postgres_server, f"SELECT count(*) FROM {inbox.schema}.shop")


async def test_a_cancelled_loan_goes_back_to_the_pool(postgres_server):
    """As when Ctrl-C ends a call that waits for a connection."""
    with psycopg_pool.ConnectionPool(postgres_server.dsn, min_size=1, max_size=1, open=True) as pool:
        threaded = ThreadedPool(pool)
        with pool.connection():
            loan = threaded.connection(PATIENCE_S)
            waiting = asyncio.ensure_future(loan.__aenter__())
            while not pool.get_stats()["requests_waiting"]:  # noqa: ASYNC110  # the pool sets no event
                await asyncio.sleep(0.005)
            waiting.cancel()
            await asyncio.sleep(0)
        await asyncio.wait([waiting])

        assert waiting.cancelled()
        async with threaded.connection(PATIENCE_S) as connection:
            assert [(1,)] == await connection.fetch(b"SELECT 1", None)


def test_neither_string_nor_blocking_pool_is_refused():
    """Such as an async pool, or a variable of the environment that is not set."""
    for source in (None, 5, psycopg_pool.AsyncConnectionPool(open=False)):
        with pytest.raises(ConfigurationError, match="a connection string or a pool of psycopg: ConnectionPool"):
            PostgresInbox(source)


def test_it_mirrors_the_async_one() -> None:
    """The same methods, parameters and docstrings, but for the connections that each takes."""

    def words(text: str | None) -> str:
        text = translated((text or "").replace("async with", "with"))
        return text.replace("an `AsyncConnection` of psycopg", "a `Connection` of psycopg or Django's `connection`")

    one, other = original.PostgresInbox, PostgresInbox
    assert words(one.__doc__) == other.__doc__
    for name in members(one):
        function, twin = plain(getattr(one, name)), plain(getattr(other, translated(name)))
        shapes = [
            [(each.name, each.kind, each.default) for each in inspect.signature(it).parameters.values()]
            for it in (function, twin)
        ]
        assert shapes[0] == shapes[1], name
        if twin.__doc__ and name not in {"__init__", "work"}:
            assert " ".join(words(function.__doc__).split()) == " ".join(twin.__doc__.split()), name


def test_what_is_rolled_back_is_not_kept(inbox, connection):
    """Neither the event nor the status."""
    receipts = [inbox.receive(each, connection=connection) for each in (PAID, PAID, EXPIRED)]
    connection.rollback()

    assert [Receipt.NEW, Receipt.DUPLICATE, Receipt.CONFLICT] == receipts
    assert [] == inbox.pending()
    assert inbox.receive(EXPIRED, connection=connection) is Receipt.NEW
    connection.commit()
    assert [EXPIRED] == inbox.pending()


def test_a_commit_wakes_workers(inbox, connection):
    """In another thread, which would poll once an hour."""
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(next, inbox.work(poll=3600))
        inbox.receive(PAID, connection=connection)
        connection.commit()
        assert working.result(PATIENCE_S).event == PAID


def test_a_connection_that_commits_by_itself_is_refused(inbox, postgres_server):
    """Unless a transaction was begun in it."""
    with psycopg.connect(postgres_server.dsn, autocommit=True) as connection:
        with pytest.raises(ConfigurationError, match="autocommit"):
            inbox.receive(PAID, connection=connection)
        with pytest.raises(ConfigurationError, match="autocommit"), inbox.taken(connection=connection):
            pass
        with connection.transaction(force_rollback=True):
            assert inbox.receive(PAID, connection=connection) is Receipt.NEW
        assert [] == inbox.pending()
        with connection.transaction():
            inbox.receive(PAID, connection=connection)
        assert [PAID] == inbox.pending()


async def test_what_is_no_blocking_connection_is_refused(inbox, postgres_server):
    """Such as an async one, or Django's to another database."""
    from django.db import ConnectionHandler

    databases = ConnectionHandler({"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})
    async with await psycopg.AsyncConnection.connect(postgres_server.dsn) as connection:
        for wrong in (connection, "postgresql://host/shop", databases["default"]):
            with pytest.raises(ConfigurationError, match=r"a Connection of psycopg \(version 3\), or Django's"):
                await asyncio.to_thread(inbox.receive, PAID, connection=wrong)


def test_django_keeps_the_event_with_its_own_work(inbox, django, connection):
    """In `atomic`: both or nothing; outside of it, Django commits each statement, and is refused."""
    with pytest.raises(ConfigurationError, match=r"autocommit.*Django's `atomic\(\)`"):
        inbox.receive(PAID, connection=django)
    django.set_autocommit(False)
    with django.cursor() as cursor:
        cursor.execute(credit(inbox, "first").decode())
    assert inbox.receive(PAID, connection=django) is Receipt.NEW
    django.rollback()
    assert ([], []) == (inbox.pending(), credited(inbox, connection))
    with django.cursor() as cursor:
        cursor.execute(credit(inbox, "second").decode())
    inbox.receive(PAID, connection=django)
    django.commit()
    assert ([PAID], ["second"]) == (inbox.pending(), credited(inbox, connection))

    with inbox.taken(connection=django) as delivery, django.cursor() as cursor:
        assert delivery.event == PAID
        cursor.execute(credit(inbox, "third").decode())
    django.commit()
    assert ([], ["second", "third"]) == (inbox.pending(), credited(inbox, connection))


def test_django_logs_no_payload(inbox, django, caplog):
    """With DEBUG, Django logs what its cursors execute, and payloads hold personal data."""
    caplog.set_level("DEBUG")
    django.force_debug_cursor = True
    django.set_autocommit(False)
    inbox.receive(event("SUCCESS", customer_full_name="Canary Kim"), connection=django)
    with inbox.taken(connection=django) as delivery:
        assert delivery.event.payin.customer_full_name == "Canary Kim"
    django.rollback()

    assert [] == SecretCanary(more={"name": "Canary Kim"}).sightings(caplog.text, django.queries)


def test_work_and_its_end_are_one_transaction(inbox, connection):
    """What the worker has written is there if the event is done, and only then; a failure counts."""
    inbox.receive(PAID)
    inbox.receive(OTHER)
    taken = []
    for _ in range(3):
        with contextlib.suppress(BodyFailed), inbox.taken() as delivery:
            taken.append((delivery.event, delivery.attempt))
            delivery.connection.execute(credit(inbox, "first"))
            raise BodyFailed
    with inbox.taken() as last:
        last.connection.execute(credit(inbox, "last"))

    assert [(PAID, 1), (PAID, 2), (OTHER, 1)] == taken
    assert (OTHER, 2) == (last.event, last.attempt)
    assert (["last"], [PAID]) == (credited(inbox, connection), inbox.pending())


def test_an_error_of_the_body_comes_out_as_it_is(inbox):
    """Also one of the caller's own statement."""
    inbox.receive(PAID)
    with pytest.raises(psycopg.errors.UndefinedTable), inbox.taken() as delivery:
        delivery.connection.execute("SELECT * FROM nowhere")
    with pytest.raises(BodyFailed), inbox.taken():
        raise BodyFailed


def test_taken_in_the_transaction_of_the_caller(inbox, connection):
    """Done with the commit, and free again after a rollback."""
    inbox.receive(PAID)
    for end in (connection.rollback, connection.commit):
        with inbox.taken(connection=connection) as delivery:
            assert (PAID, 1) == (delivery.event, delivery.attempt)
            assert connection is delivery.connection
            assert inbox.take() is None
        end()
    with inbox.taken(connection=connection) as nothing:
        assert nothing is None


def test_an_event_whose_taking_was_rolled_back_is_not_done(inbox, connection):
    """By the body itself: what it wrote is gone, and another worker may have the event."""
    inbox.receive(PAID)
    with pytest.raises(LeaseLost), inbox.taken(connection=connection):
        connection.rollback()

    connection.commit()
    assert [PAID] == inbox.pending()


def test_nobody_else_gets_a_taken_event(inbox):
    """Nor a later one of the same payout."""
    for each in (SENT, RETURNED, OTHER):
        inbox.receive(each)
    with inbox.taken() as first, inbox.taken() as second, inbox.taken() as third:
        assert (first.event, second.event, third) == (SENT, OTHER, None)


def test_connections_are_kept_for_the_next_transaction(inbox, postgres_server):
    """And closed with the inbox; one that broke while it was idle is replaced."""
    inbox.receive(PAID)
    pids = []
    for number in range(2, 5):
        with inbox.taken() as delivery:
            pids.append(delivery.connection.info.backend_pid)
        inbox.receive(event("SUCCESS", number=number))
    run_sql(postgres_server, f"SELECT pg_terminate_backend({pids[-1]}, 10000)")
    with inbox.taken() as delivery:
        pids.append(delivery.connection.info.backend_pid)
    inbox.close()

    assert pids[0] == pids[1] == pids[2] != pids[3]
    assert delivery.connection.closed


def test_what_a_failed_body_did_to_its_connection_ends_with_it(inbox, postgres_server):
    """A rollback does not end a lock of the session, or its settings."""
    inbox.receive(PAID)
    with contextlib.suppress(BodyFailed), inbox.taken() as delivery:
        delivery.connection.execute("SELECT pg_advisory_lock(7)")
        raise BodyFailed

    assert delivery.connection.closed
    inbox.receive(OTHER)
    with inbox.taken() as again:
        assert again.connection is not delivery.connection


def test_events_settle_calls(inbox, connection, postgres_server):
    """Also in the transaction of the caller."""

    async def begin(intents: PostgresIntents) -> None:
        await intents.migrate()
        new = NewIntent(endpoint="payouts.create", reference="order-1", body_digest="d", owner="tests", lease=3600)
        await intents.begin(new)
        await intents.aclose()

    intents = PostgresIntents(postgres_server.dsn, schema=inbox.schema)
    asyncio.run(begin(intents))
    settling = PostgresInbox(postgres_server.dsn, schema=inbox.schema, intents=intents)
    receipts = [
        settling.receive(event("SUCCESS", "PAYOUT", number, order_id="order-1"), connection=connection)
        for number in (1, 2)
    ]
    connection.commit()
    (settled,) = asyncio.run(intents.find("order-1"))
    settling.close()

    assert [Receipt.NEW, Receipt.CONFLICT] == receipts
    assert (IntentState.APPLIED, "id-1") == (settled.state, settled.object_id)


def test_failures_are_sentences(inbox, postgres_server, connection):
    """Missing tables, a broken transaction, and a server that is away."""
    missing = PostgresInbox(postgres_server.dsn, schema=f"{inbox.schema}_missing")
    with pytest.raises(StoreFailed, match="run `paycombat db migrate`"), missing.taken():
        pass
    with pytest.raises(StoreFailed, match="run `paycombat db migrate`"):
        missing.receive(PAID, connection=connection)
    missing.close()
    with contextlib.suppress(psycopg.errors.UndefinedTable):
        connection.execute("SELECT * FROM nowhere")
    with pytest.raises(StoreFailed, match="in a transaction that has failed before"):
        inbox.receive(PAID, connection=connection)
    away = PostgresInbox("postgresql://tests:Canary+Password@127.0.0.1:1/tests")
    with pytest.raises(StoreFailed, match="nothing listens at its address") as caught, away.taken():
        pass
    away.close()

    assert [] == SecretCanary(more={"password": "Canary+Password"}).sightings(caught.value, away, vars(away))


def test_of_many_threads_each_gets_its_own_events(inbox):
    """Half of them in transactions, half under a lease."""
    for number in range(40):
        inbox.receive(event("SUCCESS", number=number))
    worked: list[str] = []
    barrier = threading.Barrier(8)

    def work(number: int) -> None:
        barrier.wait(PATIENCE_S)
        while inbox.depth().waiting:
            if number % 2:
                with inbox.taken() as delivery:
                    worked.extend([delivery.event.id] if delivery else [])
            elif delivery := inbox.take():
                with delivery as taken:
                    worked.append(taken.id)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))

    assert sorted(f"id-{number}" for number in range(40)) == sorted(worked)


def test_a_late_worker_is_refused(inbox, connection):
    """As with the async inbox."""
    inbox.receive(PAID)
    late = inbox.take(lease=0)
    inbox.take()

    with pytest.raises(LeaseLost):
        inbox.done(late)


FORK = """
import os, sys
from paycombat_sync.webhooks import PostgresInbox
from tests.webhooks.postgres_events import PAID, OTHER, SENT

inbox = PostgresInbox(sys.argv[1], schema=sys.argv[2])
for each in (PAID, OTHER, SENT):
    inbox.receive(each)
with inbox.taken() as delivery:
    assert delivery.event == PAID, delivery
    server_process = delivery.connection.info.backend_pid
if not (child := os.fork()):
    with inbox.taken() as delivery:
        assert delivery.event == OTHER, delivery
        assert delivery.connection.info.backend_pid != server_process
    inbox.close()
    sys.exit()
assert os.waitpid(child, 0)[1] == 0
with inbox.taken() as delivery:
    assert delivery.event == SENT, delivery
    assert delivery.connection.info.backend_pid == server_process
with inbox.taken() as delivery:
    assert delivery is None
print(inbox.depth().waiting)
inbox.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX only: fork")
def test_a_fork_gets_connections_of_its_own(inbox, postgres_server):
    """Those of its parent stay usable there."""
    ended = run(sys.executable, "-W", "error", "-c", FORK, postgres_server.dsn, inbox.schema, cwd=ROOT)

    assert (0, "0\n", "") == (ended.returncode, ended.stdout, ended.stderr)


FORGOTTEN = """
import sys
from paycombat_sync.webhooks import PostgresInbox

inbox = PostgresInbox(sys.argv[1], schema=sys.argv[2])
with inbox.taken() as delivery:
    print(delivery)
"""


def test_a_program_ends_although_it_closes_nothing(inbox, postgres_server):
    """Without a warning."""
    ended = run(sys.executable, "-W", "error", "-c", FORGOTTEN, postgres_server.dsn, inbox.schema, cwd=ROOT)

    assert (0, "None\n", "") == (ended.returncode, ended.stdout, ended.stderr)
