"""JSONL input: each line is one JSON object with the same keys as the body of the call that updates a customer."""

import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn, TextIO, cast

from paycombat_async._printable import printable
from paycombat_async.batch.rows.columns import KEY, MARKS
from paycombat_async.batch.rows.row import BadRow, Row, row_from_data
from paycombat_async.errors import ConfigurationError


class _InvalidLine(ValueError):
    """Raised for a line that is not a valid row. The message is the reason that is shown to the user."""


def read_jsonl(stream: TextIO) -> Iterator[Row | BadRow]:
    """Yields a row for each line that is not blank; an invalid line is a `BadRow`."""
    for line, text in _lines(stream):
        yield _row(line, text)


def count_jsonl(stream: TextIO) -> int:
    """Returns the number of rows. Raises `ConfigurationError` if that number is 0, or if the file is a JSON array."""
    rows = 0
    for _, text in _lines(stream):
        if not rows and text.startswith("["):
            raise ConfigurationError("the file is a JSON array; write one object per line, without brackets and commas")
        rows += 1
    if not rows:
        raise ConfigurationError("the file is empty")
    return rows


def _lines(stream: TextIO) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(stream, 1):
        text = line.strip(" \t\r\n")  # only what JSON calls white space; str.strip() would remove more
        if text:
            yield number, text


def _row(line: int, text: str) -> Row | BadRow:
    try:
        fields = _parse(text)
    except _InvalidLine as error:
        return BadRow(line, printable(str(error)), source=text)
    return row_from_data(line, fields, text)


def _parse(text: str) -> dict[str, Any]:
    problem = ""
    data: Any = None
    try:
        data = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant, parse_float=Decimal)
    except _InvalidLine:
        raise
    except json.JSONDecodeError as error:
        problem = f"not valid JSON: {error.msg} (column {error.colno})"
    except ValueError:
        problem = "contains a number with too many digits"
    except InvalidOperation:
        problem = "contains a number that is too large"
    except RecursionError:
        problem = "nested too deeply"
    if problem:
        raise _InvalidLine(problem)
    if not isinstance(data, dict):
        raise _InvalidLine(f"expected an object, got {_kind(data)}")
    mapping = cast("dict[str, Any]", data)  # JSON keys are always strings
    fields = {key: value for key, value in mapping.items() if key not in MARKS}
    if not isinstance(fields.get(KEY, ""), str):
        raise _InvalidLine(f"{KEY}: expected text, got {_kind(fields[KEY])}")
    return fields


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(name for name, _ in pairs if name not in MARKS)
        for name, count in counts.most_common(1):
            if count > 1:
                raise _InvalidLine(f"the key {name!r} occurs twice")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise _InvalidLine(f"{name} cannot be written in JSON")


_KINDS: dict[type, str] = {
    dict: "an object",
    list: "an array",
    str: "text",
    bool: "true or false",
    int: "a number",
    Decimal: "a number",
}


def _kind(value: object) -> str:
    return _KINDS.get(type(value), "null")
