"""`paycombat sandbox ctl`: sees and steers a running sandbox by its control interface. Prints JSON."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import click
import msgspec

from paycombat_async._printable import printable_json
from paycombat_async.cli.refusal import UsageRefused, refusals

if TYPE_CHECKING:
    from paycombat_async.sandbox.control.remote import Remote

_TOKEN: Final = "PAYCOMBAT_SANDBOX_CONTROL"  # noqa: S105  # the name of a variable


class _Doubles(msgspec.Struct):
    doubles: list[object]


@click.group()
@click.option(
    "--base-url", metavar="URL", envvar="PAYCOMBAT_BASE_URL", help="Its address, if not that of PAYCOMBAT_BASE_URL."
)
@click.pass_context
def ctl(context: click.Context, base_url: str | None) -> None:
    """See and steer a running sandbox from a shell or another language.

    The control token comes from PAYCOMBAT_SANDBOX_CONTROL, which `paycombat sandbox` prints when it starts. Each
    command prints the sandbox's JSON answer. The same works by HTTP under /_sandbox/.

    \b
    Examples:
      paycombat sandbox ctl requests --operation payouts.create
      paycombat sandbox ctl settle 4f8a1c2e-… SUCCESS
      paycombat sandbox ctl clock --advance 3600
      paycombat sandbox ctl reset

    Exit codes: 0 done, 1 something was paid twice (ledger only), 2 usage, refused, or no sandbox answers.
    """
    context.obj = base_url


def _remote(base_url: str | None) -> "Remote":
    token = os.environ.get(_TOKEN)
    if base_url is None:
        raise UsageRefused("where is the sandbox? Give --base-url, or set PAYCOMBAT_BASE_URL")
    if not token:
        raise UsageRefused(f"no control token: set {_TOKEN}, which `paycombat sandbox` prints when it starts")
    from paycombat_async.sandbox.control.remote import Remote  # noqa: PLC0415  # imports aiohttp.web

    return Remote(base_url, token)


def _get(base_url: str | None, name: str, query: Mapping[str, object]) -> bytes:
    with refusals():
        answer = _remote(base_url).get(name, query)
    return _shown(answer)


def _post(base_url: str | None, name: str, body: Mapping[str, object]) -> None:
    with refusals():
        answer = _remote(base_url).post(name, body)
    _shown(answer)


def _shown(answer: bytes) -> bytes:
    click.echo(printable_json(msgspec.json.format(answer, indent=2).decode()))
    return answer


@ctl.command()
@click.option("--operation", metavar="NAME", help="Only requests of this operation, such as payouts.create.")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="The latest so many.")
@click.pass_obj
def requests(base_url: str | None, operation: str | None, limit: int) -> None:
    """Show the latest requests, oldest first, without token and signature, and the number of all requests.

    \b
    Examples:
      paycombat sandbox ctl requests --operation payouts.create --limit 10
    """
    _get(base_url, "requests", {"operation": operation, "limit": limit})


@ctl.command()
@click.pass_obj
def ledger(base_url: str | None) -> int:
    """Show balances, all movements of money, and what was paid twice. Exits with 1 if anything was paid twice.

    \b
    Examples:
      paycombat sandbox ctl ledger | jq .balances
    """
    answer = _get(base_url, "ledger", {})
    return 1 if msgspec.json.decode(answer, type=_Doubles).doubles else 0


@ctl.command()
@click.argument("words", nargs=-1, metavar="[ID STATUS]")
@click.option("--all", "is_all", is_flag=True, help="Let everything that is pending succeed, and pay open checkouts.")
@click.option("--checkout", metavar="ID", help="Pay this checkout, as its customer would.")
@click.option("--method", metavar="NAME", help="The payin method that pays the checkout.")
@click.pass_obj
def settle(
    base_url: str | None, words: tuple[str, ...], checkout: str | None, method: str | None, *, is_all: bool
) -> None:
    """Set the status of a payin, payout or virtual account, or pay a checkout. Prints the ids that were settled.

    \b
    Examples:
      paycombat sandbox ctl settle 4f8a1c2e-… FAILED
      paycombat sandbox ctl settle --checkout 0c11d8a4-…
      paycombat sandbox ctl settle --all
    """
    if len(words) not in {0, 2}:
        raise UsageRefused("expected ID and STATUS, or --checkout, or --all")
    named = dict(zip(("id", "status"), words, strict=False))
    _post(base_url, "settle", named | {"checkout_id": checkout, "payin_method_name": method, "all": is_all})


@ctl.command()
@click.option("--webhook-url", metavar="URL", help="Send webhooks to this address from now on; '' for none.")
@click.option("--va-webhook-url", metavar="URL", help="Send webhooks about virtual accounts to this one; '' for none.")
@click.option("--resend", metavar="ID", help="Send the latest webhook about this object again.")
@click.option("--drain", is_flag=True, help="Wait until every webhook was delivered or abandoned.")
@click.pass_obj
def deliveries(
    base_url: str | None, webhook_url: str | None, va_webhook_url: str | None, resend: str | None, *, drain: bool
) -> None:
    """Show the latest webhooks with the status of each attempt. Options change their address, or send one again.

    \b
    Examples:
      paycombat sandbox ctl deliveries --drain
      paycombat sandbox ctl deliveries --webhook-url http://127.0.0.1:8000/webhooks/paycombat
    """
    changes = {"webhook_url": webhook_url, "va_webhook_url": va_webhook_url, "resend": resend, "drain": drain or None}
    if any(value is not None for value in changes.values()):
        _post(base_url, "deliveries", changes)
    else:
        _get(base_url, "deliveries", {})


@ctl.command()
@click.option(
    "--next", "steps", multiple=True, metavar="NAME[=TIME]", help="Fault of the next request; 'none': no fault."
)
@click.option("--operation", metavar="NAME", help="Whose next requests; webhooks for those of webhooks.")
@click.option("--rate", "rates", multiple=True, metavar="NAME[=TIME]:RATE", help="Inject it in this share of requests.")
@click.option("--calm", is_flag=True, help="Remove all faults first.")
@click.pass_obj
def faults(
    base_url: str | None, steps: tuple[str, ...], operation: str | None, rates: tuple[str, ...], *, calm: bool
) -> None:
    """Show the rates of faults, how many are queued, and how often each occurred. Options set rates and queue faults.

    --next and --rate may be repeated. The given rates replace all rates.

    \b
    Examples:
      paycombat sandbox ctl faults --operation payouts.create --next disconnect_after_commit
      paycombat sandbox ctl faults --rate 500_after_commit:0.02 --rate latency=50ms:0.1
      paycombat sandbox ctl faults --calm
    """
    changes: dict[str, object] = {"calm": calm} if calm else {}
    if rates:
        changes["rates"] = _rates(rates)
    if steps:
        changes["next"] = [None if step == "none" else step for step in steps]
    if operation is not None:
        changes["operation"] = operation
    if changes:
        _post(base_url, "faults", changes)
    else:
        _get(base_url, "faults", {})


def _rates(texts: tuple[str, ...]) -> dict[str, float]:
    found: dict[str, float] = {}
    for text in texts:
        name, _, rate = text.rpartition(":")
        try:
            found[name] = float(rate)
        except ValueError:
            raise UsageRefused("--rate must look like 500_after_commit:0.02") from None
    return found


@ctl.command()
@click.option(
    "--advance", type=float, metavar="SECONDS", help="Move the time forward; what is due by then happens now."
)
@click.pass_obj
def clock(base_url: str | None, advance: float | None) -> None:
    """Show the sandbox's time, or move it forward.

    \b
    Examples:
      paycombat sandbox ctl clock --advance 172800
    """
    if advance is None:
        _get(base_url, "clock", {})
    else:
        _post(base_url, "clock", {"advance": advance})


@ctl.command()
@click.pass_obj
def reset(base_url: str | None) -> None:
    """Put the sandbox back into the state after its start. Deletes all data, including those of its --db file.

    \b
    Examples:
      paycombat sandbox ctl reset
    """
    _post(base_url, "reset", {})
