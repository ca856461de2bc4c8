"""Fault injection. A fault is an error that the sandbox causes on purpose in a request, response or webhook.

The modules contain the names of the faults, the schedule that chooses a fault for a request, and the effect of each
fault.
"""

from paycombat_async.sandbox.faults.names import Fault, Mishap
from paycombat_async.sandbox.faults.schedule import Applied, Faults

__all__ = ["Applied", "Fault", "Faults", "Mishap"]
