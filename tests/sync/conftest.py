"""Blocking clients over the fake transport."""

from collections.abc import Iterator

import pytest

from paycombat_async.testing import FakeClock, FakeTransport
from paycombat_sync import PayCombat
from tests.sync.doubles import MakeClient


@pytest.fixture(name="make_client")
def _make_client(transport: FakeTransport, clock: FakeClock) -> Iterator[MakeClient]:
    """A factory of blocking clients, closed at the end."""
    made: list[PayCombat] = []

    def make(**options: object) -> PayCombat:
        settings = {"token": "snd_token", "signature_key": "snd_key", "transport": transport, "clock": clock}
        made.append(PayCombat(**(settings | options)))
        return made[-1]

    yield make
    for client in made:
        client.close()
