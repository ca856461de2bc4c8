"""Carries out one call of `paycombat call`: asks first if necessary, sends the call, and explains errors."""

import asyncio
import os
import shlex
import warnings
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

import click
import msgspec

from paycombat_async._postgres.tables import DEFAULT_SCHEMA
from paycombat_async._printable import printable_json
from paycombat_async._protocol.messages import Call
from paycombat_async.cli.asking import ask
from paycombat_async.cli.call.arguments import CallArguments
from paycombat_async.cli.call.failures import failure_of, lines_about
from paycombat_async.cli.call.specs import FIND_PAYOUTS, CallSpec
from paycombat_async.cli.stores import opened
from paycombat_async.client import AsyncPayCombat
from paycombat_async.endpoints import Evidence
from paycombat_async.errors import PayCombatError, UnverifiedEndpointWarning
from paycombat_async.intents.intent import DEFAULT_ACCOUNT, Intents
from paycombat_async.intents.sqlite import SqliteIntents
from paycombat_async.pagination import Cursor, Listing
from paycombat_async.schemas.payouts import Payout

_encode: Final = msgspec.json.Encoder(decimal_format="number").encode


class CallOptions(NamedTuple):
    """The options of `paycombat call`. `store` is the file or URL of the intents store, in which calls are recorded.

    `store` is None if the call is not to be recorded.
    """

    every: bool
    yes: bool
    store: str | None
    account: str
    schema: str
    reference: str | None
    path: str | None
    base_url: str | None
    proxy: str | None
    timeout: float


class Answer(NamedTuple):
    """The answer to one request. `data` is the decoded answer (for a list: one page), `raw` is its body."""

    data: Any  # any Struct, Page or plain JSON value
    raw: bytes


def carry_out(spec: CallSpec, arguments: CallArguments, options: CallOptions, answers: list[Answer]) -> None:
    """Sends the call and adds its answer to `answers`, or for a list one answer per page.

    Asks first if the call changes something on a live account. Raises a `ClickException` if the call is not sent, or if
    it fails. If Ctrl-C comes while the store or the connections are being closed, `answers` already has the answer.
    """
    try:
        if spec.is_change and not options.yes and not _client(spec, options).is_sandbox:
            _ask_first(spec, arguments, options)
        asyncio.run(_send(spec, arguments, options, answers))
    except PayCombatError as error:
        raise failure_of(error, spec, _store_words(options)) from None


async def _send(spec: CallSpec, arguments: CallArguments, options: CallOptions, answers: list[Answer]) -> None:
    # The warning about guessed paths is suppressed, because the command's help says which paths are guesses, and the
    # message of a 404 says it again.
    with warnings.catch_warnings(action="ignore", category=UnverifiedEndpointWarning):
        try:
            async with _store(options) as store, _client(spec, options, store, _warn_unrecorded) as client:
                await _call(client, spec, arguments, options, answers)
        except asyncio.CancelledError as cut:  # by Ctrl-C; its `__cause__` says whether the call was carried out
            if isinstance(cut.__cause__, PayCombatError):
                click.echo("\n".join(lines_about(cut.__cause__, spec, _store_words(options))), err=True)
            raise


def _client(
    spec: CallSpec,
    options: CallOptions,
    store: Intents | None = None,
    on_call: Callable[[Call], None] | None = None,
) -> AsyncPayCombat:
    return AsyncPayCombat(
        base_url=options.base_url,
        proxy=options.proxy,
        timeout=options.timeout,
        paths=None if options.path is None else {spec.endpoint.name: options.path},
        intents=store,
        on_call=on_call,
    )


def _warn_unrecorded(report: Call) -> None:
    if report.is_recorded is False:
        click.echo(
            "The store could not record what became of this call: until that is looked up, it counts as unknown.",
            err=True,
        )


@asynccontextmanager
async def _store(options: CallOptions) -> AsyncGenerator[Intents | None]:
    """Context manager; yields the store, or None if no store is named, and closes the store at the end.

    A file that does not exist is created, and a line on stderr says so.
    """
    place = options.store
    if place is None:
        yield None
    elif "://" in place or _is_there(place):
        async with opened(place, options.account, options.schema) as found:
            yield found
    else:
        click.echo("A new intents store is made: it knows of no earlier calls.", err=True)
        store = SqliteIntents(place, options.account)
        try:
            yield store
        finally:
            await store.aclose()


def _store_words(options: CallOptions) -> str | None:
    """Returns the words to name this command's store in a further command, quoted for a shell, or None without a store.

    The word STORE stands for a URL, because a URL may contain a password.
    """
    if options.store is None:
        return None
    words = ["STORE" if "://" in options.store else shlex.quote(options.store)]
    if options.account != DEFAULT_ACCOUNT:
        words += ["--account", shlex.quote(options.account)]
    if options.schema != DEFAULT_SCHEMA:
        words += ["--schema", shlex.quote(options.schema)]
    return " ".join(words)


def _is_there(place: str) -> bool:
    # `lexists` returns False for a name that no file can have, such as a name with a NUL. `lstat` would raise an error.
    return os.path.lexists(place)


def _ask_first(spec: CallSpec, arguments: CallArguments, options: CallOptions) -> None:
    """Shows on stderr what would be sent, and asks whether to send it. Returns if the answer is yes.

    Raises `Declined` if the answer is no, and `UsageRefused` if there is no terminal.
    """
    request: object = arguments.texts if arguments.request is None else arguments.request
    shown = msgspec.json.format(_encode(request), indent=2).decode()
    click.echo(printable_json(shown), err=True)
    is_guess = options.path is None and spec.endpoint.evidence is Evidence.INFERRED
    ask(f"Send {spec.name} to the live account{', at a path that is a guess' if is_guess else ''}?", "nothing was sent")


async def _call(
    client: AsyncPayCombat, spec: CallSpec, arguments: CallArguments, options: CallOptions, answers: list[Answer]
) -> None:
    if spec.name == FIND_PAYOUTS:
        found: list[Payout] = await client.payouts.find(order_id=arguments.texts["order_id"])
        answers.append(Answer(found, _encode(found)))
        return
    if spec.is_list:
        answers += [answer async for answer in _pages(client, spec, arguments, every=options.every)]
        return
    reply = await client.send(
        spec.endpoint,
        arguments.request,
        query=arguments.query or None,
        reference=options.reference,
        **arguments.texts,
    )
    answers.append(Answer(reply.data, reply.raw))
    if reply.is_replayed:
        click.echo("Nothing was sent: this is the recorded answer of the call with this reference.", err=True)


async def _pages(
    client: AsyncPayCombat, spec: CallSpec, arguments: CallArguments, *, every: bool
) -> AsyncGenerator[Answer]:
    listing: Listing[Any] = Listing(spec.endpoint, arguments.page_size, arguments.query, arguments.texts)
    cursor = Cursor(number=arguments.page)
    while not cursor.is_over:
        reply = await client.send(spec.endpoint, None, query=listing.query(cursor.number), **listing.path)
        cursor = listing.after(cursor, reply.data)
        if cursor.has_new_items or not every:
            yield Answer(reply.data, reply.raw)
        if not every:
            return
