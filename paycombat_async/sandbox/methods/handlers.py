"""One handler per endpoint that only reads what is on offer: an admitted call in, the endpoint's response type out."""

from paycombat_async.sandbox.methods.currencies import PLACE_OF_CURRENCY, PLACES
from paycombat_async.sandbox.methods.payins import PAYIN_METHOD_OF_NAME, PAYIN_METHODS
from paycombat_async.sandbox.methods.payouts import PAYOUT_METHODS
from paycombat_async.sandbox.refusals import not_found
from paycombat_async.sandbox.routing import Call
from paycombat_async.schemas import Page
from paycombat_async.schemas.merchant import PayoutBalance
from paycombat_async.schemas.methods import PayinMethod, PayoutMethod


def list_countries_and_currencies(_call: Call[None]) -> object:
    """No answer is on record; these are codes and names, as plain data."""
    return {
        "countries": [{"country_code": place.country_code, "country_name": place.country_name} for place in PLACES],
        "currencies": [{"currency_code": place.currency, "currency_name": place.currency_name} for place in PLACES],
    }


def list_payout_methods(_call: Call[None]) -> Page[PayoutMethod]:
    return Page(items=list(PAYOUT_METHODS), total=len(PAYOUT_METHODS))


def list_payin_methods(_call: Call[None]) -> Page[PayinMethod]:
    return Page(items=list(PAYIN_METHODS), total=len(PAYIN_METHODS))


def retrieve_payin_method(call: Call[None]) -> PayinMethod:
    method = PAYIN_METHOD_OF_NAME.get(call.path["payin_method_name"])
    if method is None:
        raise not_found("there is no payin method with this name")
    return method


def list_payment_methods(call: Call[None]) -> Page[PayinMethod]:
    currency = _currency(call)
    methods = [method for method in PAYIN_METHODS if method.currency == currency]
    return Page(items=methods, total=len(methods))


def retrieve_payout_balance(call: Call[None]) -> PayoutBalance:
    currency = _currency(call)
    return PayoutBalance(currency=currency, balance=call.state.ledger.balance(currency))


def _currency(call: Call[None]) -> str:
    currency = call.path["currency"]
    if currency not in PLACE_OF_CURRENCY:
        raise not_found(f"there is nothing in this currency, but in {', '.join(PLACE_OF_CURRENCY)}")
    return currency
