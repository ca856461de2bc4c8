"""What goes wrong on purpose: which faults there are, which one comes when, and what each does on the wire."""

from paycombat_async.sandbox.faults.names import Fault, Mishap
from paycombat_async.sandbox.faults.schedule import Applied, Faults

__all__ = ["Applied", "Fault", "Faults", "Mishap"]
