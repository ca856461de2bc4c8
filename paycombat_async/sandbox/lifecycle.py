"""Creates payins, payouts and virtual accounts (records) and changes their status.

If a change moves money, the ledger entry is written in the same database transaction.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Final
from uuid import UUID

from paycombat_async._signing import content_digest
from paycombat_async.sandbox.amounts import minus, text_of
from paycombat_async.sandbox.ledger.entries import LedgerEntry
from paycombat_async.sandbox.records import Document, Kind, Record
from paycombat_async.sandbox.refusals import bad_request
from paycombat_async.sandbox.state import SandboxState
from paycombat_async.sandbox.transitions import BOOKINGS, MADE_BY, check_move

MERCHANT: Final = "5a6d1c0b-3e8f-4729-a1b2-c3d4e5f60718"

# Fields of a payin or payout that change when it gets this status, besides `status` and `updated_at`. Each function
# takes the current time and returns the changed fields.
_CHANGES: Final[dict[tuple[Kind, str], Callable[[str], Document]]] = {
    (Kind.PAYOUT, "FAILED"): lambda _now: {"approval": "FAILED"},
    (Kind.PAYIN, "SUCCESS"): lambda now: {"transaction_date": now},
}


def make(state: SandboxState, describe: Callable[[str], Record]) -> Record:
    """Stores and returns a new payin, payout or virtual account, in a transaction of its own.

    Also writes its ledger entry, if its status moves money. `describe` builds the record from a new id of 32
    hexadecimal digits.
    """
    with state.transaction():
        return add_record(state, describe)


def add_record(state: SandboxState, describe: Callable[[str], Record]) -> Record:
    """Stores and returns a new payin, payout or virtual account, inside the caller's transaction.

    Also writes its ledger entry, if its status moves money. `describe` builds the record from a new id of 32
    hexadecimal digits.
    """
    number = state.records.next_number()
    record = describe(content_digest(f"record/{state.origin}/{number}".encode())[:32])
    state.records.add(record)
    _book(state, record)
    state.announce(record)
    return record


def move(
    state: SandboxState, record_id: str, kinds: Iterable[Kind], *, to: str, amount: Decimal | None = None
) -> Record:
    """Changes the status of a payin, payout or virtual account, and returns the changed record.

    If the change moves money, a ledger entry is written. With `amount`, a payin succeeds with this part of its amount.
    Raises `Refused` with HTTP status 404 if no record of these kinds has this id, 409 for a forbidden transition, and
    400 for an `amount` that is not a part of a payin's amount.
    """
    with state.transaction():
        return change_status(state, state.records.find(record_id, kinds), to, amount)


def change_status(state: SandboxState, record: Record, to: str, amount: Decimal | None = None) -> Record:
    """Changes the status of a payin, payout or virtual account, inside the caller's transaction.

    Returns the changed record. Raises `Refused` with HTTP status 409 for a forbidden transition, and 400 for a wrong
    `amount`.
    """
    check_move(record.kind, record.status, to)
    if amount is not None:
        record = _paid_in_part(record, to, amount)
    now = state.now()
    changes = _CHANGES.get((record.kind, to), _nothing)(now)
    document = record.document | {"status": to, "updated_at": now} | changes
    record = replace(record, status=to, document=document)
    state.records.write(record)
    _book(state, record)
    state.announce(record)
    return record


def uuid_of(number: str) -> str:
    """Returns a UUID of version 4 that is made of these 32 hexadecimal digits."""
    return str(UUID(hex=number, version=4))


def _book(state: SandboxState, record: Record) -> None:
    booking = BOOKINGS.get((record.kind, record.status))
    if booking is None:
        return
    state.ledger.book(
        LedgerEntry(
            number=0,
            at=state.now(),
            movement=booking.movement,
            currency=record.currency,
            amount=record.amount if booking.is_credit else minus(record.amount),
            id=record.id,
            reference=record.reference,
            endpoint=MADE_BY[record.kind],
            body_digest=record.body_digest,
        )
    )


def _paid_in_part(record: Record, to: str, amount: Decimal) -> Record:
    if record.kind is not Kind.PAYIN or to != "SUCCESS":
        raise bad_request("amount: only a payin that succeeds can have another amount")
    if not (amount.is_finite() and 0 < amount < record.amount and amount == round(amount, 6)):
        raise bad_request(f"amount: expected a part of {text_of(record.amount)}, with 6 decimal places at most")
    amounts = {"amount": text_of(amount), "original_amount": text_of(record.amount)}
    return replace(record, amount=amount, document=record.document | amounts)


def _nothing(_now: str) -> Document:
    return {}
