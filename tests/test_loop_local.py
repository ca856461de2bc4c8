"""What belongs to one event loop: never given to another loop, or to another process."""

import asyncio
import os

import pytest

from paycombat_async._loop_local import LoopLocal

pytestmark = pytest.mark.promise("P8")


async def nothing(_value: object) -> None:
    """Closes nothing."""


async def test_a_loop_at_the_address_of_a_dead_one_gets_nothing_of_it() -> None:
    """Python gives the address of a collected loop to the next one, and the entries are found by it."""
    local: LoopLocal[object] = LoopLocal(object, nothing, lambda _: None)

    async def open_there() -> None:
        await local.open()
        local._entries[id(here)] = local._entries.pop(id(asyncio.get_running_loop()))
        kept.append(local._entries[id(here)])

    here, kept = asyncio.get_running_loop(), list[object]()
    await asyncio.to_thread(asyncio.run, open_there())
    local._entries[id(here)] = kept[0]  # type: ignore[assignment]  # the end of the other loop took it away

    assert local.current() is None
    local._entries.clear()


async def test_a_forked_child_gets_nothing_of_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the fork called none of Python's functions for forks, as that of uWSGI."""
    local: LoopLocal[object] = LoopLocal(object, nothing, lambda _: None)
    mine = await local.open()

    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: 1)
        in_child = local.current()

    assert (None, mine) == (in_child, local.current())
    await local.aclose()
