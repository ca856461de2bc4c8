"""Endpoints of master data, of payout, payin and payment methods, and of the merchant's balance. All are read-only.

Finmo is the provider's upstream. Paths and names that are taken from Finmo's API are guesses.
"""

from types import NoneType

from paycombat_async.endpoints._endpoint import DOCS, Endpoint, Evidence, Repeat
from paycombat_async.schemas.envelope import Page
from paycombat_async.schemas.merchant import PayoutBalance
from paycombat_async.schemas.methods import PayinMethod, PayoutMethod

# The provider's page shows only a title. Neither the method nor the path is documented.
LIST_COUNTRIES_AND_CURRENCIES = Endpoint(
    name="master_data.countries_and_currencies",
    method="GET",
    path=None,
    request=NoneType,
    response=object,
    repeat=Repeat.SAFE,
    signed=False,
    evidence=Evidence.INFERRED,
    doc=DOCS,
    title="Get All Country & Currency Code",
    alternatives=(
        "/api/v1/master-data/country-currency",
        "/api/v1/master-data",
        "/api/v1/master-data/all",
        "/api/v1/country-currency",
    ),
)

# Only the title is documented. The path is from Finmo, the provider's upstream. Finmo also accepts the query parameters
# sender_country, sender_currency, beneficiary_country and beneficiary_currency.
LIST_PAYOUT_METHODS = Endpoint(
    name="payout_methods.list",
    method="GET",
    path="/api/v1/payout-method/all",
    request=NoneType,
    response=Page[PayoutMethod],
    repeat=Repeat.SAFE,
    signed=False,
    evidence=Evidence.INFERRED,
    doc=DOCS,
    title="Get All Payout Method",
    alternatives=("/api/v1/payout-method", "/api/v1/payout-method/payout-method"),
)

# Only the HTTP method is documented. The path is from Finmo, the provider's upstream. Finmo also accepts the query
# parameters country and currency.
LIST_PAYIN_METHODS = Endpoint(
    name="payin_methods.list",
    method="GET",
    path="/api/v1/payin-method/all",
    request=NoneType,
    response=Page[PayinMethod],
    repeat=Repeat.SAFE,
    signed=False,
    evidence=Evidence.INFERRED,
    doc=DOCS,
    title="Get All Payin Method",
    alternatives=("/api/v1/payin-method", "/api/v1/payin-method/payin-method"),
)

# https://docs.paycombat.com/get-required-fields-by-payin-method-12823595e0
# The page shows the path without /api/v1, as /finmo/….
RETRIEVE_PAYIN_METHOD = Endpoint(
    name="payin_methods.required_fields",
    method="GET",
    path="/api/v1/payin-method/required-field/{payin_method_name}",
    request=NoneType,
    response=PayinMethod,
    repeat=Repeat.SAFE,
    signed=False,
    evidence=Evidence.INFERRED,
    doc=f"{DOCS}get-required-fields-by-payin-method-12823595e0",
    title="Get Required Fields by Payin method",
    alternatives=("/finmo/payin-method/required-field/{payin_method_name}",),
)

# https://docs.paycombat.com/get-balance-payout-19032470e0 (the page shows the method and the path, but not the answer)
RETRIEVE_PAYOUT_BALANCE = Endpoint(
    name="merchant.payout_balance",
    method="GET",
    path="/api/v1/merchant/balance/{currency}",
    request=NoneType,
    response=PayoutBalance,
    repeat=Repeat.SAFE,
    signed=False,
    evidence=Evidence.DOCUMENTED,
    doc=f"{DOCS}get-balance-payout-19032470e0",
    title="Get Balance Payout",
)

# The provider documents the HTTP method of this call, but not its path.
LIST_PAYMENT_METHODS = Endpoint(
    name="payment_methods.list",
    method="GET",
    path=None,
    request=NoneType,
    response=Page[PayinMethod],
    repeat=Repeat.SAFE,
    signed=False,
    evidence=Evidence.INFERRED,
    doc=DOCS,
    title="Get List Payment Method by Currency",
    alternatives=(
        "/api/v1/payment-method/{currency}",
        "/api/v1/payment-method",
        "/api/v1/payment-method/currency/{currency}",
    ),
)

# The endpoints that come first in the sidebar of the provider's documentation. The two others of this module come last
# there, so they are not in this tuple.
METHOD_ENDPOINTS = (
    LIST_COUNTRIES_AND_CURRENCIES,
    LIST_PAYOUT_METHODS,
    LIST_PAYIN_METHODS,
    RETRIEVE_PAYIN_METHOD,
)
