"""Prints the answer of a call as JSON, as a table, or as the body that was received."""

import sys
from collections.abc import Sequence
from typing import Final

import click
import msgspec

from paycombat_async._printable import printable, printable_json
from paycombat_async._secrets import REDACTED
from paycombat_async.cli.tables import show_rows

_encode = msgspec.json.Encoder(decimal_format="number").encode
_DECODER: Final[msgspec.json.Decoder[object]] = msgspec.json.Decoder(float_hook=str)  # keeps all digits of a number
_HIDDEN: Final = "checkout_url"  # redacted in tables and lines at any depth, because this URL contains the X-token
# The fields that tables show. All fields would not fit a terminal; --output json prints all of them.
_COLUMNS: Final[tuple[str, ...]] = (
    *("id", "customer_id", "order_id", "order_reference", "organization_reference_id"),
    *("payin_method_name", "payout_method_name", "type", "status", "is_active", "country", "beneficiary_country"),
    *("amount", "wire_amount", "min_amount", "max_amount", "currency", "description", "created_at"),
)


def show_json(data: object) -> None:
    """Prints Structs or plain data as indented JSON. Amounts are printed as numbers with all their digits."""
    click.echo(printable_json(msgspec.json.format(_encode(data), indent=2).decode()))


def show_raw(body: bytes) -> None:
    """Prints the body of an answer unchanged. On a terminal, control characters are escaped."""
    click.echo(printable_json(body.decode("utf-8", "replace")) if sys.stdout.isatty() else body)


def show_table(data: object) -> None:
    """Prints a list as a table of its most important fields, and anything else as a line for each field."""
    plain = _without_addresses(_DECODER.decode(_encode(data)))
    rows = _objects(plain)
    if rows is not None:
        columns = [name for name in _COLUMNS if any(row.get(name) is not None for row in rows)] or ["answer"]
        show_rows(columns, [[_cell(row if name == "answer" else row.get(name)) for name in columns] for row in rows])
    elif isinstance(plain, dict):
        fields: dict[str, object] = msgspec.convert(plain, dict[str, object])
        known = {name: value for name, value in fields.items() if value is not None}
        width = max(map(len, known), default=0) + 2
        for name, value in known.items():
            click.echo(f"{printable(name) + ':':<{width}}{printable(_cell(value), limit=2000)}")
    else:
        click.echo(printable(_cell(plain), limit=2000))


def _without_addresses(plain: object) -> object:
    if isinstance(plain, list):
        return [_without_addresses(item) for item in msgspec.convert(plain, list[object])]
    if not isinstance(plain, dict):
        return plain
    fields = msgspec.convert(plain, dict[str, object])
    return {
        name: REDACTED if name == _HIDDEN and value is not None else _without_addresses(value)
        for name, value in fields.items()
    }


def _objects(plain: object) -> Sequence[dict[str, object]] | None:
    try:
        return msgspec.convert(plain, list[dict[str, object]])
    except msgspec.ValidationError:
        return None


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
