"""The commands of the control interface (`/_sandbox/`): the path, HTTP method, body type and function of each."""

from collections.abc import Mapping
from typing import Any, Final

from paycombat_async.sandbox.control import bodies, objects, switches, traffic, webhooks
from paycombat_async.sandbox.control.controls import Command

# Any: `Command` is invariant in its type parameter, so no narrower type includes all commands.
COMMANDS: Final[Mapping[str, Mapping[str, Command[Any]]]] = {
    "status": {"GET": Command(bodies.Nothing, switches.show_status)},
    "requests": {"GET": Command(bodies.RequestsQuery, traffic.show_requests)},
    "request": {"GET": Command(bodies.RequestQuery, traffic.show_request)},
    "ledger": {"GET": Command(bodies.LedgerQuery, objects.show_ledger)},
    "objects": {"GET": Command(bodies.ObjectsQuery, objects.show_objects)},
    "move": {"POST": Command(bodies.MakeMove, objects.move_object)},
    "settle": {"POST": Command(bodies.Settle, objects.settle_objects)},
    "deliveries": {
        "GET": Command(bodies.DeliveriesQuery, webhooks.show_deliveries),
        "POST": Command(bodies.Deliver, webhooks.deliver),
    },
    "faults": {
        "GET": Command(bodies.Nothing, switches.show_faults),
        "POST": Command(bodies.SetFaults, switches.set_faults),
    },
    "clock": {
        "GET": Command(bodies.Nothing, switches.show_clock),
        "POST": Command(bodies.MoveClock, switches.move_clock),
    },
    "reset": {"POST": Command(bodies.Nothing, switches.reset)},
}
