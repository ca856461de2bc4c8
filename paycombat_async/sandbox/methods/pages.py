"""Response bodies of payin methods, payout methods and balances: the documented fields, in the documented order.

The fields are copied from the provider's documentation, not from the SDK's schemas. A field that is missing in the
schemas therefore makes a test fail.
"""

from collections.abc import Iterable

from msgspec import Struct

from paycombat_async.schemas import Page
from paycombat_async.schemas.merchant import PayoutBalance
from paycombat_async.schemas.methods import PayinMethod, PayoutMethod, RequiredField

_PAYIN_FIELD = ("name", "type", "label", "regex", "mandatory", "field_description")
_PAYOUT_FIELD = ("name", "type", "regex", "mandatory", "field_description", "regex_description")
_BEFORE_FIELDS = (
    "payin_method_id",
    "payin_method_name",
    "payin_method_description",
    "payin_method_logo",
    "payin_method_instruction",
    "payin_method_category",
    "payin_method_class",
    "payin_method_group",
    "country",
    "currency",
)
_AFTER_FIELDS = (
    "min_amount",
    "max_amount",
    "is_sender_validation_enabled",
    "is_payin_method_available_24_7",
    "is_cancellable",
    "is_refundable",
    "is_multiple_refund_allowed",
    "is_partially_refundable",
    "is_over_refundable",
    "is_va_allowed",
    "is_payin_allowed",
    "max_expiration_time_in_seconds",
    "default_expiry_time_seconds",
)
_PAYOUT_METHOD = (
    "payout_method_id",
    "payout_method_name",
    "payout_method_description",
    "payout_method_logo",
    "currency",
    "sender_country",
    "sender_currency",
    "beneficiary_country",
    "beneficiary_currency",
    "payout_method_category",
    "payout_method_class",
    "payout_method_group",
    "payout_method_param",
)
_BENEFICIARY = ("company", "base_param", "individual")


def payin_method_page(method: PayinMethod) -> dict[str, object]:
    """Returns the response of "Get Required Fields by Payin method"."""
    fields = _fields(method.payin_method_param, _PAYIN_FIELD)
    return _shown(method, _BEFORE_FIELDS) | {"payin_method_param": fields} | _shown(method, _AFTER_FIELDS)


def payin_methods_page(page: Page[PayinMethod]) -> list[object]:
    """Returns the response of the endpoints that list payin methods: a JSON array.

    The provider does not document this response.
    """
    return [payin_method_page(method) for method in page.items]


def payout_methods_page(page: Page[PayoutMethod]) -> list[object]:
    """Returns the response of the endpoint that lists payout methods: a JSON array.

    Each item has the fields of "Get Required Fields by Payout method".
    """
    return [_payout_method(method) for method in page.items]


def balance_page(balance: PayoutBalance) -> dict[str, object]:
    """Returns the response of "Get Balance Payout": the currency and the balance.

    The provider does not document this response.
    """
    return _shown(balance, ("currency", "balance"))


def _payout_method(method: PayoutMethod) -> dict[str, object]:
    asked = method.payout_beneficiary_param
    fields = {name: _fields(getattr(asked, name), _PAYOUT_FIELD) for name in _BENEFICIARY}
    return _shown(method, _PAYOUT_METHOD) | {"payout_beneficiary_param": fields}


def _fields(fields: Iterable[RequiredField] | None, names: tuple[str, ...]) -> list[object]:
    return [_shown(field, names) for field in fields or ()]


def _shown(part: Struct, names: tuple[str, ...]) -> dict[str, object]:
    return {name: getattr(part, name) for name in names}
