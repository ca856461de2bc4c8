"""`paycombat intents`: lists and resolves the calls that an intents store has recorded, such as payouts."""

import asyncio
from typing import Final

import click

from paycombat_async._printable import printable
from paycombat_async.cli.intents_adopt import adopt
from paycombat_async.cli.intents_display import IS_UNRESOLVED, show_counts, show_fields, show_json, show_table
from paycombat_async.cli.intents_reconcile import reconcile
from paycombat_async.cli.refusal import UsageRefused
from paycombat_async.cli.stores import (
    Failed,
    account_option,
    failures,
    not_settled,
    older_than_option,
    opened,
    schema_option,
    split_words,
    without_urls,
)
from paycombat_async.errors import Outcome
from paycombat_async.intents.intent import Intent, check_reference
from paycombat_async.resources.intents import resolve_on_word

_LISTED: Final = 100  # the most records that `list --all` prints if --limit is not given
_OUTCOMES: Final = {"applied": Outcome.APPLIED, "rejected": Outcome.REJECTED}


@click.group()
def intents() -> None:
    """Recorded calls that move money: list those with an unknown outcome, and settle them.

    STORE is the file of a SqliteIntents, or the postgresql:// URL of a PostgresIntents. Other users of this machine
    can read a password on the command line: leave STORE out and set PAYCOMBAT_DATABASE_URL instead.

    \b
    Examples:
      paycombat intents list payments.db
      paycombat intents reconcile payments.db
      paycombat intents resolve payments.db order-1017 rejected --by Ana
      paycombat intents adopt payments.db default --account shop-eu
    """


@intents.command(name="list")
@click.argument("store", required=False)
@account_option
@schema_option
@click.option("--all", "every", is_flag=True, help="List records in every state, the newest first.")
@click.option(
    "--limit",
    type=click.IntRange(1, 1_000_000),
    metavar="COUNT",
    help=f"With --all: list at most this many records; {_LISTED} if left out.",
)
@older_than_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array instead of a table.")
def list_records(
    store: str | None, account: str, schema: str, *, every: bool, limit: int | None, older_than: float, as_json: bool
) -> int:
    """List the records with an unknown outcome, then those of calls under way, the oldest first in both.

    For a record that is being sent, the list shows when its time for sending ends. If the process that sent it was
    killed, the outcome is unknown from that moment on. To watch a busy shop, leave out the calls that have just begun:
    --older-than 60.

    \b
    Examples:
      paycombat intents list payments.db
      paycombat intents list payments.db --all --limit 20
      paycombat intents list postgresql://app@db.internal/shop --json --older-than 60

    Exit codes: 0 none is unresolved or being sent, 1 the store failed, 2 usage or configuration, 3 some are.
    """
    if limit is not None and not every:
        raise UsageRefused("--limit needs --all: unresolved records are always listed all")
    if older_than and every:
        raise UsageRefused("--older-than and --all exclude each other: --all lists the newest records")

    async def read() -> tuple[list[Intent], list[Intent], list[Intent]]:
        async with opened(store, account, schema) as records:
            left, sending = await not_settled(records, older_than=older_than)
            return (await records.recent(limit=limit or _LISTED) if every else left + sending), left, sending

    with failures():
        found, left, sending = asyncio.run(read())
    if as_json:
        show_json(found)
        return IS_UNRESOLVED if left or sending else 0
    if found:
        show_table(found)
    return show_counts(left, sending)


@intents.command()
@click.argument("words", nargs=-1, metavar="[STORE] REFERENCE")
@account_option
@schema_option
@click.option("--answer", is_flag=True, help="Print the recorded answer, too. It holds personal data.")
def show(words: tuple[str, ...], account: str, schema: str, *, answer: bool) -> None:
    """Print all fields of the records with this reference, one record for each endpoint.

    \b
    Examples:
      paycombat intents show payments.db order-1017
      paycombat intents show payments.db order-1017 --answer

    Exit codes: 0 found, 1 no such record or the store failed, 2 usage or configuration.
    """
    store, (reference,) = split_words(words, "REFERENCE")

    async def read() -> list[Intent]:
        async with opened(store, account, schema) as records:
            return await records.find(check_reference(reference))

    with failures():
        found = asyncio.run(read())
    if not found:
        message = f"There is no record with the reference {reference} in the account {account}."
        raise Failed(printable(without_urls(message)))
    for number, intent in enumerate(found):
        if number:
            click.echo()
        show_fields(intent, with_answer=answer)


@intents.command()
@click.argument("words", nargs=-1, metavar="[STORE] REFERENCE applied|rejected")
@click.option("--by", required=True, metavar="NAME", help="The name of the person who decides; it is recorded.")
@click.option(
    "--endpoint", metavar="NAME", help="The call that is meant, as list shows it, if several have this reference."
)
@account_option
@schema_option
def resolve(words: tuple[str, ...], by: str, endpoint: str | None, account: str, schema: str) -> None:
    """Settle a record with an unknown outcome, as a person decides. The command needs no credentials.

    After "rejected" a call with this reference may be sent again, so be sure that nothing was carried out.

    \b
    Examples:
      paycombat intents resolve payments.db order-1017 applied --by Ana
      paycombat intents resolve payments.db order-1017 rejected --by Ana --endpoint payins.create

    Exit codes: 0 settled, 1 the store failed, 2 usage or configuration, or no unresolved record with this reference.
    """
    store, (reference, word) = split_words(words, "REFERENCE applied|rejected")
    if word not in _OUTCOMES:
        raise UsageRefused("the word after REFERENCE must be applied or rejected")
    if not by.strip() or not by.isprintable():
        raise UsageRefused("--by must be the name of a person, in characters that can be printed")

    async def settle() -> Intent:
        async with opened(store, account, schema) as records:
            return await resolve_on_word(records, check_reference(reference), _OUTCOMES[word], by, endpoint)

    with failures():
        settled = asyncio.run(settle())
    click.echo(printable(f"{settled.endpoint} {settled.reference} is settled as {settled.state}, by {by}."))


intents.add_command(reconcile)
intents.add_command(adopt)
