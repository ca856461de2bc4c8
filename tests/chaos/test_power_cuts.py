"""The power fails at any moment of the life of a journal or an inbox: what was durable is there afterwards, no more.

What SQLite writes is recorded, and then the disk is made up as it may look at any point. `PAYCOMBAT_SOAK=1` makes ten
thousand such images of the journal, and more, and five hundred of the inbox.
"""

import os
import pickle
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from paycombat_async import ConfigurationError, StoreFailed
from paycombat_async.batch.journal.binding import Binding
from paycombat_async.batch.journal.journal import open_journal
from tests.chaos import inbox_programs
from tests.chaos.batch_programs import Model, recorded_row
from tests.chaos.journal_tap import Operation, is_possible
from tests.chaos.power_cuts import Cut, judged
from tests.chaos.soak import SOAK
from tests.processes import PATIENCE_S, ROOT, run

SEED = 20261122
ROWS, WINDOW, IMAGES = (900, 4, 12_000) if SOAK else (60, 8, 120)
STEPS, INBOX_IMAGES = (120, 500) if SOAK else (25, 80)
LIMIT_S = 10 * PATIENCE_S if SOAK else PATIENCE_S
Recorded = tuple[list[Operation], list[Model]]
RecordedInbox = tuple[list[Operation], list[inbox_programs.Model]]
ASKED = [recorded_row(line, 0) for line in range(ROWS)]

pytestmark = [
    pytest.mark.skipif(not is_possible(), reason="SQLite is built into this Python and shows no VFS"),
]
of_the_journal = pytest.mark.promise("P15")
of_the_inbox = pytest.mark.promise("P14")


def found(directory: Path, image: dict[str, bytes]) -> tuple[Model, set[str]]:
    """What our own code makes of an image: the rows, and those that it would skip. Raises `ConfigurationError`."""
    lay_out(directory, image)
    journal = open_journal(directory / "journal", Binding(source="source", account="account"))
    with closing(journal._connection) as connection:  # also if the assertion fails
        assert [("ok",)] == connection.execute("PRAGMA integrity_check").fetchall()
        rows = {key: (body, state) for key, body, state in connection.execute("SELECT customer, body, state FROM row")}
        plans = journal.commit([], ASKED)
        journal.close([])
    return rows, {row.customer_id for row, plan in zip(ASKED, plans, strict=True) if plan.skip}


def lay_out(directory: Path, image: dict[str, bytes]) -> None:
    for path in directory.iterdir():
        path.unlink()
    for name, content in image.items():
        (directory / name).write_bytes(content)


def faults_of(directory: Path, cut: Cut, history: list[Model]) -> list[str]:
    """Opens an image with the journal's own code, and holds what it finds against the history."""
    try:
        rows, skipped = found(directory, cut.image)
    except (ConfigurationError, sqlite3.Error, AssertionError) as error:
        return [str(error)]
    faults = []
    if rows not in (history[cut.kept], history[cut.begun]):
        faults.append(f"{len(rows)} rows that are not those of {cut.kept} or {cut.begun}")
    if skipped != {row.customer_id for row in ASKED if rows.get(row.customer_id) == (row.digest, "done")}:
        faults.append("other rows are skipped than those that are done")
    return faults


def faults_of_inbox(directory: Path, cut: Cut, history: list[inbox_programs.Model]) -> list[str]:
    """Opens an image with the inbox's own code: its events and statuses are those of the last call, or the next."""
    lay_out(directory, cut.image)
    try:
        found_there = inbox_programs.look(directory / inbox_programs.FILE)
    except (ConfigurationError, StoreFailed, AssertionError) as error:
        return [str(error)]
    return (
        [] if found_there in history[cut.kept : cut.begun + 1] else [f"not the inbox after {cut.kept} or {cut.begun}"]
    )


@pytest.fixture(name="directory")
def _directory(tmp_path: Path) -> Iterator[Path]:
    """Where images are opened: in memory where that can be had, for it is not this disk that fails."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else tmp_path) as directory:
        yield Path(directory)


@pytest.fixture(name="recorded", scope="module")
def _recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """What the journal of five runs asked of the disk, and what the rows were to be like after each commit."""
    directory = tmp_path_factory.mktemp("record")
    program = (sys.executable, "-W", "error", "-m", "tests.chaos.batch_programs")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run(*program, "record", directory, ROWS, WINDOW, SEED, env=environment, check=True, limit=LIMIT_S)
    return pickle.loads((directory / "record").read_bytes())


@of_the_journal
def test_what_was_durable_survives_a_power_cut_and_nothing_else_is_claimed(
    recorded: Recorded, directory: Path, report: Callable[..., None]
) -> None:
    """Each image opens, is whole, and shows the rows as they were after the last commit that returned, or the next."""
    operations, history = recorded

    verdict = judged(operations, IMAGES, SEED, "journal", lambda cut: faults_of(directory, cut, history))

    report(seed=SEED, operations=len(operations), commits=len(history) - 1, images=dict(verdict.images))
    assert [] == verdict.wrong
    assert IMAGES == verdict.images.total()


@of_the_journal
def test_without_syncs_the_same_images_lose_rows(recorded: Recorded, directory: Path) -> None:
    """The counter-test: a journal that did not sync its log would be caught."""
    operations, history = recorded
    careless = [operation for operation in operations if operation.kind != "sync" or operation.file == "journal"]

    verdict = judged(careless, 40, SEED, "journal", lambda cut: faults_of(directory, cut, history))

    assert verdict.wrong


@pytest.fixture(name="recorded_inbox", scope="module")
def _recorded_inbox(tmp_path_factory: pytest.TempPathFactory) -> RecordedInbox:
    """What the inbox of five processes asked of the disk, and what was in it after each call."""
    directory = tmp_path_factory.mktemp("record")
    program = (sys.executable, "-W", "error", "-m", "tests.chaos.inbox_programs")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run(*program, "record", directory, STEPS, SEED, env=environment, check=True, limit=LIMIT_S)
    return pickle.loads((directory / "record").read_bytes())


@of_the_inbox
def test_what_an_inbox_acknowledged_survives_a_power_cut(
    recorded_inbox: RecordedInbox, directory: Path, report: Callable[..., None]
) -> None:
    """Each image opens, is whole, and has every event, lease and status as after the last call, or the next."""
    operations, history = recorded_inbox

    verdict = judged(
        operations, INBOX_IMAGES, SEED, inbox_programs.FILE, lambda cut: faults_of_inbox(directory, cut, history)
    )

    report(seed=SEED, operations=len(operations), calls=len(history) - 1, images=dict(verdict.images))
    assert [] == verdict.wrong
    assert INBOX_IMAGES == verdict.images.total()


@of_the_inbox
def test_without_syncs_an_inbox_loses_events(recorded_inbox: RecordedInbox, directory: Path) -> None:
    """The counter-test: an inbox that did not sync its log would be caught."""
    operations, history = recorded_inbox
    file = inbox_programs.FILE
    careless = [operation for operation in operations if operation.kind != "sync" or operation.file == file]

    verdict = judged(careless, 40, SEED, file, lambda cut: faults_of_inbox(directory, cut, history))

    assert verdict.wrong
