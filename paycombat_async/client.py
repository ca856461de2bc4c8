"""`AsyncPayCombat`, the client for async code, with a group of methods for each kind of object of the API."""

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from ssl import SSLContext
from types import TracebackType
from typing import Self, TypeVar

from paycombat_async._clock import SYSTEM_CLOCK, Clock
from paycombat_async._engine.background import finished
from paycombat_async._engine.credentials import ClientWebhooks, Credentials
from paycombat_async._engine.engine import Engine
from paycombat_async._engine.hooks import Hooks
from paycombat_async._engine.lifetime import Lifetime
from paycombat_async._engine.observed import ObservedClient
from paycombat_async._protocol.drift import Drift
from paycombat_async._protocol.messages import Attempt, Call, ClientConfig, Transport
from paycombat_async._protocol.reply import Reply
from paycombat_async._protocol.url import check_raw_path
from paycombat_async._secrets import Secret, as_secret, as_secrets
from paycombat_async._settings import (
    Limits,
    check_hooks,
    check_part,
    check_policy,
    check_proxy,
    read_config,
    read_webhook_keys,
)
from paycombat_async.endpoints import Endpoint, Method, raw_endpoint
from paycombat_async.intents.intent import Intents, check_store
from paycombat_async.limiters.limiter import Limiter, check_limiter
from paycombat_async.resources._unbound import UNBOUND
from paycombat_async.resources.checkouts import Checkouts
from paycombat_async.resources.customers import Customers
from paycombat_async.resources.intents import IntentRecords
from paycombat_async.resources.master_data import MasterData
from paycombat_async.resources.merchant import Merchant
from paycombat_async.resources.payin_methods import PayinMethods
from paycombat_async.resources.payins import Payins
from paycombat_async.resources.payment_methods import PaymentMethods
from paycombat_async.resources.payout_methods import PayoutMethods
from paycombat_async.resources.payouts import Payouts
from paycombat_async.retry import RetryPolicy
from paycombat_async.telemetry import Telemetry
from paycombat_async.telemetry.telemetry import telemetry_of
from paycombat_async.webhooks import Webhooks

Q = TypeVar("Q")
R = TypeVar("R")
_CLOCK = ("now", "monotonic", "random", "sleep")  # the methods of a `Clock`


class AsyncPayCombat:
    """A client of the PayCombat API for async code.

    Use it as a context manager, or call `aclose()`. Many tasks, threads and event loops may use one client at the same
    time, because each event loop gets its own connections. The client still works in a forked process.
    """

    # These attributes of the class are only for `create_autospec`, `help` and the completion in editors. Each client
    # has its own attributes, which `_set_up` sets.
    customers: Customers = Customers(UNBOUND)
    payins: Payins = Payins(UNBOUND)
    payouts: Payouts = Payouts(UNBOUND)
    checkouts: Checkouts = Checkouts(UNBOUND)
    payin_methods: PayinMethods = PayinMethods(UNBOUND)
    payout_methods: PayoutMethods = PayoutMethods(UNBOUND)
    payment_methods: PaymentMethods = PaymentMethods(UNBOUND)
    master_data: MasterData = MasterData(UNBOUND)
    merchant: Merchant = Merchant(UNBOUND)
    webhooks: Webhooks = object.__new__(Webhooks)  # an object without keys, since `__init__` would require a key
    intents: IntentRecords = IntentRecords(UNBOUND)

    def __init__(
        self,
        *,
        token: str | Secret | None = None,
        signature_key: str | Secret | None = None,
        base_url: str | None = None,
        timeout: float = 30.0,
        connect_timeout: float = 5.0,
        max_retries: int = 2,
        max_connections: int = 100,
        max_response_bytes: int = 8 * 1024 * 1024,
        paths: Mapping[str, str] | None = None,
        strict_responses: bool = False,
        on_drift: Callable[[Drift], None] | None = None,
        on_attempt: Callable[[Attempt], None] | None = None,
        on_call: Callable[[Call], None] | None = None,
        show_references: bool = False,
        proxy: str | Secret | None = None,
        ssl_context: SSLContext | None = None,
        webhook_keys: Sequence[str | Secret] | None = None,
        retry: RetryPolicy | None = None,
        transport: Transport | None = None,
        clock: Clock | None = None,
        intents: Intents | None = None,
        limiter: Limiter | None = None,
        telemetry: bool | Telemetry = True,
    ) -> None:
        """Sets up a client and sends nothing. Raises `ConfigurationError` if a setting is missing or invalid.

        - `token`, `signature_key` and `base_url`: read from the environment variables `PAYCOMBAT_TOKEN`,
          `PAYCOMBAT_SIGNATURE_KEY` and `PAYCOMBAT_BASE_URL` unless given. The default `base_url` is
          https://api.paycombat.com.
        - `timeout`: the limit in seconds for a whole call with all its attempts and waits.
        - `max_retries`: the largest number of retries of a call. `retry` sets the waits before them.
        - `paths`: maps names of endpoints to path templates, for endpoints whose path the provider does not document.
        - `on_drift`: receives each difference between an answer and the documented schema. With `strict_responses`,
          such a difference raises `InvalidResponse` instead.
        - `on_attempt`: receives each attempt. `on_call` receives each call at its end, including cancelled calls. With
          `show_references`, `on_call` also receives your own `reference` of the call.
        - `intents`: a store in which calls that move money are recorded before they are sent, so that each happens once
          per reference.
        - `limiter`: limits the rate of all requests, including retries.
        - `webhook_keys`: the keys that a webhook may be signed with. By default this is the key in
          `PAYCOMBAT_WEBHOOK_KEY` or, if that is not set, the signature key.
        - `telemetry`: if opentelemetry-api is installed, calls make spans and metrics, unless `telemetry` is False.

        The following settings are for the default transport. A `transport` that you pass does not use them.

        - `connect_timeout`: the limit in seconds for all the connections that one attempt tries to make.
        - `max_connections`: the largest number of connections in use at the same time in each event loop.
        - `max_response_bytes`: the largest size of an answer's body, before and after decompression.
        - `proxy`: the URL of an HTTP proxy.
        - `ssl_context`: replaces the TLS settings of the SDK, which trust the CA certificates of this machine.
        """
        # The credentials become Secrets first, so that no traceback with local variables shows them.
        token, signature_key, proxy = as_secret(token), as_secret(signature_key), as_secret(proxy)
        webhook_keys = None if webhook_keys is None else as_secrets(webhook_keys)
        limits = Limits(timeout, connect_timeout, max_retries, max_connections, max_response_bytes)
        is_own_key = webhook_keys is None and not os.environ.get("PAYCOMBAT_WEBHOOK_KEY")
        webhook_keys = read_webhook_keys(webhook_keys, signature_key, os.environ)
        config = read_config(token, signature_key, base_url, paths, os.environ, webhook_keys=webhook_keys)
        transport, close_transport = _make_transport(transport, config, limits, proxy, ssl_context)
        clock = SYSTEM_CLOCK if clock is None else check_part("clock", clock, _CLOCK)
        check_hooks(on_drift=on_drift, on_attempt=on_attempt, on_call=on_call)
        webhooks = ClientWebhooks(webhook_keys, clock) if is_own_key else Webhooks(webhook_keys)
        engine = Engine(
            credentials=Credentials(config, webhooks if isinstance(webhooks, ClientWebhooks) else None),
            transport=transport,
            clock=clock,
            policy=check_policy(retry),
            limits=limits,
            hooks=Hooks(
                on_drift,
                on_attempt,
                strict_responses,
                on_call,
                show_references=show_references,
                telemetry=telemetry_of(telemetry),
            ),
            lifetime=Lifetime(close_transport),
            intents=check_store(intents),
            limiter=check_limiter(limiter),
        )
        self._set_up(engine, webhooks)

    def _set_up(self, engine: Engine, webhooks: Webhooks) -> None:
        self._engine = engine
        self.webhooks = webhooks
        self.customers = Customers(engine)
        self.payins = Payins(engine)
        self.payouts = Payouts(engine)
        self.checkouts = Checkouts(engine)
        self.payin_methods = PayinMethods(engine)
        self.payout_methods = PayoutMethods(engine)
        self.payment_methods = PaymentMethods(engine)
        self.master_data = MasterData(engine)
        self.merchant = Merchant(engine)
        self.intents = IntentRecords(engine)

    @property
    def is_sandbox(self) -> bool:
        """Whether the credentials are those of the provider's sandbox, where no real money moves."""
        return self._engine.is_sandbox

    @property
    def is_closed(self) -> bool:
        """Whether `aclose()` was called. Calls to a closed client raise `ConfigurationError`."""
        return self._engine.lifetime.is_closed

    def with_options(
        self,
        *,
        timeout: float | None = None,
        max_retries: int | None = None,
        on_attempt: Callable[[Attempt], None] | None = None,
    ) -> Self:
        """Returns a client that has other settings, and shares the account and the connections of this client.

        None keeps the current setting. Closing one of the two clients closes both.
        """
        clone = object.__new__(type(self))
        check_hooks(on_attempt=on_attempt)
        engine = self._engine.with_options(timeout, max_retries, on_attempt)
        clone._set_up(engine, self.webhooks)
        return clone

    def replace_credentials(
        self, *, token: str | Secret | None = None, signature_key: str | Secret | None = None
    ) -> None:
        """Replaces the credentials for calls that start from now on. None keeps the current credential.

        Clients made by `with_options` get the new credentials, too. Calls in progress and their retries keep the old
        ones, because a call is signed only once. Each page of a list is a separate call.

        By default, webhooks are verified with the signature key. The old key then stays valid for webhooks for 24
        hours, because the provider's upstream repeats a delivery for that time. If a key has leaked, make a new client
        instead.

        This method may be called again, and from any thread. Raises `ConfigurationError`, without changing anything, if
        a credential is empty or malformed, or if it belongs to the other mode (sandbox or live).
        """
        # The credentials become Secrets first, so that no traceback with local variables shows them.
        token, signature_key = as_secret(token), as_secret(signature_key)
        self._engine.credentials.replace(token, signature_key)

    def observed(self, on_failed: Callable[[Attempt], None]) -> ObservedClient:
        """Returns a client that reports failed attempts to `on_failed`.

        The returned client shares the account and the connections of this client. For each failed attempt, `on_failed`
        is called after this client's own `on_attempt`. An exception that `on_failed` raises is logged and does not
        reach the caller. Closing this client closes the returned client, too.
        """
        return ObservedClient(self._engine, on_failed)

    async def send(
        self,
        endpoint: Endpoint[Q, R],
        request: Q,
        /,
        *,
        query: Mapping[str, str | int] | None = None,
        reference: str | None = None,
        **path: str,
    ) -> Reply[R]:
        """Calls any endpoint of `paycombat_async.endpoints` and returns the whole reply, not only its data.

        `request` is the endpoint's Struct, or None if the endpoint has no request body. `path` holds the parameters of
        the endpoint's path template. `reference` is your own name for the call, under which the client's intents store
        records it. Without such a store, a `reference` raises `ConfigurationError`.
        """
        return await self._engine.send(endpoint, request, path, query, reference=reference)

    async def request(
        self,
        method: Method,
        path: str,
        /,
        *,
        body: object = None,
        query: Mapping[str, str | int] | None = None,
        reference: str | None = None,
    ) -> Reply[object]:
        """Calls a path that the SDK does not know yet, and returns the reply. The request is signed as usual.

        `path` must be percent-encoded already, as in `/api/v1/thing/1`. `body` is a Struct, or dicts and lists of JSON
        values. `data` of the reply has the data of the envelope (the JSON object around the data) as dicts and lists.
        A failed attempt whose bytes may have been sent is repeated only for a GET. Raises the same errors as `send`.
        """
        endpoint = raw_endpoint(method, check_raw_path(path))
        return await self._engine.send(endpoint, body, {}, query, reference=reference)

    async def aclose(self, grace: float = 0) -> None:
        """Refuses new calls from now on, and closes all connections. Calling it twice does no harm.

        Calls in progress have `grace` seconds to finish. A call that takes longer raises an error with its outcome and,
        if the call moves money, your reference. If the intents store is slow, closing waits up to 30 more seconds until
        all outcomes are recorded. A transport that you passed to the client stays open.
        """
        await self._engine.lifetime.end(grace, self._engine.clock)
        if self._engine.intents is not None:
            await finished()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        engine = getattr(self, "_engine", None)  # an error reporter may call `repr` before __init__ has finished
        where = "not set up" if engine is None else engine.config.base_url
        return f"{type(self).__name__}({where})"


def _make_transport(
    transport: Transport | None,
    config: ClientConfig,
    limits: Limits,
    proxy: Secret | None,
    ssl_context: SSLContext | None,
) -> tuple[Transport, Callable[[], Awaitable[None]] | None]:
    """Returns the transport and its close function, which is None if the client did not create the transport."""
    if transport is not None:
        return check_part("transport", transport, ["send"]), None
    from paycombat_async.transport import AiohttpTransport  # noqa: PLC0415  # importing aiohttp takes 140 ms, which code that only signs need not spend

    own = AiohttpTransport(
        base_url=config.base_url,
        connect_timeout=limits.connect_timeout,
        max_connections=limits.max_connections,
        max_response_bytes=limits.max_response_bytes,
        proxy=check_proxy(proxy),
        ssl_context=ssl_context,
    )
    return own, own.aclose
