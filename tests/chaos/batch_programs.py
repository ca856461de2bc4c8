"""Programs that are killed: `process_pool` forks batch runs, one by one; `record` writes down what a journal writes.

A fork starts in some milliseconds, so a thousand of them can be killed. Only Linux and other POSIX systems have it.
"""

import asyncio
import ctypes
import json
import os
import pickle
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any, NoReturn

from paycombat_async import AsyncPayCombat, ConfigurationError, UpdateCustomer, sync_customers
from paycombat_async.batch import BatchReport, Row
from paycombat_async.batch.journal import index
from paycombat_async.batch.journal.binding import Binding
from paycombat_async.batch.journal.journal import Result, RowState, open_journal
from paycombat_async.batch.rows.row import row_from_request
from tests.chaos.journal_tap import FULL, OK, Operation, tap

Job = dict[str, Any]
Model = dict[str, tuple[str, str]]  # by customer: the digest of its content, and its state

ENDINGS = ("killed", "killed", "closed", "killed", "closed")  # of the recorded runs, one after the other
_RESULTS = [RowState.DONE] * 8 + [RowState.FAILED, RowState.UNKNOWN]


def process_pool() -> None:
    """One job a line on stdin; on stdout, for each of them, the process id, and later how it ended."""
    for late in (
        "transport",
        "batch.run.run",
        "batch.failures_file",
        "cli.app",
    ):  # loaded once, for all that are forked
        import_module(f"paycombat_async.{late}")
    for line in sys.stdin:
        if (process := os.fork()) == 0:
            _leave(json.loads(line))
        _say(process)
        _say(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))


def _say(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def _leave(job: Job) -> NoReturn:
    code = 70
    try:
        _speak_into(job["output"])
        code = _live(job)
    except KeyboardInterrupt:
        code = 130
    except BaseException:  # noqa: BLE001  # whatever it is, the pool is not to go on twice
        traceback.print_exc()
    sys.stdout.flush()
    os._exit(code)


def _speak_into(path: str) -> None:
    output = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)


def _live(job: Job) -> int:
    for name, how in HARDSHIPS.items():
        if name in job:
            how(job[name])
    if "command" in job:
        from paycombat_async.cli.app import run

        os.environ.update(job["environment"])
        return run(job["command"])
    try:
        report = asyncio.run(_sync(job))
    except ConfigurationError as error:
        _say(error)
        return 2
    _say(report.stopped)
    return report.exit_code


async def _sync(job: Job) -> BatchReport:
    async with AsyncPayCombat(**job["client"]) as client:
        return await sync_customers(
            client, job["rows"], journal=job["journal"], failed=job["failed"], concurrency=job["concurrency"]
        )


def _die_at(number: int) -> None:
    """Die just before the journal's n-th call to the disk, counted from 1."""

    def hook(_operation: Operation) -> int:
        nonlocal number
        number -= 1
        if number == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return OK

    tap(hook)


def _full_at(number: int) -> None:
    """From the journal's n-th call to the disk on there is no room: what SQLite makes of ENOSPC."""

    def hook(operation: Operation) -> int:
        nonlocal number
        number -= 1
        return FULL if number <= 0 and operation.kind == "write" else OK

    tap(hook)


def _limit_files(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def _as_anybody(_is_wanted: bool) -> None:
    """Without root's leave to write what is read-only; others never had it."""
    if os.geteuid() == 0:
        head, nothing = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
        if ctypes.CDLL(None).capset(head, nothing):
            raise OSError("capset")


HARDSHIPS: dict[str, Callable[[Any], None]] = {
    "die_at": _die_at,
    "full_at": _full_at,
    "file_size": _limit_files,
    "as_anybody": _as_anybody,
}


def record(directory: str, rows: str, window: str, seed: str) -> None:
    """Some runs on one journal, most of them killed; into `directory`/record, what the journal asked of the disk.

    Between it stand marks: `begun` before a commit, `kept` after it returned; both with the number of the state of
    the rows that it leads to.
    """
    random = Random(int(seed))
    operations: list[Operation] = []
    history: list[Model] = [{}]
    for number, ending in enumerate(ENDINGS):
        path = Path(directory, f"run-{number}")
        if (process := os.fork()) == 0:
            made = [recorded_row(line, number if line % 3 == 0 else 0) for line in range(int(rows))]
            _record_one(path, made, int(window), random, history, ending)
            os._exit(0)
        if os.waitpid(process, 0)[1]:
            sys.exit("a recorded run failed")
        some, history = pickle.loads(path.read_bytes())
        operations += some
        random.seed(random.random())
    Path(directory, "record").write_bytes(pickle.dumps((operations, history)))


def recorded_row(line: int, version: int) -> Row:
    """One of the rows that `record` works with."""
    row = row_from_request(line, UpdateCustomer(customer_id=f"c{line * 7919 % 10007}", description=f"v{version}"))
    assert isinstance(row, Row)
    return row


def _record_one(path: Path, rows: list[Row], window: int, random: Random, history: list[Model], ending: str) -> None:
    operations: list[Operation] = []
    tap(lambda operation: operations.append(operation) or OK)
    index.LATEST = 3 * window  # so that it catches up now and then
    journal = open_journal(path.parent / "journal", Binding(source="source", account="account"))
    open_rows: dict[int, Row] = {}

    def settled() -> list[Result]:
        chosen = [number for number in open_rows if random.random() < 0.7]
        return [Result(number, random.choice(_RESULTS), "") for number in chosen]

    def begin(model: Model) -> None:
        history.append(model)
        operations.append(Operation("begun", "", len(history) - 1))

    for some in _windows(rows, window):
        results = settled()
        begin(_after(history[-1], results, open_rows, some))
        plans = journal.commit(results, some)
        operations.append(Operation("kept", "", len(history) - 1))
        for result in results:
            del open_rows[result.number]
        open_rows |= {plan.number: row for row, plan in zip(some, plans, strict=True) if not plan.skip}
    if ending == "closed":
        results = settled()
        model = _after(history[-1], results, open_rows, [])
        begin({customer: (body, "new" if state == "sending" else state) for customer, (body, state) in model.items()})
        journal.close(results)
        operations.append(Operation("kept", "", len(history) - 1))
    path.write_bytes(pickle.dumps((operations, history)))


def _windows(rows: list[Row], size: int) -> Iterator[list[Row]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _after(model: Model, results: list[Result], open_rows: dict[int, Row], planned: list[Row]) -> Model:
    """What the rows are to be like: worked out without the journal."""
    after = dict(model)
    for result in results:
        row = open_rows[result.number]
        after[row.customer_id] = (row.digest, str(result.state))
    for row in planned:
        if after.get(row.customer_id) != (row.digest, "done"):
            after[row.customer_id] = (row.digest, "sending")
    return after


if __name__ == "__main__":
    {"process_pool": process_pool, "record": record}[sys.argv[1]](*sys.argv[2:])
