"""Writes down what a SQLite store of intents asks of the disk: `… -m tests.intents.recorded_store FOLDER CALLS SEED`.

Several processes use the store one after the other, most of them are killed. FOLDER/record then holds the operations,
and what the records were to be like after each commit.
"""

import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, NoReturn

from paycombat_async.intents import Intent, IntentState, NewIntent, Settlement, SqliteIntents, sqlite
from tests.chaos.journal_tap import OK, Operation, tap

FILE = "journal"  # the name under which the simulated disk knows its file
ENDINGS = ("killed", "closed", "killed", "killed")
LEASE_S = 1e9  # so that no record becomes unknown by itself
Model = dict[str, tuple[str, int, bytes | None]]  # by reference: state, attempt, answer

_RESULTS = (IntentState.APPLIED, IntentState.APPLIED, IntentState.UNKNOWN, IntentState.REJECTED, IntentState.NOT_SENT)


def model_of(store: SqliteIntents) -> Model:
    """What the store says, through its own code."""
    found: list[Intent] = store._select(sqlite._NEWEST, 1_000_000)
    return {intent.reference: (str(intent.state), intent.attempt, intent.answer) for intent in found}


def main(folder: str, calls: str, seed: str) -> None:
    random = Random(int(seed))
    operations: list[Operation] = []
    history: list[Model] = [{}]
    for number, ending in enumerate(ENDINGS):
        path = Path(folder, f"run-{number}")
        if (process := os.fork()) == 0:
            _use(path, int(calls) // len(ENDINGS), random, history, ending)
        if os.waitpid(process, 0)[1]:
            sys.exit("a recorded run failed")
        some, history = pickle.loads(path.read_bytes())
        operations += some
        random.seed(random.random())
    Path(folder, "record").write_bytes(pickle.dumps((operations, history)))


def _use(path: Path, calls: int, random: Random, history: list[Model], ending: str) -> NoReturn:
    operations: list[Operation] = []
    tap(lambda operation: operations.append(operation) or OK)
    store = SqliteIntents(path.parent / FILE)

    def commit(model: Model, work: Callable[[Any], Any], argument: object) -> Any:
        history.append(model)
        operations.append(Operation("begun", "", len(history) - 1))
        result = work(argument)
        operations.append(Operation("kept", "", len(history) - 1))
        return result

    for _ in range(calls):
        now = history[-1]
        reference = f"order-{random.randrange(calls)}"
        state, attempt, _answer = now.get(reference, ("", 0, None))
        if state in {"", "rejected", "not_sent"}:
            model = now | {reference: ("sending", attempt + 1, None)}
            new = NewIntent(
                endpoint="payouts.create", reference=reference, body_digest="d", owner="o" * 20, lease=LEASE_S
            )
            assert commit(model, store._begin, new).may_send
            attempt += 1
        elif state == "applied":
            kept = {
                name: record for name, record in now.items() if record[0] not in {"applied", "rejected", "not_sent"}
            }
            if random.random() < 0.05:
                commit(kept, store._forget, 1e12)
            continue
        if random.random() < 0.8:
            result = random.choice(_RESULTS)
            answer = b"x" * random.randrange(3000) if result is IntentState.APPLIED else None
            settlement = Settlement(
                endpoint="payouts.create",
                reference=reference,
                attempt=attempt,
                state=result,
                evidence="answer",
                answer=answer,
            )
            model = history[-1] | {reference: (str(result), attempt, answer)}
            assert commit(model, store._settle, settlement)
    if ending == "closed":
        store._file.close()
    path.write_bytes(pickle.dumps((operations, history)))
    os._exit(0)  # here, since the store would close its file when this function returns


if __name__ == "__main__":
    main(*sys.argv[1:])
