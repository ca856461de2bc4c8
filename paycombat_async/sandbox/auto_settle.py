"""Moves pending payins, payouts and virtual accounts to success after a delay (`settle_after`), or on demand."""

from contextlib import suppress
from functools import partial

from paycombat_async._clock import Clock
from paycombat_async.errors import ConfigurationError
from paycombat_async.sandbox._tasks import BackgroundTasks
from paycombat_async.sandbox.lifecycle import move
from paycombat_async.sandbox.records import Kind, Record
from paycombat_async.sandbox.refusals import Refused
from paycombat_async.sandbox.state import SandboxState
from paycombat_async.sandbox.transitions import KINDS, PENDING, SUCCESS_STATUS


class Settler:
    """Moves each pending payin, payout and virtual account to success, `after` seconds after its creation."""

    def __init__(self, state: SandboxState, clock: Clock, tasks: BackgroundTasks, *, after: float) -> None:
        """Records that are already pending are moved to success `after` seconds from now."""
        self._state = state
        self._clock = clock
        self._tasks = tasks
        self._after = after
        for record in state.records.in_status(PENDING):
            self.watch(record)

    def watch(self, record: Record) -> None:
        """Schedule the move of a record that has just been written, if it is pending. Safe to call from any thread."""
        if record.status == PENDING:
            self._tasks.call_soon(partial(self._start, record.id, record.kind))

    def _start(self, record_id: str, kind: Kind) -> None:
        self._tasks.start(self._settle(record_id, kind))

    async def _settle(self, record_id: str, kind: Kind) -> None:
        await self._clock.sleep(self._after)
        try:
            move(self._state, record_id, [kind], to=SUCCESS_STATUS[kind])
        except Refused:
            return  # a Simulate call or `settle` has changed the status in the meantime


def settle_all(state: SandboxState) -> list[str]:
    """Move all pending records to success; returns the ids of those moved, oldest first."""
    moved: list[str] = []
    for record in list(state.records.in_status(PENDING)):
        with suppress(Refused):  # another thread has moved it in the meantime
            moved.append(move(state, record.id, [record.kind], to=SUCCESS_STATUS[record.kind]).id)
    return moved


def settle(state: SandboxState, record_id: str, status: str) -> None:
    """Move a record to a status. Raises `ConfigurationError` for an unknown id or a forbidden transition."""
    try:
        move(state, record_id, KINDS, to=status)
    except Refused as refused:
        raise ConfigurationError(f"settle: {refused.message}") from None
