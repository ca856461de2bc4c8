"""Every inbox, held against the same suite that users get for their own."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from paycombat_async.testing.inbox_conformance import CHECKS, Check
from paycombat_async.webhooks.inboxes.inbox import Inbox
from paycombat_async.webhooks.inboxes.memory import MemoryInbox
from paycombat_async.webhooks.inboxes.sqlite import SqliteInbox

pytestmark = pytest.mark.promise("P14")


@asynccontextmanager
async def in_memory(_folder: Path) -> AsyncIterator[Inbox]:
    yield MemoryInbox()


@asynccontextmanager
async def in_sqlite(folder: Path) -> AsyncIterator[Inbox]:
    inbox = SqliteInbox(folder / "inbox.db")
    yield inbox
    await inbox.aclose()


INBOXES: dict[str, Callable[[Path], AbstractAsyncContextManager[Inbox]]] = {"memory": in_memory, "sqlite": in_sqlite}


@pytest.mark.parametrize("make", INBOXES.values(), ids=INBOXES)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_every_inbox_keeps_the_rules(check: Check, make, tmp_path: Path) -> None:
    """Each rule with a fresh, empty inbox."""
    async with make(tmp_path) as inbox:
        await check(inbox)
