"""The functions that execute the requests of the payin endpoints.

Each function takes a request whose token and signature have been verified, and returns an object of the endpoint's
response type.
"""

from decimal import Decimal

import msgspec

from paycombat_async._signing import content_digest
from paycombat_async.sandbox.amounts import read_amount
from paycombat_async.sandbox.bodies import Simulate, given
from paycombat_async.sandbox.deliveries.url import check_webhook_url
from paycombat_async.sandbox.lifecycle import make, move, uuid_of
from paycombat_async.sandbox.payins.bodies import NewPayin, NewVirtualAccount
from paycombat_async.sandbox.payins.document import payin_document
from paycombat_async.sandbox.payins.pages import answered_page, webhook_of_account
from paycombat_async.sandbox.payins.rules import check_payin, check_virtual_account
from paycombat_async.sandbox.records import Document, Kind, Record
from paycombat_async.sandbox.routing import RoutedCall
from paycombat_async.sandbox.transitions import PENDING
from paycombat_async.schemas.payins import Payin, VirtualAccount


def create_payin(call: RoutedCall[NewPayin]) -> Payin:
    request, now = call.request, call.state.now()
    amount = read_amount(request.amount, "$.amount")
    check_payin(request, amount, call.state)
    webhook_url = check_webhook_url(request.webhook_url)

    def describe(number: str) -> Record:
        return Record(
            id=uuid_of(number),
            kind=Kind.PAYIN,
            status=PENDING,
            currency=request.currency,
            amount=amount,
            reference=given(request.order_reference),
            body_digest=content_digest(call.body),
            webhook_url=webhook_url,
            document=_document(request, amount) | {"id": uuid_of(number), "created_at": now, "updated_at": now},
        )

    return _payin(make(call.state, describe))


def simulate_payin(call: RoutedCall[Simulate]) -> object:
    """Executes "Simulate Payin": changes the status of a payin or of a virtual account.

    The provider documents no such call for virtual accounts. For a payin, returns the data of "Retrieve Payin", and for
    a virtual account the data of its webhook.
    """
    record = move(
        call.state, call.request.subject("payin_id"), [Kind.PAYIN, Kind.VIRTUAL_ACCOUNT], to=call.request.status
    )
    return answered_page(_payin(record)) if record.kind is Kind.PAYIN else webhook_of_account(record)


def retrieve_payin(call: RoutedCall[None]) -> Payin:
    return _payin(call.state.records.find(call.path["id"], [Kind.PAYIN]))


def create_virtual_account(call: RoutedCall[NewVirtualAccount]) -> VirtualAccount:
    request = call.request
    amount = Decimal(0) if isinstance(request.amount, msgspec.UnsetType) else read_amount(request.amount, "$.amount")
    check_virtual_account(request, call.state)

    def describe(number: str) -> Record:
        return Record(
            id=uuid_of(number),
            kind=Kind.VIRTUAL_ACCOUNT,
            status=PENDING,
            currency=request.currency,
            amount=amount,
            reference=None,
            body_digest=content_digest(call.body),
            webhook_url=None,
            document={"id": uuid_of(number), "status": PENDING},
        )

    return VirtualAccount(id=make(call.state, describe).id)


def _payin(record: Record) -> Payin:
    return msgspec.convert(record.document, Payin)


def _document(request: NewPayin, amount: Decimal) -> Document:
    sent = {
        "order_reference": given(request.order_reference),
        "customer_full_name": given(request.customer_full_name),
        "customer_email": given(request.customer_email) or given(request.receipt_email),
        "customer_phone": given(request.customer_phone),
        "payer_id": given(request.payer_id),
    }
    return payin_document(currency=request.currency, method=request.payin_method_name, amount=amount, sent=sent)
