"""A real PostgreSQL server for the tests, started by this run and ended with it; and stores with empty tables in it.

The fixture `postgres_server` (one server per session, so one per worker of pytest-xdist) skips where PostgreSQL or
psycopg is not installed. The server listens on a socket in its own temporary folder only.
"""

import contextlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from paycombat_async.intents.postgres import PostgresIntents
from paycombat_async.limiters.postgres import PostgresLimiter
from paycombat_async.webhooks.inboxes.postgres import PostgresInbox
from tests.processes import PATIENCE_S, guard

DATABASE = "postgres"
# A crash of the machine is no case here, so nothing is synced. The writer of the log sleeps for long, so that a commit
# which does not wait for the log can be told from one that does.
SETTINGS = {
    "listen_addresses": "''",
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "16MB",
    "wal_writer_delay": "10s",
}
_schemas = count(1)


class PostgresServer:
    """A server with its files in one folder. As root, it runs as the user `postgres`, since it refuses root."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.folder = folder
        self._programs = programs
        self._pid = 0
        self.user = "postgres" if os.geteuid() == 0 else None
        if self.user:
            shutil.chown(folder, self.user)
        self._run("initdb", "--no-sync", "--auth=trust", "--username=tests", "--encoding=UTF8", "--locale=C")

    @property
    def dsn(self) -> str:
        return self.dsn_of(DATABASE)

    def dsn_of(self, database: str, **more: str) -> str:
        """The connection string of a database of this server, with more parameters."""
        parameters = {"host": str(self.folder), "user": "tests", "dbname": database, **more}
        return " ".join(f"{name}='{value}'" for name, value in parameters.items())

    def start(self) -> None:
        settings = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
        options = f"-k {self.folder} {settings}"
        self._run("pg_ctl", "start", "-w", "-t", str(PATIENCE_S), "-l", str(self.folder / "log"), "-o", options)
        self._pid = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        guard.note(self._pid)  # ended also if this run is killed

    def stop(self) -> None:
        """As by a crash: connections break in the middle, and the next start recovers from the log."""
        if self._pid:
            self._run("pg_ctl", "stop", "-m", "immediate", "-w", "-t", str(PATIENCE_S))
            guard.note(self._pid)
            self._pid = 0

    def restart(self) -> None:
        self.stop()
        self.start()

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._programs / program, "-D", self.folder / "data", *arguments],
            cwd=self.folder,
            user=self.user,
            group=self.user,
            extra_groups=None if self.user is None else [],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # no pipe: the server would keep it open
            check=True,
            timeout=2 * PATIENCE_S,
        )


@contextlib.contextmanager
def running_server() -> Iterator[PostgresServer]:
    """A server that runs for the length of the context. Skips the test where none can be started."""
    programs = find_programs()
    with tempfile.TemporaryDirectory(prefix="paycombat-pg-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        server = PostgresServer(programs, Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture(name="postgres_server", scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A running server, whose `dsn` names an empty database; a test that stops it starts it again."""
    with running_server() as server:
        yield server


def new_schema() -> str:
    """A name that no other test uses."""
    return f"tests_{os.getpid()}_{next(_schemas)}"


@contextlib.asynccontextmanager
async def postgres_intents(dsn: str, account: str = "default", **options: bool) -> AsyncIterator[PostgresIntents]:
    """A store with migrated, empty tables, in a schema of its own (`store.schema`), which is dropped afterwards."""
    store = PostgresIntents(dsn, account, schema=new_schema(), **options)
    async with _migrated(store, dsn):
        yield store


@contextlib.asynccontextmanager
async def postgres_inbox(dsn: str, **options: Any) -> AsyncIterator[PostgresInbox]:
    """An inbox with migrated, empty tables, in a schema of its own (`inbox.schema`), which is dropped afterwards."""
    inbox = PostgresInbox(dsn, schema=new_schema(), **options)
    async with _migrated(inbox, dsn):
        yield inbox


@contextlib.asynccontextmanager
async def postgres_limiters(
    dsn: str, number: int, per_second: float, **options: Any
) -> AsyncIterator[list[PostgresLimiter]]:
    """Limiters that share one rate, as those of several machines do, in a schema of their own."""
    schema = new_schema()
    limiters = [PostgresLimiter(dsn, "shared", per_second, schema, **options) for _ in range(number)]
    async with _migrated(limiters[0], dsn):
        yield limiters
        for limiter in limiters:
            await limiter.aclose()


@contextlib.asynccontextmanager
async def _migrated(store: PostgresInbox | PostgresIntents | PostgresLimiter, dsn: str) -> AsyncIterator[None]:
    await store.migrate()
    try:
        yield
    finally:
        await store.aclose()
        await execute(dsn, f'DROP SCHEMA "{store.schema}" CASCADE')


async def execute(dsn: str, *statements: str) -> list[tuple]:
    """The rows of the last statement."""
    import psycopg

    rows: list[tuple] = []
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        for statement in statements:
            cursor = await connection.execute(statement.encode())
            rows = await cursor.fetchall() if cursor.description else []
    return rows


async def watch_commits(dsn: str, schema: str, table: str) -> str:
    """From now on, each change of this table is noted with the `synchronous_commit` that is in force as it commits.

    Returns the statement that takes the notes away and returns them. How far the log is written to the disk would tell
    nothing of one commit: the server adds to its log at any time, even while it only reads.
    """
    noting = f"INSERT INTO {schema}.noted VALUES (current_setting('synchronous_commit'))"
    await execute(
        dsn,
        f"CREATE TABLE {schema}.noted (setting text)",
        f"CREATE FUNCTION {schema}.note() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {noting}; RETURN NULL; END$$",
        f"CREATE CONSTRAINT TRIGGER noted AFTER INSERT OR UPDATE OR DELETE ON {schema}.{table}"
        f" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {schema}.note()",
    )
    return f"DELETE FROM {schema}.noted RETURNING setting"


def find_programs() -> Path:
    """The folder of the machine's newest `initdb` and `pg_ctl`. Skips the test where there is none, or no psycopg."""
    if importlib.util.find_spec("psycopg") is None:
        pytest.skip("psycopg is not installed")
    if not hasattr(os, "geteuid"):
        pytest.skip("PostgreSQL is started on POSIX systems only")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = shutil.which("initdb") or next(reversed(debian), None)
    if found is None:
        pytest.skip("PostgreSQL is not installed: there is no initdb")
    return Path(found).resolve().parent
