"""Reading rows from JSONL."""

import io

import pytest

from paycombat_async import UNSET, ConfigurationError
from paycombat_async.batch.rows.jsonl_file import count_jsonl, read_jsonl
from paycombat_async.batch.rows.row import BadRow, Row


def rows_of(text: str) -> list[Row | BadRow]:
    return list(read_jsonl(io.StringIO(text, newline="\n")))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not valid JSON: Expecting property name enclosed in double quotes (column 2)"),
        ("[1]", "expected an object, got an array"),
        ("null", "expected an object, got null"),
        ("{}", "no customer_id"),
        ('{"customer_id": ""}', "no customer_id"),
        ('{"customer_id": 7}', "customer_id: expected text, got a number"),
        ('{"customer_id": "c", "description": null}', "description: expected `str`, got `null`"),
        ('{"customer_id": "c", "company": {"name": 7}}', "company.name: expected `str`, got `int`"),
        ('{"customer_id": "c", "compny": {}}', "object contains unknown field `compny`; did you mean 'company'?"),
        (
            '{"customer_id": "c", "company": {"NAME": "x"}}',
            "company: object contains unknown field `NAME`; did you mean 'name'?",
        ),
        ('{"CUSTOMER_ID": "c"}', "no customer_id; is it what is called 'CUSTOMER_ID' here?"),
        ('{"customer_id": "c "}', "customer_id has white space around it; take it out"),
        ('{"customer_id": "  "}', "customer_id has white space around it; take it out"),
        ('{"customer_id": "c", "extra": {"a": 1}}', "unknown field 'extra'"),
        ('{"customer_id": "c", "company": {"name": "a", "name": "b"}}', "the key 'name' occurs twice"),
        ('{"customer_id": "c", "customer_id": "d"}', "the key 'customer_id' occurs twice"),
        ('{"customer_id": "c", "metadata": {"n": NaN}}', "NaN cannot be written in JSON"),
        ('{"customer_id": "c", "metadata": {"n": 1e999}}', "metadata.n: not a number that JSON can carry"),
        (
            '{"customer_id": "c", "metadata": {"n": 9007199254740993}}',
            "metadata.n: integer beyond ±(2^53-1); pass it as text",
        ),
        ('{"customer_id": "c", "metadata": {"n": 1e99999999999999999999}}', "contains a number that is too large"),
        (f'{{"customer_id": "c", "metadata": {{"n": {"9" * 5000}}}}}', "contains a number with too many digits"),
        (
            '{"customer_id": "c", "description": "\\ud800"}',
            "description: holds half of a surrogate pair, which UTF-8 cannot carry",
        ),
        (f'{{"customer_id": "c", "metadata": {{"n": {"[" * 100_000}', "nested too deeply"),
        (
            f'{{"customer_id": "c", "metadata": {{"n": {"[" * 40}{"]" * 40}}}}}',
            "metadata.n" + "[0]" * 30 + ": nested deeper than 32 levels",
        ),
    ],
    ids=str,
)
def test_a_bad_line_is_a_row_with_a_reason(line: str, reason: str) -> None:
    """An invalid line becomes a `BadRow` with its number, and the lines around it are read."""
    rows = rows_of(f'{{"customer_id": "a"}}\n{line}\n{{"customer_id": "b"}}\n')

    assert [1, 2, 3] == [row.line for row in rows]
    assert [reason] == [row.reason for row in rows if isinstance(row, BadRow)]


@pytest.mark.promise("P5")
def test_absent_and_empty_speak_for_themselves() -> None:
    """Absent fields stay unchanged and `""` clears; blank lines and failure columns are ignored."""
    text = (
        '\n{"_line":3,"_error":"x","customer_id":"c","description":""}\r\n \n{"customer_id":"d","description":"\u2028"}'
    )

    rows = [row for row in rows_of(text) if isinstance(row, Row)]

    assert [(2, "c", ""), (4, "d", "\u2028")] == [(row.line, row.customer_id, row.request.description) for row in rows]
    assert UNSET is rows[0].request.type
    assert 2 == count_jsonl(io.StringIO(text, newline="\n"))


def test_numbers_of_metadata_keep_their_value() -> None:
    """Numbers in metadata are sent as JavaScript would print them."""
    (row,) = rows_of('{"customer_id":"c","metadata":{"a":10.0,"b":0.1,"c":7}}')

    assert isinstance(row, Row)
    assert {"a": 10, "b": 0.1, "c": 7} == {key: float(value) for key, value in row.request.metadata.items()}


def test_one_json_array_is_refused() -> None:
    """A file that is one JSON array is refused as a whole: every line of it would fail."""
    with pytest.raises(ConfigurationError, match="the file is a JSON array; write one object per line"):
        count_jsonl(io.StringIO('\n[{"customer_id":"c"},\n'))
