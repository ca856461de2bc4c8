"""The table of the intents store in PostgreSQL, as numbered migrations."""

from typing import Final

# The primary key prevents a second payment. Its columns have COLLATE "C" (byte order), because a system upgrade may
# change the sort order of a language, and a unique index in that order would then silently accept duplicates.
_FIRST: Final = (
    """
    CREATE TABLE {schema}.intent (
        account text COLLATE "C" NOT NULL,
        endpoint text COLLATE "C" NOT NULL,
        reference text COLLATE "C" NOT NULL,
        state text NOT NULL CHECK (state IN ('sending', 'applied', 'rejected', 'not_sent', 'unknown')),
        attempt integer NOT NULL,
        body_digest text NOT NULL,
        owner text NOT NULL,
        created_at timestamptz NOT NULL,
        leased_until timestamptz NOT NULL,
        settled_at timestamptz,
        object_id text,
        evidence text,
        expected json NOT NULL,
        answer bytea,
        PRIMARY KEY (account, reference, endpoint)
    )
    """,
    "CREATE INDEX intent_open ON {schema}.intent (account, created_at) WHERE state IN ('sending', 'unknown')",
    "CREATE INDEX intent_settled ON {schema}.intent (account, settled_at) WHERE settled_at IS NOT NULL",
)
INTENT_STEPS: Final = (_FIRST,)
