"""Files of rows: problems of the whole file are found before anything is sent."""

import os
from pathlib import Path

import pytest

from paycombat_async import ConfigurationError
from paycombat_async.batch import open_rows

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
        ("a.csv", GOOD.decode().encode("utf-16"), "a.csv: is UTF-16; save it as UTF-8 (in Excel: 'CSV UTF-8')"),
        ("a.csv", GOOD + b"x" * (6 << 20), "a.csv: line 3 is longer than 4 MiB; a customer's row is never that long"),
        ("a.jsonl", b"[{}]", "a.jsonl: the file is a JSON array"),
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
        "utf-16",
        "endless line",
        "array",
    ],
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str, content: bytes, sentence: str) -> None:
    """One message names the file, the line and what to do."""
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(ConfigurationError) as caught:
        open_rows(path)

    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: None, "No such file or directory"),
        (lambda path: path.mkdir(), "Is a directory"),
        (os.mkfifo, "not a regular file; it is read twice, so save it to one first"),
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
