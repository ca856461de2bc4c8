"""`paycombat sandbox`: runs a local PayCombat server, controls it, shows its ledger, or prints its OpenAPI document."""

import os
from collections import Counter
from typing import TYPE_CHECKING, BinaryIO, Final

import click
import msgspec

from paycombat_async._printable import printable, printable_json
from paycombat_async.cli.refusal import UsageRefused, refusals
from paycombat_async.cli.sandbox_ctl import ctl

if TYPE_CHECKING:
    from paycombat_async.sandbox import LedgerReport

# The kinds of movements of money are repeated here as text, because importing the sandbox's `Movement` takes time.
# "opening" is the balance at the start; it is an entry of the ledger, but not a payment.
_OPENING: Final = "opening"
_MADE: Final = {
    "payin": "payin",
    "payout": "payout",
    "payout_failed": "failed payout",
    "payout_returned": "returned payout",
}


@click.group(invoke_without_command=True)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on 127.0.0.1; a free one if not given.")
@click.option(
    "--db",
    type=click.Path(dir_okay=False),
    help="SQLite file that keeps its state; without it, all is forgotten when it stops.",
)
@click.option("--customers", type=click.IntRange(min=0), default=0, metavar="N", help="Add N made-up customers.")
@click.option("--no-examples", is_flag=True, help="Start without the customers of the README's examples.")
@click.option("--seed", type=int, default=0, metavar="N", help="Seed of the made-up customers.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME[=TIME][:RATE]",
    help="Inject this fault, in that share of all requests. May be repeated.",
)
@click.option("--fault-seed", type=int, default=0, metavar="N", help="Seed of the moments at which faults occur.")
@click.option("--settle-after", type=float, metavar="SECONDS", help="Payins and payouts succeed after this time.")
@click.option("--webhook-url", metavar="URL", help="Send signed webhooks to this address on this machine.")
@click.option("--va-webhook-url", metavar="URL", help="Send webhooks about virtual accounts to this address instead.")
@click.option("--no-console", is_flag=True, help="Serve no console: the page that shows and steers it in a browser.")
@click.option("--upstream-errors", is_flag=True, help="Refuse in the form of Finmo, the provider's upstream.")
@click.option(
    "--webhook-waits",
    metavar="SECONDS,…",
    help="Send a webhook again after each of these, until a 2xx answer; about a minute in all if not given.",
)
@click.pass_context
def sandbox(  # noqa: PLR0917  # click passes options by name
    context: click.Context,
    port: int,
    db: str | None,
    customers: int,
    seed: int,
    faults: tuple[str, ...],
    fault_seed: int,
    settle_after: float | None,
    webhook_url: str | None,
    va_webhook_url: str | None,
    webhook_waits: str | None,
    *,
    no_examples: bool,
    no_console: bool,
    upstream_errors: bool,
) -> None:
    """Run a local server that behaves like PayCombat, until Ctrl-C.

    The server prints the environment variables that point the SDK and this command to it. The provider's
    pages show no path for some calls; the server prints its own paths for them. It starts with the
    customers of the README's examples.

    \b
    Examples:
      paycombat sandbox --customers 100
      paycombat sandbox --port 8080 --db sandbox.db
      paycombat sandbox --fault 500_after_commit:0.02 --fault latency=50ms:0.1
      paycombat sandbox --settle-after 2 --webhook-url http://127.0.0.1:8000/webhooks/paycombat
      paycombat sandbox ledger
      paycombat sandbox ctl requests
      paycombat sandbox openapi --output openapi.json

    Its console shows requests, payments, webhooks and faults in a browser, and steers them: open the address that it
    prints. The address contains a token: whoever has it can do the same.

    Other processes steer it with the token that it prints as PAYCOMBAT_SANDBOX_CONTROL; if this variable is set when
    it starts, that token is used. See `paycombat sandbox ctl --help`.
    """
    if context.invoked_subcommand is not None:
        return
    from paycombat_async.sandbox import Faults, Sandbox, serve  # noqa: PLC0415  # imports aiohttp.web
    from paycombat_async.sandbox.control.token import CONTROL_VARIABLE  # noqa: PLC0415  # for the same reason
    from paycombat_async.sandbox.seconds import WEBHOOK_WAITS, seconds_in  # noqa: PLC0415  # for the same reason

    with refusals():
        provider = Sandbox(
            port=port,
            control_token=os.environ.get(CONTROL_VARIABLE) or None,
            console=not no_console,
            db=db or ":memory:",
            customers=customers,
            examples=not no_examples,
            seed=seed,
            faults=Faults.of(",".join(faults), seed=fault_seed),
            settle_after=settle_after,
            webhook_url=webhook_url,
            va_webhook_url=va_webhook_url,
            upstream_errors=upstream_errors,
            webhook_waits=WEBHOOK_WAITS if webhook_waits is None else seconds_in(webhook_waits),
        )
        serve(provider)


@sandbox.command()
@click.option(
    "--base-url", metavar="URL", envvar="PAYCOMBAT_BASE_URL", help="Its address, if not that of PAYCOMBAT_BASE_URL."
)
@click.option("--json", "as_json", is_flag=True, help="Print the whole ledger as JSON.")
def ledger(base_url: str | None, *, as_json: bool) -> int:
    """Ask a running sandbox what was paid, and whether anything was paid twice.

    \b
    Examples:
      paycombat sandbox ledger
      paycombat sandbox ledger --base-url http://127.0.0.1:8080 --json | jq .balances

    \b
    Exit codes:
      0  nothing was paid twice
      1  something was paid twice
      2  wrong usage, or no sandbox answers there
    """
    if base_url is None:
        raise UsageRefused("where is the sandbox? Give --base-url, or set PAYCOMBAT_BASE_URL")
    from paycombat_async.sandbox import fetch_ledger  # noqa: PLC0415  # imports aiohttp.web

    with refusals():
        report = fetch_ledger(base_url)
    if as_json:
        click.echo(printable_json(msgspec.json.format(msgspec.json.encode(report), indent=2).decode()))
    else:
        show_ledger(report)
    return 1 if report.doubles else 0


def show_ledger(report: "LedgerReport") -> None:
    """Prints each balance with its value at the start, the payments by kind, and the payments made more than once."""
    begun = {entry.currency: entry.amount for entry in report.entries if entry.movement == _OPENING}
    for currency, balance in sorted(report.balances.items()):
        click.echo(f"{currency} {balance:,f} ({begun.get(currency, 0):,f} at the start)")
    counts = Counter(entry.movement.value for entry in report.entries if entry.movement != _OPENING)
    made = [f"{count:,} {_MADE[name] if count == 1 else _MADE[name] + 's'}" for name, count in sorted(counts.items())]
    click.echo(f"{', '.join(made) or 'nothing was paid'}; {len(report.doubles):,} made more than once")
    for double in report.doubles:
        named = "an identical body" if double.reference is None else printable(double.reference)
        click.echo(f"  {double.entries[0].endpoint}, {named}: {', '.join(entry.id for entry in double.entries)}")


@sandbox.command()
@click.option("--output", type=click.File("wb", lazy=False), default="-", help="File to write; stdout if not given.")
def openapi(output: BinaryIO) -> None:
    """Print the OpenAPI 3.1 document of all endpoints, as JSON.

    Any OpenAPI viewer shows it. Paths that the provider's documentation does not show are marked in `x-evidence`.

    \b
    Examples:
      paycombat sandbox openapi
      paycombat sandbox openapi --output openapi.json
    """
    from paycombat_async.sandbox.openapi import description  # noqa: PLC0415  # imports aiohttp.web

    output.write(msgspec.json.format(msgspec.json.encode(description()), indent=2) + b"\n")


sandbox.add_command(ctl)
