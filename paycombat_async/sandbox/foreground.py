"""Runs the sandbox in the main thread until Ctrl-C or SIGTERM."""

import asyncio
import shlex
import sys
from collections.abc import Callable

from paycombat_async._clock import SYSTEM_CLOCK
from paycombat_async._signals import on_stop
from paycombat_async.sandbox.control.token import CONTROL_VARIABLE
from paycombat_async.sandbox.deliveries.notices import UndeliveredNotices
from paycombat_async.sandbox.server import Sandbox


def announce(sandbox: Sandbox) -> None:
    """Prints the sandbox's address, shell lines that make the SDK use it, and the undocumented endpoints' paths."""
    variables = {
        "PAYCOMBAT_BASE_URL": sandbox.base_url,
        "PAYCOMBAT_TOKEN": sandbox.token,
        "PAYCOMBAT_SIGNATURE_KEY": sandbox.signature_key,
        "PAYCOMBAT_WEBHOOK_KEY": sandbox.signature_key,
        CONTROL_VARIABLE: sandbox.control_token,
    }
    lines = [f"PayCombat sandbox at {sandbox.base_url} (Ctrl-C stops it)"]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    if sandbox.console_url is not None:
        lines.append(
            f"# Console, to open in a browser; whoever has this address can steer the sandbox: {sandbox.console_url}"
        )
    if sandbox.is_in_memory:
        lines.append(
            "# It forgets everything when it stops: then delete payments.db and journals, or start it with --db."
        )
    # The paths are printed as comments, so that all lines after the first one can be pasted into a shell.
    lines += ["# Calls whose path is on no page of the provider need it from you; here they are at:", "# paths={"]
    lines += [f"#     {name!r}: {path!r}," for name, path in sandbox.paths.items()]
    lines += ["# }"]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def serve(sandbox: Sandbox, *, on_ready: Callable[[Sandbox], None] = announce) -> None:
    """Runs a sandbox in the main thread until Ctrl-C or SIGTERM.

    `on_ready` is called as soon as the sandbox accepts requests. If a webhook cannot be delivered, the reason and the
    time until the next attempt are written to standard error; for this, `sandbox.deliveries.on_failed` is replaced.
    Raises `ConfigurationError` if the port cannot be bound, or if the sandbox's `db` file cannot be opened or is not a
    sandbox database.
    """
    asyncio.run(_serve(sandbox, on_ready))


async def _serve(sandbox: Sandbox, on_ready: Callable[[Sandbox], None]) -> None:
    loop = asyncio.get_running_loop()
    asked_to_stop = asyncio.Event()
    with on_stop(lambda: loop.call_soon_threadsafe(asked_to_stop.set)):
        notices = UndeliveredNotices(_complain, SYSTEM_CLOCK)
        sandbox.deliveries.on_failed = notices.failed
        async with sandbox:
            on_ready(sandbox)
            await asked_to_stop.wait()
        await notices.end()


def _complain(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
