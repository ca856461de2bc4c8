"""The functions that execute the requests of the payout endpoints.

Each function takes a request whose token and signature have been verified, and returns an object of the endpoint's
response type.
"""

import msgspec

from paycombat_async._signing import content_digest
from paycombat_async.sandbox.amounts import read_amount, text_of
from paycombat_async.sandbox.bodies import Simulate, given
from paycombat_async.sandbox.deliveries.url import check_webhook_url
from paycombat_async.sandbox.lifecycle import MERCHANT, make, move, uuid_of
from paycombat_async.sandbox.paging import window_of
from paycombat_async.sandbox.payouts.bodies import Beneficiary, NewPayout
from paycombat_async.sandbox.payouts.pages import answered_page
from paycombat_async.sandbox.payouts.rules import check_payout
from paycombat_async.sandbox.records import Document, Kind, Record
from paycombat_async.sandbox.routing import RoutedCall
from paycombat_async.sandbox.transitions import PENDING
from paycombat_async.schemas import Page
from paycombat_async.schemas.payouts import Payout


def create_payout(call: RoutedCall[NewPayout]) -> Payout:
    """Creates a payout. An `order_id` that was used before is accepted.

    The provider's documentation does not say that a repeated `order_id` is refused.
    """
    request, now = call.request, call.state.now()
    check_payout(request, call.body)
    amount = read_amount(request.sender_amount, "$.sender_amount")
    wired = read_amount(request.beneficiary_amount, "$.beneficiary_amount")
    order_id = None if request.order_id is msgspec.UNSET else str(request.order_id)
    webhook_url = check_webhook_url(request.webhook_url)

    def describe(number: str) -> Record:
        return Record(
            id=uuid_of(number),
            kind=Kind.PAYOUT,
            status=PENDING,
            currency=request.sender_currency,
            amount=amount,
            reference=order_id,
            body_digest=content_digest(call.body),
            webhook_url=webhook_url,
            document=_document(request, number, now) | {"order_id": order_id, "wire_amount": text_of(wired)},
        )

    return _payout(make(call.state, describe))


def simulate_payout(call: RoutedCall[Simulate]) -> object:
    """Executes "Simulate Payout": changes a payout's status, and returns the data of "Retrieve Payout".

    The provider does not document the response of "Simulate Payout".
    """
    record = move(call.state, call.request.subject("payout_id"), [Kind.PAYOUT], to=call.request.status)
    return answered_page(_payout(record))


def retrieve_payout(call: RoutedCall[None]) -> Payout:
    return _payout(call.state.records.find(call.path["id"], [Kind.PAYOUT]))


def list_payouts(call: RoutedCall[None]) -> Page[Payout]:
    records = call.state.records
    found = records.page(Kind.PAYOUT, window_of(call.query))
    return Page(items=[_payout(record) for record in found], total=records.count(Kind.PAYOUT))


def _payout(record: Record) -> Payout:
    return msgspec.convert(record.document, Payout)


def _document(request: NewPayout, number: str, now: str) -> Document:
    beneficiary = request.payout_beneficiary_param
    return {
        "id": uuid_of(number),
        "payout_id_finmo": f"payout_{content_digest(b'payout', number.encode())[:32]}",
        "merchant_id": MERCHANT,
        "status": PENDING,
        "wire_id": f"w_txn_{content_digest(b'wire', number.encode())[:32]}",
        "due_date": now,
        "fee_taken": 0,
        "fee_expected": 0,
        "payee_name": _payee(beneficiary),
        "currency": request.beneficiary_currency,
        "beneficiary": "",
        "beneficiary_bank": request.payout_method_name,
        "beneficiary_account_number": given(beneficiary.account_number),
        "approval": "APPROVED",
        "created_at": now,
        "updated_at": now,
    }


def _payee(beneficiary: Beneficiary) -> str:
    """Returns the name of the company, or the first and last name of the person, that the payout pays.

    First and last name are joined without a space, as in the provider's documentation.
    """
    if beneficiary.individual is not msgspec.UNSET:
        person = beneficiary.individual
        return (given(person.first_name) or "") + (given(person.last_name) or "")
    company = beneficiary.company
    return "" if company is msgspec.UNSET else given(company.name) or ""
