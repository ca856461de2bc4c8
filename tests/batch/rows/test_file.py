"""Files of rows: problems of the whole file are found before anything is sent."""

import csv
import gzip
import io
import json
import lzma
import os
from pathlib import Path

import pytest

from paycombat_async import ConfigurationError
from paycombat_async.batch import BadRow, Row, open_rows

GOOD = b"customer_id,description\nc1,x\n"


@pytest.mark.promise("P11")
@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.txt", GOOD, "a.txt: neither .csv nor .jsonl; specify its format"),
        ("a.csv", b"", "a.csv: the file is empty"),
        ("a.csv", b"\xef\xbb\xbf", "a.csv: the file is empty"),
        ("a.csv", b"\n\n", "a.csv: the file has no header"),
        ("a.jsonl", b"\n \n", "a.jsonl: the file is empty"),
        ("a.csv", GOOD + b"c2,caf\xe9\n", "a.csv: line 3 contains the byte 0xe9, which is not UTF-8; save it as UTF-8"),
        ("a.csv", GOOD + b"c2,\xed\x95", "a.csv: line 3 contains the byte 0xed, which is not UTF-8; save it as UTF-8"),
        ("a.csv", b"x" * (1 << 20) + b"\n\xff", "a.csv: line 2 contains the byte 0xff, which is not UTF-8"),
        ("a.csv", GOOD + b"c2,\0\n", "a.csv: line 3 contains a NUL byte; the file is damaged or is not text"),
        ("a.csv", GOOD.decode().encode("utf-16")[:-1], "a.csv: line 2 contains the byte 0x0a, which is not UTF-16"),
        ("a.csv", gzip.compress(GOOD)[:-9], "a.csv: the gzip data is cut short or damaged"),
        ("a.csv", gzip.compress(GOOD)[:12] + b"\0" * 30, "a.csv: the gzip data is "),
        ("a.csv", gzip.compress(GOOD) + b"more", "a.csv: the gzip data is damaged"),
        ("a.csv", GOOD + b"x" * (6 << 20), "a.csv: line 3 is longer than 4 MiB; a customer's row is never that long"),
        ("a.jsonl", b"[{}]", "a.jsonl: the file is a JSON array"),
        (
            "a.xlsx",
            b"PK\x03\x04\x14\0",
            "a.xlsx: it is an Excel workbook, or another ZIP file; save it as CSV in UTF-8",
        ),
        (
            "a.csv",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            "a.csv: it is an Excel workbook of the old kind; save it as CSV",
        ),
        ("a.csv", b"%PDF-1.7\n%\xe2\xe3", "a.csv: it is a PDF; export the data as CSV"),
        ("a.csv.gz", gzip.compress(gzip.compress(GOOD)), "a.csv.gz: it was compressed with gzip twice; decompress it"),
        ("a.csv", b"\x28\xb5\x2f\xfd\x04", "a.csv: it is compressed with zstd, and only gzip is read"),
        ("a.csv", lzma.compress(GOOD), "a.csv: it is compressed with xz, and only gzip is read"),
        (
            "a.csv",
            GOOD.decode().encode("utf-16-be"),
            "a.csv: line 1 contains a NUL byte; the file is damaged or is not",
        ),
    ],
    ids=[
        "ending",
        "empty",
        "mark only",
        "blank",
        "blank lines",
        "latin-1",
        "cut",
        "far",
        "nul",
        "utf-16 cut",
        "gzip cut",
        "gzip damaged",
        "gzip with more",
        "endless line",
        "array",
        "workbook",
        "old workbook",
        "pdf",
        "gzip twice",
        "zstd",
        "xz",
        "utf-16 without a mark",
    ],
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str, content: bytes, sentence: str) -> None:
    """One message names the file, the line and what to do."""
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(ConfigurationError) as caught:
        open_rows(path)

    assert str(caught.value).startswith(sentence)


def test_a_given_delimiter_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Not the comma, which may well be there."""
    path = tmp_path / "a.csv"
    path.write_bytes(GOOD)

    with pytest.raises(ConfigurationError, match="the columns are not separated by ';'; name what separates them"):
        open_rows(path, delimiter=";")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: None, "No such file or directory"),
        (lambda path: path.mkdir(), "Is a directory"),
        (os.mkfifo, "not a regular file; save it to one, or pass it through standard input as -"),
    ],
    ids=["missing", "directory", "pipe"],
)
def test_what_is_no_file_is_refused(tmp_path: Path, make: object, sentence: str) -> None:
    """Anything but a regular file is refused before it is opened: opening a pipe would block."""
    path = tmp_path / "a.csv"
    make(path)

    with pytest.raises(ConfigurationError, match=sentence):
        open_rows(path)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["lf", "crlf", "cr"])
def test_marks_and_line_ends_make_no_difference(tmp_path: Path, mark: bytes, end: bytes) -> None:
    """Byte order marks and line ends change no row, however often the file is read."""
    path = tmp_path / "a.CSV"
    path.write_bytes(mark + end.join([b"customer_id,description", "c1,한빛".encode(), b"c2,x"]))

    rows = open_rows(path)

    assert [(2, "c1"), (3, "c2")] == [(row.line, row.customer_id) for row in rows]
    assert 2 == rows.total == len(list(rows))


def test_a_character_across_two_chunks_is_whole(tmp_path: Path) -> None:
    """The file is checked in chunks, and a character of several bytes may be split."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"customer_id":"' + b"c" * ((1 << 20) - 17) + "한".encode() + b'"}\n')

    assert 1 == open_rows(path).total


def test_a_file_spoilt_after_the_look_through_ends_in_a_sentence(tmp_path: Path) -> None:
    """A file that changed after its check raises one `ConfigurationError`."""
    path = tmp_path / "a.csv"
    path.write_bytes(GOOD)
    rows = open_rows(path)
    path.write_bytes(GOOD + b"c2,\xff\n")

    with pytest.raises(ConfigurationError, match="can no longer be read"):
        list(rows)


def test_the_format_can_be_said(tmp_path: Path) -> None:
    """`file_format` overrides the file's suffix."""
    path = tmp_path / "export.txt"
    path.write_bytes(GOOD)

    assert 1 == open_rows(path, file_format="csv").total


TEXT = "customer_id{0}description\nc1{0}Zoë\nc2{0}한빛\n"


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("a.csv.gz", gzip.compress(TEXT.format(",").encode()), {}),
        ("a.CSV.GZ", TEXT.format(",").encode(), {}),
        ("a.csv", gzip.compress(TEXT.format(";").encode("utf-8-sig")), {}),
        ("a.csv", TEXT.format(";").encode(), {}),
        ("a.tsv", TEXT.format("\t").encode(), {}),
        ("a.csv", TEXT.format("\t").encode("utf-16"), {}),
        ("a.csv", TEXT.format("\t").encode("utf-16-be"), {"encoding": "utf-16-be"}),
        ("a.csv", b"\xff\xfe" + TEXT.format(",").encode("utf-16-le"), {"encoding": "UTF-16LE"}),
        ("a.csv", TEXT.format(",").encode("utf-8-sig"), {"encoding": "utf8"}),
        ("a.csv", TEXT.format(",").encode("gb18030"), {"encoding": "GB18030"}),
        ("a.csv", TEXT.format("|").encode(), {"delimiter": "|"}),
    ],
    ids=[
        "gz",
        "gz by name",
        "gz by content",
        "semicolons",
        "tabs",
        "utf-16",
        "utf-16-be",
        "utf-16-le with a mark",
        "utf-8 with a mark",
        "gb18030",
        "bars",
    ],
)
@pytest.mark.parametrize("is_stream", [False, True], ids=["file", "stream"])
def test_files_as_people_have_them_are_read(
    tmp_path: Path, name: str, content: bytes, options: dict[str, str], is_stream: bool
) -> None:
    """Gzip, semicolons, tabs and byte order marks without a word; the rest by its name. Read as often as wanted."""
    path = tmp_path / name
    path.write_bytes(content)

    rows = open_rows(io.BytesIO(content) if is_stream else path, **options)

    assert 2 == rows.total
    first, second = iter(rows), iter(rows)
    for row, again in zip(first, second, strict=True):
        assert row.request == again.request
    assert [("c1", "Zoë"), ("c2", "한빛")] == [(row.customer_id, row.request.description) for row in rows]
    assert ("standard input", None) == (rows.name, rows.path) if is_stream else (name, path) == (rows.name, rows.path)


@pytest.mark.parametrize(("content", "total"), [(b' {"customer_id":"c1"}\n', 1), (b"customer_id\nc1\nc2\n", 2)])
def test_a_stream_shows_its_own_format(content: bytes, total: int) -> None:
    """JSONL begins with a brace, which no header of CSV does."""
    rows = open_rows(io.BytesIO(content))

    assert (total, "jsonl" if total == 1 else "csv") == (rows.total, rows.file_format)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"encoding": "utf-99"}, "a.csv: there is no encoding 'utf-99'; names are such as utf-8, cp1252"),
        ({"encoding": "hex"}, "a.csv: there is no encoding 'hex'"),
        ({"encoding": ""}, "a.csv: there is no encoding ''"),
        ({"encoding": "ascii"}, "a.csv: line 2 contains the byte 0xc3, which is not ASCII; save it as UTF-8, or name"),
        ({"encoding": "utf-16"}, "a.csv: line 1 "),
        ({"delimiter": ";;"}, "the delimiter must be one character, such as ; or a tab"),
        ({"delimiter": '"'}, "the delimiter must be one character, such as ; or a tab"),
        ({"delimiter": ""}, "the delimiter must be one character, such as ; or a tab"),
    ],
    ids=str,
)
def test_options_that_cannot_be_right_are_refused(tmp_path: Path, options: dict[str, str], sentence: str) -> None:
    """One message, before anything is read as a row."""
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT.format(",").encode())

    with pytest.raises(ConfigurationError) as caught:
        open_rows(path, **options)

    assert str(caught.value).startswith(sentence)


# Windows-1252 has no character for five bytes, and Windows takes the control characters of their numbers.
MISREAD = "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in "주식회사".encode())
DAMAGED = {
    "8.21E+11": "a number that a spreadsheet has shortened",
    "8,21E+011": "a number that a spreadsheet has shortened",
    '="00123"': "a formula of a spreadsheet instead of its text",
    "#N/A": "an error of a spreadsheet instead of a value",
    "#DIV/0!": "an error of a spreadsheet instead of a value",
    "########": "a value that a spreadsheet has replaced because its column was too narrow",
    "Zo\ufffd": "characters that were lost in another encoding",
    "#BEZUG!": "an error of a spreadsheet instead of a value",
    "#¡VALOR!": "an error of a spreadsheet instead of a value",
    "NULL": "the word that a program writes where it has no value",
    "nan": "the word that a program writes where it has no value",
    "\\N": "the word that a program writes where it has no value",
    "<NA>": "the word that a program writes where it has no value",
    "[object Object]": "the word that a program writes where it has no value",
    "undefined": "the word that a program writes where it has no value",
    "ZoÃ« & SÃ¶hne": "characters that were read in another encoding",
    "Itâ€™s": "characters that were read in another encoding",
    MISREAD: "characters that were read in another encoding",
}


@pytest.mark.parametrize("value", DAMAGED)
@pytest.mark.parametrize("column", ["description", "metadata.phone", "company.authorized_user.phone_number"])
def test_what_a_spreadsheet_has_damaged_is_named(tmp_path: Path, column: str, value: str) -> None:
    """The row is valid, and says what is wrong with it; `strict` makes a bad row of it, which keeps its cells."""
    path = tmp_path / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["customer_id", column], ["c1", "good"], ["c2", value]])

    good, row = open_rows(path)
    _, refused = open_rows(path, strict=True)

    assert isinstance(row, Row)
    assert isinstance(refused, BadRow)
    assert ("", f"{column}: {DAMAGED[value]}") == (good.damage, row.damage)
    assert (3, row.damage, "c2", ("c2", value)) == (refused.line, refused.reason, refused.customer_id, refused.source)


@pytest.mark.parametrize(
    ("dob", "is_good"),
    [
        ("1990-01-31", True),
        ("", True),
        ("<clear>", True),
        ("31.01.1990", False),
        ("1/31/1990", False),
        ("1990-02-30", False),
        ("33604", False),
        ("1990-1-31", False),
        ("\uff11990-01-31", False),
    ],
)
def test_a_date_of_birth_must_look_like_one(tmp_path: Path, dob: str, is_good: bool) -> None:
    """Spreadsheets write dates as the country does; the provider wants YYYY-MM-DD."""
    path = tmp_path / "a.csv"
    path.write_text(f"customer_id,individual.dob,metadata.dob,description\nc1,{dob},soon,x\n", encoding="utf-8")

    (row,) = open_rows(path)

    assert ("" if is_good else "individual.dob: no date like 1990-01-31") == row.damage


# The last ones are as many languages write them.
WORDS = (
    "Null",
    "None",
    "Fernanda Nan",
    "finance",
    "a\\N",
    "Ünïcödé",
    "São Paulo",
    "Ângela",
    "naïve",
    "한빛전자",
    "Ærø",
    "ÀÁ",
)


@pytest.mark.parametrize(
    "value", [*("1E5", "E+11", "#1", "##", "=1+1", "C#N/A", "1e+", "Apt #### 5", '=("x")'), *WORDS]
)
def test_other_text_is_no_damage(tmp_path: Path, value: str) -> None:
    """Only what spreadsheets write, and only if it is the whole value."""
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"customer_id": "c1", "description": value}), encoding="utf-8")

    (row,) = open_rows(path, strict=True)

    assert isinstance(row, Row)
