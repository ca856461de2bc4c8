"""SQL that loads an input into a run, in one transaction, and begins a pass over the rows that have to be sent."""

from typing import Final

CHUNK_ROWS: Final = 500

CREATE_RUN: Final = "INSERT INTO {schema}.batch_run (name) VALUES (%(name)s) ON CONFLICT (name) DO NOTHING"
# Locks the run. Returns no row while another machine loads the run, because that machine has the lock.
LOCK_RUN: Final = """
    SELECT number, address, account, account_name, input, sends_all, load, pass, is_bound
        OR EXISTS (SELECT FROM {schema}.batch_chunk AS chunk WHERE chunk.run = run.number AND updated + unknown > 0),
        EXISTS (SELECT FROM {schema}.batch_chunk AS chunk WHERE chunk.run = run.number AND NOT is_done),
        EXISTS (SELECT FROM {schema}.batch_chunk AS chunk WHERE chunk.run = run.number AND NOT is_done
            AND leased_until > clock_timestamp())
    FROM {schema}.batch_run AS run WHERE name = %(name)s FOR UPDATE SKIP LOCKED
"""
BIND: Final = """
    UPDATE {schema}.batch_run SET address = %(address)s, account = %(account)s, account_name = %(account_name)s
    WHERE number = %(run)s
"""
STAGE: Final = (
    "CREATE TEMP TABLE incoming (ordinal bigint NOT NULL, line bigint NOT NULL, customer bytea NOT NULL,"
    " digest bytea NOT NULL, body bytea, source bytea, reason bytea, damage bytea) ON COMMIT DROP"
)
COPY: Final = "COPY incoming (ordinal, line, customer, digest, body, source, reason, damage) FROM STDIN (FORMAT BINARY)"
COPY_TYPES: Final = ("int8", "int8", "bytea", "bytea", "bytea", "bytea", "bytea", "bytea")

# The statements that merge the copied rows into the rows of the run. The first row of each customer is sent. A later
# row of the customer is left out if it has the same content. A later row with different content is refused, because the
# provider might apply the two updates in either order.
MERGE: Final = (
    "ANALYZE incoming",
    """
    CREATE TEMP TABLE repeated ON COMMIT DROP AS SELECT ordinal, first_line, is_same FROM (
        SELECT ordinal, row_number() OVER one_customer AS nth, first_value(line) OVER one_customer AS first_line,
            digest = first_value(digest) OVER one_customer AS is_same
        FROM incoming WHERE reason IS NULL WINDOW one_customer AS (PARTITION BY customer ORDER BY ordinal)
    ) AS numbered WHERE nth > 1
    """,
    "DELETE FROM incoming USING repeated WHERE incoming.ordinal = repeated.ordinal AND is_same",
    """
    UPDATE incoming SET reason = convert_to('customer appears twice, first on line ' || first_line, 'UTF8')
    FROM repeated WHERE incoming.ordinal = repeated.ordinal AND NOT is_same
    """,
    # A row counts as done, and is not sent again, if the run has carried out the same content for this customer before.
    # With `sends_all`, even such a row is sent again.
    """
    INSERT INTO {schema}.batch_row
        (run, number, load, line, customer, digest, state, failure, body, source, reason, damage)
    SELECT run.number, run.last_row + ordinal, run.load + 1, incoming.line, incoming.customer, incoming.digest,
        CASE WHEN incoming.reason IS NOT NULL THEN 'refused' WHEN old.run IS NOT NULL THEN 'done' ELSE 'due' END,
        CASE WHEN incoming.reason IS NOT NULL THEN 'refused' END,
        CASE WHEN old.run IS NULL THEN incoming.body END, CASE WHEN old.run IS NULL THEN incoming.source END,
        incoming.reason, incoming.damage
    FROM incoming JOIN {schema}.batch_run AS run ON run.number = %(run)s
    LEFT JOIN {schema}.batch_row AS old ON old.run = %(run)s AND old.load <= run.load AND old.state = 'done'
        AND old.customer = incoming.customer AND old.digest = incoming.digest
        AND incoming.reason IS NULL AND NOT %(sends_all)s
    """,
    # Rows of earlier inputs are deleted, except the done rows of customers that are not in this input. These done rows
    # stay, because a later input may contain the customers again, and the same content must not be sent twice.
    """
    DELETE FROM {schema}.batch_row AS old USING {schema}.batch_run AS run
    WHERE old.run = %(run)s AND run.number = %(run)s AND old.load <= run.load AND (old.state <> 'done' OR EXISTS (
        SELECT FROM incoming WHERE incoming.customer = old.customer AND incoming.reason IS NULL
    ))
    """,
    """
    UPDATE {schema}.batch_run SET load = load + 1, input = %(input)s, sends_all = %(sends_all)s, rows = %(rows)s,
        last_row = last_row + coalesce((SELECT max(ordinal) FROM incoming), 0),
        refused = (SELECT count(*) FROM incoming WHERE reason IS NOT NULL)
    WHERE number = %(run)s
    """,
)
# Rows that failed, or whose outcome is unknown, are sent again by a new pass over the same input.
AGAIN: Final = (
    """
    UPDATE {schema}.batch_row SET state = 'due', failure = NULL, reason = NULL
    WHERE run = %(run)s AND failure IN ('failed', 'unknown')
    """,
    "UPDATE {schema}.batch_run SET sends_all = false WHERE number = %(run)s",
)
BEGIN_PASS: Final = (
    """
    UPDATE {schema}.batch_run AS run SET pass = pass + 1, is_bound = is_bound OR EXISTS (
        SELECT FROM {schema}.batch_chunk AS chunk WHERE chunk.run = run.number AND updated + unknown > 0
    ) WHERE number = %(run)s
    """,
    "DELETE FROM {schema}.batch_chunk WHERE run = %(run)s",
    f"""
    INSERT INTO {{schema}}.batch_chunk (run, number, first_row, last_row, size)
    SELECT %(run)s, last_chunk + part, min(due.number), max(due.number), count(*) FROM (
        SELECT number, (row_number() OVER (ORDER BY number) - 1) / {CHUNK_ROWS} + 1 AS part FROM {{schema}}.batch_row
        WHERE run = %(run)s AND state = 'due'
    ) AS due, {{schema}}.batch_run AS run WHERE run.number = %(run)s GROUP BY last_chunk, part
    """,  # noqa: S608  # only constants are inserted
    """
    UPDATE {schema}.batch_run SET due = (
        SELECT coalesce(sum(size), 0) FROM {schema}.batch_chunk WHERE run = %(run)s
    ), last_chunk = greatest(last_chunk, (
        SELECT coalesce(max(number), 0) FROM {schema}.batch_chunk WHERE run = %(run)s
    )) WHERE number = %(run)s
    """,
    """
    UPDATE {schema}.batch_row AS item SET damaged_in = run.pass FROM {schema}.batch_run AS run
    WHERE run.number = %(run)s AND item.run = %(run)s AND damage IS NOT NULL AND state = 'due'
    """,
    # ANALYZE gathers statistics for PostgreSQL's query planner. Without them, the planner chooses a plan that reads all
    # open chunks of the run for each commit.
    "ANALYZE {schema}.batch_chunk",
    "ANALYZE {schema}.batch_row",
)
