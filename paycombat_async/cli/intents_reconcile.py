"""`paycombat intents reconcile`: looks for unresolved calls in the provider's lists, and settles those it finds."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager

import click

from paycombat_async._printable import printable
from paycombat_async.cli.intents_display import show_counts, show_table
from paycombat_async.cli.options import base_url_option, proxy_option
from paycombat_async.cli.stores import (
    Failed,
    account_option,
    failures,
    in_words,
    not_settled,
    older_than_option,
    opened,
    schema_option,
)
from paycombat_async.client import AsyncPayCombat
from paycombat_async.errors import ApiError, InvalidResponse, TransportError
from paycombat_async.intents.intent import Intent
from paycombat_async.resources.intents import ReconcileReport


@click.command()
@click.argument("store", required=False)
@account_option
@schema_option
@older_than_option
@base_url_option
@proxy_option
def reconcile(
    store: str | None, account: str, schema: str, *, older_than: float, base_url: str | None, proxy: str | None
) -> int:
    """Look for unresolved payouts and customers in the provider's lists, and settle those that are found.

    Nothing is sent again. Records that are being sent are left alone: after a crash, run the command again when the
    time for sending is over. The credentials come from PAYCOMBAT_TOKEN and PAYCOMBAT_SIGNATURE_KEY.

    \b
    Examples:
      paycombat intents reconcile payments.db
      paycombat intents reconcile payments.db --older-than 60

    Exit codes: 0 none is left, 1 the store or the provider failed, 2 usage or configuration, 3 some are unresolved or
    being sent.
    """

    async def look_up() -> tuple[ReconcileReport, list[Intent], list[Intent]]:
        async with (
            opened(store, account, schema) as records,
            AsyncPayCombat(base_url=base_url, proxy=proxy, intents=records) as client,
        ):
            with _unreadable_lists():
                report = await client.intents.reconcile(older_than=older_than)
            left, sending = await not_settled(records)
            return report, left, sending

    with failures():
        report, left, sending = asyncio.run(look_up())
    _show_part("found at the provider and settled as applied", report.applied)
    _show_part("ambiguous: the provider shows several objects, or one with other values", report.ambiguous)
    _show_part("not found at the provider, which proves nothing", report.unresolved)
    return show_counts(left, sending)


@contextmanager
def _unreadable_lists() -> Generator[None]:
    """Context manager; raises `Failed` if a list of the provider cannot be read.

    The message says what cannot be read, what that means and what to do.
    """
    try:
        yield
    except (ApiError, InvalidResponse, TransportError) as error:
        what = (error.endpoint or "").partition(".")[0] or "calls"
        message = (
            f"the provider's list of {what} cannot be read: {in_words(error)}. Nothing was settled or sent, and the"
            " records are as they were: run this command again when the cause is mended."
        )
        raise Failed(printable(message, limit=1000)) from None


def _show_part(title: str, found: tuple[Intent, ...]) -> None:
    click.echo(f"{len(found):,} {title}")
    if found:
        show_table(found)
        click.echo()
