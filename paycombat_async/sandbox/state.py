"""All data of a sandbox, in one SQLite database that is in memory or in a file."""

import sqlite3
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from itertools import count

from paycombat_async._clock import Clock
from paycombat_async._signing import content_digest
from paycombat_async.errors import ConfigurationError
from paycombat_async.sandbox.checkouts.table import CHECKOUTS_SCHEMA, CheckoutTable
from paycombat_async.sandbox.customers.table import CUSTOMERS_SCHEMA, CustomerTable
from paycombat_async.sandbox.envelopes import Stamp, iso_time
from paycombat_async.sandbox.ledger.book import LEDGER_SCHEMA, Ledger
from paycombat_async.sandbox.ledger.openings import Openings
from paycombat_async.sandbox.records import RECORDS_SCHEMA, Record, RecordTable

IN_MEMORY = ":memory:"
_APPLICATION_ID = 0x50434D42  # "PCMB"; SQLite's application_id with this value marks a file as a sandbox database
_VERSION = 2
_TABLES = ("customers", "checkouts", "records", "movements", "balances")
_SCHEMA = f"""
{CUSTOMERS_SCHEMA}
{CHECKOUTS_SCHEMA}
{RECORDS_SCHEMA}
{LEDGER_SCHEMA}
PRAGMA application_id = {_APPLICATION_ID};
PRAGMA user_version = {_VERSION};
"""


class SandboxState:
    """The database of a sandbox with all its tables.

    Threads may share it: a lock lets only one of them use it at a time.

    A database file survives a crash of the process at any time, but perhaps not a power cut, because SQLite's
    `synchronous` is off for speed.
    """

    def __init__(self, db: str, *, clock: Clock, seed: int, openings: Openings) -> None:
        """Raises `ConfigurationError` if the file `db` is not a sandbox database or cannot be opened."""
        self._clock = clock
        self._requests = count(1)
        # All ids are derived from `origin`, which is new after each start and each `clear`. So no id is used twice, as
        # with the provider. If ids were repeated after a restart of the sandbox, the webhook inbox of an application
        # that still runs would take new webhooks for duplicates.
        self._seed = seed
        self._origins = count()
        self.origin = self._new_origin()
        self._lock = threading.RLock()
        self._connection = _opened(db)
        self.customers = CustomerTable(self._connection, self._lock)
        self.checkouts = CheckoutTable(self._connection, self._lock)
        self.records = RecordTable(self._connection, self._lock)
        self.ledger = Ledger(self._connection, self._lock, openings)
        self.watchers: list[Callable[[Record], None]] = []
        self.checkout_watchers: list[Callable[[str], None]] = []
        self.commit_watchers: list[Callable[[], None]] = []
        self._announced: list[Callable[[], None]] = []

    def clear(self) -> None:
        """Deletes all data. From now on, ids are derived from a new `origin`. Must be called inside a transaction."""
        for table in _TABLES:
            self._connection.execute(f"DELETE FROM {table}")  # noqa: S608  # the names are constants
        self.origin = self._new_origin()

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Context manager; runs its block in a database transaction.

        If the block raises, the transaction is rolled back. Otherwise it is committed. After the commit, the functions
        in `watchers` and `checkout_watchers` are called with the objects that the block has passed to `announce` and
        `announce_checkout`, and after them the functions in `commit_watchers`.
        """
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                self._announced.clear()
                raise
            self._connection.execute("COMMIT")
            if self._announced:
                self._notify_watchers()
            for watcher in self.commit_watchers:
                watcher()

    def announce(self, record: Record) -> None:
        """Calls all `watchers` with this record as soon as the current transaction is committed."""
        self._announced.extend(partial(watcher, record) for watcher in self.watchers)

    def announce_checkout(self, checkout_id: str) -> None:
        """Calls all `checkout_watchers` with this id as soon as the current transaction is committed."""
        self._announced.extend(partial(watcher, checkout_id) for watcher in self.checkout_watchers)

    def now(self) -> str:
        """Returns the current time as the provider writes it, in ISO 8601."""
        return iso_time(self._clock.now())

    def stamp(self, status: HTTPStatus) -> Stamp:
        """Returns the values that a response's envelope needs: a new request id, the current time and this status."""
        request_id = content_digest(f"{self.origin}/{next(self._requests)}".encode())[:32]
        return Stamp(request_id, self.now(), status)

    def _new_origin(self) -> str:
        return f"{self._seed}/{self._clock.now()}/{next(self._origins)}"

    def _notify_watchers(self) -> None:
        announced, self._announced = self._announced, []
        for notify in announced:
            notify()

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def _opened(db: str) -> sqlite3.Connection:
    try:
        # SQLite's own thread check is off, because the lock already lets only one thread at a time use the connection.
        connection = sqlite3.connect(db, isolation_level=None, check_same_thread=False, timeout=10.0)
    except sqlite3.Error as error:
        raise ConfigurationError(f"the sandbox cannot open its database {db!r}: {error}") from None
    try:
        _prepare(connection, db)
    except sqlite3.Error as error:
        connection.close()
        raise ConfigurationError(f"{db!r} cannot be used as the sandbox's database: {error}") from None
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, db: str) -> None:
    mark = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables and (mark != _APPLICATION_ID or version != _VERSION):
        raise ConfigurationError(f"{db!r} is not a database of this sandbox; name another file")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = OFF")
    if not tables:
        connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
