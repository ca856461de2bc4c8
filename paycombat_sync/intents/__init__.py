"""Stores that record each call that moves money before it is sent: the same objects as in `paycombat_async.intents`.

    with PayCombat(intents=SqliteIntents("payments.db")) as paycombat:
        ...

The blocking client runs the methods of the store, which are coroutines, and `paycombat.intents` reads the records.
Therefore blocking code creates the tables of a `PostgresIntents` with `paycombat db migrate`, or with
`asyncio.run(store.migrate())`.
"""

from paycombat_async.intents import (
    Begun,
    Intent,
    Intents,
    IntentState,
    MemoryIntents,
    NewIntent,
    PostgresIntents,
    Settlement,
    SqliteIntents,
    check_account,
    check_move,
    check_reference,
)

__all__ = [
    "Begun",
    "Intent",
    "IntentState",
    "Intents",
    "MemoryIntents",
    "NewIntent",
    "PostgresIntents",
    "Settlement",
    "SqliteIntents",
    "check_account",
    "check_move",
    "check_reference",
]
