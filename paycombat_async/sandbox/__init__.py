"""The provider on your machine, for tests, examples and trying things out."""

from paycombat_async.sandbox.arrivals import Arrival, Arrivals
from paycombat_async.sandbox.credentials import SANDBOX_SIGNATURE_KEY, SANDBOX_TOKEN
from paycombat_async.sandbox.foreground import serve
from paycombat_async.sandbox.server import Sandbox

__all__ = [
    "SANDBOX_SIGNATURE_KEY",
    "SANDBOX_TOKEN",
    "Arrival",
    "Arrivals",
    "Sandbox",
    "serve",
]
