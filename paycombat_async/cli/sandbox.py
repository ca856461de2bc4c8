"""`paycombat sandbox`: a local server that behaves like the provider."""

import click

from paycombat_async.cli.refusal import refusals


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on 127.0.0.1; a free one if not given.")
@click.option("--db", type=click.Path(dir_okay=False), help="SQLite file for its state; in memory if not given.")
@click.option("--customers", type=click.IntRange(min=0), default=0, metavar="N", help="Start with N made-up customers.")
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
def sandbox(  # noqa: PLR0917  # click passes options by name
    port: int,
    db: str | None,
    customers: int,
    seed: int,
    faults: tuple[str, ...],
    fault_seed: int,
    settle_after: float | None,
    webhook_url: str | None,
    va_webhook_url: str | None,
) -> None:
    """Run a local server that behaves like PayCombat, until Ctrl-C.

    It prints the lines that point the SDK and this command to it.

    \b
    Examples:
      paycombat sandbox --customers 100
      paycombat sandbox --port 8080 --db sandbox.db
      paycombat sandbox --fault 500_after_commit:0.02 --fault latency=50ms:0.1
      paycombat sandbox --settle-after 2 --webhook-url http://127.0.0.1:8000/webhooks/paycombat
    """
    from paycombat_async.sandbox import Faults, Sandbox, serve  # noqa: PLC0415  # imports aiohttp.web

    with refusals():
        provider = Sandbox(
            port=port,
            db=db or ":memory:",
            customers=customers,
            seed=seed,
            faults=Faults.of(",".join(faults), seed=fault_seed),
            settle_after=settle_after,
            webhook_url=webhook_url,
            va_webhook_url=va_webhook_url,
        )
        serve(provider)
