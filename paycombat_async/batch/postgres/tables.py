"""The SQL that creates the tables of batch runs in PostgreSQL."""

from typing import Final

# A run contains the rows of one input, which machines carry out together. `load` counts the inputs that were loaded
# into the run. `pass` counts the passes: a pass sends all rows that are due, and is over when all its chunks (groups of
# rows that one machine takes at a time) are done. `last_row` and `last_chunk` are the highest numbers that were ever
# used. No number is used twice, because a machine that comes back after its chunk was taken over could otherwise
# mistake a new chunk for its own.
_RUN: Final = """
    CREATE TABLE {schema}.batch_run (
        number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
        name text COLLATE "C" PRIMARY KEY,
        address text NOT NULL DEFAULT '',
        account text NOT NULL DEFAULT '',
        account_name text NOT NULL DEFAULT '',
        is_bound boolean NOT NULL DEFAULT false,
        input text NOT NULL DEFAULT '',
        sends_all boolean NOT NULL DEFAULT false,
        load integer NOT NULL DEFAULT 0,
        pass integer NOT NULL DEFAULT 0,
        last_row bigint NOT NULL DEFAULT 0,
        last_chunk bigint NOT NULL DEFAULT 0,
        rows bigint NOT NULL DEFAULT 0,
        refused bigint NOT NULL DEFAULT 0,
        due bigint NOT NULL DEFAULT 0,
        failures text[] NOT NULL DEFAULT '{}'
    )
"""
# Texts from the input are stored as bytes, because the encoding of the database decides which characters a text column
# can hold. The index of failed rows uses the column `failure` instead of `state`: `failure` stays NULL when a row is
# carried out, so that this update writes to no index. `fillfactor` leaves free space in each page, because PostgreSQL
# writes a new version of a row at each update, and without an index to change it can put this version in the same page.
_ROW: Final = (
    """
    CREATE TABLE {schema}.batch_row (
        run bigint NOT NULL,
        number bigint NOT NULL,
        load integer NOT NULL,
        line bigint NOT NULL,
        customer bytea NOT NULL,
        digest bytea NOT NULL,
        state text NOT NULL CHECK (state IN ('due', 'done', 'failed', 'unknown', 'refused')),
        failure text CHECK (failure IN ('failed', 'unknown', 'refused')),
        body bytea,
        source bytea,
        reason bytea,
        damage bytea,
        damaged_in integer,
        PRIMARY KEY (run, number)
    ) WITH (fillfactor = 80)
    """,
    "CREATE INDEX batch_row_failure ON {schema}.batch_row (run, line, number) WHERE failure IS NOT NULL",
    "CREATE INDEX batch_row_damage ON {schema}.batch_row (run, line, number) WHERE damage IS NOT NULL",
)
_CHUNK: Final = (
    """
    CREATE TABLE {schema}.batch_chunk (
        run bigint NOT NULL,
        number bigint NOT NULL,
        first_row bigint NOT NULL,
        last_row bigint NOT NULL,
        size integer NOT NULL,
        updated integer NOT NULL DEFAULT 0,
        failed integer NOT NULL DEFAULT 0,
        unknown integer NOT NULL DEFAULT 0,
        retried integer NOT NULL DEFAULT 0,
        throttled integer NOT NULL DEFAULT 0,
        token bigint NOT NULL DEFAULT 0,
        owner text NOT NULL DEFAULT '',
        leased_until timestamptz NOT NULL DEFAULT '-infinity',
        is_done boolean NOT NULL DEFAULT false,
        PRIMARY KEY (run, number)
    ) WITH (fillfactor = 50)
    """,
    "CREATE INDEX batch_chunk_open ON {schema}.batch_chunk (run, number) WHERE NOT is_done",
)
BATCH_STEPS: Final = ((_RUN, *_ROW, *_CHUNK),)
