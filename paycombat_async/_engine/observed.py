"""A client for programs built on the SDK, such as the batch update. It sends calls and reports failed attempts."""

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from paycombat_async._clock import Clock
from paycombat_async._engine.engine import Engine
from paycombat_async._protocol.messages import Attempt
from paycombat_async._protocol.reply import Reply
from paycombat_async._signing import content_digest
from paycombat_async.endpoints import Endpoint
from paycombat_async.limiters.limiter import Limiter

if TYPE_CHECKING:
    from paycombat_async.telemetry.batch_trace import BatchTrace

Q = TypeVar("Q")
R = TypeVar("R")


class ObservedClient:
    """Sends calls over the connections of the client that made this object, and with the hooks of that client.

    Closing that client closes this object, too. `clock` is the clock of that client. `max_connections` calls can be
    under way at the same time; further calls wait for a connection.
    """

    __slots__ = ("_engine", "clock", "max_connections")

    def __init__(self, engine: Engine, on_failed: Callable[[Attempt], None]) -> None:
        self._engine: Engine = replace(engine, hooks=replace(engine.hooks, on_failed=on_failed))
        self.clock: Clock = engine.clock
        self.max_connections: int = engine.limits.max_connections

    def send(self, endpoint: Endpoint[Q, R], request: Q, /, *, body: bytes | None = None) -> Awaitable[Reply[R]]:
        """Returns an awaitable for the reply to one call, which is retried and raises errors like a call of the client.

        `body` is the request as `encode_body` has encoded it. If it is None, the request is encoded here.
        """
        # The caller awaits the result. An `await` here would need one more coroutine for each call.
        return self._engine.send(endpoint, request, {}, body=body)

    @property
    def limiter(self) -> Limiter | None:
        """The limiter that each attempt waits for, or None if attempts need not wait."""
        return self._engine.limiter

    @limiter.setter
    def limiter(self, limiter: Limiter | None) -> None:
        self._engine = replace(self._engine, limiter=limiter)

    @property
    def base_url(self) -> str:
        """The address that the calls go to."""
        return self._engine.config.base_url

    @contextmanager
    def traced(self, name: str) -> Generator["BatchTrace | None"]:
        """Context manager that yields the telemetry span of a batch, or None if telemetry is off.

        Inside the `with` block, each call has its own trace with a link to this span. The caller adds the counts of
        the batch to the span.
        """
        telemetry = self._engine.hooks.telemetry
        trace = None if telemetry is None else telemetry.start_batch(name)
        if telemetry is None or trace is None:
            yield None
            return
        engine, error = self._engine, None
        self._engine = replace(engine, hooks=replace(engine.hooks, telemetry=telemetry.linked_to(trace)))
        try:
            yield trace
        except BaseException as raised:
            error = type(raised).__name__
            raise
        finally:
            self._engine = engine
            trace.end(error)

    def account_digest(self, purpose: str) -> str:
        """Returns the SHA-256, in hex, of `purpose`, the base URL and the token. It does not reveal the token."""
        config = self._engine.config
        return content_digest(purpose.encode(), config.base_url.encode(), config.token.reveal().encode())
