"""The functions that execute the requests of the read-only endpoints.

Each function takes a request whose token and signature have been verified, and returns an object of the endpoint's
response type.
"""

from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

from paycombat_async.sandbox.methods.currencies import AREA_OF_CURRENCY, CURRENCIES
from paycombat_async.sandbox.methods.payins import PAYIN_METHOD_OF_NAME, PAYIN_METHODS
from paycombat_async.sandbox.methods.payouts import PAYOUT_METHODS
from paycombat_async.sandbox.refusals import not_found
from paycombat_async.sandbox.routing import RoutedCall
from paycombat_async.schemas import Page
from paycombat_async.schemas.merchant import PayoutBalance
from paycombat_async.schemas.methods import PayinMethod, PayoutMethod

M = TypeVar("M", PayinMethod, PayoutMethod)

# The query parameters that filter a list of payin or payout methods. The names are those of Finmo, the payment company
# behind the provider's API.
_PAYIN_QUERY: Final = ("country", "currency")
_PAYOUT_QUERY: Final = ("sender_country", "sender_currency", "beneficiary_country", "beneficiary_currency")


def list_countries_and_currencies(_call: RoutedCall[None]) -> object:
    """Returns the codes and names of all countries and currencies, as dicts and lists.

    The response is undocumented, so the SDK has no type for it.
    """
    return {
        "countries": [{"country_code": area.country_code, "country_name": area.country_name} for area in CURRENCIES],
        "currencies": [{"currency_code": area.currency, "currency_name": area.currency_name} for area in CURRENCIES],
    }


def list_payout_methods(call: RoutedCall[None]) -> Page[PayoutMethod]:
    methods = _matching(PAYOUT_METHODS, call.query, _PAYOUT_QUERY)
    return Page(items=methods, total=len(methods))


def list_payin_methods(call: RoutedCall[None]) -> Page[PayinMethod]:
    methods = _matching(PAYIN_METHODS, call.query, _PAYIN_QUERY)
    return Page(items=methods, total=len(methods))


def retrieve_payin_method(call: RoutedCall[None]) -> PayinMethod:
    method = PAYIN_METHOD_OF_NAME.get(call.path["payin_method_name"])
    if method is None:
        raise not_found("there is no payin method with this name")
    return method


def list_payment_methods(call: RoutedCall[None]) -> Page[PayinMethod]:
    currency = _currency(call)
    methods = [method for method in PAYIN_METHODS if method.currency == currency]
    return Page(items=methods, total=len(methods))


def retrieve_payout_balance(call: RoutedCall[None]) -> PayoutBalance:
    currency = _currency(call)
    return PayoutBalance(currency=currency, balance=call.state.ledger.balance(currency))


def _matching(methods: Iterable[M], query: Mapping[str, str], names: Iterable[str]) -> list[M]:
    """Returns the methods that match the query parameters in `names`. An absent parameter matches every method."""
    asked = {name: query[name] for name in names if name in query}
    return [method for method in methods if all(getattr(method, name) == value for name, value in asked.items())]


def _currency(call: RoutedCall[None]) -> str:
    currency = call.path["currency"]
    if currency not in AREA_OF_CURRENCY:
        raise not_found(f"there is nothing in this currency, but in {', '.join(AREA_OF_CURRENCY)}")
    return currency
