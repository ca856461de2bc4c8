"""A limiter in PostgreSQL. It limits the rate of all programs on many machines together."""

import math
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from paycombat_async._clock import SYSTEM_CLOCK, Clock
from paycombat_async._postgres.tables import DEFAULT_SCHEMA, Tables
from paycombat_async._process_bound import ProcessBound
from paycombat_async._secrets import Secret
from paycombat_async.errors import ConfigurationError, StoreFailed
from paycombat_async.limiters.block import LATENESS_S, Block
from paycombat_async.limiters.limiter import check_rate
from paycombat_async.limiters.postgres_tables import LIMITER_STEPS

if TYPE_CHECKING:
    import asyncio

    from paycombat_async._postgres.pool import Pool

LONGEST_NAME: Final = 100  # the largest number of characters in the name of a limiter

# A block is a series of moments (times to send) reserved for one event loop: one for each waiting task. If more tasks
# than that were served on average in `AHEAD_S` seconds, the block has as many moments as these tasks.
AHEAD_S: Final = 0.25

# If a machine is killed, nobody uses the moments (times to send) that are left in its block. To limit this loss, a
# block has no more moments than the rate allows in this number of seconds, but at least one.
_LONGEST_BLOCK_S: Final = 1.0

# A block is a reserved range of time in which one machine sends. Each block begins where the block before ends, so that
# no two machines send at the same moments. The commit need not be durable: after a crash of the database server, only
# the last blocks may be given to a second machine. If `next_at` is in the far future, the clock of the database was set
# back, for example by a failover, and the new block begins at the time of the database instead.
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
    """The state of one event loop: the queue of its tasks, and the times to send that it has reserved for them."""

    def __init__(self, now: float) -> None:
        import asyncio  # noqa: PLC0415  # importing it takes 30 ms, which code that only signs need not spend

        self.queue = asyncio.Lock()
        self.block = Block(now, 1.0, 0)
        self.arrived = 0  # the number of tasks that have asked to send, in total
        self.waiting = 0  # the number of tasks that have asked to send and may not send yet

        # `since` is the time when the last block (a series of times to send) was taken. `served` tasks were allowed to
        # send since then.
        self.served, self.since = 0, now
        # Tasks are numbered in the order in which they ask. If the database fails, all tasks that wait must fail, too:
        # each task with a number up to `failed` raises a `StoreFailed` with the message `problem`.
        self.failed, self.problem = 0, ""


class PostgresLimiter(ProcessBound):
    """A `Limiter` for many machines with one database. Together they send at most `per_second` requests each second.

    Programs that use the same `name` share this rate. All of them must pass the same `per_second`. A machine reserves
    in the database a block of moments at which its waiting tasks may send, so even a busy machine queries the database
    only a few times per second. If a machine is killed, nobody uses the rest of its block: at most the requests of one
    second, or one request. Run `await limiter.migrate()` once before the first use, and after an upgrade.
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
        """Takes a connection string or your own `AsyncConnectionPool`. Connects only at the first use.

        Your pool belongs to the event loop in which you open it, and the limiter never closes it. Raises
        `ConfigurationError` if psycopg is missing, or if the connection string, name, rate or schema is invalid.
        """
        source = Secret(dsn_or_pool) if isinstance(dsn_or_pool, str) else dsn_or_pool
        del dsn_or_pool  # Tracebacks that show local variables would show the password in it.

        # These attributes are set before the checks. If a check raises, an error reporter may call `repr`, which reads
        # them.
        self.name, self.per_second, self.schema = name, per_second, schema
        _check_name(name)
        check_rate(per_second)
        self._interval = 1 / per_second
        self._clock = clock
        self._loops: WeakKeyDictionary[asyncio.AbstractEventLoop, _Loop] = WeakKeyDictionary()
        self._tables = Tables(
            source, schema, owner="PostgresLimiter", kind="limiter", component="limiter", steps=LIMITER_STEPS
        )

    async def acquire(self) -> None:
        """Waits until one more request may be sent.

        Raises `StoreFailed` if the database fails: do not send the request.
        """
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
        """Creates the schema and its table, or updates them.

        Safe to repeat, and to run in many processes at the same time. Raises `StoreFailed` if the database fails, or if
        the table is from a later release of paycombat.
        """
        await self._tables.migrate()

    async def version(self) -> int:
        """Returns the version of the table, or 0 if it does not exist.

        This release needs the version `len(postgres_tables.LIMITER_STEPS)`. Raises `StoreFailed` if the database fails.
        """
        return await self._tables.version()

    async def aclose(self) -> None:
        """Closes the connections that the limiter itself has opened. The next use opens new connections."""
        await self._tables.aclose()

    def __repr__(self) -> str:
        return f"PostgresLimiter({self.name!r}, {self.per_second!r})"

    def _here(self) -> _Loop:
        import asyncio  # noqa: PLC0415  # importing it takes 30 ms, which code that only signs need not spend

        loop = asyncio.get_running_loop()
        here = self._loops.get(loop)
        return here or self._loops.setdefault(loop, _Loop(self._clock.monotonic()))

    async def _take(self, here: _Loop) -> float:
        """Takes the next moment (time to send) and returns 0. Returns the seconds until the moment if it is not due.

        If the block has no moment left, takes a new block from the database.
        """
        while (wait := here.block.take(self._clock.monotonic())) is None:
            try:
                await self._lease(here)
            except StoreFailed as failure:
                # All tasks that wait now get this error. If each task queried the database itself, the last task would
                # have to wait until the query of each task before it had timed out.
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
        """Returns the number of moments (times to send) that the next block should have.

        The number is the larger of two: the waiting tasks, and the tasks that were served on average in `AHEAD_S`
        seconds since the last block was taken. A block has at most as many moments as the rate allows in
        `_LONGEST_BLOCK_S` seconds, but at least 1 if a task waits.
        """
        elapsed = max(self._clock.monotonic() - here.since, AHEAD_S)
        wanted = max(here.waiting, here.served * AHEAD_S / elapsed)
        return math.ceil(min(wanted, max(1, self.per_second * _LONGEST_BLOCK_S)))


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not name.isprintable() or not 0 < len(name.strip()) == len(name) <= LONGEST_NAME:
        raise ConfigurationError(f"the name of a limiter must be 1 to {LONGEST_NAME} printable characters")
