"""Builds a sandbox from its parts and starts it: database, web server, webhooks, automatic success of payments."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial

from paycombat_async._clock import Clock
from paycombat_async._secrets import Secret
from paycombat_async._signing import Signer
from paycombat_async.sandbox._tasks import BackgroundTasks
from paycombat_async.sandbox.application import Provider, application
from paycombat_async.sandbox.arrivals import Arrivals
from paycombat_async.sandbox.auto_settle import Settler
from paycombat_async.sandbox.clock import SandboxClock
from paycombat_async.sandbox.control.controls import Controls
from paycombat_async.sandbox.control.verdict import explain
from paycombat_async.sandbox.control.views import Redactor
from paycombat_async.sandbox.customers.seeding import EXAMPLE_IDS, made_up, plain
from paycombat_async.sandbox.deliveries.dispatcher import Dispatcher, HttpSender
from paycombat_async.sandbox.deliveries.log import Deliveries
from paycombat_async.sandbox.deliveries.payloads import PayloadBuilder
from paycombat_async.sandbox.deliveries.url import WebhookUrls
from paycombat_async.sandbox.faults import Faults
from paycombat_async.sandbox.ledger.openings import Openings
from paycombat_async.sandbox.listening import listen
from paycombat_async.sandbox.news import DELIVERIES, OBJECTS, RESET, News
from paycombat_async.sandbox.state import SandboxState
from paycombat_async.sandbox.traffic import Traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """The options of a sandbox. All values have been validated."""

    host: str
    port: int
    db: str
    token: str = field(repr=False)
    signature_key: str = field(repr=False)
    control_token: str = field(repr=False)
    console: bool
    signer: Signer
    customers: int
    examples: bool
    seed: int
    clock: SandboxClock
    base_clock: Clock  # the clock of injected faults, whose delays `Sandbox.clock.advance` does not shorten
    openings: Openings
    settle_after: float | None
    upstream_errors: bool
    webhook_urls: WebhookUrls
    initial_webhook_urls: WebhookUrls
    webhook_waits: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorders:
    """The data that a sandbox keeps when it stops: received requests, sent webhooks, scheduled (injected) faults."""

    arrivals: Arrivals
    deliveries: Deliveries
    faults: Faults


@dataclass(frozen=True, slots=True)
class _Parts:
    """The parts of a running sandbox that its control interface (`/_sandbox/`) uses."""

    state: SandboxState
    dispatcher: Dispatcher
    settling: BackgroundTasks
    traffic: Traffic
    news: News


@dataclass(frozen=True, slots=True)
class Running:
    """A running sandbox. Closing `stack` stops it. Call `reset` in the sandbox's event loop."""

    base_url: str
    state: SandboxState
    dispatcher: Dispatcher
    reset: Callable[[], None]
    stack: AsyncExitStack


async def start(options: SandboxOptions, recorders: Recorders) -> Running:
    """Starts a sandbox in the current event loop. If the start fails, everything that was opened is closed again."""
    async with AsyncExitStack() as stack:
        state = SandboxState(options.db, clock=options.clock, seed=options.seed, openings=options.openings)
        stack.callback(state.close)
        with state.transaction():
            _add_customers(options, state)
        news = News()
        traffic = Traffic(news.publish_exchange)
        dispatcher = _dispatcher(options, recorders, news)
        stack.push_async_callback(dispatcher.end)
        state.watchers.append(dispatcher.watch)
        state.commit_watchers.append(news.watcher(OBJECTS))
        settling = BackgroundTasks()
        stack.push_async_callback(settling.end)
        if options.settle_after is not None:
            settler = Settler(state, options.clock, settling, after=options.settle_after)
            state.watchers.append(settler.watch)
            state.checkout_watchers.append(settler.watch_checkout)
        parts = _Parts(state, dispatcher, settling, traffic, news)
        reset = partial(_reset, options, recorders, parts)
        controls = _controls(options, recorders, parts, reset)
        app = application(_provider(options, recorders, state, traffic), controls, has_console=options.console)
        base_url = await listen(app, options.host, options.port, stack)
        return Running(base_url, state, dispatcher, reset, stack.pop_all())


def _reset(options: SandboxOptions, recorders: Recorders, parts: _Parts) -> None:
    """Makes a running sandbox as it was after its start. Call it in the sandbox's event loop.

    Webhooks that are not yet delivered are discarded. If the sandbox has a `db` file, all data in it is deleted.
    """
    parts.dispatcher.drop()
    parts.settling.drop()
    options.clock.restart()
    options.webhook_urls.copy_from(options.initial_webhook_urls)
    with parts.state.transaction():
        parts.state.clear()
        _add_customers(options, parts.state)
    recorders.arrivals.clear()
    recorders.deliveries.clear()
    recorders.faults.reset()
    parts.traffic.clear()
    parts.news.publish(RESET)


def _add_customers(options: SandboxOptions, state: SandboxState) -> None:
    now = state.now()
    if options.examples:
        state.customers.add_many(plain(EXAMPLE_IDS, "company", at=now))
    state.customers.add_many(made_up(options.seed, number, at=now) for number in range(options.customers))


def _provider(options: SandboxOptions, recorders: Recorders, state: SandboxState, traffic: Traffic) -> Provider:
    return Provider(
        state=state,
        arrivals=recorders.arrivals,
        traffic=traffic,
        token=options.token,
        signer=options.signer,
        faults=recorders.faults,
        clock=options.base_clock,
        upstream_errors=options.upstream_errors,
    )


def _controls(options: SandboxOptions, recorders: Recorders, parts: _Parts, reset: Callable[[], None]) -> Controls:
    return Controls(
        state=parts.state,
        arrivals=recorders.arrivals,
        traffic=parts.traffic,
        news=parts.news,
        diagnose=partial(explain, keys=[Secret(options.signature_key)], token=options.token),
        deliveries=recorders.deliveries,
        faults=recorders.faults,
        clock=options.clock,
        webhook_urls=options.webhook_urls,
        dispatcher=parts.dispatcher,
        reset=reset,
        redactor=Redactor((options.token, options.signature_key, options.control_token)),
        token=options.control_token,
    )


def _dispatcher(options: SandboxOptions, recorders: Recorders, news: News) -> Dispatcher:
    return Dispatcher(
        builder=PayloadBuilder(signer=options.signer, urls=options.webhook_urls),
        sender=HttpSender(),
        clock=options.clock,
        waits=options.webhook_waits,
        log=recorders.deliveries,
        fault=recorders.faults.for_webhook,
        on_change=news.watcher(DELIVERIES),
    )
