"""Stores that record each call that moves money before it is sent: the same objects as in `paycombat_async.intents`.

    with PayCombat(intents=SqliteIntents("payments.db")) as paycombat:
        ...

The methods of a store are coroutine functions, which the blocking client calls for you. To read the records, use
`paycombat.intents`. To create the tables of a `PostgresIntents`, run the command `paycombat db migrate`, or call
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
