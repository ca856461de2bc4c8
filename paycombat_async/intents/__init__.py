"""Stores that record each call that moves money before it is sent, so that a crash cannot make it happen twice."""

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
