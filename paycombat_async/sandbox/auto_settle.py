"""Time: what nobody simulates comes to its good end by itself, if the sandbox is asked for it."""

from functools import partial

from paycombat_async._clock import Clock
from paycombat_async.errors import ConfigurationError
from paycombat_async.sandbox._tasks import Tasks
from paycombat_async.sandbox.lifecycle import move
from paycombat_async.sandbox.records import Kind, Record
from paycombat_async.sandbox.refusals import Refused
from paycombat_async.sandbox.state import SandboxState
from paycombat_async.sandbox.transitions import GOOD_END, KINDS, PENDING


class Settler:
    """Moves every pending payin, payout and virtual account on, `after` seconds after it has come."""

    def __init__(self, state: SandboxState, clock: Clock, tasks: Tasks, *, after: float) -> None:
        """Those that are pending already come to their end that long after now."""
        self._state = state
        self._clock = clock
        self._tasks = tasks
        self._after = after
        for record in state.records.in_status(PENDING):
            self.watch(record)

    def watch(self, record: Record) -> None:
        """Look after a record that was made or moved. Called by any thread."""
        if record.status == PENDING:
            self._tasks.call(partial(self._start, record.id, record.kind))

    def _start(self, record_id: str, kind: Kind) -> None:
        self._tasks.start(self._settle(record_id, kind))

    async def _settle(self, record_id: str, kind: Kind) -> None:
        await self._clock.sleep(self._after)
        try:
            move(self._state, record_id, [kind], to=GOOD_END[kind])
        except Refused:
            return  # somebody else has moved it meanwhile


def settle(state: SandboxState, record_id: str, status: str) -> None:
    """Move a record by hand. Raises `ConfigurationError` for an unknown id and for a move that cannot be."""
    try:
        move(state, record_id, KINDS, to=status)
    except Refused as refused:
        raise ConfigurationError(f"settle: {refused.message}") from None
