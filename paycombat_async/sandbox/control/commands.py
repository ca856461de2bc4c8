"""What each control request does. The table `COMMANDS` names the path and the HTTP method of each command."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct

from paycombat_async.errors import ConfigurationError
from paycombat_async.sandbox.arrivals import Arrivals
from paycombat_async.sandbox.auto_settle import pay_checkout, settle, settle_all
from paycombat_async.sandbox.clock import SandboxClock
from paycombat_async.sandbox.control.bodies import (
    Deliver,
    DeliveriesQuery,
    MoveClock,
    Nothing,
    RequestsQuery,
    SetFaults,
    Settle,
)
from paycombat_async.sandbox.control.views import Redactor
from paycombat_async.sandbox.deliveries.dispatcher import Dispatcher
from paycombat_async.sandbox.deliveries.log import Deliveries, Delivery
from paycombat_async.sandbox.deliveries.url import WebhookUrls, configured_url
from paycombat_async.sandbox.faults import Faults
from paycombat_async.sandbox.ledger.report import LedgerReport, report_of
from paycombat_async.sandbox.state import SandboxState

B = TypeVar("B", bound=Struct)


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """The parts of a sandbox that control requests see and change. `reset` does what `Sandbox.reset` does."""

    state: SandboxState
    arrivals: Arrivals
    deliveries: Deliveries
    faults: Faults
    clock: SandboxClock
    webhook_urls: WebhookUrls
    dispatcher: Dispatcher
    reset: Callable[[], None]
    redactor: Redactor = field(repr=False)
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Command(Generic[B]):
    """A control request: the type of its body (or of its query, for GET), and the function that executes it.

    The function returns an object that msgspec can encode.
    """

    body: type[B]
    run: Callable[[Controls, B], Awaitable[object]]


async def _requests(controls: Controls, query: RequestsQuery) -> object:
    wanted = [each for each in controls.arrivals if query.operation in {None, each.operation}]
    shown = [controls.redactor.request(each) for each in wanted[-query.limit :]]
    return {"requests": shown, "counts": dict(controls.arrivals.counts)}


async def _ledger(controls: Controls, _nothing: Nothing) -> LedgerReport:
    return report_of(controls.state.ledger)


async def _settle(controls: Controls, what: Settle) -> object:
    chosen = (what.id is not None, what.checkout_id is not None, what.all)
    if sum(chosen) != 1 or (what.id is None) != (what.status is None):
        raise ConfigurationError("settle: expected `id` and `status`, or `checkout_id`, or `all`")
    if what.payin_method_name is not None and what.checkout_id is None:
        raise ConfigurationError("settle: `payin_method_name` is for a `checkout_id`")
    if what.checkout_id is not None:
        return {"settled": [pay_checkout(controls.state, what.checkout_id, what.payin_method_name)]}
    if what.id is not None and what.status is not None:
        settle(controls.state, what.id, what.status)
        return {"settled": [what.id]}
    return {"settled": settle_all(controls.state)}


async def _deliveries(controls: Controls, query: DeliveriesQuery) -> object:
    latest = islice(reversed(tuple(controls.deliveries)), query.limit)
    return {"deliveries": [controls.redactor.delivery(each) for each in reversed(tuple(latest))]}


async def _deliver(controls: Controls, what: Deliver) -> object:
    urls = {"webhook_url": what.webhook_url, "va_webhook_url": what.va_webhook_url}
    checked = {name: configured_url(name, url or None) for name, url in urls.items() if url is not None}
    resent = None if what.resend is None else _latest_about(controls, what.resend)
    controls.webhook_urls.url = checked.get("webhook_url", controls.webhook_urls.url)
    controls.webhook_urls.va_url = checked.get("va_webhook_url", controls.webhook_urls.va_url)
    if resent is not None:
        controls.dispatcher.send_again(resent)
    if what.drain:
        await controls.clock.caught_up()
        await controls.dispatcher.drain()
    return await _deliveries(controls, DeliveriesQuery())


def _latest_about(controls: Controls, object_id: str) -> Delivery:
    found = next((each for each in reversed(tuple(controls.deliveries)) if each.id == object_id), None)
    if found is None:
        raise ConfigurationError("resend: no webhook about this id has been sent")
    return found


async def _faults(controls: Controls, _nothing: Nothing) -> object:
    faults = controls.faults
    return {"rates": faults.rates, "left": faults.left, "counts": dict(faults.counts)}


async def _set_faults(controls: Controls, what: SetFaults) -> object:
    if what.operation is not None and what.next is None:
        raise ConfigurationError("faults: `operation` says whose requests the faults in `next` are for")
    _change(Faults(), what)  # raises for an invalid change, before anything is changed
    _change(controls.faults, what)
    return await _faults(controls, Nothing())


def _change(faults: Faults, what: SetFaults) -> None:
    if what.calm:
        faults.calm()
    if what.rates is not None:
        faults.set_rates(what.rates)
    if what.next is not None and what.operation is not None:
        faults.script(what.operation, what.next)
    elif what.next is not None:
        faults.next(*what.next)


async def _clock(controls: Controls, _nothing: Nothing) -> object:
    return {"now": controls.state.now(), "advanced": controls.clock.advanced}


async def _move_clock(controls: Controls, what: MoveClock) -> object:
    controls.clock.advance(what.advance)
    await controls.clock.caught_up()
    return await _clock(controls, Nothing())


async def _reset(controls: Controls, _nothing: Nothing) -> object:
    controls.reset()
    return {}


# Any: `Command` is invariant, so that no narrower type fits all commands.
COMMANDS: Final[Mapping[str, Mapping[str, Command[Any]]]] = {
    "requests": {"GET": Command(RequestsQuery, _requests)},
    "ledger": {"GET": Command(Nothing, _ledger)},
    "settle": {"POST": Command(Settle, _settle)},
    "deliveries": {"GET": Command(DeliveriesQuery, _deliveries), "POST": Command(Deliver, _deliver)},
    "faults": {"GET": Command(Nothing, _faults), "POST": Command(SetFaults, _set_faults)},
    "clock": {"GET": Command(Nothing, _clock), "POST": Command(MoveClock, _move_clock)},
    "reset": {"POST": Command(Nothing, _reset)},
}
