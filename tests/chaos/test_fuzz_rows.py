"""Files of rows with any bytes in them: rows and bad rows, or one clear error for all of it, and never much memory."""

import tracemalloc
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paycombat_async import ConfigurationError, canonical_json
from paycombat_async._protocol.request_body import MAX_BODY_BYTES
from paycombat_async._signing import body_digest
from paycombat_async.batch import BadRow, Row, RowFile, open_rows
from paycombat_async.batch.failures_file import FailuresFile
from paycombat_async.batch.rows.columns import columns
from paycombat_async.sandbox.stringify import stringify
from tests.chaos.hostile import pieces
from tests.chaos.soak import examples

KNOWN = [*columns(), "metadata.a", "metadata.7", "metadata.__proto__", "_line", "_error", "extra", ""]
CELLS = st.sampled_from(
    ["", "c1", "c2", "company", "<clear>", "<keep>", "=1+1", '"a,b"', '"a\n""b"', '"', "\r", " x ", "\0"]
)
NOISE = [
    b"\n",
    b"\r",
    b'"',
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b",",
    b"{",
    b"\xed\xa0\x80",
    b"\xc2\x85",
    b" ",
]


@st.composite
def csv_files(draw: Callable[..., Any]) -> str:
    """Known columns mostly, rows of mostly the right length, any line ends."""
    names = draw(st.lists(st.sampled_from(KNOWN), max_size=5, unique=True))
    end: str = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    row = st.lists(CELLS | st.text(max_size=6), min_size=max(0, len(names)), max_size=len(names) + 2)
    lines = [",".join(["customer_id", *names]), *(",".join(["c", *cells]) for cells in draw(st.lists(row, max_size=5)))]
    last: str = draw(st.sampled_from(["", end]))
    return end.join(lines) + last


@st.composite
def jsonl_lines(draw: Callable[..., Any]) -> str:
    """Mostly an update, with hostile JSON for some of its values."""
    names = st.sampled_from(
        ['"customer_id"', '"description"', '"metadata"', '"company"', '"extra"', '"_line"', '"type"']
    )
    members = draw(st.lists(st.tuples(names, pieces), max_size=3))
    first = draw(st.sampled_from(['"customer_id":"c1"', '"customer_id":"c2"', '"customer_id": ""', '"metadata":{}']))
    free = ",".join([first, *(f"{name}:{piece}" for name, piece in members)])
    nested = f'"customer_id":"c","metadata":{{"a":{draw(pieces)}}}'
    line: str = draw(st.sampled_from([f"{{{free}}}", f"{{{nested}}}", free, draw(pieces)]))
    return line


jsonl_files = st.lists(jsonl_lines(), max_size=5).map("\n".join)


def damaged(texts: st.SearchStrategy[str]) -> st.SearchStrategy[bytes]:
    """Files as they are, and some with bytes in them that no text editor writes."""

    @st.composite
    def files(draw: Callable[..., Any]) -> bytes:
        body: bytes = draw(texts).encode("utf-8", "surrogatepass")
        for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
            at = draw(st.integers(0, len(body)))
            body = body[:at] + draw(st.sampled_from(NOISE)) + body[at:]
        return body

    return files() | st.binary(max_size=40)


_UNSAFE = {"Cc", "Cs", "Zl", "Zp"}  # what drives a terminal, begins another line or cannot be written at all


def is_sound(row: Row | BadRow) -> bool:
    """A row carries exactly what may be sent; a bad one says why, on one line that can be shown."""
    if isinstance(row, BadRow):
        return bool(row.reason) and _UNSAFE.isdisjoint(map(unicodedata.category, row.reason))
    body = canonical_json(row.request)
    text = body.decode()
    return row.digest == body_digest(body) and len(body) <= MAX_BODY_BYTES and stringify(text) == text


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rows")


def opened(path: Path, content: bytes, empty: Any = "keep") -> RowFile | None:
    """The file with this content; None if it is refused, in words that can be shown."""
    path.write_bytes(content)
    try:
        return open_rows(path, empty=empty)
    except ConfigurationError as error:
        words = str(error)
    assert words.isprintable()
    return None


FILES = st.tuples(st.just("rows.csv"), damaged(csv_files())) | st.tuples(st.just("rows.jsonl"), damaged(jsonl_files))


@pytest.mark.promise("P11")
@examples("rows")
@given(FILES, st.sampled_from(["keep", "clear"]))
def test_any_file_is_rows_and_bad_rows_or_refused_as_a_whole(folder: Path, file: tuple[str, bytes], empty: str) -> None:
    """As many as were counted, each on a later line than the one before."""
    name, content = file

    source = opened(folder / name, content, empty)

    if source is not None:
        rows = list(source)
        lines = [row.line for row in rows]
        assert source.total == len(rows)
        assert lines == sorted(set(lines))
        assert not lines or 0 < lines[0] <= lines[-1] <= 1 + content.count(b"\n") + content.count(b"\r")
        assert [] == [row for row in rows if not is_sound(row)]


@examples("rows")
@given(FILES)
def test_the_failures_of_any_file_are_an_input_with_the_same_rows(folder: Path, file: tuple[str, bytes]) -> None:
    """What was good is good in it and means the same; what was bad is bad in it, and nothing is missing."""
    source = opened(folder / file[0], file[1])

    if source is not None and source.total:
        assert [meaning(row) for row in source] == [meaning(row) for row in failures_of(source)]


@pytest.mark.parametrize("row", ["c,x", "c", "c,x,1,1"])
def test_a_bad_row_is_not_made_good_by_being_written_down(folder: Path, row: str) -> None:
    """Nor a good one bad: the mark column of an earlier run may stand anywhere, and its cell may be missing."""
    source = opened(folder / "marks.csv", f"customer_id,description,_line\n{row}\n".encode())
    assert source is not None

    assert [meaning(row) for row in source] == [meaning(row) for row in failures_of(source)]


def failures_of(source: RowFile) -> list[Row | BadRow]:
    """All rows again, out of their failures file."""
    failures = FailuresFile(source.path.with_name(f"failed-{source.path.name}"), source)
    for row in source:
        failures.add(row, row.reason if isinstance(row, BadRow) else "refused")
    written = failures.close()
    assert written is not None
    return list(open_rows(written))


def meaning(row: Row | BadRow) -> object:
    return row.digest if isinstance(row, Row) else "bad"


@pytest.mark.parametrize("number", ["1e99999999999999999999", "-1e99999999999999999999", "9" * 5_000], ids=len)
@pytest.mark.parametrize("place", ['"metadata":{"a":%s}', '"description":%s', '"x":[%s]'])
def test_a_number_beyond_all_bounds_is_one_bad_row(folder: Path, place: str, number: str) -> None:
    """The rows around it are read."""
    line = '{"customer_id":"c2",%s}' % (place % number)
    source = opened(folder / "numbers.jsonl", f'{{"customer_id":"c1"}}\n{line}\n{{"customer_id":"c3"}}\n'.encode())

    assert source is not None
    assert [Row, BadRow, Row] == [type(row) for row in source]


def many(count: int) -> Iterator[bytes]:
    """Rows of 4 kB, good and bad ones, with line ends in their cells."""
    yield b"customer_id,description,metadata.a\n"
    filler = "x\u2028" * 1_000 + "\n\n"
    for number in range(count):
        yield f'c{number},"{filler}",{"9" * 50}{",one too many" * (number % 3 == 0)}\n'.encode()


def test_a_large_file_needs_the_memory_of_a_small_one(folder: Path) -> None:
    """Counted, read and written to the failures file in a stream: the buffers are the most of it."""
    path = folder / "large.csv"
    with path.open("wb") as stream:
        stream.writelines(many(3_000))
    tracemalloc.start()
    try:
        source = open_rows(path)
        failures = FailuresFile(folder / "large.failed.csv", source)
        for row in source:
            failures.add(row, "refused")
        failures.close()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert 3_000 == source.total
    assert peak < path.stat().st_size / 2
