"""The sandbox: a local server that imitates the PayCombat API, for tests, examples and first experiments."""

from paycombat_async.sandbox.arrivals import Arrival, Arrivals
from paycombat_async.sandbox.clock import SandboxClock
from paycombat_async.sandbox.credentials import SANDBOX_SIGNATURE_KEY, SANDBOX_TOKEN
from paycombat_async.sandbox.deliveries.log import Deliveries, Delivery
from paycombat_async.sandbox.faults import Applied, Fault, Faults, Mishap
from paycombat_async.sandbox.foreground import serve
from paycombat_async.sandbox.ledger import Double, Ledger, LedgerEntry, LedgerReport, Movement, fetch_ledger
from paycombat_async.sandbox.server import Sandbox

__all__ = [
    "SANDBOX_SIGNATURE_KEY",
    "SANDBOX_TOKEN",
    "Applied",
    "Arrival",
    "Arrivals",
    "Deliveries",
    "Delivery",
    "Double",
    "Fault",
    "Faults",
    "Ledger",
    "LedgerEntry",
    "LedgerReport",
    "Mishap",
    "Movement",
    "Sandbox",
    "SandboxClock",
    "fetch_ledger",
    "serve",
]
