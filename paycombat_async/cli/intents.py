"""`paycombat intents`: lists and resolves the calls that an intents store has recorded, such as payouts."""

import asyncio
from typing import Final

import click

from paycombat_async._printable import printable
from paycombat_async.cli.intents_adopt import adopt
from paycombat_async.cli.intents_display import show_fields, show_json, show_table
from paycombat_async.cli.options import base_url_option, proxy_option
from paycombat_async.cli.refusal import UsageRefused
from paycombat_async.cli.stores import (
    Failed,
    account_option,
    failures,
    opened,
    schema_option,
    split_words,
    without_urls,
)
from paycombat_async.client import AsyncPayCombat
from paycombat_async.errors import Outcome
from paycombat_async.intents.intent import Intent, check_reference
from paycombat_async.resources.intents import ReconcileReport, resolve_on_word

_IS_UNRESOLVED: Final = 3  # exit code if the outcome of some calls is not known
_LISTED: Final = 100  # records that `list --all` prints at most if --limit is not given
_OUTCOMES: Final = {"applied": Outcome.APPLIED, "rejected": Outcome.REJECTED}


@click.group()
def intents() -> None:
    """Recorded calls that move money: which outcomes are not known, and how they become known.

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
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array instead of a table.")
def list_records(store: str | None, account: str, schema: str, *, every: bool, limit: int | None, as_json: bool) -> int:
    """List the records whose outcome nobody knows, the oldest first.

    \b
    Examples:
      paycombat intents list payments.db
      paycombat intents list payments.db --all --limit 20
      paycombat intents list postgresql://app@db.internal/shop --json

    Exit codes: 0 none is unresolved, 1 the store failed, 2 usage or configuration, 3 some are unresolved.
    """
    if limit is not None and not every:
        raise UsageRefused("--limit needs --all: unresolved records are always listed all")

    async def read() -> tuple[list[Intent], list[Intent]]:
        async with opened(store, account, schema) as records:
            left = await records.unresolved()
            return (await records.recent(limit=limit or _LISTED) if every else left), left

    with failures():
        found, left = asyncio.run(read())
    if as_json:
        show_json(found)
    elif found:
        show_table(found)
    if not as_json:
        click.echo(_count_left(left))
    return _IS_UNRESOLVED if left else 0


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
        raise Failed(without_urls(printable(message)))
    for number, intent in enumerate(found):
        if number:
            click.echo()
        show_fields(intent, with_answer=answer)


@intents.command()
@click.argument("store", required=False)
@account_option
@schema_option
@click.option(
    "--older-than",
    type=click.FloatRange(0, 1e9),
    default=0,
    metavar="SECONDS",
    help="Look only for records that are at least this old.",
)
@base_url_option
@proxy_option
def reconcile(
    store: str | None, account: str, schema: str, *, older_than: float, base_url: str | None, proxy: str | None
) -> int:
    """Look for unresolved payouts and customers in the provider's lists, and settle those that are there.

    Nothing is sent again. The credentials come from PAYCOMBAT_TOKEN and PAYCOMBAT_SIGNATURE_KEY.

    \b
    Examples:
      paycombat intents reconcile payments.db
      paycombat intents reconcile payments.db --older-than 60

    Exit codes: 0 none is left, 1 the store or the provider failed, 2 usage or configuration, 3 some are unresolved.
    """

    async def look_up() -> tuple[ReconcileReport, list[Intent]]:
        async with (
            opened(store, account, schema) as records,
            AsyncPayCombat(base_url=base_url, proxy=proxy, intents=records) as client,
        ):
            return await client.intents.reconcile(older_than=older_than), await records.unresolved()

    with failures():
        report, left = asyncio.run(look_up())
    _show_part("found at the provider and settled as applied", report.applied)
    _show_part("ambiguous: the provider shows several objects, or one with other values", report.ambiguous)
    _show_part("not found at the provider, which proves nothing", report.unresolved)
    click.echo(_count_left(left))
    return _IS_UNRESOLVED if left else 0


@intents.command()
@click.argument("words", nargs=-1, metavar="[STORE] REFERENCE applied|rejected")
@click.option("--by", required=True, metavar="NAME", help="The name of the person who decides; it is recorded.")
@account_option
@schema_option
def resolve(words: tuple[str, ...], by: str, account: str, schema: str) -> None:
    """Settle a record whose outcome nobody knows, as a person decides. It needs no credentials.

    After "rejected" the reference may be sent again, so be sure that nothing was carried out.

    \b
    Examples:
      paycombat intents resolve payments.db order-1017 applied --by Ana
      paycombat intents resolve payments.db order-1017 rejected --by Ana

    Exit codes: 0 settled, 1 the store failed, 2 usage or configuration, or no unresolved record with this reference.
    """
    store, (reference, word) = split_words(words, "REFERENCE applied|rejected")
    if word not in _OUTCOMES:
        raise UsageRefused("the word after REFERENCE must be applied or rejected")
    if not by.strip() or not by.isprintable():
        raise UsageRefused("--by must be the name of a person, in characters that can be printed")

    async def settle() -> Intent:
        async with opened(store, account, schema) as records:
            return await resolve_on_word(records, check_reference(reference), _OUTCOMES[word], by)

    with failures():
        settled = asyncio.run(settle())
    click.echo(printable(f"{settled.endpoint} {settled.reference} is settled as {settled.state}, by {by}."))


intents.add_command(adopt)


def _show_part(title: str, found: tuple[Intent, ...]) -> None:
    click.echo(f"{len(found):,} {title}")
    if found:
        show_table(found)
        click.echo()


def _count_left(left: list[Intent]) -> str:
    if not left:
        return "No record is unresolved."
    return f"{len(left):,} {'record is' if len(left) == 1 else 'records are'} unresolved."
