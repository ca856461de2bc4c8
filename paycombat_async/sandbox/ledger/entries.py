"""Ledger entries (movements of money), and the search for duplicate payins and payouts among them."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final


class Movement(StrEnum):
    """The reason why the merchant's balance changed."""

    OPENING = "opening"
    PAYIN = "payin"
    PAYOUT = "payout"
    PAYOUT_FAILED = "payout_failed"
    PAYOUT_RETURNED = "payout_returned"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One movement on the balance of a currency. A positive `amount` is a credit, and a negative one is a debit.

    `id` is the id of the payin or payout. `reference` is the merchant's own id for it (`order_reference` or
    `order_id`), or None if the merchant passed none. `endpoint` is the name of the call that created it. `body_digest`
    is a digest of the body of this call. An opening balance has none of these.
    """

    number: int
    at: str
    movement: Movement
    currency: str
    amount: Decimal
    id: str = ""
    reference: str | None = None
    endpoint: str = ""
    body_digest: str = ""


@dataclass(frozen=True, slots=True)
class Double:
    """A group of payins or payouts that are duplicates.

    They have the same reference or, if they have no reference, identical request bodies.
    """

    reference: str | None
    entries: tuple[LedgerEntry, ...]


_MOVES: Final = frozenset({Movement.PAYIN, Movement.PAYOUT})
_REVERSALS: Final = frozenset({Movement.PAYOUT_FAILED, Movement.PAYOUT_RETURNED})


def doubles_in(entries: Iterable[LedgerEntry]) -> list[Double]:
    """Returns the groups of duplicate payins and payouts, in the order in which the duplicates occurred.

    If a payout became FAILED or RETURNED before a second payout with the same reference or request body was created,
    the second payout is a retry and not a duplicate.
    """
    standing: dict[tuple[str, ...], dict[str, LedgerEntry]] = {}
    doubled: dict[tuple[str, ...], dict[str, LedgerEntry]] = {}
    for entry in entries:
        key = _duplicate_key(entry)
        moved = standing.setdefault(key, {})
        if entry.movement in _MOVES:
            moved[entry.id] = entry
            if len(moved) > 1:
                doubled.setdefault(key, {}).update(moved)
        elif entry.movement in _REVERSALS:
            moved.pop(entry.id, None)
    return [Double(_first(found).reference, tuple(found.values())) for found in doubled.values()]


def _duplicate_key(entry: LedgerEntry) -> tuple[str, ...]:
    if entry.reference is None:
        return (entry.endpoint, "body", entry.body_digest)
    return (entry.endpoint, "reference", entry.reference)


def _first(found: dict[str, LedgerEntry]) -> LedgerEntry:
    return next(iter(found.values()))
