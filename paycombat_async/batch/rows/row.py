"""Rows of the input: the update of one customer, or the reason why the row cannot be sent."""

import re
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from msgspec import Struct

from paycombat_async._printable import printable
from paycombat_async._protocol.request_body import encode_body
from paycombat_async._secrets import short_rich_repr
from paycombat_async._signing import body_digest
from paycombat_async.batch.rows.columns import KEY, columns
from paycombat_async.batch.rows.damage import find_damage
from paycombat_async.batch.rows.hints import did_you_mean
from paycombat_async.endpoints import UPDATE_CUSTOMER
from paycombat_async.errors import InvalidRequest
from paycombat_async.schemas._base import from_named
from paycombat_async.schemas.customers import UpdateCustomer

# The row as it is in the input file, to be copied to the failures file: the cells of a CSV row, or the line of JSONL.
# None if the row does not come from a file.
Source: TypeAlias = tuple[str, ...] | str | None

_UNKNOWN_FIELD: Final = re.compile(r"unknown field `(.*)`\Z")


# Every Struct of which there is one object per row has `gc=False`. Without this setting, the garbage collector would
# track thousands of objects, and would start often.
class Row(Struct, frozen=True, gc=False):
    """A valid row. `line` is its line in the file, or its number (from 1) if it does not come from a file.

    `body` is the HTTP body to send. `digest` is the SHA-256 of the body in hex; a later run compares it to detect
    changes. `damage` says what a spreadsheet seems to have done to one of the values, or is "" if no value seems
    damaged.
    """

    line: int
    request: UpdateCustomer
    body: bytes
    digest: str
    source: Source = None
    damage: str = ""

    @property
    def customer_id(self) -> str:
        """The id of the customer to update."""
        return self.request.customer_id

    def __repr__(self) -> str:
        return f"Row(line={self.line}, {self.request!r})"

    __rich_repr__ = short_rich_repr

    @property
    def changes_nothing(self) -> bool:
        """Whether the body has only the id of the customer, so that there is nothing to send."""
        # `,"` can only be the beginning of a second key, because the id is the first key and quotes in it are escaped.
        return b',"' not in self.body


class BadRow(Struct, frozen=True):
    """A row that cannot be sent. `reason` contains no control characters; `customer_id` is "" if the row has none."""

    line: int
    reason: str
    customer_id: str = ""
    source: Source = None

    def __repr__(self) -> str:
        return f"BadRow(line={self.line}, {self.customer_id!r}, {self.reason!r})"

    __rich_repr__ = short_rich_repr


def row_from_data(line: int, data: Mapping[str, Any], source: Source) -> Row | BadRow:
    """Returns the row for `data`, a mapping with the keys of the JSON body, or a `BadRow` if `data` is invalid."""
    known = _text_or_nothing(data.get(KEY))
    if data.get(KEY, "") == "":
        return BadRow(line, _no_id(data), source=source)
    if "extra" in data:  # `UpdateCustomer` has a field `extra`, but the API knows no key "extra"
        return BadRow(line, "unknown field 'extra'", known, source)
    try:
        request = from_named(UpdateCustomer, data)
    except InvalidRequest as error:
        return BadRow(line, reason_of(error) + _hint(error), known, source)
    return row_from_request(line, request, source, find_damage(data))


def row_from_given(line: int, given: object) -> Row | BadRow:
    """Returns one item of the caller's iterable as a row; `line` is its number, from 1.

    A `Row` or `BadRow` is returned unchanged. Any other item that is not a valid `UpdateCustomer` becomes a `BadRow`.
    """
    if isinstance(given, UpdateCustomer):
        return row_from_request(line, given)
    if isinstance(given, Row | BadRow):
        return given
    return BadRow(line, f"expected an UpdateCustomer, got {type(given).__name__}")


def row_from_request(line: int, request: UpdateCustomer, source: Source = None, damage: str = "") -> Row | BadRow:
    """Returns the row for an `UpdateCustomer`, or a `BadRow` if the `UpdateCustomer` is invalid.

    An `UpdateCustomer` may be invalid, because its constructor checks nothing.
    """
    customer_id = _text_or_nothing(request.customer_id)
    if not customer_id:
        return BadRow(line, "no customer_id", source=source)
    if not customer_id.isprintable():
        return BadRow(line, f"{KEY} contains a character that no id has", customer_id, source)
    if customer_id != customer_id.strip():
        return BadRow(line, f"{KEY} has white space around it; take it out", customer_id, source)
    try:
        body = encode_body(UPDATE_CUSTOMER, request)
    except InvalidRequest as error:
        return BadRow(line, reason_of(error), customer_id, source)
    return Row(line, request, body, body_digest(body), source, damage)


def _no_id(data: Mapping[str, Any]) -> str:
    near = next((name for name in data if name != KEY and did_you_mean(name, [KEY]) == KEY), None)
    return f"no {KEY}" if near is None else printable(f"no {KEY}; is it what is called {near!r} here?")


def _hint(error: InvalidRequest) -> str:
    found = _UNKNOWN_FIELD.search(str(error))
    names = list(dict.fromkeys(part for path in columns().values() for part in path))
    near = did_you_mean(found[1], names) if found else ""
    return f"; did you mean {near!r}?" if near else ""


def _text_or_nothing(value: object) -> str:
    return value if isinstance(value, str) else ""


def reason_of(error: InvalidRequest) -> str:
    """Returns the printable message of `error`. The message names the invalid field like its CSV column."""
    return printable(str(error).removeprefix("$.").removeprefix("$: "))


Given: TypeAlias = UpdateCustomer | Row | BadRow
