"""Rows: one customer's update each, with the line it came from, or the reason why it cannot be sent."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from msgspec import Struct

from paycombat_async._printable import printable
from paycombat_async._protocol.request_body import encode_body
from paycombat_async._signing import body_digest
from paycombat_async.batch.rows.columns import KEY
from paycombat_async.endpoints import UPDATE_CUSTOMER
from paycombat_async.errors import InvalidRequest
from paycombat_async.schemas.customers import UpdateCustomer

# What the row looked like in its file, to be written to the failures file unchanged: cells, a JSON line, or nothing.
Source: TypeAlias = tuple[str, ...] | str | None


# `gc=False`, here and in what goes with a row: thousands of them live long enough to set the garbage collector off.
class Row(Struct, frozen=True, gc=False):
    """A row fit to be sent, as `body`. `digest` says whether its content is the same as at another time."""

    line: int
    request: UpdateCustomer
    body: bytes
    digest: str
    source: Source = None

    @property
    def customer_id(self) -> str:
        return self.request.customer_id


class BadRow(Struct, frozen=True):
    """A row that is not sent, and why; the reason is fit to be shown."""

    line: int
    reason: str
    customer_id: str = ""
    source: Source = None


def row_from_data(line: int, data: Mapping[str, Any], source: Source) -> Row | BadRow:
    """A row out of plain data in the shape of the API's body."""
    known = _text_or_nothing(data.get(KEY))
    if data.get(KEY, "") == "":
        return BadRow(line, "no customer_id", source=source)
    if "extra" in data:  # a field of the Struct, but no key of the body
        return BadRow(line, "unknown field 'extra'", known, source)
    try:
        request = UpdateCustomer.from_mapping(data)
    except InvalidRequest as error:
        return BadRow(line, reason_of(error), known, source)
    return row_from_request(line, request, source)


def row_from_given(line: int, given: object) -> Row | BadRow:
    """One item of the caller's iterable as a row; `line` is its number, from 1. Rows of a file pass unchanged."""
    if isinstance(given, UpdateCustomer):
        return row_from_request(line, given)
    if isinstance(given, Row | BadRow):
        return given
    return BadRow(line, f"expected an UpdateCustomer, got {type(given).__name__}")


def row_from_request(line: int, request: UpdateCustomer, source: Source = None) -> Row | BadRow:
    """A row out of a Struct; what its constructor let pass is found here."""
    customer_id = _text_or_nothing(request.customer_id)  # constructors check nothing
    if not customer_id:
        return BadRow(line, "no customer_id", source=source)
    if not customer_id.isprintable():
        return BadRow(line, f"{KEY} holds a character that no id has", customer_id, source)
    try:
        body = encode_body(UPDATE_CUSTOMER, request)
    except InvalidRequest as error:
        return BadRow(line, reason_of(error), customer_id, source)
    return Row(line, request, body, body_digest(body), source)


def _text_or_nothing(value: object) -> str:
    return value if isinstance(value, str) else ""


def reason_of(error: InvalidRequest) -> str:
    """What is wrong, with the field named as its column is."""
    return printable(str(error).removeprefix("$.").removeprefix("$: "))


Given: TypeAlias = UpdateCustomer | Row | BadRow
