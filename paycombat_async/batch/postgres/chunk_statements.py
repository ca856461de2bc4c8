"""SQL that takes chunks (groups of up to 500 rows) for a machine, records results, and reads the counts of a run."""

from typing import Final

from paycombat_async._postgres.tables import DURABLE

# The lease of a chunk of rows: the seconds for which the chunk belongs to the machine that took it. A working machine
# renews its leases in time. If a machine has failed, others may take its chunks at the end of the leases.
LEASE_S: Final = 15.0

# SQL condition that is true if the lease of a chunk (the time for which one machine has its rows) is over. If the clock
# of the database is set back, for example by a failover to another machine, a lease may end hours from now. Therefore a
# lease that ends more than 60 seconds from now counts as over, too.
IS_OVER: Final = (
    f"(leased_until <= clock_timestamp() OR leased_until > clock_timestamp() + make_interval(secs => {4 * LEASE_S}))"
)
_HELD: Final = f"""
    held AS (
        SELECT chunk.number FROM unnest(%(chunks)s::bigint[], %(tokens)s::bigint[]) AS own (number, token)
        JOIN {{schema}}.batch_chunk AS chunk USING (number, token) CROSS JOIN {DURABLE}
        WHERE chunk.run = %(run)s AND NOT chunk.is_done FOR UPDATE OF chunk
    )
"""  # noqa: S608  # only constants are inserted

CLAIM: Final = f"""
    WITH next AS (
        SELECT number FROM {{schema}}.batch_chunk WHERE run = %(run)s AND NOT is_done AND {IS_OVER}
        ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    UPDATE {{schema}}.batch_chunk AS chunk SET token = token + 1, owner = %(owner)s,
        leased_until = clock_timestamp() + make_interval(secs => {LEASE_S})
    FROM next, {DURABLE}
    WHERE chunk.run = %(run)s AND chunk.number = next.number
    RETURNING chunk.number, token, first_row, last_row
"""  # noqa: S608  # only constants are inserted
ROWS: Final = """
    SELECT number, line, customer, body FROM {schema}.batch_row
    WHERE run = %(run)s AND number BETWEEN %(first)s AND %(last)s AND state = 'due'
    ORDER BY number
"""
# Each claim of a chunk increases the chunk's `token`. If another machine has claimed the chunk meanwhile, the token of
# this machine is out of date, and the rows of the chunk are left unchanged. A row that already has a result (it is no
# longer `due`) is left unchanged and is not counted, so that a commit can be repeated safely.
COMMIT: Final = f"""
    WITH {_HELD}, settled AS (
        UPDATE {{schema}}.batch_row AS item SET
            state = result.state, failure = nullif(result.state, 'done'), reason = result.reason,
            body = CASE WHEN result.state <> 'done' THEN body END,
            source = CASE WHEN result.state <> 'done' THEN source END
        FROM unnest(%(numbers)s::bigint[], %(chunks_of)s::bigint[], %(states)s::text[], %(reasons)s::bytea[])
            AS result (number, chunk, state, reason)
        JOIN held ON held.number = result.chunk
        WHERE item.run = %(run)s AND item.number = result.number AND item.state = 'due'
        RETURNING result.chunk, result.state
    ), counted AS (
        SELECT chunk, count(*) AS all_of_them, count(*) FILTER (WHERE state = 'done') AS updated,
            count(*) FILTER (WHERE state = 'failed') AS failed, count(*) FILTER (WHERE state = 'unknown') AS unknown
        FROM settled GROUP BY chunk
    ), written AS (
        UPDATE {{schema}}.batch_chunk AS chunk SET updated = chunk.updated + counted.updated,
            failed = chunk.failed + counted.failed, unknown = chunk.unknown + counted.unknown,
            retried = retried + CASE WHEN chunk.number = %(counts_for)s THEN %(retried)s ELSE 0 END,
            throttled = throttled + CASE WHEN chunk.number = %(counts_for)s THEN %(throttled)s ELSE 0 END,
            is_done = chunk.updated + chunk.failed + chunk.unknown + all_of_them >= size
        FROM counted WHERE chunk.run = %(run)s AND chunk.number = counted.chunk
        RETURNING chunk.number
    )
    SELECT number FROM held
"""  # noqa: S608  # only constants are inserted
RENEW: Final = f"""
    WITH {_HELD}
    UPDATE {{schema}}.batch_chunk AS chunk SET
        leased_until = clock_timestamp() + make_interval(secs => {LEASE_S})
    FROM held WHERE chunk.run = %(run)s AND chunk.number = held.number
    RETURNING chunk.number
"""  # noqa: S608  # only constants are inserted
RELEASE: Final = f"""
    WITH {_HELD}
    UPDATE {{schema}}.batch_chunk AS chunk SET leased_until = '-infinity'
    FROM held WHERE chunk.run = %(run)s AND chunk.number = held.number
"""  # noqa: S608  # only constants are inserted

STATUS: Final = f"""
    SELECT run.name, run.rows, run.refused, run.due, coalesce(sum(updated), 0)::bigint,
        coalesce(sum(failed), 0)::bigint, coalesce(sum(unknown), 0)::bigint, coalesce(sum(retried), 0)::bigint,
        coalesce(sum(throttled), 0)::bigint, count(*) FILTER (WHERE NOT is_done),
        count(*) FILTER (WHERE NOT is_done AND {IS_OVER}),
        count(DISTINCT owner) FILTER (WHERE NOT is_done AND NOT {IS_OVER}),
        (SELECT count(*) FROM {{schema}}.batch_row AS item WHERE item.run = run.number AND damage IS NOT NULL
            AND damaged_in = run.pass)
    FROM {{schema}}.batch_run AS run LEFT JOIN {{schema}}.batch_chunk AS chunk ON chunk.run = run.number
    WHERE CASE WHEN %(name)s::text IS NULL THEN NOT starts_with(run.name, chr(10)) ELSE run.name = %(name)s END
    GROUP BY run.number, run.name, run.rows, run.refused, run.due, run.pass ORDER BY run.number
"""  # noqa: S608  # only constants are inserted
FAILURES: Final = """
    SELECT line, number, customer, coalesce(source, body), source IS NULL AND body IS NOT NULL, reason
    FROM {schema}.batch_row AS item
    WHERE run = %(run)s AND failure IS NOT NULL AND (line, number) > (%(line)s, %(number)s)
    ORDER BY line, number LIMIT %(limit)s
"""
WARNINGS: Final = """
    SELECT line, customer, damage
    FROM {schema}.batch_row AS item JOIN {schema}.batch_run AS run ON run.number = item.run
    WHERE item.run = %(run)s AND damage IS NOT NULL AND damaged_in = run.pass
    ORDER BY line, item.number LIMIT %(limit)s
"""
BOUND: Final = """
    SELECT address, account, account_name FROM {schema}.batch_run WHERE number = %(run)s AND name = %(name)s
"""
LEFT: Final = "SELECT failures FROM {schema}.batch_run WHERE number = %(run)s"
# Adds the digest of a failures file to the run, because a later run may replace only files that runs have written. Each
# machine writes its own file, so the digests of the last fifty files are kept.
LEAVE: Final = f"""
    UPDATE {{schema}}.batch_run SET
        failures = (failures || %(digest)s::text)[greatest(1, cardinality(failures) - 48):]
    FROM {DURABLE}
    WHERE number = %(run)s AND NOT %(digest)s = ANY (failures)
"""  # noqa: S608  # only constants are inserted
