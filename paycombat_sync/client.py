"""`PayCombat`, the client for blocking code, which uses an async client in a thread of its own."""

from collections.abc import Callable, Mapping, Sequence
from ssl import SSLContext
from types import TracebackType
from typing import Self, TypeVar

from paycombat_async._clock import Clock
from paycombat_async._engine.lifetime import check_grace
from paycombat_async._protocol.drift import Drift
from paycombat_async._protocol.messages import Attempt, Call, Transport
from paycombat_async._protocol.reply import Reply
from paycombat_async._secrets import Secret, as_secret, as_secrets
from paycombat_async.client import AsyncPayCombat
from paycombat_async.endpoints import Endpoint, Method
from paycombat_async.intents.intent import Intents
from paycombat_async.limiters.limiter import Limiter
from paycombat_async.resources._unbound import UNBOUND
from paycombat_async.retry import RetryPolicy
from paycombat_async.telemetry import Telemetry
from paycombat_async.webhooks import Webhooks
from paycombat_sync._runner import Runner
from paycombat_sync.resources.checkouts import Checkouts
from paycombat_sync.resources.customers import Customers
from paycombat_sync.resources.intents import IntentRecords
from paycombat_sync.resources.master_data import MasterData
from paycombat_sync.resources.merchant import Merchant
from paycombat_sync.resources.payin_methods import PayinMethods
from paycombat_sync.resources.payins import Payins
from paycombat_sync.resources.payment_methods import PaymentMethods
from paycombat_sync.resources.payout_methods import PayoutMethods
from paycombat_sync.resources.payouts import Payouts

Q = TypeVar("Q")
R = TypeVar("R")


class PayCombat:
    """A client of the PayCombat API for blocking code.

    Use it as a context manager, or call `close()`. One client may serve many threads at the same time, and survives a
    fork: each process gets connections of its own. The client works in a notebook, too. Ctrl-C cancels the request of
    the call that it interrupts. Hooks are called in the client's own thread and must not call the client.

    From its first call until it is closed, a client holds one thread, three file descriptors, and one more file
    descriptor for each open connection. Therefore create one client for each account and share it. `with_options`
    returns a client with other settings that uses the same thread and connections.
    """

    # These attributes of the class are only for `create_autospec`, `help` and the completion in editors. Each client
    # has its own attributes, which `_set_up` sets.
    customers: Customers = Customers(UNBOUND, UNBOUND)
    payins: Payins = Payins(UNBOUND, UNBOUND)
    payouts: Payouts = Payouts(UNBOUND, UNBOUND)
    checkouts: Checkouts = Checkouts(UNBOUND, UNBOUND)
    payin_methods: PayinMethods = PayinMethods(UNBOUND, UNBOUND)
    payout_methods: PayoutMethods = PayoutMethods(UNBOUND, UNBOUND)
    payment_methods: PaymentMethods = PaymentMethods(UNBOUND, UNBOUND)
    master_data: MasterData = MasterData(UNBOUND, UNBOUND)
    merchant: Merchant = Merchant(UNBOUND, UNBOUND)
    webhooks: Webhooks = object.__new__(Webhooks)  # an object without keys, since `__init__` would require a key
    intents: IntentRecords = IntentRecords(UNBOUND, UNBOUND)

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
        self._set_up(
            Runner(),
            AsyncPayCombat(
                token=token,
                signature_key=signature_key,
                base_url=base_url,
                timeout=timeout,
                connect_timeout=connect_timeout,
                max_retries=max_retries,
                max_connections=max_connections,
                max_response_bytes=max_response_bytes,
                paths=paths,
                strict_responses=strict_responses,
                on_drift=on_drift,
                on_attempt=on_attempt,
                on_call=on_call,
                show_references=show_references,
                proxy=proxy,
                ssl_context=ssl_context,
                webhook_keys=webhook_keys,
                retry=retry,
                transport=transport,
                clock=clock,
                intents=intents,
                limiter=limiter,
                telemetry=telemetry,
            ),
        )

    def _set_up(self, runner: Runner, async_client: AsyncPayCombat) -> None:
        self._runner = runner
        self._async = async_client
        self.webhooks = async_client.webhooks
        self.customers = Customers(runner, async_client.customers)
        self.payins = Payins(runner, async_client.payins)
        self.payouts = Payouts(runner, async_client.payouts)
        self.checkouts = Checkouts(runner, async_client.checkouts)
        self.payin_methods = PayinMethods(runner, async_client.payin_methods)
        self.payout_methods = PayoutMethods(runner, async_client.payout_methods)
        self.payment_methods = PaymentMethods(runner, async_client.payment_methods)
        self.master_data = MasterData(runner, async_client.master_data)
        self.merchant = Merchant(runner, async_client.merchant)
        self.intents = IntentRecords(runner, async_client.intents)

    @property
    def is_sandbox(self) -> bool:
        """Whether the credentials are those of the provider's sandbox, where no real money moves."""
        return self._async.is_sandbox

    @property
    def is_closed(self) -> bool:
        """Whether `close()` was called. Calls to a closed client raise `ConfigurationError`."""
        return self._runner.is_closed

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
        async_client = self._async.with_options(timeout=timeout, max_retries=max_retries, on_attempt=on_attempt)
        clone = object.__new__(type(self))
        clone._set_up(self._runner, async_client)
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
        self._async.replace_credentials(token=token, signature_key=signature_key)

    def send(
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
        return self._runner.run(self._async.send, endpoint, request, query=query, reference=reference, **path)

    def request(
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
        return self._runner.run(self._async.request, method, path, body=body, query=query, reference=reference)

    def close(self, grace: float = 0) -> None:
        """Refuses new calls from now on, and closes all connections. Calling it twice does no harm.

        Calls in progress have `grace` seconds to finish. A call that takes longer raises an error with its outcome and,
        if the call moves money, your reference. If the intents store is slow, closing waits up to 30 more seconds until
        all outcomes are recorded. A transport that you passed to the client stays open.
        """
        check_grace(grace)
        self._runner.close(lambda: self._async.aclose(grace))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        if not hasattr(self, "_async"):  # an error reporter may call __repr__ before __init__ has finished
            return f"{type(self).__name__}(not set up)"
        return f"{type(self).__name__}({self._async}, {'closed' if self.is_closed else 'open'})"
