"""The parts of a sandbox that the control interface (`/_sandbox/`) shows and changes, and the type of a command."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from msgspec import Struct

from paycombat_async.sandbox.arrivals import Arrivals
from paycombat_async.sandbox.clock import SandboxClock
from paycombat_async.sandbox.control.verdict import Verdict
from paycombat_async.sandbox.control.views import Redactor
from paycombat_async.sandbox.deliveries.dispatcher import Dispatcher
from paycombat_async.sandbox.deliveries.log import Deliveries
from paycombat_async.sandbox.deliveries.url import WebhookUrls
from paycombat_async.sandbox.faults import Faults
from paycombat_async.sandbox.news import News
from paycombat_async.sandbox.state import SandboxState
from paycombat_async.sandbox.traffic import Exchange, Traffic

B = TypeVar("B", bound=Struct)


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """The parts of a sandbox that the control interface shows and changes. `reset` does what `Sandbox.reset` does.

    `diagnose` explains why the signature of a request is wrong, and may take seconds.
    """

    state: SandboxState
    arrivals: Arrivals
    traffic: Traffic
    news: News
    deliveries: Deliveries
    faults: Faults
    clock: SandboxClock
    webhook_urls: WebhookUrls
    dispatcher: Dispatcher
    reset: Callable[[], None]
    diagnose: Callable[[Exchange], Verdict] = field(repr=False)
    redactor: Redactor = field(repr=False)
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Command(Generic[B]):
    """A command of the control interface: `run` executes it, and returns an object that msgspec can encode.

    `body` is the type of the request's JSON body, or of its query for GET.
    """

    body: type[B]
    run: Callable[[Controls, B], Awaitable[object]]
