"""A running sandbox with a company and a person, and somebody who calls it."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from paycombat_async.sandbox import Sandbox
from tests.sandbox.caller import CUSTOMER, PERSON, Caller, StandingClock


@pytest.fixture(name="clock")
def _clock() -> StandingClock:
    return StandingClock()


@pytest.fixture(name="sandbox")
async def _sandbox(clock: StandingClock) -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=clock) as sandbox:
        sandbox.add_customers([CUSTOMER])
        sandbox.add_customers([PERSON], kind="individual")
        yield sandbox


@pytest.fixture(name="caller")
async def _caller(sandbox: Sandbox) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as session:
        yield Caller(sandbox, session)
