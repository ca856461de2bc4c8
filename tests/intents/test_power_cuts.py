"""The power fails at any moment of a SQLite store's life: what was acknowledged is there, and nothing else is.

What SQLite writes is recorded, and then the disk is made up as it may look at any point: what was synced is there, of
the rest all, nothing, some, or some sectors. `PAYCOMBAT_SOAK=1` makes two thousand such images.
"""

import os
import pickle
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from paycombat_async import ConfigurationError
from paycombat_async.intents import SqliteIntents
from tests.chaos.journal_tap import Operation, is_possible
from tests.chaos.power_cuts import chosen, cuts
from tests.chaos.soak import LIMIT_S, SOAK
from tests.intents.recorded_store import ENDINGS, FILE, Model, model_of
from tests.processes import PATIENCE_S, ROOT, run

SEED = 20261128
CALLS, IMAGES = (600, 2_000) if SOAK else (80, 100)
Recorded = tuple[list[Operation], list[Model]]

pytestmark = [
    pytest.mark.promise("P13", "P15"),
    pytest.mark.skipif(not is_possible(), reason="SQLite is built into this Python and shows no VFS"),
    pytest.mark.timeout(LIMIT_S if SOAK else 2 * PATIENCE_S),
]


@pytest.fixture(name="recorded", scope="module")
def _recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """What the store of four processes asked of the disk, and what the records were to be like after each commit."""
    folder = tmp_path_factory.mktemp("record")
    program = (sys.executable, "-W", "error", "-m", "tests.intents.recorded_store")
    run(*program, folder, CALLS, SEED, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)
    return pickle.loads((folder / "record").read_bytes())


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Iterator[Path]:
    """Where images are opened: in memory where that can be had, for it is not this disk that fails."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else tmp_path) as folder:
        yield Path(folder)


def found(folder: Path, image: dict[str, bytes]) -> Model:
    """The records in an image, as the store's own code reads them. Raises `ConfigurationError`."""
    for path in folder.iterdir():
        path.unlink()
    for name, content in image.items():
        (folder / name).write_bytes(content)
    store = SqliteIntents(folder / FILE)
    with store._file.transaction() as connection:
        assert [("ok",)] == connection.execute("PRAGMA integrity_check").fetchall()
    model = model_of(store)
    store._file.close()
    return model


def wrong(folder: Path, operations: list[Operation], history: list[Model], images: int) -> list[str]:
    """The images that do not show the records after the last commit that returned, or after the next one."""
    random = Random(SEED)
    problems = []
    for cut in cuts(operations, chosen(operations, images, random, FILE), random, FILE):
        try:
            model = found(folder, cut.image)
        except (ConfigurationError, sqlite3.Error, AssertionError) as error:
            problems.append(f"{cut.where}: {error}")
            continue
        if model not in (history[cut.kept], history[cut.begun]):
            problems.append(f"{cut.where}: {len(model)} records that are not those of {cut.kept} or {cut.begun}")
    return problems


def test_nothing_acknowledged_is_lost(recorded: Recorded, folder: Path, report: Callable[..., None]) -> None:
    """Each image opens, is whole, and shows each call that may have been sent, and each outcome that was recorded."""
    operations, history = recorded

    problems = wrong(folder, operations, history, IMAGES)

    report(seed=SEED, operations=len(operations), commits=len(history) - 1, images=IMAGES)
    assert [] == problems
    assert len(history) > CALLS // 2


def test_without_syncs_the_same_images_lose_records(recorded: Recorded, folder: Path) -> None:
    """The counter-test: a store that did not sync its log would be caught."""
    operations, history = recorded
    careless = [operation for operation in operations if operation.kind != "sync" or operation.file == FILE]

    assert wrong(folder, careless, history, 40)


def test_a_commit_waits_for_the_disk_once(recorded: Recorded) -> None:
    """Writing a record, and its outcome, costs one fsync each, but for those that open a file or move its log."""
    operations, _ = recorded
    numbers = [number for number, operation in enumerate(operations) if operation.kind == "begun"]
    syncs = [
        sum(each.kind == "sync" for each in operations[number : operations.index(("kept", "", at, b""), number)])
        for number, (_, _, at, _) in ((number, operations[number]) for number in numbers)
    ]

    assert {1} == {count for count in syncs if count != 2}
    assert syncs.count(2) <= len(ENDINGS)
