"""Reading rows from CSV."""

import csv
import io
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from paycombat_async import ConfigurationError
from paycombat_async.batch.rows.csv_file import MAX_CELL, count_csv, find_delimiter, read_csv
from paycombat_async.batch.rows.row import BadRow, Row

HEADER = "customer_id,type,description,company.name\n"


def rows_of(text: str) -> list[Row | BadRow]:
    return list(read_csv(io.StringIO(text, newline=""), "keep"))


def reasons(text: str) -> list[tuple[int, str]]:
    return [(row.line, row.reason) for row in rows_of(text) if isinstance(row, BadRow)]


LIMIT = "at most 100000 are sent (the provider documents no limit)"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (",company,x,y", "no customer_id"),
        ("<clear>,company,x,y", "no customer_id"),
        ("c1,company,x,y,z", "too many cells: 5, the header has 4"),
        ("c1,company,x,y,,z", "too many cells: 6, the header has 4"),
        ('c1,company, "VIP",y', "description: white space before a quote, so the quotes would be sent; take it out"),
        (
            'c1,company, "Smith, Ana"',
            "description: white space before a quote, so the quotes would be sent; take it out",
        ),
        (" ,company,x,y", "customer_id has white space around it; take it out"),
        (" c1,company,x,y", "customer_id has white space around it; take it out"),
        ("c1\t,company,x,y", "customer_id contains a character that no id has"),
        ("c1,firm,x,y", "type: not one of the allowed values"),
        (f"{'c' * 256},company,x,y", "customer_id: expected `str` of length <= 255"),
        ("c\x071,company,x,y", "customer_id contains a character that no id has"),
        (
            f"c1,company,{'x' * 100_001},y",
            f"the body has 100078 bytes; {LIMIT}",
        ),
        (
            f"c1,company,{'x' * 200_000},y",
            f"the body has 200077 bytes; {LIMIT}",
        ),
    ],
    ids=[
        "no id",
        "cleared id",
        "many",
        "many after a gap",
        "quotes sent",
        "quotes around a comma",
        "blank id",
        "padded id",
        "tab",
        "type",
        "long id",
        "control",
        "long body",
        "long cell",
    ],
)
def test_a_bad_row_is_a_row_with_a_reason(line: str, reason: str) -> None:
    """An invalid row becomes a `BadRow` with its line, and the rows around it are read."""
    rows = rows_of(f"{HEADER}c0,,,\n{line}\nc2,,,\n")

    assert [2, 3, 4] == [row.line for row in rows]
    assert [(3, reason)] == [(row.line, row.reason) for row in rows if isinstance(row, BadRow)]


def test_a_row_is_where_it_begins() -> None:
    """Line numbers stay right after quoted line ends, blank lines and rows of empty cells."""
    text = f'{HEADER}c1,,"one\ntwo\r\nthree",\n\n,,,\nc2,,"a ""b"", c",\r\nc3,,x,\n'

    rows = [row for row in rows_of(text) if isinstance(row, Row)]

    assert [(2, "c1"), (7, "c2"), (8, "c3")] == [(row.line, row.customer_id) for row in rows]
    assert ["one\ntwo\r\nthree", 'a "b", c', "x"] == [row.request.description for row in rows]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the file has no header"),
        (f'{HEADER}c1,,x,y\nc2,,"never closed,\nc3,,x,y\n', "line 3: the quoting is broken"),
        (f'{HEADER}c1,,"closed"early,y\n', "line 2: the quoting is broken"),
        (f"{HEADER}c1,,{'x' * (MAX_CELL + 1)},y\n", "line 2: the quoting is broken"),
    ],
    ids=["empty", "open quote", "text behind a quote", "endless cell"],
)
def test_a_file_whose_rows_are_uncertain_is_refused(text: str, sentence: str) -> None:
    """Broken quoting refuses the file: a cell could otherwise pass for a row."""
    with pytest.raises(ConfigurationError) as caught:
        count_csv(io.StringIO(text, newline=""))

    assert sentence in str(caught.value)


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12).filter(
    lambda text: text not in {"", "<clear>", "<keep>"} and not re.match('[ \t\xa0]+"', text)
)


@example([("0", '\r"'), ('\n"', "x")])
@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=5))
def test_what_a_spreadsheet_writes_is_what_is_sent(cells: list[tuple[str, str]]) -> None:
    """Any text survives quoting, and the count equals the number of rows read."""
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([["customer_id", "description", "metadata.note"], *(("c", *pair) for pair in cells)])

    rows = rows_of(stream.getvalue())

    assert cells == [(row.request.description, row.request.metadata["note"]) for row in rows if isinstance(row, Row)]
    assert len(rows) == count_csv(io.StringIO(stream.getvalue(), newline=""))


def test_a_missing_mark_at_the_end_is_no_missing_cell() -> None:
    """Columns of a failures file are ignored, so a row may lack their cells."""
    rows = rows_of("customer_id,description,_line\nc,x\n")

    assert ["c"] == [row.customer_id for row in rows if isinstance(row, Row)]


@pytest.mark.parametrize("row", ["c1,company", "c1,company,,,,", "c1,company,, , ", "c1,company,,"])
def test_empty_cells_at_the_end_may_be_missing_or_too_many(row: str) -> None:
    """Spreadsheets and scripts leave them out, or add some; empty means "leave unchanged"."""
    rows = rows_of(f"{HEADER}{row}\n".replace(", , ", ",, "))

    assert ["company"] == [row.request.type for row in rows if isinstance(row, Row)]


def test_a_cell_left_out_clears_nothing() -> None:
    """Where an empty cell clears its field, a missing one may be a mistake: the row is refused."""
    stream = io.StringIO(f"{HEADER}c1,company,x\nc2,company,x,\n")

    first, second = read_csv(stream, "clear")

    assert isinstance(first, BadRow)
    assert "too few cells: 3, the header has 4" == first.reason
    assert isinstance(second, Row)
    assert b'"company":{"name":""}' in second.body


def test_a_column_without_a_name_must_be_empty() -> None:
    """Spreadsheets export empty columns; a value there would be lost, so it makes a bad row."""
    rows = rows_of("customer_id,,description,\nc1,,x,\nc2,y,x,\nc3,,x,z\nc4,,x\n")

    assert [Row, BadRow, BadRow, Row] == [type(row) for row in rows]
    assert [
        (3, "column 2 has no name, but this row has a value there"),
        (4, "column 4 has no name, but this row has"),
    ] == [
        (row.line, row.reason[: [100, 38][number]])
        for number, row in enumerate(row for row in rows if isinstance(row, BadRow))
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_header_tells_the_delimiter(delimiter: str) -> None:
    """By the column `customer_id`, which has a name of its own only with the right one."""
    for names in (["customer_id", "description"], ["description", '"customer_id"'], ["customer_id", "metadata.a,b;c"]):
        header = delimiter.join(f'"{name}"' if delimiter in name else name for name in names)
        assert delimiter == find_delimiter(f"\n{header}\r\nc1{delimiter}x\r\n")


@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("delimiter", [";", ",", "|", "\t"])
def test_a_line_for_excel_is_not_the_header(delimiter: str, quote: str) -> None:
    """Exports for Excel begin with it; the lines below keep their numbers. Some programs put it in quotes."""
    text = f"{quote}sep={delimiter}{quote}\r\ncustomer_id{delimiter}description\r\nc1{delimiter}x\r\n"

    found = find_delimiter(text)
    (row,) = read_csv(io.StringIO(text, newline=""), "keep", found)

    assert isinstance(row, Row)
    assert (delimiter, 3, "x") == (found, row.line, row.request.description)
    assert 1 == count_csv(io.StringIO(text, newline=""), found)


@pytest.mark.parametrize("header", ["customer_id", "customer_id|description", "", "a;b", '"customer_id;'])
def test_without_a_sure_sign_it_is_a_comma(header: str) -> None:
    """One column needs no delimiter, and other characters have to be named."""
    assert "," == find_delimiter(header)
