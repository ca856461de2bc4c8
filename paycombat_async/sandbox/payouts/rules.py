"""Checks of a new payout against the rules of its payout method: currencies and fields of the beneficiary."""

from typing import Any

import msgspec

from paycombat_async.sandbox.methods.currencies import AREA_OF_CURRENCY
from paycombat_async.sandbox.methods.payouts import PAYOUT_METHOD_OF_NAME
from paycombat_async.sandbox.payouts.bodies import NewPayout
from paycombat_async.sandbox.refusals import bad_request
from paycombat_async.sandbox.required_fields import check_fields
from paycombat_async.schemas.methods import BeneficiaryFields

_PATH = "$.payout_beneficiary_param"


class _Open(msgspec.Struct):
    """Decodes only the beneficiary in the request body of a payout, as a dict that contains undeclared fields, too."""

    payout_beneficiary_param: dict[str, Any]


_READER = msgspec.json.Decoder(_Open)


def check_payout(request: NewPayout, body: bytes) -> None:
    """Raises `Refused` (HTTP 400) if the payout method is unknown, or does not allow the value of a field.

    The message names the field.
    """
    method = PAYOUT_METHOD_OF_NAME.get(request.payout_method_name)
    if method is None:
        raise bad_request("$.payout_method_name: there is no such payout method")
    if request.beneficiary_currency != method.beneficiary_currency:
        raise bad_request(f"$.beneficiary_currency: this payout method pays in {method.beneficiary_currency}")
    if request.sender_currency not in AREA_OF_CURRENCY:
        raise bad_request("$.sender_currency: there is no balance in this currency")
    beneficiary = _READER.decode(body).payout_beneficiary_param
    whom = [name for name in ("individual", "company") if name in beneficiary]
    if len(whom) != 1:
        raise bad_request(f"{_PATH}: expected either `individual` or `company`")
    asked = method.payout_beneficiary_param or BeneficiaryFields()
    check_fields(beneficiary, asked.base_param, _PATH)
    check_fields(beneficiary[whom[0]], getattr(asked, whom[0]), f"{_PATH}.{whom[0]}")
