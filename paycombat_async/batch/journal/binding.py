"""Binds a journal to one account, base URL and input. A run for another account, base URL or input is refused.

The account is identified by its name if the caller gives one, else by a digest of the base URL and the token. So the
journal of a named account can still be used after the token was replaced.
"""

import shlex
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from paycombat_async._printable import printable
from paycombat_async.errors import ConfigurationError

_REMEDY: Final = "name another journal (--journal), or keep none (--no-journal)"


class Binding(Struct, frozen=True, kw_only=True):
    """The account, address and input of a run, which must be the same as those stored in the journal that it uses.

    A field that is "" is not known, and is not compared.

    `source` is the name of the input, `address` is the base URL, `account` is a digest of the base URL and the token,
    and `name` is the account's name.
    """

    source: str
    address: str = ""
    account: str = ""
    name: str = ""


def bind(connection: sqlite3.Connection, binding: Binding) -> None:
    """Stores the account, address and input of this run in the journal, unless the journal already has such values.

    From then on, `check_bound` refuses runs for another account, address or input. A journal that has no name of the
    account gets the name that this run has.
    """
    marks = [(name, value) for name in binding.__struct_fields__ if (value := getattr(binding, name))]
    connection.executemany("INSERT OR IGNORE INTO mark VALUES (?, ?)", marks)


def check_bound(marks: Mapping[str, str], path: Path, given: Binding) -> None:
    """Raises `ConfigurationError` if the journal is bound to another account, address or input than `given`.

    `marks` contains the names and values of the table `mark` in the journal. `path` is the journal's path, which the
    error message contains.
    """
    bound = Binding(**{name: marks.get(name, "") for name in Binding.__struct_fields__})
    reason = other_account(bound, given)
    if not reason and _differ(bound.source, given.source):
        reason = f"another input, {bound.source}; name another journal"
    if reason:
        raise ConfigurationError(printable(f"the journal {path} belongs to {reason}", limit=1000))


def other_account(bound: Binding, given: Binding, remedy: str = _REMEDY) -> str:
    """Returns a sentence of an error message, if the journal's account or address differs from this run's (`given`).

    The sentence names the account or address of the journal, and contains the advice `remedy`. Returns "" if account
    and address are the same.
    """
    if _differ(bound.address, given.address):
        return f"another address: {bound.address}, and this run is for {given.address}; {remedy}"
    if _differ(bound.name, given.name):
        return f"another account: {bound.name}, and this run is for {given.name}; {remedy}"
    if not _differ(bound.account, given.account) or (bound.name and given.name):
        return ""
    if bound.name:
        given_as = f"--account {shlex.quote(bound.name)}"
        return f"the account {bound.name}; if this run is for it, give {given_as}, else {remedy}"
    at = f" at {bound.address}" if bound.address else " or address"
    return (
        f"another account{at}, since the token is another one; {remedy}. If only the token was replaced, all rows are"
        " sent once more then, which is safe; with --account NAME, later replacements do not matter"
    )


def _differ(bound: str, given: str) -> bool:
    return bool(bound and given and bound != given)
