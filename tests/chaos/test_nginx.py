"""Calls through a real nginx that closes connections early: none moves money twice, none is lost without a reason."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import pytest

from paycombat_async import (
    ApiError,
    AsyncPayCombat,
    Disconnected,
    Outcome,
    PayCombatError,
    ProviderError,
    UpdateCustomer,
)
from paycombat_async.sandbox import Sandbox
from tests.calls import payout
from tests.chaos.matrix_cells import PAYEE, credentials
from tests.chaos.nginx_server import KEEPALIVE_S, MAX_BODY, REQUESTS, Nginx, running_nginx
from tests.chaos.soak import SOAK

pytestmark = pytest.mark.promise("P3", "P9")

WORKERS: Final = 8
BURST: Final = 28  # calls of a worker without a pause: enough for nginx to end its connection twice
BURSTS: Final = 60 if SOAK else 3  # 13 440 calls, or 672
# What is added to the second for which nginx keeps a connection: a spread that meets the moment of the closing, mostly
# before it, since a connection has been idle for longer than its worker.
SPREAD_S: Final = [step * 0.002 for step in range(-15, 4)]


class Made(NamedTuple):
    """One call and what became of it. `order` is None for an update."""

    order: str | None
    error: PayCombatError | None


@pytest.fixture(name="sandbox")
def _sandbox() -> Iterator[Sandbox]:
    with Sandbox(customers=WORKERS, balances={"AUD": 100_000_000}) as sandbox:
        yield sandbox


@pytest.fixture(name="nginx")
def _nginx(sandbox: Sandbox) -> Iterator[Nginx]:
    with running_nginx(urlsplit(sandbox.base_url).port or 0) as nginx:
        yield nginx


def client_of(sandbox: Sandbox, nginx: Nginx) -> AsyncPayCombat:
    return AsyncPayCombat(**credentials(sandbox) | {"base_url": nginx.base_url})


async def work(
    client: AsyncPayCombat, customer: str, number: int, orders: Iterator[int], together: asyncio.Barrier
) -> list[Made]:
    """Bursts of payouts and updates in turn; after each, a pause about as long as nginx keeps a connection.

    All workers pause `together`, since they share their connections.
    """
    made: list[Made] = []
    for burst in range(BURSTS):
        for place in range(BURST):
            order = f"order-{next(orders)}" if place % 2 == 0 else None
            error = None
            try:
                if order is None:
                    await client.customers.update(UpdateCustomer(customer_id=customer, description=f"{burst}.{place}"))
                else:
                    await client.payouts.create(payout(order_id=order, payout_beneficiary_param=PAYEE))
            except PayCombatError as caught:
                error = caught
            made.append(Made(order, error))
        await together.wait()
        if burst + 1 < BURSTS:
            # Real time, since nginx closes by its own clock: some connections just before they are used, some just
            # when they are, some after.
            await asyncio.sleep(KEEPALIVE_S + SPREAD_S[(burst * WORKERS + number) * 7 % len(SPREAD_S)])
    return made


async def test_no_payout_is_made_twice_and_each_unknown_one_has_a_reason(
    sandbox: Sandbox, nginx: Nginx, report: Callable[..., None]
) -> None:
    """Updates always succeed. A payout is unknown only if nginx closed its connection as it came, and never saw it."""
    orders, together = count(1), asyncio.Barrier(WORKERS)
    async with client_of(sandbox, nginx) as client:
        customers = enumerate(sandbox.customer_ids)
        shifts = [work(client, customer, number, orders, together) for number, customer in customers]
        made = [each for shift in await asyncio.gather(*shifts) for each in shift]

    served = nginx.served()
    lengths = Counter(each.connection for each in served)
    paid = Counter(entry.reference for entry in sandbox.ledger)
    failed = [each for each in made if each.error is not None]
    payouts = [each for each in made if each.order is not None]
    report(
        calls=len(made),
        requests=len(served),
        connections=len(lengths),
        ended_while_idle=sum(length < REQUESTS for length in lengths.values()) - WORKERS,
        unknown=len(failed),
        paid_though_unknown=sum(paid[each.order] for each in failed),
    )
    assert [] == sandbox.ledger.doubles()
    assert [] == [each for each in made if each.error is not None and each.order is None]
    assert {1} == {paid[each.order] for each in payouts if each.error is None}
    assert [] == [each for each in failed if not _is_explained(each)]
    assert len(payouts) - sum(paid[each.order] == 0 for each in failed) == sum(each.method == "POST" for each in served)
    assert {200, 201} >= {each.status for each in served}
    assert max(each.number for each in served) == REQUESTS
    assert len(lengths) >= len(made) / REQUESTS


def _is_explained(made: Made) -> bool:
    """Whether the error of a failed payout says all that it must say."""
    error: Any = made.error
    says = (type(error), error.outcome, error.reference, error.attempts)
    is_evident = error.advice is not None and error.body_digest is not None
    return says == (Disconnected, Outcome.UNKNOWN, made.order, 1) and is_evident


async def test_a_request_that_is_too_large_for_it_is_said_to_be_refused_by_a_proxy(
    sandbox: Sandbox, nginx: Nginx
) -> None:
    """It never reached the provider, but nginx's page proves nothing about the next proxy's."""
    large = payout(order_id="order-1", payout_beneficiary_param=PAYEE, extra={"note": "x" * MAX_BODY})
    async with client_of(sandbox, nginx) as client:
        with pytest.raises(ApiError, match="from a proxy or gateway") as caught:
            await client.payouts.create(large)
        small = await client.payouts.create(payout(order_id="order-2", payout_beneficiary_param=PAYEE))

    assert (413, Outcome.UNKNOWN, 1) == (caught.value.status, caught.value.outcome, caught.value.attempts)
    assert "nginx" in caught.value.raw
    assert [("order-2", small.id)] == [(entry.reference, entry.id) for entry in sandbox.ledger if entry.reference]


async def test_a_server_that_is_gone_behind_it_is_said_to_be_a_proxy_s_answer(sandbox: Sandbox) -> None:
    """502 is unknown, since nginx also sends it for an answer that broke off."""
    with running_nginx(1) as nginx:  # a port that nobody listens on
        async with client_of(sandbox, nginx) as client:
            with pytest.raises(ProviderError, match="from a proxy or gateway") as caught:
                await client.payouts.create(payout(order_id="order-1", payout_beneficiary_param=PAYEE))

    assert (502, Outcome.UNKNOWN, 1) == (caught.value.status, caught.value.outcome, caught.value.attempts)
