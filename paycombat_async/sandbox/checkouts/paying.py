"""Ends a checkout as its customer would: pays it, fails to pay it, lets it expire, or cancels it.

Only one fact is known from the provider: paying a checkout creates a payin. All other behaviour here is a guess.
"""

from decimal import Decimal
from typing import Final

from paycombat_async._signing import content_digest
from paycombat_async.sandbox.bodies import given
from paycombat_async.sandbox.checkouts.rules import CANCELLED_AT, check_open, choose_method, fitting_methods
from paycombat_async.sandbox.checkouts.table import Document
from paycombat_async.sandbox.lifecycle import add_record, change_status, uuid_of
from paycombat_async.sandbox.payins.document import payin_document
from paycombat_async.sandbox.records import Kind, Record
from paycombat_async.sandbox.refusals import Refused, conflict, unprocessable
from paycombat_async.sandbox.state import SandboxState
from paycombat_async.sandbox.transitions import PENDING, SUCCESS_STATUS

# Two keys of a checkout's stored document that are not part of responses: the id of the payin that paid the checkout,
# and the ids of the payins that failed.
PAID_BY: Final = "paid_by"
FAILED_PAYINS: Final = "failed_payins"


def pay(state: SandboxState, checkout_id: str, method: str | None = None) -> str:
    """Pays a checkout and returns the payin's id.

    `method` is the name of a payin method. Without it, the method that an earlier request has set in the checkout is
    used or, without one, the first method that fits. A method fits if it allows the checkout's currency and amount.
    Raises `Refused` with one of these HTTP statuses: 404 for an unknown checkout; 400 for a method that is unknown or
    does not fit; 409 for a checkout that is already paid; 422 for a checkout that has expired, was cancelled, or has no
    fitting method.
    """
    with state.transaction():
        document = _open(state, checkout_id)
        document[PAID_BY] = payin_id = _payin_that_ends(state, document, method, SUCCESS_STATUS[Kind.PAYIN])
        state.checkouts.write(document)
    return payin_id


def pay_all(state: SandboxState) -> list[str]:
    """Pays all checkouts that can be paid.

    Returns the ids of the new payins, in the order of the checkouts, oldest first.
    """
    payins: list[str] = []
    for checkout_id in state.checkouts.ids():
        try:
            payins.append(pay(state, checkout_id))
        except Refused:
            continue  # the checkout is already paid, expired or cancelled, or no payin method allows it
    return payins


def fail(state: SandboxState, checkout_id: str, method: str | None, *, attempt: int) -> None:
    """Adds a failed payin to a checkout. The checkout can still be paid.

    `attempt` is the number of payins that had failed when the customer loaded the page. If one more payin has failed
    since then, nothing is done: a second click on the button must not make a second payin. Raises `Refused` if the
    checkout is unknown or can no longer be paid, or if the payin method is unknown or does not allow its currency or
    amount.
    """
    with state.transaction():
        document = _open(state, checkout_id)
        failed: list[str] = document.setdefault(FAILED_PAYINS, [])
        if attempt == len(failed):
            failed.append(_payin_that_ends(state, document, method, "FAILED"))
            state.checkouts.write(document)


def expire(state: SandboxState, checkout_id: str, method: str | None) -> None:
    """Makes a checkout expire now, and adds a payin with the status EXPIRED, as if its customer had begun to pay.

    Raises `Refused` if the checkout is unknown or can no longer be paid, or if the payin method is unknown or does not
    allow its currency or amount.
    """
    with state.transaction():
        document = _open(state, checkout_id)
        _payin_that_ends(state, document, method, "EXPIRED")
        document["expire_at"] = document["updated_at"] = state.now()
        state.checkouts.write(document)


def cancel(state: SandboxState, checkout_id: str) -> None:
    """Cancels a checkout, without creating a payin.

    Raises `Refused` with HTTP status 404 for an unknown checkout, 409 for a paid one, and 422 for one that has expired
    or was cancelled.
    """
    with state.transaction():
        document = _open(state, checkout_id)
        document[CANCELLED_AT] = document["updated_at"] = state.now()
        state.checkouts.write(document)


def _open(state: SandboxState, checkout_id: str) -> Document:
    document = state.checkouts.find(checkout_id)
    if PAID_BY in document:
        raise conflict("this checkout has been paid")
    check_open(document, state.now())
    return document


def _payin_that_ends(state: SandboxState, document: Document, method: str | None, status: str) -> str:
    """Creates a payin of the checkout and moves it to this status. Returns the payin's id.

    Sets the payin method in the checkout's `document`.
    """
    choose_method(document, method or _method_for(document), at=state.now())
    payin = add_record(state, lambda number: _payin(document, number, state.now()))
    return change_status(state, payin, status).id


def _method_for(document: Document) -> str:
    chosen: str | None = document.get("payin_method_name")
    fitting = [method.payin_method_name for method in fitting_methods(document)]
    if chosen is None and not fitting:
        raise unprocessable("NO_PAYIN_METHOD", "no payin method fits the currency and the amount of this checkout")
    return chosen or fitting[0]


def _payin(document: Document, number: str, now: str) -> Record:
    amount = Decimal(document["amount"])
    payin_id, checkout_id = uuid_of(number), document["id"]
    # The provider does not document which field of a payin contains the id of its checkout. The field for the
    # merchant's own reference is the most likely one.
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
