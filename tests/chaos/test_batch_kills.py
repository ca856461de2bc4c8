"""Batch runs that are killed at any moment, over a road that loses every fiftieth answer: each row is carried out.

Some kills come from outside, at a chosen arrival; some fall just before one of the journal's own calls to the disk.
`PAYCOMBAT_SOAK=1` makes a thousand of them.
"""

import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from time import perf_counter

import pytest

from paycombat_async.sandbox import Sandbox
from tests.chaos.batch_story import Story, Tally, made
from tests.chaos.journal_tap import is_possible
from tests.chaos.process_pool import KillSwitch, ProcessPool, job_of, live
from tests.chaos.soak import SOAK
from tests.cli.command import start

pytestmark = pytest.mark.promise("P15")

SEED = 20261122
KILLS, ROWS = (1000, 600) if SOAK else (8, 150)
COMMAND_KILLS, COMMAND_ROWS = (20, 800) if SOAK else (2, 200)
LOST_ANSWERS = {"disconnect_after_commit": 0.02}

Report = Callable[..., None]


@pytest.fixture(name="process_pool", scope="module")
def _process_pool() -> Iterator[ProcessPool]:
    with ProcessPool() as process_pool:
        yield process_pool


@pytest.fixture(name="kill_switch")
def _kill_switch() -> KillSwitch:
    return KillSwitch(seed=SEED, rates=LOST_ANSWERS)


@pytest.fixture(name="sandbox")
def _sandbox(kill_switch: KillSwitch) -> Iterator[Sandbox]:
    with Sandbox(faults=kill_switch) as sandbox:
        yield sandbox


def figures(seconds: list[float]) -> dict[str, float]:
    return {"median": round(statistics.median(seconds), 3), "most": round(max(seconds), 3)}


def test_killed_runs_lose_nothing_and_repeat_nothing_that_was_durable(
    process_pool: ProcessPool, sandbox: Sandbox, kill_switch: KillSwitch, tmp_path: Path, report: Report
) -> None:
    """Whenever they are killed: by what arrived, by what the journals held, and by what the provider carried out."""
    random, tally = Random(SEED), Tally()
    begun = perf_counter()

    while tally.kills.total() < KILLS:
        story = Story(sandbox, made(sandbox, tmp_path / f"{tally.rows.total()}.csv", ROWS), tally)
        while lived(story, process_pool, kill_switch, random) != 1:  # for the bad rows; nothing else may be left over
            pass
        story.finish()

    report(seed=SEED, kills=dict(tally.kills), rows=dict(tally.rows), arrivals=dict(tally.arrivals))
    report(seconds_from_fork_to_first_row=figures(tally.resumed), seconds=round(perf_counter() - begun, 1))
    assert [] == tally.wrong
    assert 0 == tally.rows["lost"]
    assert tally.arrivals.pop("all") == tally.arrivals.total() - tally.arrivals["answers lost"]
    assert min(tally.arrivals["repeats of rows found 'sending'"], *tally.kills.values()) > 0


def lived(story: Story, process_pool: ProcessPool, kill_switch: KillSwitch, random: Random) -> int:
    """One life of a run, killed if it is time for that; its exit code, or less than 0."""
    job = job_of(story.sandbox, story.path, concurrency=random.choice([1, 8, 32]))
    kind, after = "", 0
    if story.tally.kills.total() < KILLS:
        if is_possible() and random.random() < 0.4:
            kind, job["die_at"] = "journal", random.randint(1, 40)
        else:
            kind, after = "arrival", random.randint(1, ROWS // 2)
    begun = perf_counter()
    code = live(process_pool, kill_switch, job, after=after)
    if story.lives and kill_switch.first_arrival:
        story.tally.resumed.append(kill_switch.first_arrival - begun)
    assert code in {-9, 0, 1, 3}, Path(job["output"]).read_text("utf-8")
    if code == -9:
        story.tally.kills[kind] += 1
    story.look(killed=code == -9)
    return code


def test_a_killed_command_goes_on_at_once(
    sandbox: Sandbox, kill_switch: KillSwitch, tmp_path: Path, report: Report
) -> None:
    """The same as a process from its first moment: nothing is waited for before the next row is sent."""
    random, tally = Random(SEED), Tally()
    story = Story(sandbox, made(sandbox, tmp_path / "in.csv", COMMAND_ROWS), tally)
    code = -9

    while code != 1:  # for the bad rows; nothing else may be left over
        kill_switch.arm(random.randint(1, COMMAND_ROWS // COMMAND_KILLS) if tally.kills.total() < COMMAND_KILLS else 0)
        begun = perf_counter()
        with start("customers", "sync", story.path, sandbox=sandbox) as process:
            kill_switch.aim(process.pid)
            code = process.end().returncode
        tally.resumed.append(kill_switch.first_arrival - begun)
        tally.kills["arrival"] += code == -9
        story.look(killed=code == -9)
    story.finish()

    report(seed=SEED, kills=tally.kills.total(), rows=dict(tally.rows), arrivals=dict(tally.arrivals))
    report(seconds_from_start_to_first_row=figures(tally.resumed[1:]))
    assert [] == tally.wrong
    assert 0 == tally.rows["lost"]
