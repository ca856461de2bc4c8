"""Fault injection: the faults by name, their schedule, and what each does to a request or its response."""

from paycombat_async.sandbox.faults.names import Fault, Mishap
from paycombat_async.sandbox.faults.schedule import Applied, Faults

__all__ = ["Applied", "Fault", "Faults", "Mishap"]
