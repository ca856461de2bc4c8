"""What a run needs of a client: a way to send that tells the throttle of each attempt, and whose account it is."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeAlias

from paycombat_async._clock import Clock
from paycombat_async._protocol.messages import Attempt
from paycombat_async._protocol.reply import Reply
from paycombat_async._signing import content_digest
from paycombat_async.batch.report import Tally
from paycombat_async.batch.rows.row import Row
from paycombat_async.batch.run.throttle import Throttle
from paycombat_async.client import AsyncPayCombat
from paycombat_async.endpoints import UPDATE_CUSTOMER
from paycombat_async.schemas.customers import Customer

# Sends a row as it was written down; raises as the client does.
Send: TypeAlias = Callable[[Row], Awaitable[Reply[Customer]]]


def make_sender(client: AsyncPayCombat, tally: Tally, throttle: Throttle) -> Send:
    """How rows are sent; a hook that the client has is told of each attempt as before."""
    engine = client._engine  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the client shows its hooks nowhere

    def on_failed(attempt: Attempt) -> None:
        if attempt.status == 429:
            tally.throttled += 1
            throttle.throttled(attempt)

    observed = replace(engine, hooks=replace(engine.hooks, on_failed=on_failed))
    return lambda row: observed.send(UPDATE_CUSTOMER, row.request, {}, body=row.body)


def most_at_once(client: AsyncPayCombat) -> int:
    """The number of calls that the client has connections for: more of them would only wait, and count as under way."""
    return client._engine.limits.max_connections  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # shown nowhere


def clock_of(client: AsyncPayCombat) -> Clock:
    """The client's own clock: whoever hands one in wants all waiting to go through it."""
    return client._engine.clock  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the client shows it nowhere


def account_digest(client: AsyncPayCombat) -> str:
    """Says whether two runs are of the same account at the same address, without holding the token."""
    engine = client._engine  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # digested here, shown nowhere
    account = engine.config
    return content_digest(b"paycombat journal", account.base_url.encode(), account.token.reveal().encode())
