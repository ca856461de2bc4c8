"""`paycombat sandbox`: the provider, on this machine."""

import click

from paycombat_async.cli.refusal import refusals


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on 127.0.0.1; a free one if not given.")
@click.option(
    "--db", type=click.Path(dir_okay=False), help="SQLite file that keeps everything; in memory if not given."
)
@click.option("--customers", type=click.IntRange(min=0), default=0, metavar="N", help="Begin with N made-up customers.")
@click.option("--seed", type=int, default=0, metavar="N", help="Other made-up customers for other seeds.")
def sandbox(port: int, db: str | None, customers: int, seed: int) -> None:
    """Run a local server that behaves like PayCombat, until Ctrl-C.

    It prints the lines that point the SDK and this command to it.

    \b
    Examples:
      paycombat sandbox --customers 100
      paycombat sandbox --port 8080 --db sandbox.db
    """
    from paycombat_async.sandbox import serve  # noqa: PLC0415  # aiohttp.web: not for the other commands

    with refusals():
        serve(port=port, db=db or ":memory:", customers=customers, seed=seed)
