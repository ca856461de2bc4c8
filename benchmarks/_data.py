"""What is sent and answered in the benchmarks: realistic profiles and payouts, and the provider's own answer."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from paycombat_async import (
    UNSET,
    AuthorizedUserDetails,
    BeneficiaryIndividual,
    CreatePayout,
    PayoutBeneficiary,
    Signer,
    UpdateCompany,
    UpdateCustomer,
)
from paycombat_async._protocol.messages import ClientConfig
from paycombat_async._secrets import Secret

TOKEN: Final = "snd_benchmark_token_0123456789abcdef"
KEY: Final = "snd_benchmark_signature_key_0123456789abcdef"
PATH: Final = "/api/v1/customer/update"

_VECTORS: Final = Path(__file__).parents[1] / "tests" / "vectors"

_SMALL: Final = UpdateCustomer(
    customer_id="customer_8f14e45fceea167a5a36dedd4bea2543",
    description="Wholesale, Seoul",
    organization_reference_id="crm-0048213",
    metadata={"plan": "gold", "owner": "김민준"},
    company=UpdateCompany(address_line2=""),
)
_OFFICER: Final = AuthorizedUserDetails(
    first_name="서연",
    email="seoyeon.kim@hangang-trading.example",
    last_name="김",
    dob="1986-04-17",
    identification_type="passport",
    identification_value="M48213975",
    nationality="KR",
    address_line1="서울특별시 강남구 테헤란로 152",
    address_line2="Apt. 1204",
    address_state="Seoul",
    address_city="Seoul",
    address_country="KR",
    address_zip_code="06236",
    country_of_residence="KR",
    phone_country_code="82",
    phone_number="1048213975",
)
_MEDIUM: Final = UpdateCustomer(
    customer_id="customer_8f14e45fceea167a5a36dedd4bea2543",
    description="Wholesale, Seoul; invoices monthly",
    type="company",
    organization_reference_id="crm-0048213",
    metadata={"plan": "gold", "owner": "김민준", "segment": "wholesale", "onboarded": "2026-03-02"},
    company=UpdateCompany(
        name='Hangang Trading "한강" Co., Ltd.',
        registration_number="110-81-48213",
        incorporation_country="KR",
        company_email="finance@hangang-trading.example",
        address_line1="서울특별시 중구 세종대로 110",
        address_line2="",
        address_city="Seoul",
        address_state="Seoul",
        address_country="KR",
        address_zip_code="04524",
        phone_country_code="82",
        phone_number="221334455",
        authorized_user=_OFFICER,
    ),
)


def _noted(number: int) -> str:
    said = "visited the warehouse, agreed on the terms of payment; 다음 주에 다시 연락하기로 함."
    return f"{number}: {said} Café Zoë, 2nd floor."


_LARGE: Final = UpdateCustomer(
    customer_id=_MEDIUM.customer_id,
    description=_MEDIUM.description,
    type=_MEDIUM.type,
    organization_reference_id=_MEDIUM.organization_reference_id,
    metadata={f"note_{number}": _noted(number) for number in range(64)},
    company=_MEDIUM.company,
)

# As the provider's page shows it: the typed fields only, which need no look before they are encoded.
_TYPED: Final = msgspec.structs.replace(_MEDIUM, metadata=UNSET)

REQUESTS: Final = {"200 B": _SMALL, "1.1 kB": _MEDIUM, "1.1 kB without metadata": _TYPED, "10 kB": _LARGE}
USUAL: Final = "1.1 kB"

_PAYOUT: Final = CreatePayout(
    payout_beneficiary_param=PayoutBeneficiary(
        individual=BeneficiaryIndividual(first_name="서연", last_name="김"),
        account_number="0048213975",
        bsb="062-000",
    ),
    sender_amount=Decimal("1285.50"),
    sender_currency="AUD",
    sender_country="AU",
    beneficiary_amount=Decimal("1285.50"),
    beneficiary_currency="AUD",
    payout_method_name="au_bank_acct",
    purpose_code="SELF",
    order_id="order-2026-0048213",
)
# What a bank abroad asks for, which goes into `extra`.
_BANK_FIELDS: Final = {
    "iban": "DE89370400440532013000",
    "swift_code": "COBADEFFXXX",
    "bank_name": "Commerzbank",
    "bank_code": "37040044",
    "bank_address": "Kaiserplatz 1, 60311 Frankfurt am Main",
    "bank_country": "DE",
    "branch_name": "Köln, Unter Sachsenhausen",
    "account_type": "checking",
    "address_line1": "서울특별시 강남구 테헤란로 152",
    "address_line2": "Apt. 1204",
    "address_city": "Seoul",
    "address_state": "Seoul",
    "address_country": "KR",
    "address_zip_code": "06236",
    "email": "seoyeon.kim@hangang-trading.example",
    "phone": "821048213975",
    "nationality": "KR",
    "dob": "1986-04-17",
    "identification_type": "passport",
    "identification_value": "M48213975",
    "relationship": "supplier",
    "remarks": "Invoice 2026-0048213, delivery of November",
}
_LONG_PAYOUT: Final = msgspec.structs.replace(
    _PAYOUT, payout_beneficiary_param=msgspec.structs.replace(_PAYOUT.payout_beneficiary_param, extra=_BANK_FIELDS)
)
PAYOUTS: Final = {"200 B": _PAYOUT, USUAL: _LONG_PAYOUT}  # by the size of the update beside which it is measured


def account(base_url: str) -> ClientConfig:
    """The account of the benchmarks at this address."""
    return ClientConfig(base_url, Secret(TOKEN), Signer(KEY), {})


def clean_answer() -> bytes:
    """The answer on the provider's page "Update Customer", without white space, as a server writes it."""
    return _compact(_page())


def drifting_answer() -> bytes:
    """The same with a field that the schema does not know, and one that is text where it should be a boolean."""
    answer = _page()
    answer["data"]["loyalty_tier"] = "gold"
    answer["data"]["is_active"] = "yes"
    return _compact(answer)


def _page() -> dict[str, Any]:
    answer: dict[str, Any] = json.loads((_VECTORS / "update-customer-response.json").read_bytes())
    return answer


def _compact(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
