"""Sends the requests of `paycombat sandbox ctl` to a running sandbox, and prints the JSON answers."""

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


def get(base_url: str | None, name: str, query: Mapping[str, object]) -> bytes:
    """Sends `GET /_sandbox/<name>` to the sandbox, prints the answer and returns it.

    Raises `UsageRefused` if the address or the control token is missing, or if the sandbox refuses or does not answer.
    """
    with refusals():
        answer = _remote(base_url).get(name, query)
    return _shown(answer)


def post(base_url: str | None, name: str, body: Mapping[str, object]) -> None:
    """Sends `POST /_sandbox/<name>` to the sandbox, and prints the answer.

    Raises `UsageRefused` if the address or the control token is missing, or if the sandbox refuses or does not answer.
    """
    with refusals():
        answer = _remote(base_url).post(name, body)
    _shown(answer)


def _shown(answer: bytes) -> bytes:
    click.echo(printable_json(msgspec.json.format(answer, indent=2).decode()))
    return answer


def _remote(base_url: str | None) -> "Remote":
    token = os.environ.get(_TOKEN)
    if base_url is None:
        raise UsageRefused("where is the sandbox? Give --base-url, or set PAYCOMBAT_BASE_URL")
    if not token:
        raise UsageRefused(f"no control token: set {_TOKEN}, which `paycombat sandbox` prints when it starts")
    from paycombat_async.sandbox.control.remote import Remote  # noqa: PLC0415  # imports aiohttp.web

    return Remote(base_url, token)
