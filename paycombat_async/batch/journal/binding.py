"""What a journal is bound to: one account, at one address, and one input. Any other run is refused, and why.

The account is told by its name where the caller gives one, else by a digest of the token. So a named account keeps its
journal when its token is replaced.
"""

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from paycombat_async._printable import printable
from paycombat_async.errors import ConfigurationError

_REMEDY: Final = "name another journal (--journal), or keep none (--no-journal)"


class Binding(Struct, frozen=True, kw_only=True):
    """The run that uses a journal; what is "" is not known, and not compared.

    `source` is the name of the input, `address` the base URL, `account` the digest of the address and the token, `name`
    the account's name.
    """

    source: str
    address: str = ""
    account: str = ""
    name: str = ""


def bind(connection: sqlite3.Connection, binding: Binding) -> None:
    """Bind the journal to this run, if it is not bound yet: from then on, `check_bound` refuses all others.

    A journal that was bound without an account's name gets the one of this run.
    """
    marks = [(name, value) for name in binding.__struct_fields__ if (value := getattr(binding, name))]
    connection.executemany("INSERT OR IGNORE INTO mark VALUES (?, ?)", marks)


def check_bound(marks: Mapping[str, str], path: Path, given: Binding) -> None:
    """Raises `ConfigurationError` if the journal at `path` with these marks is bound to another account or input."""
    bound = Binding(**{name: marks.get(name, "") for name in Binding.__struct_fields__})
    reason = other_account(bound, given)
    if not reason and _differ(bound.source, given.source):
        reason = f"another input, {bound.source}; name another journal"
    if reason:
        raise ConfigurationError(printable(f"the journal {path} belongs to {reason}", limit=1000))


def other_account(bound: Binding, given: Binding, remedy: str = _REMEDY) -> str:
    """Returns which other account or address the journal is bound to, with `remedy` as the advice; "" if to none."""
    if _differ(bound.address, given.address):
        return f"another address: {bound.address}, and this run is for {given.address}; {remedy}"
    if _differ(bound.name, given.name):
        return f"another account: {bound.name}, and this run is for {given.name}; {remedy}"
    if not _differ(bound.account, given.account) or (bound.name and given.name):
        return ""
    if bound.name:
        return f"the account {bound.name}; if this run is for it, give --account {bound.name}, else {remedy}"
    at = f" at {bound.address}" if bound.address else " or address"
    return (
        f"another account{at}, since the token is another one; {remedy}. If only the token was replaced, all rows are"
        " sent once more then, which is safe; with --account NAME, later replacements do not matter"
    )


def _differ(bound: str, given: str) -> bool:
    return bool(bound and given and bound != given)
