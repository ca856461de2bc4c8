"""Requests, responses and webhooks of payouts. Their fields have the order of the provider's pages.

https://docs.paycombat.com/create-payout-12836301e0
https://docs.paycombat.com/payout-payload-example-1015331m0
"""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from paycombat_async.schemas._base import Amount, Identity, OpenPart, Part, Reference, Request, RequiredText, Response


class PayoutStatus(StrEnum):
    """The known values of `Payout.status`. RETURNED is in the title of a webhook page, and the others are documented.

    SUCCESS is not final, because RETURNED may follow.
    """

    PENDING = "PENDING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    RETURNED = "RETURNED"


class PayoutApproval(StrEnum):
    """The known values of `Payout.approval`."""

    APPROVED = "APPROVED"
    FAILED = "FAILED"


class BeneficiaryIndividual(Part, frozen=True, kw_only=True):
    """The person who receives a payout."""

    first_name: str | UnsetType = UNSET
    last_name: str | UnsetType = UNSET


class BeneficiaryCompany(Part, frozen=True, kw_only=True):
    """The company that receives a payout.

    The provider does not document the fields of such a company. `name` is from the code of an existing client of the
    API.
    """

    name: str | UnsetType = UNSET


class PayoutBeneficiary(OpenPart, frozen=True, kw_only=True):
    """The beneficiary of a payout, and the beneficiary's account. `bsb` is for Australian accounts.

    Pass either `individual` or `company`, as a Struct and not in `extra`. Each payout method requires additional
    fields, such as IBAN or bank code. Pass these in the `extra` of `PayoutBeneficiary`.
    """

    individual: BeneficiaryIndividual | UnsetType = UNSET
    company: BeneficiaryCompany | UnsetType = UNSET
    account_number: str | UnsetType = UNSET
    bsb: str | UnsetType = UNSET


class CreatePayout(Request, frozen=True, kw_only=True):
    """A new payout. Amounts are `Decimal` or `int`, not `float`, in major units of the currency (dollars, not cents).

    Give each payout its own `order_id`, so that you can find the payout if the answer is lost. No page of the provider
    shows this field, but an existing client of the API and the webhooks have it. No page says which fields are
    required. The fields without a default are in every example. The only documented `purpose_code` is SELF.
    """

    _shown = ("order_id", "payout_method_name")

    payout_beneficiary_param: PayoutBeneficiary
    sender_amount: Amount
    sender_currency: str
    sender_country: str
    beneficiary_amount: Amount
    beneficiary_currency: str
    payout_method_name: str
    purpose_code: str
    order_id: RequiredText | UnsetType = UNSET


class SimulatePayout(Request, frozen=True, kw_only=True):
    """Makes a sandbox payout succeed, fail or be returned.

    The fields are a guess: `extra={"payout_id": …, "status": "SUCCESS"}`.
    """


class Payout(Response, frozen=True, kw_only=True):
    """A payout. `beneficiary_bank` is the name of the payout method. Times are str in ISO 8601, UTC.

    This Struct is for answers and for payout webhooks. `original_amount` and `type` are in webhooks only. The `status`
    SUCCESS may still become RETURNED.
    """

    _shown = ("id", "order_id", "status", "type")

    id: Identity = ""
    payout_id_finmo: str | None = None
    merchant_id: Reference = None
    reply_code_id_pg: object = None
    status: Annotated[str | None, Meta(extra={"known": PayoutStatus})] = None
    wire_id: Reference = None
    order_id: Reference = None
    due_date: str | None = None
    last_action: object = None
    wire_amount: Decimal | None = None
    original_amount: Decimal | None = None
    fee_taken: Decimal | None = None
    fee_expected: Decimal | None = None
    payee_name: str | None = None
    currency: str | None = None
    beneficiary: str | None = None
    beneficiary_bank: str | None = None
    beneficiary_account_number: str | None = None
    beneficiary_account_iban: str | None = None
    wire_origin: object = None
    conversion: object = None
    process: object = None
    approval: Annotated[str | None, Meta(extra={"known": PayoutApproval})] = None
    created_at: str | None = None
    updated_at: str | None = None
    approved_at: str | None = None
    denied_at: str | None = None
    pending_at: str | None = None
    type: str | None = None
