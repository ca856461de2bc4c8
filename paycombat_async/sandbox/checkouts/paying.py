"""Pays a checkout as its customer would: chooses a payin method and creates a payin that succeeds."""

from decimal import Decimal

from paycombat_async._signing import content_digest
from paycombat_async.sandbox.bodies import given
from paycombat_async.sandbox.checkouts.rules import choose_method, fitting_methods
from paycombat_async.sandbox.checkouts.table import Document
from paycombat_async.sandbox.lifecycle import add_record, change_status, uuid_of
from paycombat_async.sandbox.payins.document import payin_document
from paycombat_async.sandbox.records import Kind, Record
from paycombat_async.sandbox.refusals import Refused, conflict, unprocessable
from paycombat_async.sandbox.state import SandboxState
from paycombat_async.sandbox.transitions import PENDING, SUCCESS_STATUS

# Under this key, a checkout's stored document has the id of the payin that paid the checkout. Responses do not contain
# this key.
PAID_BY = "paid_by"


def pay(state: SandboxState, checkout_id: str, method: str | None = None) -> str:
    """Pays a checkout and returns the payin's id.

    Without `method`, the payin method that was chosen before is used. If none was chosen, the first method that fits is
    used. A method fits if it allows the checkout's currency and amount. Raises `Refused` with status 404 for an unknown
    checkout, 400 for a method that is unknown or does not fit, 409 for a checkout that is already paid, and 422 for a
    checkout that has expired or that no payin method fits.
    """
    with state.transaction():
        document = state.checkouts.find(checkout_id)
        if PAID_BY in document:
            raise conflict("this checkout has been paid")
        choose_method(document, method or _method_for(document), at=state.now())
        payin = add_record(state, lambda number: _payin(document, number, state.now()))
        payin = change_status(state, payin, SUCCESS_STATUS[Kind.PAYIN])
        document[PAID_BY] = payin.id
        state.checkouts.write(document)
    return payin.id


def pay_all(state: SandboxState) -> list[str]:
    """Pays all checkouts that can be paid. Returns the ids of the payins, for the oldest checkout first."""
    payins: list[str] = []
    for checkout_id in state.checkouts.ids():
        try:
            payins.append(pay(state, checkout_id))
        except Refused:
            continue  # the checkout is already paid, has expired, or has no payin method that fits
    return payins


def _method_for(document: Document) -> str:
    chosen: str | None = document.get("payin_method_name")
    fitting = [method.payin_method_name for method in fitting_methods(document)]
    if chosen is None and not fitting:
        raise unprocessable("NO_PAYIN_METHOD", "no payin method fits the currency and the amount of this checkout")
    return chosen or fitting[0]


def _payin(document: Document, number: str, now: str) -> Record:
    amount = Decimal(document["amount"])
    payin_id, checkout_id = uuid_of(number), document["id"]
    # No page of the provider says which field of a payin has the id of its checkout. The field for the merchant's own
    # reference is the likeliest one.
    stored = payin_document(
        currency=document["currency"],
        method=document["payin_method_name"],
        amount=amount,
        sent={"order_reference": checkout_id},
    )
    return Record(
        id=payin_id,
        kind=Kind.PAYIN,
        status=PENDING,
        currency=document["currency"],
        amount=amount,
        reference=checkout_id,
        body_digest=content_digest(checkout_id.encode()),
        webhook_url=given(document.get("webhook_url", "")),
        document=stored | {"id": payin_id, "created_at": now, "updated_at": now},
    )
