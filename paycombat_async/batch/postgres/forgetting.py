"""Deletes a run from the database: first its name, chunks and rate, and then its rows, some thousand at a time."""

from typing import Final

from paycombat_async._postgres.tables import Tables
from paycombat_async.batch.postgres.chunk_statements import IS_OVER
from paycombat_async.errors import ConfigurationError
from paycombat_async.limiters.postgres_tables import FORGET_RATE

# Rows that one statement deletes. A single statement for all rows of a large run would last for minutes, and meanwhile
# the server could not clean up any table.
DELETED_AT_ONCE = 10_000

_LOCK: Final = "SELECT number FROM {schema}.batch_run WHERE name = %(name)s FOR UPDATE SKIP LOCKED"
_EXISTS: Final = "SELECT number FROM {schema}.batch_run WHERE name = %(name)s"
# Locks the open chunks, so that no machine takes one of them before they are deleted.
_OPEN: Final = f"""
    SELECT count(*), count(*) FILTER (WHERE NOT {IS_OVER}) FROM (
        SELECT leased_until FROM {{schema}}.batch_chunk WHERE run = %(run)s AND NOT is_done FOR UPDATE
    ) AS open
"""  # noqa: S608  # only constants are inserted
# A run whose rows are being deleted gets a name that no user can give, because it begins with a line feed. So the next
# call finds it if this call is interrupted, and other machines can begin a new run of the old name.
_RETIRE: Final = (
    "DELETE FROM {schema}.batch_chunk WHERE run = %(run)s",
    "UPDATE {schema}.batch_run SET name = chr(10) || number WHERE number = %(run)s",
)
_RETIRED: Final = "SELECT number, last_row FROM {schema}.batch_run WHERE starts_with(name, chr(10)) ORDER BY number"
_DELETE_ROWS: Final = """
    WITH deleted AS (
        DELETE FROM {schema}.batch_row WHERE run = %(run)s AND number > %(after)s AND number <= %(last)s RETURNING 1
    )
    SELECT count(*) FROM deleted
"""
_DELETE_RUN: Final = "DELETE FROM {schema}.batch_run WHERE number = %(run)s"


async def forget_run(tables: Tables, name: str, limiter: str, *, unfinished: bool) -> int:
    """Deletes the run of this name and the rate of this limiter, and returns the number of deleted rows of runs.

    Also deletes what interrupted calls have left. Raises `ConfigurationError` if a machine works on the run or loads
    rows into it, or if chunks of the run are not done and `unfinished` is false. Raises `StoreFailed` if the database
    fails.
    """
    await tables.check()
    await _retire(tables, name, unfinished=unfinished)
    await tables.execute(FORGET_RATE, {"name": limiter})
    deleted = 0
    for run, last_row in await tables.execute(_RETIRED, {}):
        for after in range(0, last_row, DELETED_AT_ONCE):
            values = {"run": run, "after": after, "last": after + DELETED_AT_ONCE}
            ((number,),) = await tables.execute(_DELETE_ROWS, values)
            deleted += number
        await tables.execute(_DELETE_RUN, {"run": run})
    return deleted


async def _retire(tables: Tables, name: str, *, unfinished: bool) -> None:
    from paycombat_async._postgres.database import fetch  # noqa: PLC0415  # needs psycopg, as the next line does
    from paycombat_async._postgres.errors import translated  # noqa: PLC0415

    database = tables.database
    async with database.transaction() as connection:
        with translated(database.failure):
            await fetch(connection, b"SET LOCAL lock_timeout = '3s'")
            found = await fetch(connection, tables.sql(_LOCK), {"name": name})
            if not found:
                if await fetch(connection, tables.sql(_EXISTS), {"name": name}):
                    raise ConfigurationError(f"a machine loads rows into the run {name}; wait for its end, or stop it")
                return
            ((run,),) = found
            ((chunks, leased),) = await fetch(connection, tables.sql(_OPEN), {"run": run})
            _check(name, chunks, leased, unfinished=unfinished)
            for text in _RETIRE:
                await fetch(connection, tables.sql(text), {"run": run})


def _check(name: str, chunks: int, leased: int, *, unfinished: bool) -> None:
    if leased:
        raise ConfigurationError(f"machines are at work on the run {name}; wait for their end, or stop them")
    if chunks and not unfinished:
        raise ConfigurationError(
            f"the run {name} is not over: {chunks} of its chunks are not done; continue it, or forget it unfinished"
        )
