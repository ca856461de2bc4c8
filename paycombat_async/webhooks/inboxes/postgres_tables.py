"""The tables of the inbox in PostgreSQL, as numbered migrations."""

from typing import Final

# The table `event` has one row for each received event. The `state` of a NEW event is "waiting" until it is done, even
# while a worker has it. "damaged" means that the payload cannot be read. From `since` to `free_at`, no worker can take
# the event; this time is a lease, or the pause after a failure. `subject` is the payin or payout. `key` and `subject`
# have COLLATE "C" (byte order), because a system upgrade may change the sort order of a language, and a unique index in
# the old order would then silently accept duplicates.
#
# The table `standing` has the recorded status of each payin and payout. `receive` locks a row of this table before it
# draws a `number`. Therefore the events of one payin or payout are numbered in the order in which their transactions
# commit.
_FIRST: Final = (
    """
    CREATE TABLE {schema}.event (
        number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        key text COLLATE "C" NOT NULL UNIQUE,
        subject text COLLATE "C",
        state text NOT NULL CHECK (state IN ('waiting', 'done', 'outdated', 'conflict', 'damaged')),
        arrived_at timestamptz NOT NULL,
        payload bytea,
        attempt integer NOT NULL DEFAULT 0,
        token text,
        is_taken boolean NOT NULL DEFAULT false,
        since timestamptz NOT NULL DEFAULT 'epoch',
        free_at timestamptz NOT NULL DEFAULT 'epoch'
    ) WITH (fillfactor = 80)
    """,
    "CREATE INDEX event_waiting ON {schema}.event (number) WHERE state = 'waiting'",
    "CREATE INDEX event_subject ON {schema}.event (subject, number)",
    "CREATE INDEX event_listed ON {schema}.event (state, number) WHERE state IN ('conflict', 'damaged')",
    "CREATE INDEX event_over ON {schema}.event (arrived_at) WHERE state IN ('done', 'outdated')",
    'CREATE TABLE {schema}.standing (subject text COLLATE "C" PRIMARY KEY, status text NOT NULL)',
)
INBOX_STEPS: Final = (_FIRST,)
