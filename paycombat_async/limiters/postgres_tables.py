"""The table of the limiter in PostgreSQL, as numbered migrations."""

from typing import Final

# `next_at` is the end of the time that has been given away. The fill factor leaves room in the page for the new
# versions of the row that each update writes.
_FIRST: Final = (
    """
    CREATE TABLE {schema}.rate (
        name text COLLATE "C" PRIMARY KEY,
        next_at timestamptz NOT NULL
    ) WITH (fillfactor = 10)
    """,
)
LIMITER_STEPS: Final = (_FIRST,)
