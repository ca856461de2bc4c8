"""The request body of Create Payout.

It has the documented fields, and the fields of Finmo, the payment company behind the provider's API.
"""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from paycombat_async.sandbox.bodies import Country, Currency, Number, OptionalObject, OptionalText, RequestBody, Text
from paycombat_async.schemas.payouts import BeneficiaryCompany, BeneficiaryIndividual


class Beneficiary(Struct, frozen=True, kw_only=True):
    """The person or company that a payout pays, and their account.

    Undeclared fields are allowed, because each payout method has fields of its own.
    """

    individual: BeneficiaryIndividual | UnsetType = UNSET
    company: BeneficiaryCompany | UnsetType = UNSET
    account_number: OptionalText = UNSET
    bsb: OptionalText = UNSET


class NewPayout(RequestBody, frozen=True, kw_only=True):
    """The request body of Create Payout. From `beneficiary_country` on, the fields are inferred and not documented."""

    payout_beneficiary_param: Beneficiary
    sender_amount: Number
    sender_currency: Currency
    sender_country: Country
    beneficiary_amount: Number
    beneficiary_currency: Currency
    payout_method_name: Text
    purpose_code: Text
    order_id: Text | Annotated[int, Meta(ge=0)] | UnsetType = UNSET  # some real clients send a str, and others an int
    beneficiary_country: Country | UnsetType = UNSET
    fx_rate_id: OptionalText = UNSET
    debit_wallet_id: OptionalText = UNSET
    fees_wallet_id: OptionalText = UNSET
    organization_reference_id: OptionalText = UNSET
    description: OptionalText = UNSET
    payout_method_param: OptionalObject = UNSET
    payout_controls: OptionalObject = UNSET
    payout_beneficiary_id: OptionalText = UNSET
    payout_sender_id: OptionalText = UNSET
    payout_sender_param: OptionalObject = UNSET
    receipt_email: OptionalText = UNSET
    payout_reference: OptionalText = UNSET
    webhook_url: OptionalText = UNSET
    metadata: OptionalObject = UNSET
