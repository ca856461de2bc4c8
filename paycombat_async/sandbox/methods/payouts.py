"""The table of the payout methods, with the fields that each method requires of a beneficiary.

The provider documents the names of the four methods, and the rules for the Australian BSB and account number.
Everything else is invented.
"""

from paycombat_async._signing import content_digest
from paycombat_async.sandbox.methods.currencies import AREA_OF_CURRENCY
from paycombat_async.schemas.methods import BeneficiaryFields, PayoutMethod, RequiredField


def _field(name: str, description: str, regex: str, rule: str) -> RequiredField:
    return RequiredField(
        name=name, type="text", regex=regex, mandatory=True, field_description=description, regex_description=rule
    )


_NAME = "^.{1,140}$"
_COMPANY = [_field("name", "Name of the company", _NAME, "1 to 140 characters")]
_INDIVIDUAL = [
    _field("first_name", "First name", _NAME, "1 to 140 characters"),
    _field("last_name", "Last name", _NAME, "1 to 140 characters"),
]
_BSB = _field("bsb", "Bank State Branch", "^[0-9]{3}-?[0-9]{3}$", "6 digits, with or without a dash in the middle")


def _account_number(regex: str, rule: str) -> RequiredField:
    return _field("account_number", "Number of the account", regex, rule)


def _method(name: str, description: str, currency: str, fields: list[RequiredField]) -> PayoutMethod:
    country = AREA_OF_CURRENCY[currency].country_code
    return PayoutMethod(
        payout_method_id=f"pom_{content_digest(b'payout method', name.encode())[:32]}",
        payout_method_name=name,
        payout_method_description=description,
        payout_method_logo=f"https://static.paycombat.example/payout/{currency.lower()}.png",
        currency=currency,
        sender_country=country,
        sender_currency=currency,
        beneficiary_country=country,
        beneficiary_currency=currency,
        payout_method_category="BANK",
        payout_method_class="DOMESTIC",
        payout_method_group="NO_GROUP",
        payout_method_param={},
        payout_beneficiary_param=BeneficiaryFields(company=_COMPANY, base_param=fields, individual=_INDIVIDUAL),
    )


PAYOUT_METHODS = (
    _method(
        "au_bank_acct",
        "Bank account in Australia",
        "AUD",
        [_BSB, _account_number("^[0-9]{6,12}$", "6 to 12 digits")],
    ),
    _method(
        "sg_bank_fastpayment_sgd",
        "FAST transfer in Singapore",
        "SGD",
        [_account_number("^[0-9]{6,16}$", "6 to 16 digits")],
    ),
    _method(
        "nz_bank_directcredit_nzd",
        "Direct credit in New Zealand",
        "NZD",
        [_account_number("^[0-9]{15,16}$", "15 or 16 digits")],
    ),
    _method(
        "ph_bank_robinson_php",
        "Account at Robinsons Bank in the Philippines",
        "PHP",
        [_account_number("^[0-9]{6,16}$", "6 to 16 digits")],
    ),
)
PAYOUT_METHOD_OF_NAME = {method.payout_method_name: method for method in PAYOUT_METHODS}
