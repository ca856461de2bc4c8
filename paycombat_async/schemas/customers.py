"""Requests and responses of customers. The order of the fields, and of the JSON keys, is that of the provider's pages.

https://docs.paycombat.com/create-customer-12819564e0
https://docs.paycombat.com/update-customer-12819581e0
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, UnsetType

from paycombat_async.schemas._base import (
    Clear,
    Identity,
    NullableReference,
    NullableText,
    Part,
    PublicResponse,
    Reference,
    Request,
    RequiredText,
    Response,
)


class CustomerType(StrEnum):
    """The known values of `Customer.type`."""

    INDIVIDUAL = "individual"
    COMPANY = "company"


class GcaActivationStatus(StrEnum):
    """The known values of `Customer.gca_activation_status`.

    The provider documents only NOT_STARTED, but an activation must have other states, too. So any value is accepted.
    """

    NOT_STARTED = "NOT_STARTED"


# The type of the field `type` in requests. One example of the provider shows `{}` as the value of `type`, but the page
# "Get Detail Customer" shows a string.
CustomerKind: TypeAlias = Literal["individual", "company"]


class AuthorizedUserDetails(Part, frozen=True, kw_only=True):
    """The person who acts for a company. `dob` is YYYY-MM-DD.

    The fields and their order are from the page "Update Customer". For "Create Customer" they may differ.
    """

    first_name: str | UnsetType = UNSET
    email: str | UnsetType = UNSET
    last_name: str | UnsetType = UNSET
    dob: str | UnsetType = UNSET
    identification_type: str | UnsetType = UNSET
    identification_value: str | UnsetType = UNSET
    nationality: str | UnsetType = UNSET
    address_line1: str | UnsetType = UNSET
    address_line2: str | UnsetType = UNSET
    address_state: str | UnsetType = UNSET
    address_city: str | UnsetType = UNSET
    address_country: str | UnsetType = UNSET
    address_zip_code: str | UnsetType = UNSET
    country_of_residence: str | UnsetType = UNSET
    phone_country_code: str | UnsetType = UNSET
    phone_number: str | UnsetType = UNSET


class CreateCompany(Part, frozen=True, kw_only=True):
    """The company behind a new customer. In answers, `company_email` is called `email`."""

    name: str
    registration_number: str
    incorporation_country: str
    company_email: str | UnsetType = UNSET
    address_line1: str | UnsetType = UNSET
    address_line2: str | UnsetType = UNSET
    address_city: str | UnsetType = UNSET
    address_state: str | UnsetType = UNSET
    address_country: str
    address_zip_code: str | UnsetType = UNSET
    phone_country_code: str | UnsetType = UNSET
    phone_number: str | UnsetType = UNSET
    authorized_user: AuthorizedUserDetails | UnsetType = UNSET


class CreateIndividual(Part, frozen=True, kw_only=True):
    """The person behind a new customer. `dob` is YYYY-MM-DD."""

    first_name: str
    last_name: str
    dob: str | UnsetType = UNSET
    email: str | UnsetType = UNSET
    identification_type: str | UnsetType = UNSET
    identification_value: str | UnsetType = UNSET
    address_line1: str | UnsetType = UNSET
    address_line2: str | UnsetType = UNSET
    address_city: str | UnsetType = UNSET
    address_state: str | UnsetType = UNSET
    address_country: str
    address_zip_code: str | UnsetType = UNSET
    country_of_residence: str | UnsetType = UNSET
    nationality: str | UnsetType = UNSET
    phone_country_code: str | UnsetType = UNSET
    phone_number: str | UnsetType = UNSET


class CreateCustomer(Request, frozen=True, kw_only=True):
    """A new customer. Pass `company` if the type is "company", and `individual` if the type is "individual"."""

    _shown = ("organization_reference_id", "type")

    description: str
    type: CustomerKind
    organization_reference_id: str | UnsetType = UNSET
    metadata: Mapping[str, object] | UnsetType = UNSET
    company: CreateCompany | UnsetType = UNSET
    individual: CreateIndividual | UnsetType = UNSET


class UpdateCompany(Part, frozen=True, kw_only=True):
    """The fields of a company to change. In answers, `company_email` is called `email`."""

    name: str | UnsetType = UNSET
    registration_number: str | UnsetType = UNSET
    incorporation_country: str | UnsetType = UNSET
    company_email: str | UnsetType = UNSET
    address_line1: str | UnsetType = UNSET
    address_line2: str | UnsetType = UNSET
    address_city: str | UnsetType = UNSET
    address_state: str | UnsetType = UNSET
    address_country: str | UnsetType = UNSET
    address_zip_code: str | UnsetType = UNSET
    phone_country_code: str | UnsetType = UNSET
    phone_number: str | UnsetType = UNSET
    authorized_user: AuthorizedUserDetails | Clear | UnsetType = UNSET


class UpdateIndividual(Part, frozen=True, kw_only=True):
    """The fields of a person to change. `dob` is YYYY-MM-DD."""

    first_name: str | UnsetType = UNSET
    last_name: str | UnsetType = UNSET
    dob: str | UnsetType = UNSET
    email: str | UnsetType = UNSET
    identification_type: str | UnsetType = UNSET
    identification_value: str | UnsetType = UNSET
    address_line1: str | UnsetType = UNSET
    address_line2: str | UnsetType = UNSET
    address_city: str | UnsetType = UNSET
    address_state: str | UnsetType = UNSET
    address_country: str | UnsetType = UNSET
    address_zip_code: str | UnsetType = UNSET
    country_of_residence: str | UnsetType = UNSET
    nationality: str | UnsetType = UNSET
    phone_country_code: str | UnsetType = UNSET
    phone_number: str | UnsetType = UNSET


class UpdateCustomer(Request, frozen=True, kw_only=True):
    """The fields of a customer to change. A field with the value `UNSET` stays unchanged, and `""` clears a field.

    The provider's page says that every field can be cleared. Therefore even `type`, `metadata`, `company`, `individual`
    and `authorized_user` can be cleared as a whole.
    """

    _shown = ("customer_id", "type")

    customer_id: RequiredText
    description: str | UnsetType = UNSET
    type: CustomerKind | Clear | UnsetType = UNSET
    organization_reference_id: str | UnsetType = UNSET
    metadata: Mapping[str, object] | Clear | UnsetType = UNSET
    company: UpdateCompany | Clear | UnsetType = UNSET
    individual: UpdateIndividual | Clear | UnsetType = UNSET


class AuthorizedUser(Response, frozen=True, kw_only=True):
    """The person who acts for a company, as the provider stores it."""

    first_name: str | None = None
    last_name: str | None = None
    dob: str | None = None
    email: str | None = None
    nationality: str | None = None
    address_country: str | None = None
    address_state: str | None = None
    address_city: str | None = None
    address_line1: str | None = None
    address_line2: NullableText = None
    address_zip_code: str | None = None
    country_of_residence: str | None = None
    phone_number: str | None = None
    phone_country_code: str | None = None
    phone_number_e164: str | None = None
    identification_type: str | None = None
    identification_custom_type: NullableText = None
    identification_value: str | None = None


class Individual(AuthorizedUser, frozen=True, kw_only=True):
    """A person, as the provider stores it.

    The provider's page is cut off after `first_name`, `last_name`, `dob`, `email` and `nationality`. The other fields
    are the fields of `AuthorizedUser`.
    """


class Company(Response, frozen=True, kw_only=True):
    """A company, as the provider stores it. The provider computes `phone_number_e164`."""

    company_domain: NullableText = None
    name: str | None = None
    registration_number: str | None = None
    incorporation_country: str | None = None
    address_country: str | None = None
    address_state: str | None = None
    address_city: str | None = None
    address_line1: str | None = None
    address_line2: NullableText = None
    address_zip_code: str | None = None
    phone_number: str | None = None
    phone_country_code: str | None = None
    phone_number_e164: str | None = None
    email: str | None = None
    authorized_user: AuthorizedUser | None = None


class Customer(Response, frozen=True, kw_only=True):
    """A customer. Times are str in ISO 8601, UTC, as the provider writes them.

    `type` is a value of `CustomerType`, or a str that this SDK does not know yet. `status` is the customer's status at
    Finmo, the provider's upstream, such as PENDING_INFO, UNDER_REVIEW, APPROVED or SUSPENDED.
    """

    _shown = ("customer_id", "type", "is_active")

    company: Company | None = None
    individual: Individual | None = None
    created_at: str | None = None
    created_by: str | None = None
    customer_id: Identity = ""
    description: str | None = None
    gca_activated_at: NullableText = None
    gca_activation_status: str | None = None
    is_active: bool | None = None
    is_gca_enabled: bool | None = None
    is_wallet_ready: bool | None = None
    metadata: dict[str, object] | None = None
    org_id: Reference = None
    organization_reference_id: NullableReference = None
    type: Annotated[str | None, Meta(extra={"known": CustomerType})] = None
    updated_at: str | None = None
    webhook_url: NullableText = None
    # Only the page "Get Detail Customer by Id" shows the following three fields.
    is_sender_validation_enabled: bool | None = None
    payin_sender_id_list: list[object] | None = None
    company_domain: NullableText = None
    # The following fields are inferred, because only the pages of Finmo, the provider's upstream, show them.
    status: str | None = None
    account_usage_purpose: NullableText = None
    is_enabled: bool | None = None
    customer_hosted_url: NullableText = None
    is_url_expired: bool | None = None
    tag_id_list: list[object] | None = None


class WalletReadiness(PublicResponse, frozen=True, kw_only=True):
    """Whether a customer's wallet can be used. If not, `missing_field` lists the customer's fields that are missing.

    Both fields are a guess from the page "Disable Customer", because no other page of the provider shows them.
    """

    is_wallet_ready: bool | None = None
    missing_field: list[str] | None = None


class DeletedCustomer(PublicResponse, frozen=True, kw_only=True):
    """The answer to a deletion. The documentation shows no example, so any field may be None."""

    customer_id: NullableReference = None
    is_active: bool | None = None
