"""Every store of intents, held against the same suite that users get for their own."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from paycombat_async.intents import Intents, MemoryIntents, SqliteIntents
from paycombat_async.testing.intents_conformance import CHECKS, Check

pytestmark = pytest.mark.promise("P13")


@asynccontextmanager
async def in_memory(_folder: Path) -> AsyncIterator[Intents]:
    yield MemoryIntents()


@asynccontextmanager
async def in_sqlite(folder: Path) -> AsyncIterator[Intents]:
    store = SqliteIntents(folder / "intents.db")
    yield store
    await store.aclose()


STORES: dict[str, Callable[[Path], AbstractAsyncContextManager[Intents]]] = {"memory": in_memory, "sqlite": in_sqlite}


@pytest.mark.parametrize("make", STORES.values(), ids=STORES)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_every_store_keeps_the_rules(check: Check, make, tmp_path: Path) -> None:
    """Each rule with a fresh, empty store."""
    async with make(tmp_path) as store:
        await check(store)
