"""`paycombat intents adopt`: moves the records of one account to another."""

import asyncio
import sys

import click

from paycombat_async._printable import printable
from paycombat_async.cli.refusal import UsageRefused
from paycombat_async.cli.stores import Failed, failures, opened, schema_option, split_words, without_urls
from paycombat_async.intents.intent import Intent, check_move


@click.command()
@click.argument("words", nargs=-1, metavar="[STORE] FROM")
@click.option("--account", required=True, metavar="NAME", help="The account that the records are moved to.")
@schema_option
@click.option("--yes", is_flag=True, help="Do not ask first.")
def adopt(words: tuple[str, ...], account: str, schema: str, *, yes: bool) -> None:
    """Move all records of the account FROM to another account, for example after you have given your account a name.

    Nothing is moved if a call of FROM may be under way, or if both accounts have a record of the same call. Stop the
    programs that use FROM first: they would no longer find the records, and could pay again.

    \b
    Examples:
      paycombat intents adopt payments.db default --account shop-eu
      paycombat intents adopt default --account shop-eu --yes

    Exit codes: 0 moved, 1 the store failed, 2 usage or configuration, or nothing can be moved.
    """
    store, (source,) = split_words(words, "FROM")

    async def find_any() -> list[Intent]:
        async with opened(store, source, schema) as records:
            return await records.recent(limit=1)

    async def move() -> int:
        async with opened(store, account, schema) as records:
            return await records.move(source, account)

    with failures():
        check_move(source, account)
        if not asyncio.run(find_any()):
            raise UsageRefused(printable(without_urls(f"there is no record of the account {source}")))
    if not yes:
        _ask(f"Move all records of the account {source} to the account {account}?")
    with failures():
        moved = asyncio.run(move())
    click.echo(printable(f"{moved:,} {'record was' if moved == 1 else 'records were'} moved to the account {account}."))


def _ask(question: str) -> None:
    """Asks at the terminal, and returns if the answer is yes.

    Raises `Failed` if the answer is no, and `UsageRefused` if there is no terminal.
    """
    if not sys.stdin.isatty():
        raise UsageRefused("there is no terminal to ask at: add --yes")
    click.echo("Programs that still use the old name would not find the records, and could pay again: stop them first.")
    if not click.confirm(printable(without_urls(question))):
        raise Failed("nothing was moved")
