"""The functions that execute the requests of the customer endpoints.

Each function takes a request whose token and signature have been verified, and returns an object of the endpoint's
response type.
"""

import msgspec

from paycombat_async._signing import content_digest
from paycombat_async.sandbox.customers.profile import change, changes_of, missing_fields, new_profile
from paycombat_async.sandbox.customers.table import Document
from paycombat_async.sandbox.paging import window_of
from paycombat_async.sandbox.refusals import bad_request
from paycombat_async.sandbox.routing import RoutedCall
from paycombat_async.schemas import CreateCustomer, Customer, DeletedCustomer, Page, UpdateCustomer, WalletReadiness


def create_customer(call: RoutedCall[CreateCustomer]) -> Customer:
    changes = changes_of(call.request)
    _check_required(changes)
    state = call.state
    with state.transaction():
        number = state.customers.next_number()
        customer_id = f"customer_{content_digest(f'created/{state.origin}/{number}'.encode())[:32]}"
        document = new_profile(customer_id, changes, at=state.now())
        state.customers.add(document)
    return _customer(document)


def update_customer(call: RoutedCall[UpdateCustomer]) -> Customer:
    changes = changes_of(call.request)
    state = call.state
    with state.transaction():
        document = state.customers.find(call.request.customer_id)
        change(document, changes, at=state.now())
        state.customers.write(document, executed=1)
    return _customer(document)


def retrieve_customer(call: RoutedCall[None]) -> Customer:
    return _customer(call.state.customers.find(call.path["customer_id"]))


def list_customers(call: RoutedCall[None]) -> Page[Customer]:
    limit, skip = window_of(call.query)
    customers = call.state.customers
    documents = customers.page(limit=limit, skip=skip)
    return Page(items=[_customer(document) for document in documents], total=customers.count())


def check_wallet_ready(call: RoutedCall[None]) -> WalletReadiness:
    missing = list(missing_fields(call.state.customers.find(call.path["customer_id"])))
    return WalletReadiness(is_wallet_ready=not missing, missing_field=missing)


def enable_customer(call: RoutedCall[None]) -> Customer:
    return _set_active(call, is_active=True)


def disable_customer(call: RoutedCall[None]) -> Customer:
    return _set_active(call, is_active=False)


def delete_customer(call: RoutedCall[None]) -> DeletedCustomer:
    customer_id = call.path["customer_id"]
    with call.state.transaction():
        call.state.customers.find(customer_id)
        call.state.customers.delete(customer_id)
    return DeletedCustomer(customer_id=customer_id, is_active=False)


def _set_active(call: RoutedCall[None], *, is_active: bool) -> Customer:
    state = call.state
    with state.transaction():
        document = state.customers.find(call.path["customer_id"])
        document |= {"is_active": is_active, "updated_at": state.now()}
        state.customers.write(document)
    return _customer(document)


def _customer(document: Document) -> Customer:
    return msgspec.convert(document, Customer)


def _check_required(changes: Document) -> None:
    """Raises `Refused` (HTTP 400) if a required str is empty, or if the object with the customer's details is missing.

    A customer whose `type` is "company" has this object in the field `company`, and an individual in `individual`.
    """
    kind: str = changes["type"]
    if kind not in changes:
        raise bad_request(f"$.{kind}: required when type is {kind!r}")
    required = ("name", "registration_number", "incorporation_country", "first_name", "last_name", "address_country")
    for part, names in (("$", ("description",)), (f"$.{kind}", required)):
        fields = changes if part == "$" else changes[kind]
        for name in names:
            if fields.get(name) == "":
                raise bad_request(f"{part}.{name}: required, so it must not be empty")
