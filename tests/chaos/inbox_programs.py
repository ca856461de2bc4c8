"""Programs that use one inbox in a SQLite file: `record` writes down what the inbox asks of the disk."""

import os
import pickle
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import NoReturn

from paycombat_async import LeaseLost
from paycombat_async.testing import FakeClock
from paycombat_async.webhooks import WebhookEvent, read
from paycombat_async.webhooks.inboxes.sqlite_file import InboxFile, Taken, token_of
from tests.chaos.journal_tap import OK, Operation, tap

FILE = "inbox"
ENDINGS = ("killed", "killed", "closed", "killed", "closed")  # of the recorded processes, one after the other
# By number: the key, the verdict, whether it is done, its payload, its attempt and whether a worker has it. And by
# payin or payout its status.
Model = tuple[dict[int, tuple[object, ...]], dict[str, str]]
_STATUSES = {"PAYIN": ("PENDING", "SUCCESS", "EXPIRED"), "PAYOUT": ("PENDING", "SUCCESS", "FAILED", "RETURNED")}


def record(directory: str, steps: str, seed: str) -> None:
    """Some processes on one inbox, most of them killed; into `directory`/record, what the inbox asked of the disk.

    Between it stand marks: `begun` before a call, `kept` after it returned; both with the number of the state of the
    inbox that it leads to.
    """
    random = Random(int(seed))
    operations: list[Operation] = []
    history: list[Model] = [({}, {})]
    for number, ending in enumerate(ENDINGS):
        path = Path(directory, f"run-{number}")
        if (process := os.fork()) == 0:
            _record_one(path, int(steps), random, history, ending)
        if os.waitpid(process, 0)[1]:
            sys.exit("a recorded process failed")
        some, history = pickle.loads(path.read_bytes())
        operations += some
        random.seed(random.random())
    Path(directory, "record").write_bytes(pickle.dumps((operations, history)))


def look(path: Path) -> Model:
    """What is in an inbox, which must be whole."""
    inbox = InboxFile(path, FakeClock())
    with inbox._file.transaction() as connection:
        assert [("ok",)] == connection.execute("PRAGMA integrity_check").fetchall()
    model = _model(inbox)
    inbox._file.close()
    return model


def _model(inbox: InboxFile) -> Model:
    columns = "number, key, receipt, payload IS NULL, payload, attempt, is_held"
    with inbox._file.reading() as connection:
        rows = connection.execute(f"SELECT {columns} FROM delivery").fetchall()
        standing = connection.execute("SELECT subject, status FROM standing").fetchall()
    return {number: tuple(rest) for number, *rest in rows}, dict(standing)


def _record_one(path: Path, steps: int, random: Random, history: list[Model], ending: str) -> NoReturn:
    operations: list[Operation] = []
    tap(lambda operation: operations.append(operation) or OK)
    clock = FakeClock()
    operations.append(Operation("begun", "", len(history) - 1))
    inbox = InboxFile(path.parent / FILE, clock)
    inbox._file._connection.execute("PRAGMA wal_autocheckpoint = 20")  # pages, so that it comes now and then

    def call(work: Callable[[], object]) -> None:
        operations.append(Operation("begun", "", len(history)))
        work()
        history.append(_model(inbox))
        operations.append(Operation("kept", "", len(history) - 1))

    held: list[Taken] = []
    for _ in range(steps):
        clock.time += random.choice([0, 1, 61])
        call(_step(inbox, random, held))
    if ending == "closed":
        call(inbox.close)
    path.write_bytes(pickle.dumps((operations, history)))
    os._exit(0)  # here, because an inbox that nobody refers to any more is closed


def _step(inbox: InboxFile, random: Random, held: list[Taken]) -> Callable[[], object]:
    """One call, which is one transaction."""
    if held and random.random() < 0.6:
        taken = held.pop()
        token = token_of(taken.number, taken.attempt)
        return lambda: _forgive(random.choice([inbox.done, inbox.done, inbox.release]), taken.number, token)
    steps: list[Callable[[], object]] = [
        lambda: inbox.receive(_event(random), is_contradicted=random.random() < 0.1),
        lambda: held.extend(filter(None, [inbox.take(60)])),
        lambda: inbox.forget(0.0001),
    ]
    return random.choices(steps, [5, 5, 1])[0]


def _forgive(end: Callable[[int, str], None], number: int, token: str) -> None:
    with suppress(LeaseLost):  # it was taken again since
        end(number, token)


def _event(random: Random) -> WebhookEvent:
    kind = random.choice(list(_STATUSES))
    body = b'{"id":"id-%d","type":"%s","status":"%s","filler":"%s"}'
    status = random.choice(_STATUSES[kind])
    filler = b"x" * random.choice([10, 1500, 9000])
    return read(body % (random.randrange(40), kind.encode(), status.encode(), filler))


if __name__ == "__main__":
    {"record": record}[sys.argv[1]](*sys.argv[2:])
