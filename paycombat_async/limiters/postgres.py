"""A limiter in PostgreSQL, which gives programs on many machines one rate together."""

import math
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from paycombat_async._clock import SYSTEM_CLOCK, Clock
from paycombat_async._postgres.tables import DEFAULT_SCHEMA, Tables
from paycombat_async._secrets import Secret
from paycombat_async.errors import ConfigurationError, StoreFailed
from paycombat_async.limiters.block import LATENESS_S, Block
from paycombat_async.limiters.limiter import check_rate
from paycombat_async.limiters.postgres_tables import LIMITER_STEPS

if TYPE_CHECKING:
    import asyncio

    from paycombat_async._postgres.pool import Pool

LONGEST_NAME: Final = 100  # characters
AHEAD_S: Final = 0.25  # seconds of the recent demand for which a block is taken, beyond the tasks that wait already
_LONGEST_BLOCK_S: Final = 1.0  # if a machine is killed, at most this much of the rate is lost, once

# Each block of time begins where the last one ended, so no two machines send in the same moments. The commit need not
# be durable: after a crash of the server, at most the last blocks are given away twice. A `next_at` in the far future
# is left over from a database clock that was set back, for example by a failover.
_LEASE: Final = """
    INSERT INTO {schema}.rate AS known (name, next_at)
    SELECT %(name)s, clock_timestamp() + make_interval(secs => %(seconds)s)
    FROM (SELECT set_config('synchronous_commit', 'off', true), set_config('lock_timeout', '3s', true)) AS settings
    ON CONFLICT (name) DO UPDATE SET next_at = make_interval(secs => %(seconds)s) + CASE
        WHEN known.next_at > clock_timestamp() + make_interval(secs => 600 + 100 * %(seconds)s) THEN clock_timestamp()
        ELSE greatest(known.next_at, clock_timestamp() - make_interval(secs => %(lateness)s)) END
    RETURNING extract(epoch FROM next_at - clock_timestamp())::double precision - %(seconds)s
"""


class _Loop:
    """The state of one event loop: its queue of tasks, and the block that they use up."""

    def __init__(self, now: float) -> None:
        import asyncio  # noqa: PLC0415  # importing it takes 30 ms, which code that only signs need not spend

        self.queue = asyncio.Lock()
        self.block = Block(now, 1.0, 0)
        self.arrived = 0  # tasks that have asked
        self.waiting = 0  # tasks that have asked and are not served yet
        self.served, self.since = 0, now  # tasks that were served since the last block was taken
        self.failed, self.problem = 0, ""  # the tasks up to this number share the failure of the database


class PostgresLimiter:
    """A `Limiter` for any number of machines with one database: together they send at most `per_second` requests.

    Programs that use the same `name` share a rate; give it the same `per_second` everywhere. A block of time is taken
    from the database for the tasks that wait, so a busy machine asks it a few times per second. A machine that is
    killed takes at most one second of the rate with it. Run `await limiter.migrate()` once before the first use, and
    after an upgrade.
    """

    def __init__(
        self,
        dsn_or_pool: "str | Pool",
        name: str,
        per_second: float,
        schema: str = DEFAULT_SCHEMA,
        *,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """Takes a connection string or your own `AsyncConnectionPool`; connects at the first use.

        Your pool belongs to the event loop in which you open it, and is never closed by the limiter. Raises
        `ConfigurationError` if psycopg is missing, and for an invalid connection string, name, rate or schema.
        """
        source = Secret(dsn_or_pool) if isinstance(dsn_or_pool, str) else dsn_or_pool
        del dsn_or_pool  # tracebacks with local variables would show the password in it
        self.name, self.per_second, self.schema = _check_name(name), check_rate(per_second), schema
        self._interval = 1 / per_second
        self._clock = clock
        self._loops: WeakKeyDictionary[asyncio.AbstractEventLoop, _Loop] = WeakKeyDictionary()
        self._tables = Tables(
            source, schema, owner="PostgresLimiter", kind="limiter", component="limiter", steps=LIMITER_STEPS
        )

    async def acquire(self) -> None:
        """Waits until one more request may be sent. Raises `StoreFailed` if the database fails: then send nothing."""
        here = self._here()
        here.arrived += 1
        here.waiting += 1
        number = here.arrived
        try:
            async with here.queue:
                if number <= here.failed:
                    raise StoreFailed(here.problem)
                while wait := await self._take(here):
                    await self._clock.sleep(wait)
                here.served += 1
        finally:
            here.waiting -= 1

    async def migrate(self) -> None:
        """Creates the schema and its table, or updates them. Safe to repeat, and to run in many processes at once.

        Raises `StoreFailed` on failure, and if the table is from a later release of paycombat.
        """
        await self._tables.migrate()

    async def version(self) -> int:
        """Returns the version of the table, or 0 if it does not exist; this release needs `len(LIMITER_STEPS)`."""
        return await self._tables.version()

    async def aclose(self) -> None:
        """Closes the connections that the limiter itself has opened; its next use opens new ones."""
        await self._tables.aclose()

    def __repr__(self) -> str:
        return f"PostgresLimiter({self.name!r}, {self.per_second!r})"

    def _here(self) -> _Loop:
        import asyncio  # noqa: PLC0415  # importing it takes 30 ms, which code that only signs need not spend

        loop = asyncio.get_running_loop()
        here = self._loops.get(loop)
        return here or self._loops.setdefault(loop, _Loop(self._clock.monotonic()))

    async def _take(self, here: _Loop) -> float:
        """Takes the next moment and returns 0, or returns the seconds until it. Takes blocks from the database."""
        while (wait := here.block.take(self._clock.monotonic())) is None:
            try:
                await self._lease(here)
            except StoreFailed as failure:
                # All tasks that wait now get this error. If each asked the database itself, the last ones would wait
                # for the time limits of all the others.
                here.failed, here.problem = here.arrived, str(failure)
                raise
        return wait

    async def _lease(self, here: _Loop) -> None:
        size = self._wanted(here)
        values = {"name": self.name, "seconds": size * self._interval, "lateness": LATENESS_S / 2}
        ((offset,),) = await self._tables.execute(_LEASE, values)
        now = self._clock.monotonic()
        here.block = Block(now + offset, self._interval, size)
        here.served, here.since = 0, now

    def _wanted(self, here: _Loop) -> int:
        """Returns the number of moments to take: for the waiting tasks, and for the demand of the recent past."""
        elapsed = max(self._clock.monotonic() - here.since, AHEAD_S)
        wanted = max(here.waiting, here.served * AHEAD_S / elapsed)
        return math.ceil(min(wanted, max(1, self.per_second * _LONGEST_BLOCK_S)))


def _check_name(name: object) -> str:
    if not isinstance(name, str) or not name.isprintable() or not 0 < len(name.strip()) == len(name) <= LONGEST_NAME:
        raise ConfigurationError(f"the name of a limiter must be 1 to {LONGEST_NAME} printable characters")
    return name
