"""The group `paycombat call`, with a command for each call of the API."""

import sys
from collections.abc import Sequence
from typing import Any, Final, TypedDict, Unpack

import click

from paycombat_async._engine.records import object_id_of
from paycombat_async._printable import printable
from paycombat_async.cli.call.arguments import CallArguments, read_arguments
from paycombat_async.cli.call.display import show_json, show_raw, show_table
from paycombat_async.cli.call.failures import CallMayBeDone
from paycombat_async.cli.call.help import help_of, summary_of
from paycombat_async.cli.call.sending import Answer, CallOptions, carry_out
from paycombat_async.cli.call.specs import CallSpec, call_specs
from paycombat_async.cli.options import base_url_option, proxy_option
from paycombat_async.cli.refusal import UsageRefused, refusals
from paycombat_async.cli.stores import account_option, schema_option
from paycombat_async.cli.streams import OutputFailed

_HELP: Final = """Make any call of the API, and print its answer as JSON.

NAME is that of the client's method: `paycombat call NAME --help` lists its arguments, and `paycombat call --list` all
calls. Requests are JSON files, so that names and accounts of people are not on the command line, which others on this
machine can read.

On a live account, the command shows a request that creates, changes or moves something, and asks before it is sent.
--yes answers; without a terminal it is needed.

\b
Examples:
  paycombat call payouts.list --output table
  paycombat call customers.retrieve customer_id=customer_7d0c… | jq .company.name
  paycombat call payouts.create @payout.json --intents payments.db
  paycombat call payouts.create @payout.json order_id=order-1018 sender_amount:=50.25
  paycombat call customers.update customer_id=customer_7d0c… company.address_line2=

\b
Exit codes:
  0    answered
  1    refused by the provider, not sent, or you said no: nothing was changed
  2    wrong usage, configuration or request: nothing was sent
  3    carried out, or perhaps so, but without an answer: find out before you repeat it
  130  interrupted
  143  terminated (SIGTERM)
"""


class _Given(TypedDict):
    words: tuple[str, ...]
    output: str
    as_json: bool
    every: bool
    yes: bool
    intents: str | None
    account: str
    schema: str
    reference: str | None
    path: str | None
    base_url: str | None
    proxy: str | None
    timeout: float


class _Calls(click.Group):
    """Makes the command of a call only when it is needed, because making all would slow every start of the program."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(call_specs())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        spec = call_specs().get(cmd_name)
        return None if spec is None else _command(spec)


def _show_list(context: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001  # click's signature
    if not value or context.resilient_parsing:
        return
    width = max(map(len, call_specs())) + 2
    for name, spec in call_specs().items():
        click.echo(f"{name:<{width}}{spec.endpoint.method:<7}{spec.endpoint.path or '(path not known)'}")
    context.exit()


@click.group(cls=_Calls, help=_HELP, subcommand_metavar="NAME [ARGUMENTS]...")
@click.option(
    "--list", is_flag=True, is_eager=True, expose_value=False, callback=_show_list, help="List all calls and exit."
)
def call() -> None:
    """The group of the commands. It does nothing itself."""


def _command(spec: CallSpec) -> click.Command:
    def run(**given: Unpack[_Given]) -> None:
        _run(spec, given)

    options = [
        click.Argument(["words"], nargs=-1, metavar="[ARGUMENTS]..."),
        click.Option(
            ["--output"],
            type=click.Choice(["json", "table", "raw"]),
            default="json",
            show_default=True,
            help="json: the fields that this SDK knows; raw: the body as it came.",
        ),
        click.Option(["--json", "as_json"], is_flag=True, help="The same as --output json."),
        click.Option(["--path"], metavar="TEMPLATE", help="The path of this call, if the SDK has none or a wrong one."),
        click.Option(
            ["--timeout"],
            type=click.FloatRange(min=0.001),
            default=30.0,
            show_default=True,
            help="Seconds for the whole call, with retries.",
        ),
    ]
    every = click.Option(["--all", "every"], is_flag=True, hidden=not spec.has_pages, help="Print all pages.")
    command = click.Command(
        spec.name,
        params=[*options, every, *_options_of_changes(spec)],
        callback=run,
        help=help_of(spec),
        short_help=summary_of(spec),
    )
    for decorate in (base_url_option, proxy_option):
        decorate(command)
    return command


def _options_of_changes(spec: CallSpec) -> list[click.Parameter]:
    """Returns the options for calls that change something, hidden in the help of a call that only reads.

    A call that only reads takes them, too, so that the error message can say why --intents and --reference are refused.
    """
    is_hidden = not spec.is_change
    options: list[click.Parameter] = [
        click.Option(["--yes"], is_flag=True, hidden=is_hidden, help="Do not ask first."),
        click.Option(
            ["--intents"],
            metavar="STORE",
            hidden=is_hidden,
            help="Record the call in this file, or at this postgresql:// URL, so that it happens once per reference, "
            "however often the command is repeated. PostgreSQL's password can be in PGPASSWORD.",
        ),
        click.Option(
            ["--reference"],
            metavar="TEXT",
            hidden=is_hidden,
            help="Your reference, if the request has none of its own.",
        ),
    ]
    holder = click.Command("holder", params=options)
    for decorate in (account_option, schema_option):
        decorate(holder)
    for option in holder.params:
        if isinstance(option, click.Option):
            option.hidden = is_hidden
    return holder.params


def _run(spec: CallSpec, given: _Given) -> None:
    if given["every"] and not spec.has_pages:
        raise UsageRefused(f"{spec.name} has no pages: leave --all out")
    if not spec.is_change and (given["intents"] or given["reference"]):
        raise UsageRefused(f"{spec.name} only reads: --intents and --reference are for calls that change something")
    if given["reference"] and not given["intents"]:
        raise UsageRefused("--reference needs --intents")
    output = "json" if given["as_json"] else given["output"]
    answers: list[Answer] = []
    try:
        with refusals():
            arguments = read_arguments(spec, given["words"])
            carry_out(spec, arguments, _options(given), answers)
        _show(spec, arguments, answers, output, every=given["every"])
        sys.stdout.flush()
    except OutputFailed as error:
        if not spec.is_change or not answers:
            raise
        raise CallMayBeDone(_unprinted(spec, answers, f"cannot be printed: {error.strerror}")) from None
    except KeyboardInterrupt:  # Ctrl-C after the call, while connections are being closed or the answer is printed
        if spec.is_change and answers:
            click.echo(_unprinted(spec, answers, "may not be printed: interrupted"), err=True)
        raise


def _unprinted(spec: CallSpec, answers: Sequence[Answer], reason: str) -> str:
    """Returns the message for a change that was carried out, but whose answer was not printed for the given `reason`.

    The message contains the id of the object if the answer has one.
    """
    object_id = object_id_of(answers[0].data)
    known_as = "" if object_id is None else f" (id {printable(object_id)})"
    return f"{spec.name} was carried out{known_as}, but its answer {reason}"


def _options(given: _Given) -> CallOptions:
    return CallOptions(
        every=given["every"],
        yes=given["yes"],
        store=given["intents"],
        account=given["account"],
        schema=given["schema"],
        reference=given["reference"],
        path=given["path"],
        base_url=given["base_url"],
        proxy=given["proxy"],
        timeout=given["timeout"],
    )


def _show(spec: CallSpec, arguments: CallArguments, answers: Sequence[Answer], output: str, *, every: bool) -> None:
    if output == "raw":
        for answer in answers:
            show_raw(answer.raw)
        return
    items: list[Any] = [item for answer in answers for item in answer.data.items] if spec.is_list else []
    (show_table if output == "table" else show_json)(items if spec.is_list else answers[0].data)
    unread = sum(answer.data.unread for answer in answers) if spec.is_list else 0
    if unread:
        click.echo(f"{unread:,} elements of the list are no objects; --output raw shows them.", err=True)
    if spec.has_pages and items and not every:
        click.echo(f"This is page {arguments.page}; --all prints all pages.", err=True)
