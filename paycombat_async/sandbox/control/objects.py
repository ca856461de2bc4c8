"""The control commands that show customers, payins, payouts, virtual accounts and checkouts, or change their status."""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from paycombat_async.errors import ConfigurationError
from paycombat_async.sandbox.amounts import text_of
from paycombat_async.sandbox.auto_settle import pay_checkout, settle, settle_all
from paycombat_async.sandbox.checkouts.hosted.address import page_path
from paycombat_async.sandbox.checkouts.hosted.status import status_of
from paycombat_async.sandbox.checkouts.table import Document
from paycombat_async.sandbox.control.bodies import LedgerQuery, MakeMove, ObjectsQuery, Settle
from paycombat_async.sandbox.control.controls import Controls
from paycombat_async.sandbox.ledger.report import report_of
from paycombat_async.sandbox.moves import make_move, moves_of, moves_of_checkout
from paycombat_async.sandbox.paging import Window
from paycombat_async.sandbox.records import Kind, Record

_RECORDS: Final = {"payins": Kind.PAYIN, "payouts": Kind.PAYOUT, "virtual_accounts": Kind.VIRTUAL_ACCOUNT}
_CHECKOUT_SECRETS: Final = frozenset({"checkout_token"})


class SeenObject(Struct, frozen=True, kw_only=True):
    """One customer, payin, payout, virtual account or checkout, as the control interface shows it.

    `moves` are the actions that are possible now. `details` are all fields, with the provider's names. `page` is the
    path of a checkout's payment page.
    """

    kind: str
    id: str
    status: str
    created_at: str
    updated_at: str
    moves: tuple[str, ...]
    details: Mapping[str, object]
    amount: str | None = None
    currency: str | None = None
    reference: str | None = None
    page: str | None = None


async def show_objects(controls: Controls, query: ObjectsQuery) -> object:
    """Returns the objects of one kind that match the query, newest first, and the number of objects of each kind."""
    state = controls.state
    counts = {name: state.records.count(kind) for name, kind in _RECORDS.items()}
    counts |= {"checkouts": state.checkouts.count(), "customers": state.customers.count()}
    return {"objects": _SHOWN.get(query.kind, _records)(controls, query), "counts": counts}


async def settle_objects(controls: Controls, what: Settle) -> object:
    """Moves one object to a status, pays one checkout, or moves all pending objects to success and pays all checkouts.

    Returns the ids of the objects.
    """
    chosen = (what.id is not None, what.checkout_id is not None, what.all)
    if sum(chosen) != 1 or (what.id is None) != (what.status is None):
        raise ConfigurationError("settle: expected `id` and `status`, or `checkout_id`, or `all`")
    if what.payin_method_name is not None and what.checkout_id is None:
        raise ConfigurationError("settle: `payin_method_name` is for a `checkout_id`")
    if what.amount is not None and what.id is None:
        raise ConfigurationError("settle: `amount` is for the `id` of a payin")
    if what.checkout_id is not None:
        return {"settled": [pay_checkout(controls.state, what.checkout_id, what.payin_method_name)]}
    if what.id is not None and what.status is not None:
        settle(controls.state, what.id, what.status, what.amount)
        return {"settled": [what.id]}
    return {"settled": settle_all(controls.state)}


async def move_object(controls: Controls, what: MakeMove) -> object:
    """Executes one of the moves of an object, such as "settle" or "expire". Returns the object's id."""
    make_move(controls.state, what.id, what.move, amount=what.amount, method=what.payin_method_name)
    return {"moved": what.id}


async def show_ledger(controls: Controls, query: LedgerQuery) -> object:
    """Returns balances, the latest ledger entries (oldest first), duplicates, and the number of all entries."""
    report = report_of(controls.state.ledger)
    entries = report.entries if query.limit is None else report.entries[-query.limit :]
    return {"balances": report.balances, "entries": entries, "doubles": report.doubles, "total": len(report.entries)}


def _records(controls: Controls, query: ObjectsQuery) -> list[SeenObject]:
    window = Window(limit=query.limit, skip=query.skip)
    return [_record(each) for each in controls.state.records.newest(_RECORDS[query.kind], query.search, window)]


def _record(record: Record) -> SeenObject:
    document = record.document
    return SeenObject(
        kind=record.kind.value,
        id=record.id,
        status=record.status,
        created_at=document.get("created_at", ""),
        updated_at=document.get("updated_at", ""),
        moves=moves_of(record),
        details=document | {"webhook_url": record.webhook_url},
        amount=text_of(record.amount),
        currency=record.currency,
        reference=record.reference,
    )


def _checkouts(controls: Controls, query: ObjectsQuery) -> list[SeenObject]:
    found = controls.state.checkouts.newest(query.search, limit=query.limit, skip=query.skip)
    return [_checkout(document, controls.state.now()) for document in found]


def _checkout(document: Document, now: str) -> SeenObject:
    return SeenObject(
        kind="checkout",
        id=document["id"],
        status=status_of(document, now),
        created_at=document["created_at"],
        updated_at=document["updated_at"],
        moves=moves_of_checkout(document, now),
        details={name: value for name, value in document.items() if name not in _CHECKOUT_SECRETS},
        amount=document["amount"],
        currency=document["currency"],
        reference=document.get("description"),
        page=page_path(document["checkout_token"]),
    )


def _customers(controls: Controls, query: ObjectsQuery) -> list[SeenObject]:
    found = controls.state.customers.newest(query.search, limit=query.limit, skip=query.skip)
    return [
        SeenObject(
            kind="customer",
            id=document["customer_id"],
            status="ACTIVE" if document.get("is_active") else "DISABLED",
            created_at=document.get("created_at", ""),
            updated_at=document.get("updated_at", ""),
            moves=(),
            details=document,
            reference=document.get("organization_reference_id") or document.get("description"),
        )
        for document in found
    ]


_SHOWN: Final[Mapping[str, Callable[[Controls, ObjectsQuery], list[SeenObject]]]] = {
    "checkouts": _checkouts,
    "customers": _customers,
}
