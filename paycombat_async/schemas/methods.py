"""Payin and payout methods, and the fields that each method requires.

https://docs.paycombat.com/get-required-fields-by-payin-method-12823595e0
"""

from decimal import Decimal

from paycombat_async.schemas._base import Identity, PublicResponse, Reference


class RequiredField(PublicResponse, frozen=True, kw_only=True):
    """A field that a payin or payout method requires. `regex` is the pattern that its value must match."""

    name: str | None = None
    type: str | None = None
    label: str | None = None  # only payin methods have this field
    regex: str | None = None
    mandatory: bool | None = None
    field_description: str | None = None
    regex_description: str | None = None  # only payout methods have it


class PayinMethod(PublicResponse, frozen=True, kw_only=True):
    """A way to pay in. Amounts are in major units of `currency` (dollars, not cents).

    The two expiry times are durations in seconds, as str.
    """

    payin_method_id: Reference = None
    payin_method_name: Identity = ""
    payin_method_description: str | None = None
    payin_method_logo: str | None = None
    payin_method_instruction: list[str] | None = None
    payin_method_category: str | None = None
    payin_method_class: str | None = None
    payin_method_group: str | None = None
    country: str | None = None
    currency: str | None = None
    payin_method_param: list[RequiredField] | None = None
    min_amount: Decimal | None = None
    max_amount: Decimal | None = None
    is_sender_validation_enabled: bool | None = None
    is_payin_method_available_24_7: bool | None = None
    is_cancellable: bool | None = None
    is_refundable: bool | None = None
    is_multiple_refund_allowed: bool | None = None
    is_partially_refundable: bool | None = None
    is_over_refundable: bool | None = None
    is_va_allowed: bool | None = None
    is_payin_allowed: bool | None = None
    max_expiration_time_in_seconds: str | None = None
    default_expiry_time_seconds: str | None = None


class BeneficiaryFields(PublicResponse, frozen=True, kw_only=True):
    """The required fields of a payout method.

    `base_param` has the fields for every beneficiary. The other lists have additional fields for one kind of
    beneficiary.
    """

    company: list[RequiredField] | None = None
    base_param: list[RequiredField] | None = None
    individual: list[RequiredField] | None = None


class PayoutMethod(PublicResponse, frozen=True, kw_only=True):
    """A way to pay out."""

    payout_method_id: Reference = None
    payout_method_name: Identity = ""
    payout_method_description: str | None = None
    payout_method_logo: str | None = None
    currency: str | None = None
    sender_country: str | None = None
    sender_currency: str | None = None
    beneficiary_country: str | None = None
    beneficiary_currency: str | None = None
    payout_method_category: str | None = None
    payout_method_class: str | None = None
    payout_method_group: str | None = None
    payout_method_param: dict[str, object] | None = None
    payout_beneficiary_param: BeneficiaryFields | None = None
