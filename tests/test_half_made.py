"""Stores and inboxes that cannot be made: what an error reporter shows of the half-made object and of its secrets."""

import importlib.util
import traceback
from collections.abc import Callable

import pytest

from paycombat_async import ConfigurationError, webhooks
from paycombat_async.batch import PostgresJournal
from paycombat_async.intents import MemoryIntents, PostgresIntents, SqliteIntents
from paycombat_async.limiters import LocalLimiter, PostgresLimiter
from paycombat_async.webhooks.inboxes.postgres import PostgresInbox
from paycombat_sync import webhooks as blocking

DSN = "postgresql://shop:canary-4711@127.0.0.1/shop"
BROKEN = "postgresql://shop:canary-4711@[::1/shop"
NAMELESS = {"account": ""}


def limiter(dsn: str, name: str = "api", per_second: float = 50, schema: str = "paycombat") -> object:
    return PostgresLimiter(dsn, name, per_second, schema)


def journal(dsn: str, run: str = "import", rate: float | None = None, schema: str = "paycombat") -> PostgresJournal:
    return PostgresJournal(dsn, run, rate, schema)


def limiter_of_run(dsn: str, per_second: float = 50, schema: str = "paycombat") -> object:
    return journal(dsn, schema=schema).limiter(per_second)


FILES: dict[str, Callable[[], object]] = {
    "inbox in a folder": lambda: webhooks.SqliteInbox("/"),
    "inbox in memory": lambda: webhooks.SqliteInbox(":memory:"),
    "blocking inbox in a folder": lambda: blocking.SqliteInbox("/"),
    "intents in a folder": lambda: SqliteIntents("/"),
    "intents in memory": lambda: SqliteIntents(":memory:"),
    "intents of nobody": lambda: SqliteIntents("intents.db", **NAMELESS),
    "intents in memory of nobody": lambda: MemoryIntents(**NAMELESS),
    "limiter without a rate": lambda: LocalLimiter(0),
}
DATABASES: dict[str, Callable[[], object]] = {
    f"{kind.__module__}.{kind.__name__} {name}": lambda kind=kind, dsn=dsn, more=more: kind(dsn, **more)
    for kind, all_more in (
        (PostgresIntents, ({}, NAMELESS)),
        (PostgresInbox, ({}, {"listen_dsn": BROKEN})),
        (blocking.PostgresInbox, ({}, {"listen_dsn": BROKEN})),
        (limiter, ({}, {"name": ""}, {"per_second": 0})),
        (journal, ({}, {"run": ""}, {"rate": 0})),
        (limiter_of_run, ({}, {"per_second": 0})),
    )
    for name, dsn, more in (
        ("broken", BROKEN, {}),
        ("schema", DSN, {"schema": "a b"}),
        *(("option", DSN, more) for more in all_more if more),
    )
}


@pytest.mark.parametrize("make", FILES.values(), ids=FILES)
def test_an_error_reporter_can_show_what_is_half_made(make):
    """Its `repr` raises nothing, which would hide the error."""
    assert "ConfigurationError" in reported(make)


@pytest.mark.skipif(importlib.util.find_spec("psycopg") is None, reason="psycopg is not installed")
@pytest.mark.parametrize("make", DATABASES.values(), ids=DATABASES)
def test_an_error_reporter_shows_no_password(make):
    """Neither in the local variables nor in the message."""
    assert "canary" not in reported(make)


def reported(make: Callable[[], object]) -> str:
    """What a traceback with the local variables of the SDK shows."""
    with pytest.raises(ConfigurationError) as caught:
        make()
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    told.stack[:] = [frame for frame in told.stack if __file__ != frame.filename]
    assert told.stack
    return "".join(told.format())
