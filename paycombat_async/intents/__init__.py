"""Calls that move money, written down before they are sent, so that a crash cannot make them happen twice."""

from paycombat_async.intents.intent import Begun, Intent, Intents, IntentState, NewIntent, Settlement
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
]
