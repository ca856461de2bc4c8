"""`paycombat webhooks`: sends a signed sample event to a server, or verifies a webhook that was received."""

import asyncio
import io
import os
from collections.abc import Iterable, Mapping
from typing import BinaryIO, Final
from urllib.parse import SplitResult

import click

from paycombat_async._clock import SYSTEM_CLOCK
from paycombat_async._printable import printable
from paycombat_async._protocol.url import safe_urlsplit
from paycombat_async._secrets import Secret
from paycombat_async._settings import is_sandbox
from paycombat_async._signing import Signer
from paycombat_async.cli.asking import ask
from paycombat_async.cli.call.arguments import read_assignments
from paycombat_async.cli.doctor import doctor
from paycombat_async.cli.refusal import UsageRefused, refusals
from paycombat_async.errors import WebhookError
from paycombat_async.schemas.events import WebhookEvent
from paycombat_async.webhooks.verify import MAX_BODY, Webhooks

_KEYS: Final = ("PAYCOMBAT_WEBHOOK_KEY", "PAYCOMBAT_SIGNATURE_KEY")
EVENTS: Final = (
    *("payin_succeeded", "payin_failed", "payin_expired"),
    *("payout_succeeded", "payout_failed", "payout_returned"),
    *("virtual_account_approved", "virtual_account_failed"),
)
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class _Refused(click.ClickException):
    exit_code = 1


@click.group()
def webhooks() -> None:
    """Webhooks: send a signed sample to your server, or verify one that you have received.

    \b
    Examples:
      paycombat webhooks send payin_succeeded --to http://127.0.0.1:8000/webhooks/paycombat
      paycombat webhooks verify body.json --header "X-Signature: 3f8a…"
    """


@webhooks.command()
@click.argument("event", type=click.Choice(EVENTS))
@click.argument("words", nargs=-1, metavar="[NAME=TEXT]...")
@click.option("--to", "url", required=True, metavar="URL", help="The address of your server.")
@click.option("--yes", is_flag=True, help="Do not ask before a live key signs, or another machine gets the event.")
@click.option("--print", "is_printed", is_flag=True, help="Print the body, too.")
def send(event: str, words: tuple[str, ...], url: str, *, yes: bool, is_printed: bool) -> None:
    """Send a sample webhook, signed as the provider signs, and print the HTTP status of the answer.

    NAME=TEXT and NAME:=JSON replace fields of the sample. Each sample has a new id. To send the same event twice, pass
    the same id=TEXT both times. The key is taken from PAYCOMBAT_WEBHOOK_KEY or, if that is not set, from
    PAYCOMBAT_SIGNATURE_KEY.

    Whoever sees a webhook that a live key has signed can send it to your live server, which takes it for genuine. So
    the command asks first if the key is live (not snd_…), or if the server is another machine.

    \b
    Examples:
      paycombat webhooks send payin_succeeded --to http://127.0.0.1:8000/webhooks/paycombat
      paycombat webhooks send payout_returned id=payout-1 order_id=order-1017 --to http://127.0.0.1:8000/hook
      paycombat webhooks send payin_succeeded amount:=99.5 --to https://staging.example.com/hook --yes

    Exit codes: 0 answered with 2xx, 1 another answer or none, or you said no, 2 usage or configuration.
    """
    with refusals():
        target, key = _target(url), _signing_key()
        body = _body(event, words)
    if not yes:
        _ask_first(target, key)
    if is_printed:
        click.echo(body)
    status = asyncio.run(_post(url, body, Signer(key.reveal()).sign(body)))
    if status is None:
        raise _Refused("no answer came within 5 seconds")
    if not 200 <= status < 300:
        raise _Refused(f"the answer was HTTP {status}; the provider takes 2xx for done, and repeats anything else")
    click.echo(f"HTTP {status}")


def _target(url: str) -> SplitResult:
    """Returns the parts of the address, which must be https, or http to this machine. Else raises `UsageRefused`."""
    parts = safe_urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not url.isprintable() or " " in url:
        raise UsageRefused("--to must look like http://127.0.0.1:8000/webhooks")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise UsageRefused("--to must be https (http only to this machine): others could read the signed event")
    return parts


def _signing_key() -> Secret:
    found = next((Secret(os.environ[name]) for name in _KEYS if os.environ.get(name)), None)
    if found is None:
        raise UsageRefused(f"no key: set {' or '.join(_KEYS)}")
    Webhooks([found])  # raises `ConfigurationError` if the key is empty or has characters that UTF-8 does not have
    return found


def _body(event: str, words: tuple[str, ...]) -> bytes:
    from paycombat_async.sandbox.deliveries.samples import encoded, sample  # noqa: PLC0415  # imports aiohttp.web

    fields = read_assignments(words, sample(event, SYSTEM_CLOCK.now()))
    try:
        return encoded(fields)
    except (ValueError, RecursionError):  # ValueError includes UnicodeEncodeError, raised for a word that is not UTF-8
        pass
    raise UsageRefused("the fields cannot be written as JSON: a word is not UTF-8, or they are nested too deeply")


def _ask_first(target: SplitResult, key: Secret) -> None:
    where = "" if target.hostname in _LOOPBACK else f" and goes to {target.hostname}"
    if not is_sandbox(key):
        ask(f"The key is not one of the sandbox (snd_…): the event counts as genuine{where}. Send it?", "not sent")
    elif where:
        ask(f"The event is signed{where}. Send it?", "not sent")


async def _post(url: str, body: bytes, signature: str) -> int | None:
    from paycombat_async.sandbox.deliveries.dispatcher import HttpSender  # noqa: PLC0415  # imports aiohttp
    from paycombat_async.sandbox.deliveries.log import Delivery  # noqa: PLC0415  # for the same reason

    sender = HttpSender()
    try:
        return await sender.post(Delivery(event="", id="", url=url, payload={}, body=body, signature=signature))
    finally:
        await sender.close()


@webhooks.command()
@click.argument("body", type=click.File("rb"))
@click.option("--signature", metavar="TEXT", help="The value of the signature header.")
@click.option("--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="A header; may be repeated.")
@click.option(
    "--key-env", "names", multiple=True, metavar="NAME", help="An environment variable with a key; may be repeated."
)
@click.pass_context
def verify(
    context: click.Context, body: BinaryIO, signature: str | None, headers: tuple[str, ...], names: tuple[str, ...]
) -> int:
    """Verify a webhook from its BODY, a file or - for standard input, and its headers; print which event it is.

    If the signature does not fit, the doctor finds out why: see `paycombat doctor --help`. Keys come from
    PAYCOMBAT_WEBHOOK_KEY and PAYCOMBAT_SIGNATURE_KEY, or from the variables named with --key-env.

    \b
    Examples:
      paycombat webhooks verify body.json --signature 3f8a…
      paycombat webhooks verify body.json --header "X-Signature: 3f8a…" --key-env OLD_KEY

    Exit codes: 0 valid, 1 not valid, or no event, 2 usage or configuration.
    """
    content = body.read(MAX_BODY + 1)
    pairs = [("X-Signature", signature)] if signature is not None else _pairs(headers)
    keys = [Secret(value) for name in names or _KEYS if (value := os.environ.get(name))]
    problem = ""
    if keys and (signature is None) == bool(headers):
        try:
            with refusals():
                event = Webhooks(keys).unwrap(content, pairs)
        except WebhookError as error:
            problem = str(error)
        else:
            _show(event)
            return 0
    code: int = context.invoke(
        doctor, body=io.BytesIO(content), signature=signature, headers=headers, names=names
    )  # `doctor` also raises the usage error if options are missing
    if code == 0 and problem:
        click.echo(f"But it is no event: {printable(problem)}")
    return 1 if problem else code


def _pairs(headers: Iterable[str]) -> list[tuple[str, str]]:
    return [(name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in headers)]


def _show(event: WebhookEvent) -> None:
    facts: Mapping[str, str | None] = {
        "event": type(event).__name__,
        "id": event.id,
        "status": event.status,
        "key": event.key,
    }
    click.echo("VALID")
    for name, value in facts.items():
        click.echo(f"{name + ':':<9}{printable(value or '-')}")
