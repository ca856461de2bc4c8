"""The entries of the ledger, and how doubles are found among them."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final


class Movement(StrEnum):
    """Why money moved."""

    OPENING = "opening"
    PAYIN = "payin"
    PAYOUT = "payout"
    PAYOUT_FAILED = "payout_failed"
    PAYOUT_RETURNED = "payout_returned"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One movement on the balance of a currency: a credit if `amount` is above 0, else a debit.

    `id` is that of the payin or payout, `reference` the merchant's own name for it (`order_id`, `order_reference`),
    `endpoint` the call that made it, and `body_digest` tells equal bodies of that call. An opening has none of these.
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
    """Money that moved more than once for one reference or, where the merchant gave none, for one and the same body."""

    reference: str | None
    entries: tuple[LedgerEntry, ...]


_MOVES: Final = frozenset({Movement.PAYIN, Movement.PAYOUT})
_TAKES_BACK: Final = frozenset({Movement.PAYOUT_FAILED, Movement.PAYOUT_RETURNED})


def doubles_in(entries: Iterable[LedgerEntry]) -> list[Double]:
    """The doubles, in the order in which they came about.

    A payout whose money had come back before the next one was made is no double: that was a second try.
    """
    standing: dict[tuple[str, ...], dict[str, LedgerEntry]] = {}
    doubled: dict[tuple[str, ...], dict[str, LedgerEntry]] = {}
    for entry in entries:
        key = _same(entry)
        moved = standing.setdefault(key, {})
        if entry.movement in _MOVES:
            moved[entry.id] = entry
            if len(moved) > 1:
                doubled.setdefault(key, {}).update(moved)
        elif entry.movement in _TAKES_BACK:
            moved.pop(entry.id, None)
    return [Double(_first(found).reference, tuple(found.values())) for found in doubled.values()]


def _same(entry: LedgerEntry) -> tuple[str, ...]:
    if entry.reference is None:
        return (entry.endpoint, "body", entry.body_digest)
    return (entry.endpoint, "reference", entry.reference)


def _first(found: dict[str, LedgerEntry]) -> LedgerEntry:
    return next(iter(found.values()))
