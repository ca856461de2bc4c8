"""Every fault of the sandbox, at every kind of call, over a used and a new connection, with both clients.

A case is one fault over one connection with one client: five calls at once, one of each kind, so five cells.
"""

import socket
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from aiohttp.web_protocol import RequestHandler

from paycombat_async import Outcome, PayCombatError, RateLimited
from paycombat_async.sandbox import Fault, Faults, Sandbox, listening
from paycombat_async.sandbox.faults.names import WEBHOOK_FAULTS
from paycombat_async.transport import connections as connection_settings
from tests.chaos.matrix import CONNECTIONS, KINDS, ROWS, TIMEOUT, connections, courses, expected
from tests.chaos.matrix_cells import (
    OPERATIONS,
    WITNESS,
    Cell,
    credentials,
    executions,
    is_held,
    is_strange,
    subjects,
    verdict,
)
from tests.chaos.matrix_clients import SESSION_SIDES, SIDES, GateClock, Side, turns
from tests.processes import PATIENCE_S

MARGIN = 3.0  # seconds beyond the deadline, for a machine that is busy
LEAPS = [TIMEOUT / 3 + 0.01] * 3  # each somewhat more than what one of three attempts may take
COURSES = courses()

each_side = pytest.mark.parametrize("side_name", SIDES)
each_connection = pytest.mark.parametrize("connection", CONNECTIONS)
each_course = pytest.mark.parametrize(
    ("fault", "lasts"), COURSES, ids=[f"{fault}-{'lasting' if lasts else 'once'}" for fault, lasts in COURSES]
)


@pytest.fixture(name="taken")
def _taken(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """All connections that any server took, in the order in which they came."""
    taken: list[object] = []
    take = RequestHandler.connection_made

    def count(handler: RequestHandler, transport: Any) -> None:
        taken.append(transport)
        take(handler, transport)

    monkeypatch.setattr(RequestHandler, "connection_made", count)
    return taken


@pytest.fixture(name="elsewhere")
def _elsewhere() -> Iterator[str]:
    """Where redirects point. Nobody may come there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.fixture(name="_idle_connections_stay", autouse=True)
def _idle_connections_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections are counted, and a machine that stands still for seconds between two calls makes none of them old."""
    monkeypatch.setattr(connection_settings, "KEEPALIVE_S", 10.0 * PATIENCE_S)
    monkeypatch.setattr(listening, "_KEEP_ALIVE_S", 20.0 * PATIENCE_S)


@pytest.fixture(name="gate")
def _gate() -> GateClock:
    return GateClock()


@pytest.fixture(name="sandbox")
def _sandbox(gate: GateClock, elsewhere: str) -> Iterator[Sandbox]:
    with Sandbox(clock=gate, faults=Faults(redirect_to=elsewhere)) as sandbox:
        yield sandbox


@pytest.fixture(name="side")
def _side(side_name: str) -> Iterator[Side]:
    side = (SIDES | SESSION_SIDES)[side_name]()
    yield side
    side.close()


def test_the_table_has_every_fault_of_requests() -> None:
    """None of the sandbox's is left out."""
    assert set(Fault) - WEBHOOK_FAULTS == {row.step.partition("=")[0] for row in ROWS.values()}


@pytest.mark.promise("P3", "P4", "P9")
@each_course
@each_connection
@each_side
def test_a_call_that_meets_a_fault(
    fault: str, lasts: bool, connection: str, side: Side, sandbox: Sandbox, gate: GateClock, taken: list[object]
) -> None:
    """Its error says what became of it, in time; money moves once at most, and the next call gets its own answer."""
    meet(fault, side, sandbox, gate, taken, lasts=lasts, is_pooled=connection == "pooled")


@pytest.mark.promise("P3", "P4", "P9")
@pytest.mark.parametrize("fault", ROWS)
@pytest.mark.parametrize("side_name", SESSION_SIDES)
def test_a_call_through_a_session_that_meets_a_fault(
    fault: str, side: Side, sandbox: Sandbox, gate: GateClock, taken: list[object]
) -> None:
    """The same over an aiohttp session of the user's own, once for each fault."""
    meet(fault, side, sandbox, gate, taken, lasts=True, is_pooled=True)


def meet(
    fault: str, side: Side, sandbox: Sandbox, gate: GateClock, taken: list[object], *, lasts: bool, is_pooled: bool
) -> None:
    """One case of the matrix."""
    row = ROWS[fault]
    for kind, subject in subjects(sandbox).items():
        side.add_cell(kind, subject, timeout=TIMEOUT, **credentials(sandbox))
    taken.clear()
    if is_pooled:
        side.at_once(Cell.witness)
        sandbox.arrivals.clear()
    for operation in OPERATIONS.values():
        sandbox.faults.script(operation, [row.step] * (4 if lasts else 1))
    if row.holds:
        gate.close()

    if row.outlasts:
        answers = side.at_once_leaping(Cell.call, partial(is_held, sandbox), LEAPS)
    else:
        answers = side.at_once(Cell.call)
    sandbox.faults.calm()
    gate.open()
    sandbox._thread.run(turns())  # what was held is done, and written
    side.turn()
    told = list(zip(side.cells, answers, strict=True))
    seen = {cell.kind: verdict(sandbox, cell, each) for cell, each in told}
    next_answers = [getattr(answer, "customer_id", answer) for answer, _ in side.at_once(Cell.witness)]

    wanted = {kind: expected(fault, kind, lasts=lasts) for kind in KINDS}
    assert {} == {kind: (wanted[kind], each) for kind, each in seen.items() if wanted[kind] != each}
    assert set(OPERATIONS.values()) == set(sandbox.arrivals.counts)
    assert [] == sandbox.ledger.doubles()
    assert [] == [cell.kind for cell, each in told if is_strange(cell, each, may_be_nameless=row.is_nameless)]
    assert [] == [cell.kind for cell, (_, seconds) in told if seconds > TIMEOUT + MARGIN]
    assert [WITNESS] * len(KINDS) == next_answers
    assert sum(connections(fault, kind, lasts=lasts) for kind in KINDS) == len(taken)


@pytest.mark.promise("P3")
@pytest.mark.parametrize(
    ("steps", "outcome", "executed"),
    [
        pytest.param(["429_bare", "429_bare", "429_huge"], Outcome.REJECTED, 0, id="refused-refused-refused"),
        pytest.param(["disconnect_after_commit", "429_huge"], Outcome.UNKNOWN, 1, id="lost-refused"),
        pytest.param(["429_bare", "half_body", "429_huge"], Outcome.UNKNOWN, 1, id="refused-lost-refused"),
        pytest.param(["500_after_commit", "429_bare", "429_huge"], Outcome.UNKNOWN, 1, id="lost-refused-refused"),
    ],
)
@pytest.mark.parametrize("kind", ["update", "delete"])
@each_side
def test_an_attempt_in_doubt_leaves_the_call_in_doubt(
    steps: list[str], outcome: Outcome, executed: int, kind: str, side: Side, sandbox: Sandbox
) -> None:
    """That the last attempt was refused says nothing of the one before it."""
    side.add_cell(kind, subjects(sandbox)[kind], timeout=TIMEOUT, **credentials(sandbox))
    sandbox.faults.script(OPERATIONS[kind], steps)

    ((error, _),) = side.at_once(Cell.call)

    assert isinstance(error, PayCombatError)
    assert (RateLimited, outcome, len(steps)) == (type(error), error.outcome, error.attempts)
    assert executed == executions(sandbox, side.cells[0])
