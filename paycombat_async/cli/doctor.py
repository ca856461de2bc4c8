"""`paycombat doctor`: finds out why a signature fails, or checks the set-up of this machine."""

import os
import sys
from collections.abc import Sequence
from typing import BinaryIO

import click

from paycombat_async._printable import printable
from paycombat_async._secrets import Secret
from paycombat_async.cli.refusal import UsageRefused
from paycombat_async.webhooks.doctor import Candidate, Diagnosis, diagnose
from paycombat_async.webhooks.verify import MAX_BODY

_KEY_VARIABLES = ("PAYCOMBAT_WEBHOOK_KEY", "PAYCOMBAT_SIGNATURE_KEY")
_TYPED = "the key typed in"
_VERDICTS = {
    None: "NOT VERIFIED",
    Candidate.RAW: "VERIFIED",
    Candidate.REPRINTED: "VERIFIED, but not for the bytes as they are",
}
_HELP = """Find out why the signature of a webhook or a request fails: give its body and its signature.

Keys come from PAYCOMBAT_WEBHOOK_KEY and PAYCOMBAT_SIGNATURE_KEY, from the variables named with --key-env instead, or,
if none is set, from a prompt that does not show the key; never from the command line, which other users can read.
Neither a key nor a valid signature is ever printed.

Without options, it checks the set-up of this machine: credentials, address, packages, TLS. Nothing is sent.

\b
Examples:
  paycombat doctor
  paycombat doctor --body body.json --signature 3f8a…
  paycombat doctor --body body.json --header "X-Signature: 3f8a…" --key-env OLD_KEY
  curl … | paycombat doctor --body - --header "$(grep -i '^x-signature:' headers.txt)"

\b
Exit codes:
  0  verified; or the set-up is in order
  1  not verified
  2  wrong usage, or the set-up is wrong
"""


@click.command(help=_HELP)
@click.option("--body", type=click.File("rb"), metavar="FILE", help="The body, byte for byte; - is standard input.")
@click.option("--signature", metavar="TEXT", help="The value of the signature header.")
@click.option("--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="A header; may be repeated.")
@click.option(
    "--key-env", "names", multiple=True, metavar="NAME", help="An environment variable with a key; may be repeated."
)
def doctor(body: BinaryIO | None, signature: str | None, headers: tuple[str, ...], names: tuple[str, ...]) -> int:
    """Checks a body and its signature, or the set-up if there is no body. Returns the exit code."""
    if body is None:
        if signature is not None or headers or names:
            raise UsageRefused("--body is missing: a signature can only be checked together with its body")
        from paycombat_async.cli.doctor_setup import show_setup  # noqa: PLC0415  # imports ssl, which nothing else here needs

        return show_setup(os.environ)
    if (signature is None) == (not headers):
        raise UsageRefused("give either --signature or --header")
    given = _headers(headers) if signature is None else signature
    keys = _keys(names)
    found = diagnose(body.read(MAX_BODY + 1), given, list(keys.values()), token=os.environ.get("PAYCOMBAT_TOKEN"))
    _show(found, list(keys))
    return 0 if found.verified else 1


def _show(found: Diagnosis, names: Sequence[str]) -> None:
    click.echo(f"{_VERDICTS[found.candidate]} ({found.cause})")
    click.echo(f"What happened: {found.explanation}")
    click.echo(f"What to do: {found.remedy}")
    if found.key_number is not None:
        click.echo(f"Key: {printable(names[found.key_number])}")


def _headers(lines: Sequence[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise UsageRefused("--header must look like 'X-Signature: 3f8a…'")
        name, value = name.strip(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _keys(names: Sequence[str]) -> dict[str, Secret]:
    """Returns the keys, by the names of the environment variables that contain them.

    `names` are the variables that the user has named with `--key-env`. If there are none, PAYCOMBAT_WEBHOOK_KEY and
    PAYCOMBAT_SIGNATURE_KEY are read. If these are not set, the user is asked at the terminal. Raises `UsageRefused` if
    a variable in `names` is not set, or if no key is found and there is no terminal to ask at.
    """
    for place, name in enumerate(names, 1):
        if not os.environ.get(name):
            # The name is not printed, because the user may have passed the key itself.
            raise UsageRefused(
                f"the variable named by --key-env number {place} is not set; give the name of a variable, not a key"
            )
    keys = {name: Secret(os.environ[name]) for name in names or _KEY_VARIABLES if os.environ.get(name)}
    if not keys and sys.stdin.isatty():
        keys = {_TYPED: Secret(click.prompt("Signature key (not shown)", hide_input=True, err=True))}
    if not keys:
        raise UsageRefused(f"no key: set {' or '.join(_KEY_VARIABLES)}, or name another variable with --key-env")
    return keys
