"""`python -m paycombat_async.sandbox`: runs the sandbox from the command line."""

import argparse
import os
import sys
from collections.abc import Sequence

from paycombat_async.errors import ConfigurationError
from paycombat_async.sandbox.control.token import CONTROL_VARIABLE
from paycombat_async.sandbox.faults import Faults
from paycombat_async.sandbox.foreground import serve
from paycombat_async.sandbox.seconds import WEBHOOK_WAITS, seconds_in
from paycombat_async.sandbox.server import Sandbox
from paycombat_async.sandbox.state import IN_MEMORY


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the sandbox until Ctrl-C or SIGTERM.

    Returns the exit code: 0 after Ctrl-C or SIGTERM, 2 for an invalid option value. If an option is unknown or
    malformed, argparse ends the process with exit code 2.
    """
    options = _parser().parse_args(arguments)
    try:
        serve(
            Sandbox(
                port=options.port,
                control_token=os.environ.get(CONTROL_VARIABLE) or None,
                console=options.console,
                db=options.db,
                customers=options.customers,
                examples=options.examples,
                seed=options.seed,
                faults=Faults.of(",".join(options.fault), seed=options.fault_seed),
                settle_after=options.settle_after,
                webhook_url=options.webhook_url,
                va_webhook_url=options.va_webhook_url,
                upstream_errors=options.upstream_errors,
                webhook_waits=seconds_in(options.webhook_waits),
            )
        )
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m paycombat_async.sandbox",
        description="A local server that behaves like PayCombat. Prints where it is and serves until Ctrl-C.",
    )
    parser.add_argument("--port", type=_whole, default=0, metavar="N", help="port on 127.0.0.1 (default: a free one)")
    parser.add_argument(
        "--db",
        default=IN_MEMORY,
        metavar="FILE",
        help="SQLite file that keeps its state; without it, all is forgotten when it stops",
    )
    parser.add_argument("--customers", type=_whole, default=0, metavar="N", help="add N made-up customers")
    parser.add_argument(
        "--no-examples",
        dest="examples",
        action="store_false",
        help="start without the customers of the README's examples",
    )
    parser.add_argument(
        "--no-console",
        dest="console",
        action="store_false",
        help="serve no console: the page that shows and steers it in a browser",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="other made-up customers for other seeds")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME[=TIME][:RATE]",
        help="let this go wrong, as in 500_after_commit:0.02 or latency=50ms; may be given several times",
    )
    parser.add_argument("--fault-seed", type=int, default=0, metavar="N", help="at other moments for other seeds")
    parser.add_argument(
        "--settle-after", type=float, metavar="SECONDS", help="payins and payouts succeed by themselves"
    )
    parser.add_argument("--webhook-url", metavar="URL", help="send signed webhooks to this address on this machine")
    parser.add_argument("--va-webhook-url", metavar="URL", help="send those about virtual accounts to this one")
    parser.add_argument(
        "--upstream-errors", action="store_true", help="refuse in the form of Finmo, the provider's upstream"
    )
    parser.add_argument(
        "--webhook-waits",
        default=",".join(f"{wait:g}" for wait in WEBHOOK_WAITS),
        metavar="SECONDS,…",
        help="send a webhook again after each of these, until a 2xx answer (default: %(default)s)",
    )
    return parser


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError("expected a whole number, 0 or more")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
