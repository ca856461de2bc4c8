"""The moves of payins, payouts, virtual accounts and checkouts.

A move is an action that changes an object's status, such as "settle" or "expire". The control interface and the console
use these names.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from paycombat_async.sandbox.checkouts.hosted.status import Status, status_of
from paycombat_async.sandbox.checkouts.paying import FAILED_PAYINS, cancel, expire, fail, pay
from paycombat_async.sandbox.checkouts.table import Document
from paycombat_async.sandbox.lifecycle import move
from paycombat_async.sandbox.records import Kind, Record
from paycombat_async.sandbox.refusals import Refused, bad_request, conflict
from paycombat_async.sandbox.state import SandboxState
from paycombat_async.sandbox.transitions import KINDS, MOVES, SUCCESS_STATUS

# The move that leads to a status. The table `transitions.MOVES` says which status can follow which.
_NAMES: Final[Mapping[str, str]] = {
    "SUCCESS": "settle",
    "APPROVED": "approve",
    "FAILED": "fail",
    "EXPIRED": "expire",
    "RETURNED": "return",
}
_STATUSES: Final = {name: status for status, name in _NAMES.items()}
# The move with which a payin succeeds with only a part of its amount. The provider documents no status for this case,
# but its webhooks about payins contain both `amount` and `original_amount`.
PAY_PART: Final = "pay_part"
CHECKOUT_MOVES: Final[Mapping[Status, tuple[str, ...]]] = {
    Status.OPEN: ("pay", "fail", "expire", "cancel"),
    Status.UNPAYABLE: ("cancel",),
}
_CheckoutMove = Callable[[SandboxState, Document, str | None], object]
_MAKE: Final[Mapping[str, _CheckoutMove]] = {
    "pay": lambda state, checkout, method: pay(state, checkout["id"], method),
    "fail": lambda state, checkout, method: fail(
        state, checkout["id"], method, attempt=len(checkout.get(FAILED_PAYINS, []))
    ),
    "expire": lambda state, checkout, method: expire(state, checkout["id"], method),
    "cancel": lambda state, checkout, _method: cancel(state, checkout["id"]),
}


def moves_of(record: Record) -> tuple[str, ...]:
    """Returns the names of the moves, such as "settle", that a payin, payout or virtual account allows now."""
    names = tuple(_NAMES[status] for status in MOVES[record.kind].get(record.status, ()))
    return (*names, PAY_PART) if record.kind is Kind.PAYIN and "settle" in names else names


def moves_of_checkout(document: Document, now: str) -> tuple[str, ...]:
    """Returns the names of the moves, such as "pay", that a checkout allows now."""
    return CHECKOUT_MOVES.get(status_of(document, now), ())


def make_move(
    state: SandboxState, object_id: str, name: str, *, amount: Decimal | None = None, method: str | None = None
) -> None:
    """Makes a move: changes the status of the object with this id.

    `amount` is for the move "pay_part", and `method` (a payin method) for the moves of a checkout. Raises `Refused`
    with HTTP status 404 for an unknown object, 409 for a move that the object does not allow now, and 400 for an
    argument that the move does not take.
    """
    if (amount is not None) != (name == PAY_PART):
        raise bad_request("amount: the move pay_part needs it, and no other move takes it")
    checkout = _checkout(state, object_id)
    if checkout is not None:
        _move_checkout(state, checkout, name, method)
        return
    if method is not None:
        raise bad_request("payin_method_name: only the moves of a checkout take it")
    status = SUCCESS_STATUS[Kind.PAYIN] if name == PAY_PART else _STATUSES.get(name)
    if status is None:
        raise bad_request(f"move: expected {', '.join((*_STATUSES, PAY_PART))}; or of a checkout {', '.join(_MAKE)}")
    move(state, object_id, KINDS, to=status, amount=amount)


def _move_checkout(state: SandboxState, checkout: Document, name: str, method: str | None) -> None:
    allowed = moves_of_checkout(checkout, state.now())
    if name not in allowed:
        raise conflict(f"this checkout does not allow this move; it allows {' or '.join(allowed) or 'none'}")
    _MAKE[name](state, checkout, method)


def _checkout(state: SandboxState, object_id: str) -> Document | None:
    try:
        return state.checkouts.find(object_id)
    except Refused:
        return None
