"""`paycombat sandbox ctl`: shows and changes the state of a running sandbox over HTTP, and prints the JSON answers."""

import click
import msgspec

from paycombat_async.cli.refusal import UsageRefused
from paycombat_async.cli.sandbox_remote import get, post


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


@ctl.command()
@click.option("--operation", metavar="NAME", help="Only requests of this operation, such as payouts.create.")
@click.option("--search", metavar="TEXT", help="Only those that contain this text, or whose answer does.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="The latest so many.")
@click.option("--brief", is_flag=True, help="Without headers, bodies and answers.")
@click.pass_obj
def requests(base_url: str | None, operation: str | None, search: str | None, limit: int, *, brief: bool) -> None:
    """Show the latest requests, oldest first, without token and signature, and the number of all requests.

    \b
    Examples:
      paycombat sandbox ctl requests --operation payouts.create --limit 10
      paycombat sandbox ctl requests --brief --search order-1017
    """
    query = {"operation": operation, "search": search, "limit": limit, "brief": "true" if brief else None}
    get(base_url, "requests", query)


@ctl.command()
@click.argument("number", type=click.IntRange(1))
@click.pass_obj
def request(base_url: str | None, number: int) -> None:
    """Show one request with its answer and, if its signature is wrong, why.

    \b
    Examples:
      paycombat sandbox ctl request 12 | jq .verdict
    """
    get(base_url, "request", {"number": number})


@ctl.command()
@click.argument("kind", type=click.Choice(["customers", "payins", "payouts", "virtual_accounts", "checkouts"]))
@click.option("--search", metavar="TEXT", help="Only those that contain this text.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="The newest so many.")
@click.pass_obj
def objects(base_url: str | None, kind: str, search: str | None, limit: int) -> None:
    """Show the objects of one kind, newest first, with the moves that each of them allows now.

    \b
    Examples:
      paycombat sandbox ctl objects payouts | jq -r '.objects[] | "\\(.id) \\(.status) \\(.moves)"'
    """
    get(base_url, "objects", {"kind": kind, "search": search, "limit": limit})


@ctl.command()
@click.argument("id")
@click.argument("name", metavar="MOVE")
@click.option("--amount", metavar="AMOUNT", help="The part that is paid, for pay_part.")
@click.option("--method", metavar="NAME", help="The payin method of a checkout.")
@click.pass_obj
def move(base_url: str | None, id: str, name: str, amount: str | None, method: str | None) -> None:  # noqa: A002  # the argument's name
    """Make a move that an object allows: settle, approve, fail, expire, return, pay_part; pay, cancel.

    \b
    Examples:
      paycombat sandbox ctl move 4f8a1c2e-… return
      paycombat sandbox ctl move 7be20d11-… pay_part --amount 9.50
    """
    post(base_url, "move", {"id": id, "move": name, "amount": amount, "payin_method_name": method})


@ctl.command()
@click.pass_obj
def ledger(base_url: str | None) -> int:
    """Show balances, all movements of money, and what was paid twice. Exits with 1 if anything was paid twice.

    \b
    Examples:
      paycombat sandbox ctl ledger | jq .balances
    """
    answer = get(base_url, "ledger", {})
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
    post(base_url, "settle", named | {"checkout_id": checkout, "payin_method_name": method, "all": is_all})


@ctl.command()
@click.option("--webhook-url", metavar="URL", help="Send webhooks to this address from now on; '' for none.")
@click.option("--va-webhook-url", metavar="URL", help="Send webhooks about virtual accounts to this one; '' for none.")
@click.option("--resend", metavar="ID", help="Send the latest webhook about this object again.")
@click.option("--again", type=int, metavar="NUMBER", help="Send the webhook of this delivery again.")
@click.option("--duplicate", type=int, metavar="NUMBER", help="Send it twice at the same time.")
@click.option("--out-of-order", type=int, metavar="NUMBER", help="Send all about its object again, newest first.")
@click.option("--drain", is_flag=True, help="Wait until every webhook was delivered or abandoned.")
@click.pass_obj
def deliveries(base_url: str | None, /, *, drain: bool, **changes: str | int | None) -> None:
    """Show the latest webhooks with the status of each attempt. Options change their address, or send one again.

    \b
    Examples:
      paycombat sandbox ctl deliveries --drain
      paycombat sandbox ctl deliveries --duplicate 3
      paycombat sandbox ctl deliveries --webhook-url http://127.0.0.1:8000/webhooks/paycombat
    """
    given = changes | {"drain": drain or None}
    if any(value is not None for value in given.values()):
        post(base_url, "deliveries", given)
    else:
        get(base_url, "deliveries", {})


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
        post(base_url, "faults", changes)
    else:
        get(base_url, "faults", {})


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
        get(base_url, "clock", {})
    else:
        post(base_url, "clock", {"advance": advance})


@ctl.command()
@click.pass_obj
def reset(base_url: str | None) -> None:
    """Put the sandbox back into the state after its start. Deletes all data, including those of its --db file.

    \b
    Examples:
      paycombat sandbox ctl reset
    """
    post(base_url, "reset", {})
