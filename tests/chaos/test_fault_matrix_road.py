"""Calls that do not get as far as the server, or only some of their attempts: a server that is gone, and comes back."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from paycombat_async import ConnectFailed, Outcome, PayCombatError
from paycombat_async.sandbox import Sandbox
from tests.chaos.matrix import KINDS, TIMEOUT, USUAL, Verdict
from tests.chaos.matrix_cells import OPERATIONS, Cell, credentials, executions, subjects, verdict
from tests.chaos.matrix_clients import SIDES, Side

pytestmark = pytest.mark.promise("P3")

each_side = pytest.mark.parametrize("side_name", SIDES)


class Mains:
    """A sandbox to be switched off and on. It keeps its port and what it knows."""

    def __init__(self, db: Path) -> None:
        self._db = db
        self._lock = threading.Lock()
        self._stack = ExitStack()
        self._port = 0
        self.sandbox = Sandbox()
        self._is_on = False

    def on(self) -> None:
        with self._lock:
            if not self._is_on:
                self.sandbox = self._stack.enter_context(Sandbox(port=self._port, db=self._db))
                self._port = urlsplit(self.sandbox.base_url).port or 0
                self._is_on = True

    def off(self) -> None:
        with self._lock:
            self._stack.close()
            self._is_on = False


@pytest.fixture(name="mains")
def _mains(tmp_path: Path) -> Iterator[Mains]:
    mains = Mains(tmp_path / "sandbox.db")
    mains.on()
    yield mains
    mains.off()


@pytest.fixture(name="side")
def _side(side_name: str) -> Iterator[Side]:
    side = SIDES[side_name]()
    yield side
    side.close()


def add_cells(side: Side, sandbox: Sandbox, *kinds: str, scheme: str = "http") -> None:
    """One for each kind of call."""
    options = credentials(sandbox) | {"base_url": sandbox.base_url.replace("http", scheme)}
    of = subjects(sandbox)
    for kind in kinds:
        side.add_cell(kind, of[kind], timeout=TIMEOUT, **options)


@each_side
def test_a_call_to_nobody_is_not_sent(side: Side, mains: Mains) -> None:
    """So it is tried again, money or not, and says that nothing has left."""
    add_cells(side, mains.sandbox, *KINDS)
    mains.off()

    told = side.at_once(Cell.call)

    mains.on()
    seen = [verdict(mains.sandbox, cell, each) for cell, each in zip(side.cells, told, strict=True)]
    assert [Verdict(ConnectFailed, Outcome.NOT_SENT, 3, 0, 0, USUAL)] * len(KINDS) == seen


@pytest.mark.parametrize("kind", KINDS)
@each_side
def test_a_call_to_a_server_that_comes_back_is_carried_out_once(kind: str, side: Side, mains: Mains) -> None:
    """The first attempt never left, so the second is no repetition, not even of a payout."""
    add_cells(side, mains.sandbox, kind)
    mains.off()
    side.cells[0].clock.on_sleep = mains.on

    (told,) = side.at_once(Cell.call)

    assert Verdict(None, None, 2, 1, int(kind != "get"), USUAL[:1]) == verdict(mains.sandbox, side.cells[0], told)
    assert [] == mains.sandbox.ledger.doubles()


@each_side
def test_a_call_without_tls_at_the_other_end_is_not_sent(side: Side, mains: Mains) -> None:
    """The handshake fails before there is a request."""
    add_cells(side, mains.sandbox, *KINDS, scheme="https")

    told = side.at_once(Cell.call)

    seen = [verdict(mains.sandbox, cell, each) for cell, each in zip(side.cells, told, strict=True)]
    assert [Verdict(ConnectFailed, Outcome.NOT_SENT, 3, 0, 0, USUAL)] * len(KINDS) == seen


@pytest.mark.parametrize("kind", ["update", "delete"])
@each_side
def test_a_lost_answer_and_then_no_server_leaves_the_call_in_doubt(kind: str, side: Side, mains: Mains) -> None:
    """That the last attempt was not sent says nothing of the first, which was carried out."""
    add_cells(side, mains.sandbox, kind)
    side.cells[0].clock.on_sleep = mains.off
    mains.sandbox.faults.script(OPERATIONS[kind], ["disconnect_after_commit"])

    ((error, _),) = side.at_once(Cell.call)

    mains.on()
    assert isinstance(error, PayCombatError)
    assert (ConnectFailed, Outcome.UNKNOWN, 3) == (type(error), error.outcome, error.attempts)
    assert 1 == executions(mains.sandbox, side.cells[0])
