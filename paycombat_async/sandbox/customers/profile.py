"""Creates and changes a customer's profile, the JSON object that the sandbox stores for each customer. No I/O."""

import re
from collections.abc import Iterator

import msgspec

from paycombat_async.sandbox.customers.table import Document
from paycombat_async.schemas import CreateCustomer, UpdateCustomer

ORGANISATION = "org_5a6d1c0b3e8f4729a1b2c3d4e5f60718"
_CREATED_BY = "sandbox"
_NESTED = frozenset({"company", "individual", "authorized_user"})
_ANSWERED_AS = {"company_email": "email"}
_PHONE = frozenset({"phone_country_code", "phone_number"})
_NO_DIGIT = re.compile(r"[^0-9]+")

# The fields without which a customer's wallet is not ready. The provider does not document them; the sandbox requires
# name, contact and address.
_WALLET_NEEDS = {
    "company": (
        "company.name",
        "company.registration_number",
        "company.incorporation_country",
        "company.email",
        "company.address_line1",
        "company.address_city",
        "company.address_country",
    ),
    "individual": (
        "individual.first_name",
        "individual.last_name",
        "individual.dob",
        "individual.email",
        "individual.nationality",
        "individual.address_line1",
        "individual.address_city",
        "individual.address_country",
    ),
}


def changes_of(request: CreateCustomer | UpdateCustomer) -> Document:
    """Returns the fields that are present in the request, without `customer_id`, as dicts and other JSON values."""
    changes: Document = msgspec.to_builtins(request)
    changes.pop("customer_id", None)
    return changes


def new_profile(customer_id: str, changes: Document, *, at: str) -> Document:
    """Returns the profile of a new customer: the default fields, changed by `changes`."""
    document: Document = {
        "customer_id": customer_id,
        "org_id": ORGANISATION,
        "created_by": _CREATED_BY,
        "created_at": at,
        "gca_activation_status": "NOT_STARTED",
        "is_active": True,
        "is_gca_enabled": False,
        "is_sender_validation_enabled": False,
    }
    change(document, changes, at=at)
    return document


def change(document: Document, changes: Document, *, at: str) -> None:
    """Applies `changes` to the profile `document` in place. `""` removes a field, and absent fields stay as they are.

    `metadata` is replaced as a whole. Both `company` and `individual` are accepted, as the provider documents it.
    Responses show only `company` or only `individual`, whichever matches the customer's type.
    """
    _merge(document, changes)
    document["updated_at"] = at
    document["is_wallet_ready"] = not any(missing_fields(document))


def _merge(part: Document, changes: Document) -> None:
    for name, value in changes.items():
        if value == "":
            part.pop(_ANSWERED_AS.get(name, name), None)
        elif name in _NESTED:
            _merge(part.setdefault(name, {}), value)
        else:
            part[_ANSWERED_AS.get(name, name)] = value
    if not _PHONE.isdisjoint(changes):
        _set_e164(part)


def _set_e164(part: Document) -> None:
    """Sets `phone_number_e164` to "+", the digits of `phone_country_code`, and those of `phone_number`.

    Leading zeros of `phone_number` are left out. If either of the two fields has no digits, `phone_number_e164` is
    removed.
    """
    code = _NO_DIGIT.sub("", part.get("phone_country_code", ""))
    number = _NO_DIGIT.sub("", part.get("phone_number", "")).lstrip("0")
    part["phone_number_e164"] = f"+{code}{number}"
    if not code or not number:
        del part["phone_number_e164"]


def missing_fields(document: Document) -> Iterator[str]:
    """Yields the dotted names of the fields that a wallet requires but this customer does not have."""
    for path in _WALLET_NEEDS.get(document.get("type", ""), ("customer.type",)):
        part, name = path.split(".")
        if name not in document.get(part, {}):
            yield path
