"""The control commands for faults (errors on purpose), clock and reset, and the command that shows the status."""

from typing import Final

from paycombat_async._version import __version__
from paycombat_async.errors import ConfigurationError
from paycombat_async.sandbox.control.bodies import MoveClock, Nothing, SetFaults
from paycombat_async.sandbox.control.controls import Controls
from paycombat_async.sandbox.faults import Fault, Faults
from paycombat_async.sandbox.faults.names import SECONDS, WEBHOOK_FAULTS
from paycombat_async.sandbox.faults.schedule import OPERATIONS
from paycombat_async.sandbox.faults.table import ACTIONS


async def show_status(controls: Controls, _nothing: Nothing) -> object:
    """Returns version, time, webhook URLs (without password and query), the operations, and some counts.

    The counts are those of the received requests and of the stored webhook deliveries.
    """
    urls, show = controls.webhook_urls, controls.redactor.url
    return {
        "version": __version__,
        "now": controls.state.now(),
        "advanced": controls.clock.advanced,
        "webhook_url": urls.url and show(urls.url),
        "va_webhook_url": urls.va_url and show(urls.va_url),
        "requests": controls.arrivals.counts.total(),
        "deliveries": len(controls.deliveries),
        "operations": OPERATIONS,
    }


async def show_faults(controls: Controls, _nothing: Nothing) -> object:
    """Returns the faults' rates, how many are queued, how often each has occurred, and the list of all faults."""
    faults = controls.faults
    return {"rates": faults.rates, "left": faults.left, "counts": dict(faults.counts), "known": _KNOWN}


async def set_faults(controls: Controls, what: SetFaults) -> object:
    """Changes the faults, and returns them as `show_faults` does. If any change is invalid, nothing is changed."""
    if what.operation is not None and what.next is None:
        raise ConfigurationError("faults: `operation` says whose requests the faults in `next` are for")
    trial = Faults()
    trial.set_rates(controls.faults.rates)
    _change(trial, what)  # raises for an invalid change before the sandbox's own faults are changed
    _change(controls.faults, what)
    return await show_faults(controls, Nothing())


async def show_clock(controls: Controls, _nothing: Nothing) -> object:
    """Returns the sandbox's time, and the seconds by which the clock was moved forward in total."""
    return {"now": controls.state.now(), "advanced": controls.clock.advanced}


async def move_clock(controls: Controls, what: MoveClock) -> object:
    """Moves the sandbox's time forward, and waits until all waits that end by the new time have ended."""
    controls.clock.advance(what.advance)
    await controls.clock.caught_up()
    return await show_clock(controls, Nothing())


async def reset(controls: Controls, _nothing: Nothing) -> object:
    """Resets the whole sandbox, as `Sandbox.reset` does."""
    controls.reset()
    return {}


def _change(faults: Faults, what: SetFaults) -> None:
    if what.calm:
        faults.calm()
    if what.rates is not None:
        faults.set_rates(what.rates)
    if what.change_rates is not None:
        rates = faults.rates | what.change_rates
        faults.set_rates({name: rate for name, rate in rates.items() if rate != 0})
    if what.next is not None and what.operation is not None:
        faults.script(what.operation, what.next)
    elif what.next is not None:
        faults.next(*what.next)


def _known(fault: Fault) -> dict[str, object]:
    is_webhook = fault in WEBHOOK_FAULTS
    return {
        "name": fault.value,
        "of": "webhooks" if is_webhook else "requests",
        "seconds": SECONDS.get(fault),
        "executes": None if is_webhook else ACTIONS[fault].executes,
    }


_KNOWN: Final = [_known(fault) for fault in Fault]
