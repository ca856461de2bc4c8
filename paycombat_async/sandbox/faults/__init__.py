"""Fault injection: the names of the faults, their schedule, and what each fault does to a request or its response.

A fault is an error that the sandbox causes on purpose.
"""

from paycombat_async.sandbox.faults.names import Fault, Mishap
from paycombat_async.sandbox.faults.schedule import Applied, Faults

__all__ = ["Applied", "Fault", "Faults", "Mishap"]
