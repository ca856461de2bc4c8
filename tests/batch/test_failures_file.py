"""The failures file: a valid input, readable by its owner only."""

import csv
import errno
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paycombat_async import ConfigurationError, UpdateCustomer
from paycombat_async.batch import BadRow, Row, RowFile, open_rows
from paycombat_async.batch.failures_file import FailuresFile
from paycombat_async.batch.rows.row import row_from_request


def failures_of(path: Path, source: RowFile, reason: str = "because") -> Path | None:
    """Write every row of a file to a failures file beside it."""
    failures = FailuresFile(path.with_name(f"{path.stem}.failed{path.suffix}"), source)
    for row in source:
        failures.add(row, row.reason if isinstance(row, BadRow) else reason)
    return failures.close()


def contents(rows: RowFile) -> list[object]:
    return [row.request if isinstance(row, Row) else (row.reason.split(":")[0], row.customer_id) for row in rows]


CSV = 'customer_id,description,type\nc1,한빛,company\nc2,x\nc3,x,company,more\n,x,\nc4,"a\nb",firm\nc5,=1+1,\n'
JSONL = '{"customer_id":"c1","description":"한빛"}\n{"customer_id":"c2","type":"firm"}\n {"a":1,"a":2} \n{}\n'


@pytest.mark.parametrize(("name", "text"), [("in.csv", CSV), ("in.jsonl", JSONL)], ids=["csv", "jsonl"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte order mark"])
def test_the_failures_are_an_input_that_means_the_same(tmp_path: Path, name: str, text: str, mark: str) -> None:
    """Rows read back are valid or invalid as before, also after several generations."""
    path = tmp_path / name
    path.write_text(mark + text, encoding="utf-8", newline="")
    source = open_rows(path)

    first = failures_of(path, source)
    assert first is not None
    second = failures_of(first, open_rows(first))
    assert second is not None

    assert contents(source) == contents(open_rows(first)) == contents(open_rows(second))
    assert second.read_text("utf-8").count("_error") in {1, source.total}


def test_a_row_stands_beside_its_line_and_reason(tmp_path: Path) -> None:
    """Line and reason come first, so that too many or too few cells cannot displace them."""
    path = tmp_path / "in.csv"
    path.write_text("customer_id,description\nc1,x,y\nc2,x\n", encoding="utf-8")

    failed = failures_of(path, open_rows(path), reason="=2+5")

    assert failed is not None
    assert [
        "_line,_error,customer_id,description",
        '2,"too many cells: 3, the header has 2",c1,x,y',
        "3,'=2+5,c2,x",
    ] == failed.read_text("utf-8").splitlines()


def test_a_line_that_is_no_object_is_kept_as_text(tmp_path: Path) -> None:
    """The failures file stays valid JSONL, whatever the line was."""
    path = tmp_path / "in.jsonl"
    path.write_text('{"customer_id": \n', encoding="utf-8")

    failed = failures_of(path, open_rows(path))

    assert failed is not None
    assert '"_source":"{\\"customer_id\\":"}' in failed.read_text("utf-8")
    assert [BadRow] == [type(row) for row in open_rows(failed)]


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@given(cells=st.lists(st.tuples(texts, texts), min_size=1, max_size=4))
def test_cells_come_through_unchanged(tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, str]]) -> None:
    """Every cell is copied unchanged, whatever it contains."""
    path = tmp_path_factory.mktemp("cells") / "in.csv"
    quoted = ['"' + '","'.join(cell.replace('"', '""') for cell in ("c", *pair)) + '"' for pair in cells]
    path.write_text("\n".join(["customer_id,description,metadata.a", *quoted]), encoding="utf-8", newline="")
    source = open_rows(path)

    failed = failures_of(path, source)

    assert failed is not None
    assert [row.source for row in source] == [row.source[2:] for row in open_rows(failed)]


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    """It contains personal data, so its mode is 0600."""
    path = tmp_path / "in.csv"
    path.write_text("customer_id\n<clear>\n", encoding="utf-8")

    failed = failures_of(path, open_rows(path))

    assert failed is not None
    assert 0o600 == stat.S_IMODE(failed.stat().st_mode)


def written(path: Path, *rows: str, left: str = "") -> tuple[Path | None, str]:
    """The path and the digest of a failures file with these rows."""
    failures = FailuresFile(path, None, left=left)
    for row in rows:
        failures.add(BadRow(2, "because", row), "because")
    return failures.close(), failures.digest


def test_without_failures_an_earlier_file_is_taken_away(tmp_path: Path) -> None:
    """A run without failures deletes the file that the last run left: its rows are carried out by now."""
    path = tmp_path / "failed.jsonl"
    _, left = written(path, "c1")

    assert (None, "") == written(path, left=left)
    assert [] == list(tmp_path.iterdir())


def test_a_file_with_corrections_is_never_touched(tmp_path: Path) -> None:
    """Neither overwritten nor deleted, whichever run comes next: its failures go to the next free name."""
    path, second, third = (tmp_path / name for name in ("failed.jsonl", "failed-2.jsonl", "failed-3.jsonl"))
    _, left = written(path, "c1")
    path.write_text("mended", encoding="utf-8")

    assert (None, "") == written(path, left=left)
    where, left_second = written(path, "c2", left=left)
    assert second == where
    assert (second, left_second) == written(path, "c2", left=left_second)  # its own file is replaced
    assert third == written(path, "c3")[0]  # no journal says whose the two are
    assert (None, "") == written(path, left=left_second)

    assert "mended" == path.read_text("utf-8")
    assert [path, third] == sorted(tmp_path.iterdir(), reverse=True)


@pytest.mark.parametrize("text", ["", "customer_id\n", "anything"])
def test_any_other_file_stays_as_well(tmp_path: Path, text: str) -> None:
    """Whoever mends the rows may take out the marks, or save them as something else."""
    path = tmp_path / "failed.csv"
    path.write_text(text, encoding="utf-8")

    assert tmp_path / "failed-2.csv" == written(path, "c1")[0]
    assert text == path.read_text("utf-8")


def test_a_file_that_appears_during_the_run_stays(tmp_path: Path) -> None:
    """The path is chosen at the end."""
    path = tmp_path / "failed.jsonl"
    failures = FailuresFile(path, None)
    failures.add(BadRow(2, "because", "c1"), "because")
    path.symlink_to(tmp_path / "elsewhere")

    assert tmp_path / "failed-2.jsonl" == failures.close()
    assert path.is_symlink()


@pytest.mark.parametrize("name", [".in.failed.csv.part", ".in.failed.csv.1.part"])
def test_what_has_the_name_of_a_temporary_file_is_left_alone(tmp_path: Path, name: str) -> None:
    """A directory, or a file that another run has open; what a killed run has left is deleted."""
    path = tmp_path / "in.failed.csv"
    (tmp_path / name).mkdir()
    killed = tmp_path / ".in.failed.csv.killed.part"
    killed.write_text("half a file", encoding="utf-8")
    other = FailuresFile(path, None)
    other.add(BadRow(2, "because", "c1"), "because")

    where, _ = written(path, "c2")

    assert path == where
    assert not killed.exists()
    assert tmp_path / "in.failed-2.csv" == other.close()
    assert {name, path.name, "in.failed-2.csv"} == {each.name for each in tmp_path.iterdir()}


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_failures_are_written_as_the_input_is(tmp_path: Path, encoding: str, delimiter: str) -> None:
    """In its encoding and with its delimiter, so that the same options read them; a reason is escaped if need be."""
    path = tmp_path / "in.csv"
    path.write_text(f"customer_id{delimiter}description\nc1{delimiter}Zoë\n", encoding=encoding)
    source = open_rows(path, encoding=encoding, delimiter=delimiter)

    failed = failures_of(path, source, "no such city: 한빛")

    assert failed is not None
    again = open_rows(failed, encoding=encoding, delimiter=delimiter)
    assert contents(source) == contents(again)


def test_rows_of_no_file_are_written_as_jsonl(tmp_path: Path) -> None:
    """Rows of an iterable are written as JSONL, which can be synced."""
    row = row_from_request(7, UpdateCustomer(customer_id="c1", description="x"))
    failures = FailuresFile(tmp_path / "failed.jsonl", None)

    failures.add(row, "because")
    path = failures.close()

    assert path is not None
    assert '{"_line":7,"_error":"because","customer_id":"c1","description":"x"}\n' == path.read_text("utf-8")
    assert [row.digest] == [again.digest for again in open_rows(path)]


@pytest.mark.parametrize(
    "line",
    [
        '{"customer_id":"c1","_line":0,"_line":1e309}',
        '{"customer_id":"c1","_error":1e309}',
        '{"customer_id":"c1","metadata":{"name":"\\ud83d"}}',
        '{"customer_id":"c1","metadata":{"n":NaN}}',
        '{"customer_id":"c1"',
        "[" * 5_000,
    ],
    ids=["a mark twice", "a mark beyond all bounds", "half a pair", "no JSON of ours", "broken off", "deep"],
)
def test_what_the_rows_were_read_with_decides_what_is_an_object(tmp_path: Path, line: str) -> None:
    """JSON parsers differ in edge cases; a row must not change by being copied."""
    path = tmp_path / "in.jsonl"
    path.write_text(f'{{"customer_id":"c0"}}\n{line}\n', encoding="utf-8")

    failed = failures_of(path, open_rows(path))

    assert failed is not None
    before, after = ([isinstance(row, Row) and row.digest for row in open_rows(file)] for file in (path, failed))
    assert before == after


def test_what_cannot_be_meant_is_refused(tmp_path: Path) -> None:
    """The input itself, or a directory."""
    path = tmp_path / "in.csv"
    path.write_text("_line,_error,customer_id\n", encoding="utf-8")

    for target in (path, tmp_path):
        with pytest.raises(ConfigurationError, match="is not an earlier failures file and is not overwritten"):
            FailuresFile(target, open_rows(path))


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A missing directory is reported before the run, not at its end."""
    with pytest.raises(ConfigurationError, match="cannot be written, so failures could not be kept"):
        FailuresFile(tmp_path / "missing" / "failed.csv", None)


@pytest.mark.parametrize("reason", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "plain"])
def test_a_reason_is_no_formula(tmp_path: Path, reason: str) -> None:
    """The provider's words are opened in a spreadsheet."""
    path = tmp_path / "in.csv"
    path.write_text("customer_id\nc1\n", encoding="utf-8")
    rows = open_rows(path)
    failures = FailuresFile(tmp_path / "failed.csv", rows)

    failures.add(next(iter(rows)), reason)
    failures.close()

    with (tmp_path / "failed.csv").open(encoding="utf-8", newline="") as stream:
        written = list(csv.reader(stream))[1][1]
    assert written == (reason if reason == "plain" else f"'{reason}")


def test_a_file_that_cannot_be_finished_is_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the failures would look like all of them; an earlier file stays as it is."""
    row = row_from_request(7, UpdateCustomer(customer_id="c1", description="x"))
    failures = FailuresFile(tmp_path / "failed.jsonl", None)
    failures.add(row, "no")
    before = list(tmp_path.iterdir())

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigurationError, match="cannot be written"):
        failures.close()
    failures.add(row, "no")

    assert (1, []) == (len(before), list(tmp_path.iterdir()))
    assert failures.close() is None
