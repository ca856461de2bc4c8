"""The migrations that create the limiter's table in PostgreSQL, in the order of their numbers, and its deletion."""

from typing import Final

# `next_at` is the end of the last block (range of time for sending) that was given to a machine. PostgreSQL writes a
# new version of the row at each update. A low fill factor leaves room for these versions in the same page, so that
# updates stay fast.
_FIRST: Final = (
    """
    CREATE TABLE {schema}.rate (
        name text COLLATE "C" PRIMARY KEY,
        next_at timestamptz NOT NULL
    ) WITH (fillfactor = 10)
    """,
)
LIMITER_STEPS: Final = (_FIRST,)
# Deletes the row of a limiter that no program uses any more. The next use of the limiter creates the row again.
FORGET_RATE: Final = "DELETE FROM {schema}.rate WHERE name = %(name)s"
