"""How payins, payouts and virtual accounts move through their states, and which money moves with them: as data."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from paycombat_async.sandbox.ledger.entries import Movement
from paycombat_async.sandbox.records import Kind
from paycombat_async.sandbox.refusals import conflict

PENDING: Final = "PENDING"
KINDS: Final = tuple(Kind)

# Forward only. PENDING is on record for payouts alone; the others have to start somewhere, too.
MOVES: Final[Mapping[Kind, Mapping[str, tuple[str, ...]]]] = {
    Kind.PAYIN: {PENDING: ("SUCCESS", "FAILED", "EXPIRED")},
    Kind.PAYOUT: {PENDING: ("SUCCESS", "FAILED"), "SUCCESS": ("RETURNED",)},
    Kind.VIRTUAL_ACCOUNT: {PENDING: ("APPROVED", "FAILED")},
}

# What becomes of those that are left to themselves, where `settle_after` says so.
GOOD_END: Final[Mapping[Kind, str]] = {
    Kind.PAYIN: "SUCCESS",
    Kind.PAYOUT: "SUCCESS",
    Kind.VIRTUAL_ACCOUNT: "APPROVED",
}


class Booking(NamedTuple):
    """What is booked: the record's amount, as a credit or as a debit."""

    movement: Movement
    is_credit: bool


# What is booked when a record comes to a status. A payout is paid for when it is made.
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
    """Refused with 409 unless the table has this move; the message names those that it has."""
    allowed = MOVES[kind].get(status, ())
    if to not in allowed:
        raise conflict(f"this {kind} is {status}; from there it moves to {' or '.join(allowed) or 'nothing else'}")
