"""The journal: permissions, locking, what it is bound to, and how it plans rows."""

import os
import sqlite3
import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from paycombat_async import ConfigurationError, UpdateCustomer
from paycombat_async.batch import Row
from paycombat_async.batch.journal import index
from paycombat_async.batch.journal.binding import Binding
from paycombat_async.batch.journal.file import source_name
from paycombat_async.batch.journal.journal import Journal, Plan, Result, RowState, open_journal, temporary_journal
from paycombat_async.batch.journal.preview import preview_journal
from paycombat_async.batch.rows.row import row_from_request
from tests.processes import run

HERE = "https://api.paycombat.com"


def opened(path: Path, account: str = "account", source: str = "in.csv", name: str = "", at: str = HERE) -> Journal:
    return open_journal(path, Binding(source=source, address=at, account=account, name=name))


def row(line: int, customer_id: str, description: str = "x") -> Row:
    made = row_from_request(line, UpdateCustomer(customer_id=customer_id, description=description))
    assert isinstance(made, Row)
    return made


def states(path: Path) -> dict[str, str]:
    connection = sqlite3.connect(path)
    found = dict(connection.execute("SELECT customer, state FROM row"))
    connection.close()
    return found


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    return tmp_path / "in.csv.journal"


def test_only_the_owner_may_read_it(path: Path) -> None:
    """Journal and write-ahead log have mode 0600, whatever the umask."""
    before = os.umask(0)
    try:
        journal = opened(path)
        journal.commit([], [row(2, "c1")])
    finally:
        os.umask(before)

    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    journal.close([])

    assert {"in.csv.journal": 0o600, "in.csv.journal-wal": 0o600} == modes
    assert [path] == list(path.parent.iterdir())


def test_a_journal_that_others_may_read_is_closed_to_them(path: Path) -> None:
    """A journal with wider permissions, as after a copy, gets mode 0600."""
    opened(path).close([])
    path.chmod(0o644)

    opened(path).close([])

    assert 0o600 == stat.S_IMODE(path.stat().st_mode)


@pytest.mark.promise("P7")
def test_it_holds_no_name_and_no_token(path: Path) -> None:
    """The file contains ids, line numbers, digests and states, and nothing else of a row."""
    journal = opened(path)
    plans = journal.commit([], [row(2, "c1", "한빛 personal")])
    journal.commit([Result(plans[0].number, RowState.FAILED, "refused")], [])
    held = path.read_bytes() + Path(f"{path}-wal").read_bytes()
    journal.close([])

    assert b"c1" in held
    assert b"personal" not in held
    assert "한빛".encode() not in held


OTHER_RUN = """
import sys
from pathlib import Path
from paycombat_async import ConfigurationError
from paycombat_async.batch.journal.binding import Binding
from paycombat_async.batch.journal.journal import open_journal
try:
    open_journal(Path(sys.argv[1]), Binding(source="in.csv", account="account"))
except ConfigurationError as error:
    print(error)
"""


def test_one_run_at_a_time(path: Path) -> None:
    """A second run, in this process or another, is refused at once until the first one has ended."""
    journal = opened(path)

    with pytest.raises(ConfigurationError, match="is in use by another run"):
        opened(path)
    other = run(sys.executable, "-c", OTHER_RUN, path, check=True)
    journal.close([])
    opened(path).close([])

    assert "is in use by another run; wait for it to end, or name another journal" in other.stdout


LOCAL = "http://127.0.0.1:8080"
REMEDY = "name another journal (--journal), or keep none (--no-journal)"
REPLACED = (
    f"another account at {HERE}, since the token is another one; {REMEDY}. If only the token was replaced, all rows are"
    " sent once more then, which is safe; with --account NAME, later replacements do not matter"
)
# The names under which a journal was bound and is opened, what else is different, and why it is refused, if it is.
OTHERS: dict[str, tuple[str, str, dict[str, str], str]] = {
    "the same": ("", "", {}, ""),
    "address": ("", "", {"at": LOCAL}, f"another address: {HERE}, and this run is for {LOCAL}; {REMEDY}"),
    "address of a name": ("eu", "eu", {"at": LOCAL}, f"another address: {HERE}, and this run is for {LOCAL}; {REMEDY}"),
    "token": ("", "", {"account": "other"}, REPLACED),
    "token, named now": ("", "eu", {"account": "other"}, REPLACED),
    "token of a name": ("eu", "eu", {"account": "other"}, ""),
    "name": ("eu", "us", {}, f"another account: eu, and this run is for us; {REMEDY}"),
    "name given later": ("", "eu", {}, ""),
    "name left out": ("eu", "", {}, ""),
    "name left out, and token": (
        "eu",
        "",
        {"account": "other"},
        f"the account eu; if this run is for it, give --account eu, else {REMEDY}",
    ),
    "a name to quote is left out": (
        "shop eu",
        "",
        {"account": "other"},
        f"the account shop eu; if this run is for it, give --account 'shop eu', else {REMEDY}",
    ),
    "input": ("eu", "eu", {"source": "b.csv"}, "another input, in.csv; name another journal"),
}


@pytest.mark.parametrize(("first", "then", "different", "reason"), OTHERS.values(), ids=OTHERS)
def test_it_belongs_to_one_account_and_one_input(
    path: Path, first: str, then: str, different: dict[str, str], reason: str
) -> None:
    """With another account or input, rows would be skipped or sent wrongly: it is refused, with both and a remedy."""
    journal = opened(path, name=first)
    (plan,) = journal.commit([], [row(2, "c1")])
    journal.close([Result(plan.number, RowState.DONE, "")])

    try:
        opened(path, name=then, **different).close([])
    except ConfigurationError as error:
        found = str(error)
    else:
        found = ""
    opened(path, name=first).close([])

    assert (f"the journal {path} belongs to {reason}" if reason else "") == found


def test_a_name_given_later_is_kept(path: Path) -> None:
    """Although no row is sent: from then on, the token may be replaced."""
    journal = opened(path)
    (plan,) = journal.commit([], [row(2, "c1")])
    journal.close([Result(plan.number, RowState.DONE, "")])
    opened(path, name="eu").close([])

    opened(path, "other", name="eu").close([])

    with pytest.raises(ConfigurationError, match="another account: eu"):
        opened(path, name="us")


def test_a_journal_without_an_address_is_still_bound(path: Path) -> None:
    """Those of earlier versions have none."""
    journal = opened(path, at="")
    (plan,) = journal.commit([], [row(2, "c1")])
    journal.close([Result(plan.number, RowState.DONE, "")])

    with pytest.raises(ConfigurationError, match="belongs to another account or address"):
        opened(path, "other")
    opened(path).close([])
    with pytest.raises(ConfigurationError, match="another address"):
        opened(path, at=LOCAL)


@pytest.mark.parametrize("state", [RowState.DONE, RowState.UNKNOWN, RowState.FAILED, None])
@pytest.mark.parametrize("is_committed", [False, True])
def test_it_is_bound_when_a_row_may_have_been_carried_out(
    path: Path, state: RowState | None, is_committed: bool
) -> None:
    """A run that only met refusals, or nothing at all, leaves it to whoever comes with the right account."""
    journal = opened(path, "wrong", "b.csv")
    (plan,) = journal.commit([], [row(2, "c1")])
    results = [] if state is None else [Result(plan.number, state, "")]
    if is_committed:
        journal.commit(results, [])
        journal._connection.close()  # killed: nothing was closed
    else:
        journal.close(results)

    try:
        opened(path).close([])
    except ConfigurationError:
        is_bound = True
    else:
        is_bound = False

    assert (state in {RowState.DONE, RowState.UNKNOWN}) == is_bound


def test_a_failed_commit_does_not_bind(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one does, with the results."""
    journal = opened(path)
    (plan,) = journal.commit([], [row(2, "c1")])
    results = [Result(plan.number, RowState.DONE, "")]
    monkeypatch.setattr(journal, "_connection", FailingOnce(journal._connection))

    with pytest.raises(ConfigurationError):
        journal.commit(results, [])
    journal.commit(results, [])
    journal.close([])

    with pytest.raises(ConfigurationError, match="another account"):
        opened(path, "other")


def test_all_rows_can_be_sent_again(path: Path) -> None:
    """Also the rest of them by a later run, if the one that was to send all was stopped in the middle."""
    rows = [row(line, f"c{line}") for line in range(4)]

    def skipped(*, only: int = 4, send_all: bool = False) -> list[bool]:
        journal = open_journal(path, Binding(source="in.csv", account="account"), send_all=send_all)
        plans = journal.commit([], rows[:only])
        journal.close([Result(plan.number, RowState.DONE, "") for plan in plans])
        return [plan.skip for plan in plans]

    assert [False] * 4 == skipped()
    assert [True] * 4 == skipped()
    assert [False] * 2 == skipped(only=2, send_all=True)
    assert [True, True, False, False] == skipped()
    assert [True] * 4 == skipped()
    assert [False] * 4 == skipped(send_all=True)


def test_an_input_is_named_from_where_the_journal_is(tmp_path: Path) -> None:
    """The input's path is relative to the journal, so that both can be moved together."""
    journal = tmp_path / "in.csv.journal"

    assert "in.csv" == source_name(tmp_path / "in.csv", journal)
    assert source_name(tmp_path / "june" / "in.csv", journal) != source_name(tmp_path / "july" / "in.csv", journal)


def _database(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE thing (a)")
    connection.close()


def _other_version(path: Path) -> None:
    opened(path).close([])
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: path.write_text("customer_id\n" * 100), "is some other file; name another journal"),
        (_database, "is another program's database; name another journal"),
        (_other_version, "was written by another version of paycombat; name another journal"),
        (lambda path: path.mkdir(), "is a link or no regular file; name another journal"),
        (lambda path: path.symlink_to(path.parent / "target"), "is a link or no regular file; name another journal"),
    ],
    ids=["text", "database", "version", "directory", "link"],
)
def test_what_is_no_journal_is_left_alone(path: Path, make: object, sentence: str) -> None:
    """Another kind of file is refused with one message, and not a byte of it is changed."""
    make(path)
    before = path.read_bytes() if path.is_file() else None

    with pytest.raises(ConfigurationError) as caught:
        opened(path)

    assert str(caught.value).endswith(sentence)
    assert before == (path.read_bytes() if path.is_file() else None)
    assert not (path.parent / "target").exists()


@pytest.mark.parametrize("text", [b"c" * 20, b"number INTEGER"], ids=["customer", "schema"])
def test_a_journal_whose_text_is_damaged_says_so(path: Path, text: bytes) -> None:
    """Bytes that are no text, in a row or in the schema: one sentence, whoever finds them."""
    journal = opened(path)
    journal.commit([], [row(2, "c" * 20)])
    journal.close([])
    content = path.read_bytes()
    assert text in content
    path.write_bytes(content.replace(text, b"\xff" * len(text)))

    def read() -> None:
        damaged = opened(path)
        try:
            damaged.commit([], [row(2, "c" * 20)])
        finally:
            damaged.close([])

    with pytest.raises(ConfigurationError, match="is damaged; delete it to start again"):
        read()


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A path in a missing directory is refused with the operating system's own message."""
    with pytest.raises(ConfigurationError, match="cannot be created: No such file or directory"):
        opened(tmp_path / "missing" / "journal")


def test_a_file_begun_and_left_empty_is_a_new_journal(path: Path) -> None:
    """A kill between creating the file and filling it leaves an empty file, which is usable."""
    path.touch(0o600)

    opened(path).close([])

    assert {} == states(path)


def test_what_is_done_is_skipped_and_all_else_is_sent_again(path: Path) -> None:
    """Only the state `done` with the same content prevents a row from being sent."""
    journal = opened(path)
    rows = [row(2, "done"), row(3, "failed"), row(4, "unknown"), row(5, "sending"), row(6, "changed")]
    numbers = [plan.number for plan in journal.commit([], rows)]
    results = [RowState.DONE, RowState.FAILED, RowState.UNKNOWN, None, RowState.DONE]
    journal.commit([Result(number, state, "") for number, state in zip(numbers, results, strict=True) if state], [])
    journal._connection.close()  # killed: nothing was closed

    again = opened(path)
    plans = again.commit([], [row(12, "done"), *rows[1:4], row(6, "changed", "y"), row(7, "new")])
    again.close([Result(plan.number, RowState.DONE, "") for plan in plans if not plan.skip])

    assert [True, False, False, False, False, False] == [plan.skip for plan in plans]
    assert {*numbers} == {plan.number for plan in plans[:5]}
    assert {"done"} == set(states(path).values())


def test_a_preview_says_what_would_be_skipped(path: Path) -> None:
    """It sees what a run would see, changes nothing, and creates nothing."""
    rows = [row(line, f"c{line}") for line in range(4)]
    binding = Binding(source="in.csv", account="account")
    assert preview_journal(path, binding) is None
    assert not path.exists()
    journal = opened(path)
    plans = journal.commit([], rows)
    journal.close([Result(plan.number, RowState.DONE, "") for plan in plans[:2]])
    before = path.read_bytes()

    preview = preview_journal(path, binding)
    assert preview is not None
    skips = preview.skips([rows[0], row(9, "c1", "changed"), *rows[2:]])
    preview.close()

    assert [True, False, False, False] == skips
    assert before == path.read_bytes()
    for other in (Binding(source="in.csv", account="other"), Binding(source="b.csv", account="account")):
        with pytest.raises(ConfigurationError, match="belongs to another"):
            preview_journal(path, other)
    opened(path).close([])


def test_a_customer_that_stands_twice_is_sent_once(path: Path) -> None:
    """A repeated row is skipped if its content is the same, else refused; also in a later chunk."""
    journal = opened(path)

    first = journal.commit([], [row(2, "c1"), row(3, "c1", "y"), row(4, "c1")])
    second = journal.commit([], [row(5, "c1", "z")])
    journal.close([])

    refusals = [plan.refusal for plan in first + second]
    twice = "customer appears twice, first on line 2"
    assert ["", twice, "", twice] == refusals
    assert [False, False, True, False] == [plan.skip for plan in first + second]


def test_rows_that_were_planned_and_not_sent_are_new(path: Path) -> None:
    """After `close` no call is under way: rows that were planned only are `new` again."""
    journal = opened(path)
    sent, _ = journal.commit([], [row(2, "c1"), row(3, "c2")])

    journal.close([Result(sent.number, RowState.UNKNOWN, "interrupted")])

    assert {"c1": "unknown", "c2": "new"} == states(path)


def test_a_row_of_a_killed_run_stays_in_doubt(path: Path) -> None:
    """It may have been sent: a later run that does not come to it, and closes, knows nothing better."""
    journal = opened(path)
    journal.commit([], [row(2, "c1")])
    journal._connection.close()  # killed: nothing was closed
    again = opened(path)
    again.commit([], [row(3, "c2")])

    again.close([])

    assert {"c1": "sending", "c2": "new"} == states(path)


def test_a_row_that_was_done_after_a_doubt_is_done(path: Path) -> None:
    """Both results may be in one commit, in this order: the row was put back after the first."""
    journal = opened(path)
    (plan,) = journal.commit([], [row(2, "c1")])

    journal.commit([Result(plan.number, RowState.UNKNOWN, "in doubt"), Result(plan.number, RowState.DONE, "")], [])
    journal.close([])

    assert {"c1": "done"} == states(path)


def test_a_commit_that_fails_says_so(path: Path) -> None:
    """A full disk gives one error message, and nothing of the failed commit is kept."""
    journal = opened(path)
    journal._connection.execute("PRAGMA max_page_count = 1")

    with pytest.raises(ConfigurationError, match="cannot be written: the disk is full"):
        journal.commit([], [row(line, f"c{line}") for line in range(500)])
    journal._connection.execute("PRAGMA max_page_count = 1000000")
    journal.close([])

    assert {} == states(path)


class FailingOnce:
    """A connection whose next commit fails."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._has_failed = False

    def execute(self, statement: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        if statement == "COMMIT" and not self._has_failed:
            self._has_failed = True
            raise sqlite3.OperationalError("disk I/O error")
        return self._connection.execute(statement, values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def test_a_turn_that_failed_leaves_no_trace_in_memory(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a rollback the index knows the rows of earlier commits, and none of the failed one."""
    monkeypatch.setattr(index, "LATEST", 15)
    journal, rows = opened(path), [row(line, f"c{line}") for line in range(20)]
    journal.commit([], rows[:10])
    monkeypatch.setattr(journal, "_connection", FailingOnce(journal._connection))
    with pytest.raises(ConfigurationError, match="cannot be used"):
        journal.commit([], rows[10:])

    plans = journal.commit([], rows)
    journal.close([])

    assert [True] * 10 + [False] * 10 == [plan.skip for plan in plans]


def test_no_more_than_the_latest_rows_are_held_in_memory(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Older rows move to the index table, where this run and the next one find them."""
    monkeypatch.setattr(index, "LATEST", 25)
    journal, rows = opened(path), [row(line, f"c{line}") for line in range(100)]
    held = []

    for start in range(0, 100, 10):
        journal.commit([], rows[start : start + 10])
        held.append(len(journal._index._latest))
    twice = journal.commit([], rows)
    journal.close([])
    again = opened(path)
    numbers = [plan.number for plan in again.commit([], rows)]
    again.close([])

    assert [10, 20, 0, 10, 20, 0, 10, 20, 0, 10] == held
    assert {True} == {plan.skip for plan in twice}
    assert list(range(1, 101)) == numbers


CUSTOMERS = ("a", "plumless", "buckeroo")


class Runs(RuleBasedStateMachine):
    """Runs over the same few customers, killed at any moment, against a model of what was carried out.

    Two of the customers share a key of the index (CRC-32).
    """

    def __init__(self) -> None:
        super().__init__()
        self.journal = temporary_journal()
        self.applied: dict[str, str] = {}
        self.open: dict[str, tuple[int, str]] = {}
        self.seen: dict[str, str] = {}

    @rule(customer=st.sampled_from(CUSTOMERS), content=st.sampled_from("xy"))
    def plan(self, customer: str, content: str) -> None:
        (plan,) = self.journal.commit([], [row(2, customer, content)])
        expected_skip = (
            self.applied.get(customer) == content if customer not in self.seen else self.seen[customer] == content
        )
        assert expected_skip == plan.skip
        assert (customer in self.seen and not expected_skip) == bool(plan.refusal)
        if customer not in self.seen:
            self.seen[customer] = content
            if not plan.skip:
                self.applied.pop(customer, None)
                self.open[customer] = (plan.number, content)

    @rule(
        customer=st.sampled_from(CUSTOMERS), state=st.sampled_from([RowState.DONE, RowState.FAILED, RowState.UNKNOWN])
    )
    def settle(self, customer: str, state: RowState) -> None:
        if customer in self.open:
            number, content = self.open.pop(customer)
            self.journal.commit([Result(number, state, "")], [])
            if state is RowState.DONE:
                self.applied[customer] = content

    @rule()
    def catch_up(self) -> None:
        with mock.patch.object(index, "LATEST", 1):
            self.journal.commit([], [])

    @rule()
    def kill(self) -> None:
        self.journal = Journal(self.journal._connection, None)
        self.open.clear()
        self.seen.clear()

    @invariant()
    def each_row_is_in_one_known_state(self) -> None:
        found = dict(self.journal._connection.execute("SELECT customer, state FROM row"))
        assert set(self.applied) == {customer for customer, state in found.items() if state == "done"}
        assert set(self.open) <= {customer for customer, state in found.items() if state == "sending"}

    def teardown(self) -> None:
        self.journal.close([])


TestRuns = Runs.TestCase


def test_a_plan_sends_unless_it_says_otherwise() -> None:
    """A plan's defaults mean: send the row."""
    assert "" == Plan(1).refusal
