"""The allowed status transitions of payins, payouts and virtual accounts, and the ledger entries for them."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from paycombat_async.sandbox.ledger.entries import Movement
from paycombat_async.sandbox.records import Kind
from paycombat_async.sandbox.refusals import conflict

PENDING: Final = "PENDING"
KINDS: Final = tuple(Kind)

# The transitions from one status to the next that are allowed. The provider documents PENDING for payouts only. The
# sandbox assumes that it is the first status of payins and virtual accounts, too.
MOVES: Final[Mapping[Kind, Mapping[str, tuple[str, ...]]]] = {
    Kind.PAYIN: {PENDING: ("SUCCESS", "FAILED", "EXPIRED")},
    Kind.PAYOUT: {PENDING: ("SUCCESS", "FAILED"), "SUCCESS": ("RETURNED",)},
    Kind.VIRTUAL_ACCOUNT: {PENDING: ("APPROVED", "FAILED")},
}

# The status that means success, for payins, payouts and virtual accounts. `settle_after` and `settle_all` give this
# status to the pending ones.
SUCCESS_STATUS: Final[Mapping[Kind, str]] = {
    Kind.PAYIN: "SUCCESS",
    Kind.PAYOUT: "SUCCESS",
    Kind.VIRTUAL_ACCOUNT: "APPROVED",
}


class Booking(NamedTuple):
    """What the ledger records for a new status: the kind of movement, and whether it is a credit or a debit."""

    movement: Movement
    is_credit: bool


# The ledger entry that is written when a payin or payout gets this status. Other statuses write no entry. A payout is
# debited already when it is created, with the status PENDING.
BOOKINGS: Final[Mapping[tuple[Kind, str], Booking]] = {
    (Kind.PAYIN, "SUCCESS"): Booking(Movement.PAYIN, is_credit=True),
    (Kind.PAYOUT, PENDING): Booking(Movement.PAYOUT, is_credit=False),
    (Kind.PAYOUT, "FAILED"): Booking(Movement.PAYOUT_FAILED, is_credit=True),
    (Kind.PAYOUT, "RETURNED"): Booking(Movement.PAYOUT_RETURNED, is_credit=True),
}
MADE_BY: Final[Mapping[Kind, str]] = {
    Kind.PAYIN: "payins.create",
    Kind.PAYOUT: "payouts.create",
    Kind.VIRTUAL_ACCOUNT: "payins.create_virtual_account",
}


def check_move(kind: Kind, status: str, to: str) -> None:
    """Raises `Refused` (HTTP 409) unless a payin, payout or virtual account may change from `status` to `to`.

    The message lists the allowed transitions.
    """
    allowed = MOVES[kind].get(status, ())
    if to not in allowed:
        raise conflict(f"this {kind} is {status}; from there it moves to {' or '.join(allowed) or 'nothing else'}")
