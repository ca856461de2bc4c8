"""Response bodies of the customer endpoints: the documented fields, in the documented order.

The fields are copied from the provider's documentation, not from the SDK's schemas. A field that is missing in the
schemas therefore makes a test fail.
"""

from collections.abc import Mapping

from msgspec import Struct

from paycombat_async.schemas import Customer, DeletedCustomer, Page, WalletReadiness

_PERSON = (
    "first_name",
    "last_name",
    "dob",
    "email",
    "nationality",
    "address_country",
    "address_state",
    "address_city",
    "address_line1",
    "address_line2",
    "address_zip_code",
    "country_of_residence",
    "phone_number",
    "phone_country_code",
    "phone_number_e164",
    "identification_type",
    "identification_custom_type",
    "identification_value",
)
_COMPANY = (
    "name",
    "registration_number",
    "incorporation_country",
    "address_country",
    "address_state",
    "address_city",
    "address_line1",
    "address_line2",
    "address_zip_code",
    "phone_number",
    "phone_country_code",
    "phone_number_e164",
    "email",
    "authorized_user",
)
_UPDATED = (
    "created_at",
    "created_by",
    "customer_id",
    "description",
    "gca_activated_at",
    "gca_activation_status",
    "is_active",
    "is_gca_enabled",
    "is_wallet_ready",
    "metadata",
    "org_id",
    "organization_reference_id",
    "type",
    "updated_at",
    "webhook_url",
)
_DETAILED = (
    "customer_id",
    "org_id",
    "type",
    "description",
    "webhook_url",
    "metadata",
    "is_active",
    "is_wallet_ready",
    "organization_reference_id",
    "is_gca_enabled",
    "gca_activation_status",
    "gca_activated_at",
    "is_sender_validation_enabled",
    "payin_sender_id_list",
    "company_domain",
)
_STAMPS = ("created_by", "created_at", "updated_at")

# Fields for which "Update Customer" returns `{}` instead of null. Other endpoints return null.
_SHOWN_AS_OBJECT: Mapping[str, object] = {
    "company_domain": {},
    "address_line2": {},
    "identification_custom_type": {},
}
_ALL_NULL: Mapping[str, object] = {}


def updated_page(customer: Customer) -> dict[str, object]:
    """Returns the response of "Update Customer", where `company_domain` is a field of `company`."""
    part = _part(customer, ("company_domain", *_COMPANY), _SHOWN_AS_OBJECT)
    return part | _shown(customer, _UPDATED, _SHOWN_AS_OBJECT)


def detailed_page(customer: Customer) -> dict[str, object]:
    """Returns the response of "Get Detail Customer by Id", where `company_domain` is a field of the customer."""
    head = _shown(customer, _DETAILED, _ALL_NULL)
    return head | _part(customer, _COMPANY, _ALL_NULL) | _shown(customer, _STAMPS, _ALL_NULL)


def wallet_page(readiness: WalletReadiness) -> dict[str, object]:
    """Returns the response of "Check wallet ready".

    The provider's documentation shows the fields of this response on the page "Disable Customer".
    """
    return _shown(readiness, ("is_wallet_ready", "missing_field"), _ALL_NULL)


def deleted_page(deleted: DeletedCustomer) -> dict[str, object]:
    """Returns the response of "Delete Customer": the customer's id and `is_active`.

    The provider does not document this response.
    """
    return _shown(deleted, ("customer_id", "is_active"), _ALL_NULL)


def list_page(page: Page[Customer]) -> dict[str, object]:
    """Returns a page of customers as `{data, total}`, the most common form of a list in the provider's API.

    The response of "Get All Customer" is undocumented.
    """
    return {"data": [detailed_page(customer) for customer in page.items], "total": page.total}


def _part(customer: Customer, company: tuple[str, ...], nulls: Mapping[str, object]) -> dict[str, object]:
    if customer.type == "individual":
        return {"individual": customer.individual and _shown(customer.individual, _PERSON, nulls)}
    if customer.company is None:
        return {"company": None}
    user = customer.company.authorized_user
    return {
        "company": _shown(customer.company, company, nulls) | {"authorized_user": user and _shown(user, _PERSON, nulls)}
    }


def _shown(part: Struct, names: tuple[str, ...], nulls: Mapping[str, object]) -> dict[str, object]:
    values = ((name, getattr(part, name)) for name in names)
    return {name: nulls.get(name) if value is None else value for name, value in values}
