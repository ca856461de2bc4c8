"""Batch runs that end before their time, without being killed: interrupted, out of disk, shut out, or one too many."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from paycombat_async.sandbox import Sandbox
from tests.chaos.batch_story import Story, Tally, left_behind, made
from tests.chaos.journal_tap import is_possible
from tests.chaos.process_pool import UPDATE, KillSwitch, ProcessPool, command_of, drain_sockets, job_of, live
from tests.chaos.soak import SOAK
from tests.cli.command import run_here
from tests.processes import PATIENCE_S

pytestmark = pytest.mark.promise("P15")

SEED = 20261122
ROWS = 120
TIMES = 40 if SOAK else 2
JobOf = Callable[..., dict[str, Any]]


@pytest.fixture(name="process_pool", scope="module")
def _process_pool() -> Iterator[ProcessPool]:
    with ProcessPool() as process_pool:
        yield process_pool


@pytest.fixture(name="kill_switch")
def _kill_switch() -> KillSwitch:
    return KillSwitch(seed=SEED, rates={})


@pytest.fixture(name="sandbox")
def _sandbox(kill_switch: KillSwitch) -> Iterator[Sandbox]:
    with Sandbox(faults=kill_switch) as sandbox:
        yield sandbox


def said(job: dict[str, Any]) -> str:
    return Path(job["output"]).read_text("utf-8")


def resumed(story: Story, process_pool: ProcessPool, kill_switch: KillSwitch) -> None:
    """The same file once more, with nothing in the way; everything is as it should be in the end."""
    job = job_of(story.sandbox, story.path)
    assert 1 == live(process_pool, kill_switch, job), said(job)
    story.look(killed=False)
    story.finish()


@pytest.mark.parametrize(
    ("job_of_run", "number", "in_doubt"),
    [(command_of, signal.SIGINT, 0), (command_of, signal.SIGTERM, 0), (job_of, signal.SIGINT, 8)],
    ids=["command SIGINT", "command SIGTERM", "asyncio.run SIGINT"],
)
def test_an_interrupted_run_leaves_a_journal_that_needs_no_recovery(
    process_pool: ProcessPool,
    kill_switch: KillSwitch,
    sandbox: Sandbox,
    tmp_path: Path,
    job_of_run: JobOf,
    number: signal.Signals,
    in_doubt: int,
) -> None:
    """No log beside it and no row in doubt, save the calls that a cancelled run left: only those are sent again."""
    random, tally = Random(SEED), Tally()

    for each in range(TIMES):
        story = Story(sandbox, made(sandbox, tmp_path / f"{each}.csv", ROWS), tally)
        job = job_of_run(sandbox, story.path)
        code = live(process_pool, kill_switch, job, after=random.randint(1, ROWS // 2), number=number)
        assert (128 + number if job_of_run is command_of else 130, False) == (
            code,
            Path(f"{story.path}.journal-wal").exists(),
        ), said(job)
        story.look(killed=False)
        unknown = sum(state == "unknown" for _, state in story.known.values())
        assert unknown <= in_doubt
        resumed(story, process_pool, kill_switch)

    assert [] == tally.wrong
    assert tally.arrivals["all"] <= TIMES * (ROWS + in_doubt) + tally.arrivals["repeats of rows found 'failed'"]


@pytest.mark.skipif(not is_possible(), reason="SQLite is built into this Python and shows no VFS")
@pytest.mark.parametrize("job_of_run", [command_of, job_of], ids=["command", "function"])
def test_a_full_disk_ends_the_run_with_a_sentence_and_loses_nothing(
    process_pool: ProcessPool, kill_switch: KillSwitch, sandbox: Sandbox, tmp_path: Path, job_of_run: JobOf
) -> None:
    """Whichever write of the journal is the first that has no room; with room again, the run goes on."""
    random, tally = Random(SEED), Tally()

    for each in range(TIMES):
        story = Story(sandbox, made(sandbox, tmp_path / f"{each}.csv", ROWS), tally)
        job = job_of_run(sandbox, story.path, full_at=random.randint(1, 40))
        code = live(process_pool, kill_switch, job)
        assert code in {1, 2}, said(job)
        assert f"the journal {story.path}.journal cannot be written: the disk is full" in said(job).replace("\n", "")
        assert "Traceback" not in said(job)
        story.look(killed=True)
        resumed(story, process_pool, kill_switch)

    assert [] == tally.wrong


@pytest.mark.parametrize("size", [2_000, 20_000, 40_000], ids=lambda size: f"{size} bytes")
def test_a_journal_that_may_not_grow_ends_the_run_with_a_sentence(
    process_pool: ProcessPool, kill_switch: KillSwitch, sandbox: Sandbox, tmp_path: Path, size: int
) -> None:
    """The kernel itself says no here, at a limit of the size of files."""
    tally = Tally()
    story = Story(sandbox, made(sandbox, tmp_path / "in.csv", ROWS), tally)
    job = command_of(sandbox, story.path, file_size=size)

    code = live(process_pool, kill_switch, job)

    assert code in {1, 2}, said(job)
    assert f"the journal {story.path}.journal cannot be" in said(job).replace("\n", "")
    assert "Traceback" not in said(job)
    story.look(killed=True)
    resumed(story, process_pool, kill_switch)
    assert [] == tally.wrong


def test_a_failures_file_without_room_ends_the_run_with_a_sentence(
    process_pool: ProcessPool, kill_switch: KillSwitch, sandbox: Sandbox, tmp_path: Path
) -> None:
    """What was carried out is in the journal all the same, and the next run lists the failures."""
    path = tmp_path / "in.csv"
    bad = "".join(f",{'x' * 1000}\n" for _ in range(200))
    good = "".join(f"customer_{number},row {number}\n" for number in range(ROWS))
    path.write_text(f"customer_id,description\n{good}{bad}", encoding="utf-8")
    sandbox.add_customers(f"customer_{number}" for number in range(ROWS))
    job = command_of(sandbox, path, file_size=150_000)

    code = live(process_pool, kill_switch, job)
    text = said(job)
    held = left_behind(Path(f"{path}.journal"), tmp_path / "copy")
    again = live(process_pool, kill_switch, job | {"file_size": -1})

    assert code in {1, 2}, text
    assert "Traceback" not in text
    assert "in.failed.csv" in text
    assert "sending" not in {state for _, state in held.values()}
    assert 1 == again
    assert 201 == len((tmp_path / "in.failed.csv").read_text("utf-8").splitlines())


def _closed_file(path: Path) -> None:
    path.with_name(f"{path.name}.journal").chmod(0o400)


def _closed_directory(path: Path) -> None:
    path.parent.chmod(0o500)


def _closed_directory_and_no_journal(path: Path) -> None:
    path.with_name(f"{path.name}.journal").unlink()
    path.parent.chmod(0o500)


@pytest.mark.parametrize(
    ("close", "sentence"),
    [
        (_closed_file, "cannot be written: it is read-only"),
        (_closed_directory, "cannot be written: it is read-only"),
        (_closed_directory_and_no_journal, "cannot be created: Permission denied"),
    ],
    ids=["file", "directory", "directory, no journal"],
)
def test_a_journal_that_cannot_be_written_is_refused_before_anything_is_sent(
    process_pool: ProcessPool,
    kill_switch: KillSwitch,
    sandbox: Sandbox,
    tmp_path: Path,
    close: Callable[[Path], None],
    sentence: str,
) -> None:
    """One sentence and exit code 2; what it held is as it was."""
    directory = tmp_path / "closed"
    directory.mkdir()
    rows = made(sandbox, directory / "in.csv", ROWS)
    journal = directory / "in.csv.journal"
    interrupted = live(process_pool, kill_switch, command_of(sandbox, rows), after=30, number=signal.SIGINT)
    sandbox.arrivals.clear()
    close(rows)
    before = journal.read_bytes() if journal.exists() else None
    elsewhere = [*command_of(sandbox, rows)["command"], "--failed", str(tmp_path / "failed.csv")]
    output = str(tmp_path / "output")

    job = command_of(sandbox, rows, as_anybody=True, output=output) | {"command": elsewhere}
    code = live(process_pool, kill_switch, job)
    directory.chmod(0o700)

    assert (130, 2) == (interrupted, code), said(job)
    assert f"the journal {journal} {sentence}" in said(job).replace("\n", "")
    assert 0 == sandbox.arrivals.counts.total()
    assert before == (journal.read_bytes() if journal.exists() else None)


def test_a_second_run_is_refused_while_the_first_is_held_up(
    process_pool: ProcessPool, kill_switch: KillSwitch, sandbox: Sandbox, tmp_path: Path
) -> None:
    """The first one stands still in the middle of its calls; the second one sends nothing, and the first one ends."""
    tally = Tally()
    story = Story(sandbox, made(sandbox, tmp_path / "in.csv", ROWS), tally)
    kill_switch.arm(40, signal.SIGSTOP)
    process = process_pool.start(job_of(sandbox, story.path))
    kill_switch.aim(process)
    kill_switch.has_struck.wait(PATIENCE_S)

    drain_sockets(sandbox)
    before = sandbox.arrivals.counts[UPDATE]
    second = run_here("customers", "sync", story.path, sandbox=sandbox)
    after = sandbox.arrivals.counts[UPDATE]
    os.kill(process, signal.SIGCONT)
    code = process_pool.end()
    story.look(killed=False)
    story.finish()

    assert 2 == second.returncode
    assert "is in use by another run; wait for it to end, or name another journal" in second.stderr.replace("\n", " ")
    assert 0 == after - before
    assert 1 == code
    assert [] == tally.wrong
    assert tally.arrivals["all"] == tally.arrivals["first"]
