"""Stores of intents. An intent is the record of a call that must happen only once, such as a payout.

The record is written before the call is sent, so that the call is not repeated by mistake after a crash.
"""

from paycombat_async.intents.intent import (
    Begun,
    Intent,
    Intents,
    IntentState,
    NewIntent,
    Settlement,
    check_account,
    check_move,
    check_reference,
)
from paycombat_async.intents.memory import MemoryIntents
from paycombat_async.intents.postgres import PostgresIntents
from paycombat_async.intents.sqlite import SqliteIntents

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
