"""`client.observed()`: a program receives the failed attempts, and the hooks of the user stay in place."""

from collections.abc import Callable

import pytest

from paycombat_async import (
    AsyncPayCombat,
    Attempt,
    ConfigurationError,
    ConnectFailed,
    PayCombatError,
    UpdateCustomer,
)
from paycombat_async.endpoints import UPDATE_CUSTOMER
from paycombat_async.testing import FakeClock, FakeTransport

ClientFactory = Callable[..., AsyncPayCombat]
UPDATED = b'{"success":true,"status_code":200,"data":{"customer_id":"c1"}}'
REQUEST = UpdateCustomer(customer_id="c1", description="x")


async def test_it_reports_failed_attempts_only(make_client: ClientFactory, transport: FakeTransport) -> None:
    """The user's `on_attempt` receives every attempt of the same call, also the one that succeeded."""
    failed: list[Attempt] = []
    attempts: list[Attempt] = []
    transport.fail(ConnectFailed("no connection"))
    transport.answer(200, UPDATED)
    observed = make_client(on_attempt=attempts.append).observed(failed.append)

    reply = await observed.send(UPDATE_CUSTOMER, REQUEST)

    assert (2, "c1") == (reply.attempts, reply.data.customer_id)
    assert [1] == [attempt.number for attempt in failed]
    assert [1, 2] == [attempt.number for attempt in attempts]


async def test_it_sends_the_bytes_that_were_encoded_before(
    make_client: ClientFactory, transport: FakeTransport
) -> None:
    """A body that is given is signed and sent as it is, the request is not encoded again."""
    transport.answer(200, UPDATED)

    await make_client().observed(lambda _: None).send(UPDATE_CUSTOMER, REQUEST, body=b'{"customer_id":"c1"}')

    assert b'{"customer_id":"c1"}' == transport.drafts[0].body


async def test_an_exception_of_the_observer_does_not_reach_the_caller(
    make_client: ClientFactory, transport: FakeTransport
) -> None:
    """The call fails with its own error, not with the observer's."""

    def broken(_attempt: Attempt) -> None:
        raise LookupError("the observer is broken")

    transport.fail(ConnectFailed("no connection"))

    with pytest.raises(PayCombatError, match="no connection"):
        await make_client(max_retries=0).observed(broken).send(UPDATE_CUSTOMER, REQUEST)


async def test_it_is_closed_with_its_client(make_client: ClientFactory) -> None:
    """A program that goes on after the client was closed gets the client's own refusal."""
    client = make_client()
    observed = client.observed(lambda _: None)

    await client.aclose()

    with pytest.raises(ConfigurationError, match="closed"):
        await observed.send(UPDATE_CUSTOMER, REQUEST)


def test_it_shows_clock_connections_and_account(make_client: ClientFactory, clock: FakeClock) -> None:
    """The digest tells accounts and purposes apart and does not contain the token."""
    one, other = (make_client(token=token, max_connections=7).observed(lambda _: None) for token in ("snd_a", "snd_b"))

    assert (clock, 7) == (one.clock, one.max_connections)
    assert 3 == len({one.account_digest("x"), one.account_digest("y"), other.account_digest("x")})
    assert "snd_a" not in one.account_digest("x")
