"""`Sandbox`, the class that users create: runs the local server in the current event loop or in its own thread."""

import asyncio
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from types import TracebackType
from typing import Self

from paycombat_async._clock import SYSTEM_CLOCK, Clock
from paycombat_async._process_bound import ProcessBound
from paycombat_async._signing import Signer
from paycombat_async.errors import ConfigurationError
from paycombat_async.sandbox._background_loop import BackgroundLoop
from paycombat_async.sandbox.arrivals import Arrivals
from paycombat_async.sandbox.auto_settle import pay_checkout, settle, settle_all
from paycombat_async.sandbox.clock import SandboxClock
from paycombat_async.sandbox.control.token import control_token_of
from paycombat_async.sandbox.credentials import SANDBOX_SIGNATURE_KEY, SANDBOX_TOKEN, check_sandbox_credential
from paycombat_async.sandbox.customers.seeding import Kind, plain
from paycombat_async.sandbox.deliveries.log import Deliveries
from paycombat_async.sandbox.deliveries.url import WebhookUrls, configured_url
from paycombat_async.sandbox.faults import Faults
from paycombat_async.sandbox.ledger import Ledger
from paycombat_async.sandbox.ledger.openings import Openings
from paycombat_async.sandbox.listening import loopback_address
from paycombat_async.sandbox.routes import PATHS
from paycombat_async.sandbox.running import Recorders, Running, SandboxOptions, start
from paycombat_async.sandbox.seconds import WEBHOOK_WAITS, checked_seconds
from paycombat_async.sandbox.state import IN_MEMORY, SandboxState


class Sandbox(ProcessBound):
    """A local server that behaves like PayCombat: `async with Sandbox() as sandbox`, or `with` to run it in a thread.

    It listens on loopback addresses only, and accepts only credentials that begin with "snd_". `db` is a SQLite file
    that keeps all data, or ":memory:". `customers` is the number of generated customers at the start; the same `seed`
    always generates the same customers. `examples` adds the customers of the README's examples, as `paycombat sandbox`
    does. `faults` are errors that the sandbox causes on purpose: a `Faults`, or a str like
    `"500_after_commit:0.02,latency=50ms:0.1"`.

    Money: `balances` has the opening balance of each currency; other currencies have 0. Without `balances`, each
    currency has 1,000,000. Payins, payouts and virtual accounts stay PENDING until a Simulate call, `settle` or
    `settle_all` changes their status. Checkouts stay unpaid until `pay` or `settle_all`. With `settle_after`, all of
    them succeed or are paid this number of seconds after their creation.

    Webhooks are signed. A webhook about a payin or payout is sent to the `webhook_url` in the request that created it,
    or else to the `webhook_url` given here. Webhooks about virtual accounts are sent to `va_webhook_url`. All must be
    loopback URLs. Setting the attribute `webhook_url` or `va_webhook_url` while the sandbox runs applies to later
    events. A webhook is sent again after each of the `webhook_waits` (in seconds; by default about a minute in total),
    until a 2xx response. After the last attempt it is given up.

    Other processes watch and control the sandbox by HTTP under `/_sandbox/`. Each of these requests must have
    `control_token` in the header `X-Sandbox-Control`; by default, the token is random. `console_url` opens the console
    in a browser: a page with all requests, payments, webhooks and faults. With `console=False`, there is no console.

    The provider documents no error response. With `upstream_errors`, errors have the form of Finmo, the payment company
    behind the provider's API: an `error` object with code, name, and one or several messages. The HTTP status is then
    406 for an object in a wrong status, and 402 if the balance is too low.
    """

    _in_other_processes = "pass its base_url, token and signature_key to the other process"

    def __init__(
        self,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        db: str | os.PathLike[str] = IN_MEMORY,
        token: str = SANDBOX_TOKEN,
        signature_key: str = SANDBOX_SIGNATURE_KEY,
        control_token: str | None = None,
        console: bool = True,
        customers: int = 0,
        examples: bool = False,
        seed: int = 0,
        clock: Clock = SYSTEM_CLOCK,
        faults: Faults | str | None = None,
        balances: Mapping[str, Decimal | int] | None = None,
        settle_after: float | None = None,
        webhook_url: str | None = None,
        va_webhook_url: str | None = None,
        webhook_waits: Sequence[float] = WEBHOOK_WAITS,
        upstream_errors: bool = False,
    ) -> None:
        """Checks the options. Nothing is started yet. Port 0 means any free port.

        `clock` gives the time and makes all waits. Raises `ConfigurationError` if an option is invalid.
        """
        check_sandbox_credential("token", token)
        check_sandbox_credential("signature_key", signature_key)
        self.token = token
        self.signature_key = signature_key
        self.control_token = control_token_of(control_token)
        self.arrivals = Arrivals()
        self.deliveries = Deliveries()
        self.faults = Faults.of(faults)
        self._webhook_urls = WebhookUrls(
            configured_url("webhook_url", webhook_url), configured_url("va_webhook_url", va_webhook_url)
        )
        self._clock = SandboxClock(clock)
        self._options = SandboxOptions(
            host=loopback_address(host),
            port=port,
            db=os.fspath(db),
            token=token,
            signature_key=signature_key,
            control_token=self.control_token,
            console=console,
            signer=Signer(signature_key),
            customers=customers,
            examples=examples,
            seed=seed,
            clock=self._clock,
            base_clock=clock,
            openings=Openings(balances),
            settle_after=None if settle_after is None else checked_seconds("settle_after", settle_after),
            upstream_errors=upstream_errors,
            webhook_urls=self._webhook_urls,
            initial_webhook_urls=replace(self._webhook_urls),
            webhook_waits=tuple(checked_seconds("webhook_waits", wait) for wait in webhook_waits),
        )
        self._recorders = Recorders(arrivals=self.arrivals, deliveries=self.deliveries, faults=self.faults)
        self._started: Running | None = None
        self._thread: BackgroundLoop | None = None

    @property
    def base_url(self) -> str:
        """The URL of the running sandbox. Raises `ConfigurationError` while it is not running."""
        return self._running.base_url

    @property
    def console_url(self) -> str | None:
        """The URL of the console, with the control token in its fragment. None if the sandbox has no console.

        Raises `ConfigurationError` while the sandbox is not running.
        """
        return f"{self.base_url}/#{self.control_token}" if self._options.console else None

    @property
    def is_in_memory(self) -> bool:
        """True if the sandbox forgets everything when it stops, because it has no `db` file."""
        return self._options.db == IN_MEMORY

    @property
    def paths(self) -> Mapping[str, str]:
        """The sandbox's paths for endpoints whose path is undocumented, by the name of the endpoint.

        Pass them to the client as `paths=`.
        """
        return PATHS

    @property
    def webhook_url(self) -> str | None:
        """The default URL for webhooks about payins and payouts, used if the request that created them has no URL.

        If it is None, these webhooks are not sent. It may be set at any time, from any thread, and applies to events
        after that. Raises `ConfigurationError` when it is set to a value that is neither a loopback URL nor None.
        """
        return self._webhook_urls.url

    @webhook_url.setter
    def webhook_url(self, url: str | None) -> None:
        self._webhook_urls.url = configured_url("webhook_url", url)

    @property
    def va_webhook_url(self) -> str | None:
        """The URL for webhooks about virtual accounts. If it is None, these webhooks are not sent.

        It may be set at any time, from any thread, and applies to events after that. Raises `ConfigurationError` when
        it is set to a value that is neither a loopback URL nor None.
        """
        return self._webhook_urls.va_url

    @va_webhook_url.setter
    def va_webhook_url(self, url: str | None) -> None:
        self._webhook_urls.va_url = configured_url("va_webhook_url", url)

    @property
    def clock(self) -> SandboxClock:
        """The clock of the sandbox. `sandbox.clock.advance(seconds)` moves its time forward, without waiting."""
        return self._clock

    @property
    def customer_ids(self) -> list[str]:
        """The ids of all customers that are not deleted, oldest first."""
        return list(self._state.customers.ids())

    def add_customers(self, ids: Iterable[str], kind: Kind = "company") -> None:
        """Adds customers with these ids and a minimal profile. A customer that already exists is not changed."""
        state = self._state
        with state.transaction():
            state.customers.add_many(plain(ids, kind, at=state.now()))

    def executions(self, customer_id: str) -> int:
        """Returns how many updates of this customer the sandbox has executed. Returns 0 for an unknown id."""
        return self._state.customers.executions(customer_id)

    @property
    def ledger(self) -> Ledger:
        """The ledger with all movements of money. Its method `doubles()` lists duplicate payins and payouts."""
        return self._state.ledger

    def balance(self, currency: str) -> Decimal:
        """Returns the merchant's current balance in a currency."""
        return self.ledger.balance(currency)

    def settle(
        self,
        id: str,  # noqa: A002  # the provider's name for this field
        status: str,
        *,
        amount: Decimal | None = None,
    ) -> None:
        """Changes the status of a payin, payout or virtual account, as the provider's "Simulate" calls do.

        With `amount`, a payin becomes SUCCESS although only this part was paid. The part is in the ledger and in
        `amount` of the webhook; the webhook's `original_amount` is the requested amount.

        Safe to call from any thread. Raises `ConfigurationError` for an unknown id, a forbidden transition or a wrong
        amount. No transition leads back to PENDING.
        """
        settle(self._state, id, status, amount)

    def settle_all(self) -> list[str]:
        """Moves all pending payins, payouts and virtual accounts to success, and pays all open checkouts.

        Returns the ids of the moved objects, followed by the ids of the payins that paid the checkouts. Both groups are
        sorted by age, oldest first. Safe to call from any thread.
        """
        return settle_all(self._state)

    def pay(self, checkout_id: str, method: str | None = None) -> str:
        """Pays a checkout as its customer would. Returns the id of the payin, which immediately has the status SUCCESS.

        `method` is the name of a payin method. Without it, the sandbox uses the method that an earlier request has set
        in the checkout or, without one, the first method that fits. A method fits if it allows the checkout's currency
        and amount. The payin's `order_reference` is the checkout's id; the provider does not document which field
        contains it. Safe to call from any thread.

        Raises `ConfigurationError` if the checkout is unknown, paid, expired or cancelled, if the method is unknown or
        does not fit, or if no method fits.
        """
        return pay_checkout(self._state, checkout_id, method)

    def reset(self) -> None:
        """Makes the running sandbox as it was after its start. This is faster than starting another sandbox.

        All payins, payouts, virtual accounts, checkouts, customers and ledger entries are deleted, including those in a
        `db` file; then the customers that the options ask for are added again. Recorded requests and deliveries are
        deleted, and undelivered webhooks are discarded. Faults, webhook URLs and the clock are as they were at the
        start. New objects get ids that were not used before.

        Safe to call from any thread if the sandbox was started with `with`. After `async with`, call it in the event
        loop of the sandbox.
        """
        running, thread = self._running, self._thread
        if thread is None:
            running.reset()
        else:
            thread.run(self._reset(running))

    async def drain(self) -> None:
        """Waits until all webhooks are delivered or given up: each one has had a 2xx response or its last attempt.

        First, everything that `clock.advance` has made due is done, and the webhooks that the fault
        `OUT_OF_ORDER_WEBHOOK` has held back are sent.
        """
        work, thread = self._drain(self._running), self._thread
        await (work if thread is None else asyncio.wrap_future(thread.submit(work)))

    def drain_blocking(self) -> None:
        """Waits until all webhooks are delivered or given up, as `drain` does, and blocks the calling thread.

        Use this method for a sandbox that was started with `with`. Raises `ConfigurationError` if the sandbox was
        started with `async with`.
        """
        running, thread = self._running, self._thread
        if thread is None:
            raise ConfigurationError("this sandbox runs in an event loop; use `await sandbox.drain()`")
        thread.run(self._drain(running))

    async def __aenter__(self) -> Self:
        await self._start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stop()

    def __enter__(self) -> Self:
        thread = BackgroundLoop("paycombat-sandbox")
        try:
            thread.run(self._start())
        except BaseException:
            thread.stop()
            raise
        self._thread = thread
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            try:
                thread.run(self._stop())
            finally:
                thread.stop()

    @property
    def _running(self) -> Running:
        if self._started is None:
            raise ConfigurationError("the sandbox is not running; use it inside `async with` or `with`")
        return self._started

    @property
    def _state(self) -> SandboxState:
        return self._running.state

    async def _drain(self, running: Running) -> None:
        await self._clock.caught_up()
        await running.dispatcher.drain()

    async def _reset(self, running: Running) -> None:
        running.reset()

    async def _start(self) -> None:
        if self._started is not None:
            raise ConfigurationError("this sandbox is running already; make another one")
        self._started = await start(self._options, self._recorders)

    async def _stop(self) -> None:
        running, self._started = self._started, None
        if running is not None:
            await running.stack.aclose()
