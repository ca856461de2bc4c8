"""`PostgresJournal`: a named run in a PostgreSQL database, which any number of machines carry out together."""

from typing import TYPE_CHECKING, Final

from paycombat_async._postgres.tables import DEFAULT_SCHEMA, Tables
from paycombat_async._process_bound import ProcessBound
from paycombat_async._secrets import Secret
from paycombat_async.batch.postgres.chunk_statements import STATUS
from paycombat_async.batch.postgres.forgetting import forget_run
from paycombat_async.batch.postgres.status import RunStatus
from paycombat_async.batch.postgres.tables import BATCH_STEPS
from paycombat_async.errors import ConfigurationError
from paycombat_async.limiters.limiter import check_rate
from paycombat_async.limiters.postgres import PostgresLimiter

if TYPE_CHECKING:
    from paycombat_async._postgres.pool import Pool

# The most characters in the name of a run. The limiter of the run has the name "batch " plus this name; the name of a
# limiter may have 100 characters.
LONGEST_RUN: Final = 80
_KIND: Final = "journal"


class PostgresJournal(ProcessBound):
    """The journal of a run in a PostgreSQL database, for `sync_customers` on many machines at the same time.

    Machines that name the same `run` and pass the same rows carry them out together. Each machine takes 500 rows at a
    time. If a machine has not reached the database for 15 seconds, other machines take over its rows. `rate` is the
    highest number of requests per second of all machines together, retries included.

    The bodies of rows are in the database until the rows are carried out, and are then deleted. Run
    `await journal.migrate()` once before the first run, and after an upgrade.
    """

    def __init__(
        self,
        dsn_or_pool: "str | Pool",
        run: str,
        rate: float | None = None,
        schema: str = DEFAULT_SCHEMA,
    ) -> None:
        """Takes a connection string or your own `AsyncConnectionPool`. Connects at the first use.

        Your pool can only be used in the event loop in which you open it. The journal never closes your pool. Raises
        `ConfigurationError` if psycopg is missing, or if the connection string, the name, the rate or the schema is
        invalid.
        """
        self._source = Secret(dsn_or_pool) if isinstance(dsn_or_pool, str) else dsn_or_pool
        del dsn_or_pool  # tracebacks that show local variables would print the password in it
        # `repr` needs these attributes. They are set before the checks, because a check may raise, and a traceback that
        # shows local variables calls `repr`.
        self.run, self.rate, self.schema = run, rate, schema
        _check_run(run)
        if rate is not None:
            check_rate(rate)
        self.tables: Final = Tables(
            self._source, schema, owner="PostgresJournal", kind=_KIND, component="batch", steps=BATCH_STEPS
        )

    def limiter(self, per_second: float) -> PostgresLimiter:
        """Returns a limiter that holds all machines of this run together to `per_second` requests per second.

        The caller must close the limiter.
        """
        source, name = self._source, self._limiter_name
        # The connection string is not assigned to a variable, because a traceback that shows variables would show the
        # password in it.
        return PostgresLimiter(source.reveal() if isinstance(source, Secret) else source, name, per_second, self.schema)

    @property
    def _limiter_name(self) -> str:
        return f"batch {self.run}"

    async def status(self) -> RunStatus:
        """Returns the counts of the run, over all machines. Raises `ConfigurationError` if there is no such run."""
        found = await self.tables.execute(STATUS, {"name": self.run})
        if not found:
            raise ConfigurationError(f"there is no run {self.run!r} in this database")
        return RunStatus.of(found[0])

    async def runs(self) -> list[RunStatus]:
        """Returns the counts of each run in this schema, the oldest run first."""
        return [RunStatus.of(found) for found in await self.tables.execute(STATUS, {"name": None})]

    async def forget(self, *, unfinished: bool = False) -> int:
        """Deletes the run from the database, with its rows and its rate, and returns the number of deleted rows.

        A later call of `sync_customers` with the same rows is then a new run, which sends all of them. Returns 0 if
        there is no such run. Rows are deleted in small steps, and an interrupted call is completed by the next call for
        any run of this schema. Call this after all machines have ended. Raises `ConfigurationError` if a machine works
        on the run or loads rows into it, or if rows are pending and `unfinished` is false.
        """
        return await forget_run(self.tables, self.run, self._limiter_name, unfinished=unfinished)

    async def migrate(self) -> None:
        """Creates the schema and the tables of batch runs and of rate limits, or updates them.

        Safe to repeat, and to run in many processes at the same time. Raises `StoreFailed` if the database fails, or if
        the tables are from a later release of paycombat.
        """
        await self.tables.migrate()
        limiter = self.limiter(1)
        try:
            await limiter.migrate()
        finally:
            await limiter.aclose()

    async def version(self) -> int:
        """Returns the version of the tables in the database, or 0 if they do not exist.

        `migrate` creates the version that this release of paycombat needs.
        """
        return await self.tables.version()

    async def aclose(self) -> None:
        """Closes the connections that the journal itself has opened. The next use of the journal opens new ones."""
        await self.tables.aclose()

    def __repr__(self) -> str:
        return f"PostgresJournal(run={self.run!r}, rate={self.rate!r}, schema={self.schema!r})"


def _check_run(run: object) -> None:
    if not isinstance(run, str) or not run.isprintable() or not 0 < len(run.strip()) == len(run) <= LONGEST_RUN:
        raise ConfigurationError(f"the name of a run must be 1 to {LONGEST_RUN} printable characters")
