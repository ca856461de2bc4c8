"""The power fails at any moment of the journal's life: what was durable is there afterwards, and nothing else is.

What SQLite writes is recorded, and then the disk is made up as it may look at any point: what was synced is there, of
the rest all, nothing, some, or some sectors. `PAYCOMBAT_SOAK=1` makes ten thousand such images, and more.
"""

import os
import pickle
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from paycombat_async import ConfigurationError
from paycombat_async.batch.journal.journal import open_journal
from tests.chaos.batch_programs import Model, recorded_row
from tests.chaos.journal_tap import Operation, is_possible
from tests.chaos.soak import SOAK
from tests.processes import PATIENCE_S, ROOT, run

SEED = 20261122
ROWS, WINDOW, IMAGES = (900, 4, 12_000) if SOAK else (60, 8, 120)
SECTOR = 512
Recorded = tuple[list[Operation], list[Model]]
MODES = ("none", "all", "some", "sectors")
ASKED = [recorded_row(line, 0) for line in range(ROWS)]

pytestmark = [
    pytest.mark.promise("P15"),
    pytest.mark.skipif(not is_possible(), reason="SQLite is built into this Python and shows no VFS"),
]


@dataclass
class Disk:
    """What is on the disk for certain, and what was asked for since. Files are known by number, names may change."""

    names: dict[str, int] = field(default_factory=dict)
    files: dict[int, bytearray] = field(default_factory=dict)
    loose_names: list[tuple[str, int | None]] = field(default_factory=list)
    loose: list[tuple[int, Operation]] = field(default_factory=list)
    fresh: set[str] = field(default_factory=set)

    def take(self, operation: Operation) -> None:
        """Carry out one operation of SQLite's."""
        kind, name, at, _ = operation
        now = self._names_now()
        if kind == "open":
            self.fresh.add(name)
            if name not in now:
                self.loose_names.append((name, len(self.files)))
                self.files[len(self.files)] = bytearray()
        elif kind == "delete" and name in now:
            self.loose_names.append((name, None))
            if at:
                self._sync_names()
        elif kind == "sync":
            self._sync(name, now[name])
        elif kind in {"write", "truncate"}:
            self.loose.append((now[name], operation))

    def image(self, mode: str, random: Random) -> dict[str, bytes]:
        """The files as they may be found after a power cut now."""
        kept = {"none": 0, "all": len(self.loose_names)}.get(mode, random.randint(0, len(self.loose_names)))
        names = _renamed(self.names, self.loose_names[:kept])
        files = {number: bytearray(content) for number, content in self.files.items()}
        for number, operation in self.loose:
            if mode == "sectors" and operation.kind == "write":
                for part in _sectors(operation):
                    if random.random() < 0.5:
                        _write(files[number], part)
            elif mode == "all" or (mode != "none" and random.random() < 0.5):
                _write(files[number], operation)
        return {name: bytes(files[number]) for name, number in names.items()}

    def _names_now(self) -> dict[str, int]:
        return _renamed(self.names, self.loose_names)

    def _sync(self, name: str, number: int) -> None:
        for _, operation in (each for each in self.loose if each[0] == number):
            _write(self.files[number], operation)
        self.loose = [each for each in self.loose if each[0] != number]
        if name in self.fresh and name.endswith(("-wal", "-journal")):  # SQLite syncs their directory with them
            self._sync_names()
        self.fresh.discard(name)

    def _sync_names(self) -> None:
        self.names, self.loose_names = self._names_now(), []


def _renamed(names: dict[str, int], changes: list[tuple[str, int | None]]) -> dict[str, int]:
    after = dict(names)
    for name, number in changes:
        if number is None:
            after.pop(name, None)
        else:
            after[name] = number
    return after


def _write(content: bytearray, operation: Operation) -> None:
    _, _, at, data = operation
    if len(content) < at:
        content.extend(bytes(at - len(content)))  # what was skipped reads as zeros
    if operation.kind == "truncate":
        del content[at:]
    else:
        content[at : at + len(data)] = data


def _sectors(operation: Operation) -> Iterator[Operation]:
    start, end = operation.at, operation.at + len(operation.data)
    while start < end:
        until = min(end, (start // SECTOR + 1) * SECTOR)
        yield operation._replace(at=start, data=operation.data[start - operation.at : until - operation.at])
        start = until


@dataclass(frozen=True)
class Cut:
    """An image, and what is to be found in it: the state after the last commit that returned, or after the next."""

    image: dict[str, bytes]
    kept: int
    begun: int
    where: str


def cuts(operations: list[Operation], chosen: set[tuple[int, str]], random: Random) -> Iterator[Cut]:
    """The power fails after each operation, in the ways that were chosen for it."""
    disk = Disk()
    disk.take(Operation("open", "journal"))  # made, empty, before SQLite comes
    kept = begun = 0
    for number, operation in enumerate(operations):
        disk.take(operation)
        begun = operation.at if operation.kind == "begun" else begun
        kept = operation.at if operation.kind == "kept" else kept
        for mode in MODES:
            if (number, mode) in chosen:
                yield Cut(disk.image(mode, random), kept, begun, f"{number} {operation[:3]} {mode}")


def chosen(operations: list[Operation], images: int, random: Random) -> set[tuple[int, str]]:
    """Half of them where the journal itself, and not its log, is written, opened or deleted: there are few of those."""
    every = [(number, mode) for number in range(len(operations)) for mode in MODES]
    rare = [each for each in every if (operations[each[0]].kind, operations[each[0]].file) not in _COMMON]
    some = random.sample(rare, min(len(rare), images // 2))
    rest = sorted(set(every) - set(some))
    return {*some, *random.sample(rest, min(len(rest), images - len(some)))}


_COMMON = {("write", "journal-wal"), ("sync", "journal-wal"), ("begun", ""), ("kept", "")}


def found(directory: Path, image: dict[str, bytes]) -> tuple[Model, set[str]]:
    """What our own code makes of an image: the rows, and those that it would skip. Raises `ConfigurationError`."""
    for path in directory.iterdir():
        path.unlink()
    for name, content in image.items():
        (directory / name).write_bytes(content)
    journal = open_journal(directory / "journal", account="account", source="source")
    connection = journal._connection
    assert [("ok",)] == connection.execute("PRAGMA integrity_check").fetchall()
    rows = {key: (body, state) for key, body, state in connection.execute("SELECT customer, body, state FROM row")}
    plans = journal.commit([], ASKED)
    journal.close([])
    return rows, {row.customer_id for row, plan in zip(ASKED, plans, strict=True) if plan.skip}


@dataclass
class Verdict:
    """How many images were looked at, and what was wrong with which."""

    images: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def judged(directory: Path, operations: list[Operation], history: list[Model], images: int) -> Verdict:
    """Make images, open each with the journal's own code, and hold what it finds against the history."""
    random = Random(SEED)
    verdict = Verdict()
    for cut in cuts(operations, chosen(operations, images, random), random):
        verdict.images[cut.where.split()[-1]] += 1
        try:
            rows, skipped = found(directory, cut.image)
        except (ConfigurationError, sqlite3.Error, AssertionError) as error:
            verdict.wrong.append(f"{cut.where}: {error}")
            continue
        if rows not in (history[cut.kept], history[cut.begun]):
            verdict.wrong.append(f"{cut.where}: {len(rows)} rows that are not those of {cut.kept} or {cut.begun}")
        if skipped != {row.customer_id for row in ASKED if rows.get(row.customer_id) == (row.digest, "done")}:
            verdict.wrong.append(f"{cut.where}: other rows are skipped than those that are done")
    return verdict


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
    limit = 10 * PATIENCE_S if SOAK else PATIENCE_S
    run(*program, "record", directory, ROWS, WINDOW, SEED, env=environment, check=True, limit=limit)
    return pickle.loads((directory / "record").read_bytes())


def test_what_was_durable_survives_a_power_cut_and_nothing_else_is_claimed(
    recorded: Recorded, directory: Path, report: Callable[..., None]
) -> None:
    """Each image opens, is whole, and shows the rows as they were after the last commit that returned, or the next."""
    operations, history = recorded

    verdict = judged(directory, operations, history, IMAGES)

    report(seed=SEED, operations=len(operations), commits=len(history) - 1, images=dict(verdict.images))
    assert [] == verdict.wrong
    assert IMAGES == verdict.images.total()


def test_without_syncs_the_same_images_lose_rows(recorded: Recorded, directory: Path) -> None:
    """The counter-test: a journal that did not sync its log would be caught."""
    operations, history = recorded
    careless = [operation for operation in operations if operation.kind != "sync" or operation.file == "journal"]

    verdict = judged(directory, careless, history, 40)

    assert verdict.wrong
