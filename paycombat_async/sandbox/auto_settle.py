"""Moves pending payins, payouts and virtual accounts to success, and pays checkouts, after a delay or on demand."""

from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from decimal import Decimal
from functools import partial

from paycombat_async._clock import Clock
from paycombat_async.errors import ConfigurationError
from paycombat_async.sandbox._tasks import BackgroundTasks
from paycombat_async.sandbox.checkouts.paying import pay, pay_all
from paycombat_async.sandbox.lifecycle import move
from paycombat_async.sandbox.records import Record
from paycombat_async.sandbox.refusals import Refused
from paycombat_async.sandbox.state import SandboxState
from paycombat_async.sandbox.transitions import KINDS, PENDING, SUCCESS_STATUS


class Settler:
    """Moves pending payins, payouts and virtual accounts to success, and pays checkouts, each `after` seconds later."""

    def __init__(self, state: SandboxState, clock: Clock, tasks: BackgroundTasks, *, after: float) -> None:
        """Schedules the success of all pending payments, and the payment of all existing checkouts.

        Each pending payin, payout or virtual account moves to success, and each checkout is paid, `after` seconds from
        now.
        """
        self._state = state
        self._clock = clock
        self._tasks = tasks
        self._after = after
        for record in state.records.in_status(PENDING):
            self.watch(record)
        for checkout_id in state.checkouts.ids():
            self.watch_checkout(checkout_id)

    def watch(self, record: Record) -> None:
        """Schedules a new payin, payout or virtual account to move to success, if it is pending now.

        Safe to call from any thread.
        """
        if record.status == PENDING:
            self._later(partial(move, self._state, record.id, [record.kind], to=SUCCESS_STATUS[record.kind]))

    def watch_checkout(self, checkout_id: str) -> None:
        """Schedules the payment of a new checkout. Safe to call from any thread.

        The checkout is paid with the payin method that the customer has chosen by the time of payment. If none has been
        chosen, it is paid with the first payin method that allows its currency and amount.
        """
        self._later(partial(pay, self._state, checkout_id))

    def _later(self, settle: Callable[[], object]) -> None:
        # The clock is read here and not in the task, because the clock may be moved forward before the task starts.
        self._tasks.call_soon(partial(self._start, settle, self._clock.monotonic() + self._after))

    def _start(self, settle: Callable[[], object], due: float) -> None:
        self._tasks.start(self._wait_and(settle, due))

    async def _wait_and(self, settle: Callable[[], object], due: float) -> None:
        await self._clock.sleep(max(0.0, due - self._clock.monotonic()))
        with suppress(Refused):  # the record is no longer pending, or the checkout is paid or cannot be paid
            settle()


def settle_all(state: SandboxState) -> list[str]:
    """Moves all pending payins, payouts and virtual accounts to success, and pays all open checkouts.

    Returns the ids of the moved objects, followed by the ids of the payins that paid the checkouts. Both groups are
    sorted by age, oldest first.
    """
    moved: list[str] = []
    for record in list(state.records.in_status(PENDING)):
        with suppress(Refused):  # a second thread has already changed the status of this record
            moved.append(move(state, record.id, [record.kind], to=SUCCESS_STATUS[record.kind]).id)
    return moved + pay_all(state)


def settle(state: SandboxState, record_id: str, status: str, amount: Decimal | None = None) -> None:
    """Moves a payin, payout or virtual account to this status. With `amount`, a payin succeeds with only this amount.

    Raises `ConfigurationError` for an unknown id, a transition that the provider's rules forbid, or a wrong amount.
    """
    with _refusals_of("settle"):
        move(state, record_id, KINDS, to=status, amount=amount)


def pay_checkout(state: SandboxState, checkout_id: str, method: str | None) -> str:
    """Pays a checkout and returns the payin's id.

    `method` is the name of a payin method. Without it, the method that an earlier request has set in the checkout is
    used or, without one, the first method that allows the checkout's currency and amount. Raises `ConfigurationError`
    if the checkout is unknown, paid, expired or cancelled, if `method` is unknown or does not allow the payment, or if
    no method does.
    """
    with _refusals_of("pay"):
        return pay(state, checkout_id, method)


@contextmanager
def _refusals_of(name: str) -> Generator[None]:
    """Context manager; turns a `Refused` in its block into a `ConfigurationError` whose message begins with `name`.

    `name` is the name of the method that the user has called.
    """
    try:
        yield
    except Refused as refused:
        raise ConfigurationError(f"{name}: {refused.message}") from None
