"""Checks of new payins and virtual accounts: currency, amount, fields of the payin method, customer, paying account."""

from decimal import Decimal

from msgspec import UnsetType

from paycombat_async.sandbox.bodies import given
from paycombat_async.sandbox.methods.payins import PAYIN_METHOD_OF_NAME
from paycombat_async.sandbox.payins.bodies import NewPayin, NewVirtualAccount
from paycombat_async.sandbox.records import Kind
from paycombat_async.sandbox.refusals import bad_request, unprocessable
from paycombat_async.sandbox.required_fields import check_fields
from paycombat_async.sandbox.state import SandboxState
from paycombat_async.schemas.methods import PayinMethod


def check_payin(request: NewPayin, amount: Decimal, state: SandboxState) -> None:
    """Raises `Refused` if a new payin is invalid.

    The HTTP status is 400 if the payin method is unknown, or does not allow the currency, the amount or another field.
    It is 404 if the customer or the virtual account is unknown, and 422 if the virtual account is not approved.
    """
    method = _method(request)
    smallest, largest = method.min_amount, method.max_amount
    if smallest is not None and largest is not None and not smallest <= amount <= largest:
        raise bad_request(f"$.amount: this payin method takes amounts from {smallest} to {largest}")
    param = {} if isinstance(request.payin_method_param, UnsetType) else request.payin_method_param
    check_fields(param, method.payin_method_param, "$.payin_method_param")
    _check_customer(request, state)
    payer_id = given(request.payer_id)
    if payer_id is not None:
        account = state.records.find(payer_id, [Kind.VIRTUAL_ACCOUNT])
        if account.status != "APPROVED":
            raise unprocessable("NOT_APPROVED", f"$.payer_id: this virtual account is {account.status}")


def check_virtual_account(request: NewVirtualAccount, state: SandboxState) -> None:
    """Raises `Refused` if a new virtual account is invalid.

    The HTTP status is 400 if the payin method is unknown, opens no virtual accounts, or has another currency than the
    request. It is 404 if the customer is unknown.
    """
    if not _method(request).is_va_allowed:
        raise bad_request("$.payin_method_name: this payin method opens no virtual accounts")
    _check_customer(request, state)


def _method(request: NewPayin | NewVirtualAccount) -> PayinMethod:
    method = PAYIN_METHOD_OF_NAME.get(request.payin_method_name)
    if method is None:
        raise bad_request("$.payin_method_name: there is no such payin method")
    if request.currency != method.currency:
        raise bad_request(f"$.currency: this payin method takes {method.currency}")
    return method


def _check_customer(request: NewPayin | NewVirtualAccount, state: SandboxState) -> None:
    customer_id = given(request.customer_id)
    if customer_id is not None:
        state.customers.find(customer_id)
