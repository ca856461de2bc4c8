"""What is on offer: methods, currencies and the balance, and what each of the pages shows."""

import re
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from paycombat_async.endpoints import ENDPOINTS
from paycombat_async.sandbox.methods.currencies import CURRENCIES
from paycombat_async.sandbox.methods.payins import PAYIN_METHODS
from paycombat_async.sandbox.methods.payouts import PAYOUT_METHODS
from tests.sandbox.caller import Caller

PAYIN_FIELDS = [
    *("payin_method_id", "payin_method_name", "payin_method_description", "payin_method_logo"),
    *("payin_method_instruction", "payin_method_category", "payin_method_class", "payin_method_group"),
    *("country", "currency", "payin_method_param", "min_amount", "max_amount", "is_sender_validation_enabled"),
    *("is_payin_method_available_24_7", "is_cancellable", "is_refundable", "is_multiple_refund_allowed"),
    *("is_partially_refundable", "is_over_refundable", "is_va_allowed", "is_payin_allowed"),
    *("max_expiration_time_in_seconds", "default_expiry_time_seconds"),
]
PAYOUT_FIELDS = [
    *("payout_method_id", "payout_method_name", "payout_method_description", "payout_method_logo", "currency"),
    *("sender_country", "sender_currency", "beneficiary_country", "beneficiary_currency", "payout_method_category"),
    *("payout_method_class", "payout_method_group", "payout_method_param", "payout_beneficiary_param"),
]
PATHS = {endpoint.name: endpoint.path for endpoint in ENDPOINTS}


async def data_of(caller: Caller, path: str | None) -> Any:
    answer = await caller.send("GET", path or "")
    assert answer.body | {"data": None} == {"status": True, "message": "OK", "data": None}
    return answer.body["data"]


async def test_a_payin_method_has_the_fields_of_its_page(caller: Caller) -> None:
    """In the page's order, with numbers and digits in texts where they are so on record."""
    data = await data_of(caller, "/api/v1/payin-method/required-field/au_bank_npp")

    assert list(data) == PAYIN_FIELDS
    assert re.fullmatch(r"pim_[0-9a-f]{32}", data["payin_method_id"])
    assert (data["payin_method_name"], data["country"], data["currency"]) == ("au_bank_npp", "AU", "AUD")
    kinds = (data["payin_method_category"], data["payin_method_class"], data["payin_method_group"])
    assert kinds == ("BANK", "DOMESTIC", "NO_GROUP")
    assert [type(data[name]) for name in ("min_amount", "max_amount")] == [int, int]
    assert data["max_expiration_time_in_seconds"] == "34560000"
    assert data["default_expiry_time_seconds"] == "172800"
    assert [list(field) for field in data["payin_method_param"]] == [
        ["name", "type", "label", "regex", "mandatory", "field_description"]
    ]


async def test_a_korean_bank_is_a_payin_method_by_its_name(caller: Caller) -> None:
    """Percent-encoded in the path, as the client sends it."""
    data = await data_of(caller, "/api/v1/payin-method/required-field/KDB%EC%82%B0%EC%97%85%EC%9D%80%ED%96%89")

    assert (data["payin_method_name"], data["currency"], data["is_va_allowed"]) == ("KDB산업은행", "KRW", True)


@pytest.mark.parametrize("name", ["au_bank_acct", "AU_BANK_NPP", "au_bank_npp%20", "%00", "%FF"])
async def test_an_unknown_payin_method_is_not_found(caller: Caller, name: str) -> None:
    """Names are taken as they are."""
    answer = await caller.send("GET", f"/api/v1/payin-method/required-field/{name}")

    assert (answer.status, answer.body["code"]) == (404, "NOT_FOUND")


async def test_all_payin_methods_are_listed(caller: Caller) -> None:
    """Those on record among them, each as its own page shows it."""
    methods = await data_of(caller, PATHS["payin_methods.list"])

    by_name = {method["payin_method_name"]: method for method in methods}
    assert {"au_bank_npp", "eu_bank_sct_eur", "KDB산업은행"} <= set(by_name)
    assert len(by_name) == len(methods) == len(PAYIN_METHODS)
    own_page = await data_of(caller, "/api/v1/payin-method/required-field/eu_bank_sct_eur")
    assert by_name["eu_bank_sct_eur"] == own_page


async def test_all_payout_methods_are_listed(caller: Caller) -> None:
    """With every field of the record, and what they ask of beneficiaries."""
    methods = await data_of(caller, PATHS["payout_methods.list"])

    names = {"au_bank_acct", "sg_bank_fastpayment_sgd", "nz_bank_directcredit_nzd", "ph_bank_robinson_php"}
    assert names == {method["payout_method_name"] for method in methods}
    for method in methods:
        assert list(method) == PAYOUT_FIELDS
        assert re.fullmatch(r"pom_[0-9a-f]{32}", method["payout_method_id"])
        assert method["payout_method_param"] == {}
        assert list(method["payout_beneficiary_param"]) == ["company", "base_param", "individual"]
        for field in [field for fields in method["payout_beneficiary_param"].values() for field in fields]:
            assert list(field) == ["name", "type", "regex", "mandatory", "field_description", "regex_description"]


@pytest.mark.parametrize(
    ("name", "query", "found"),
    [
        ("payin_methods.list", "currency=AUD", ["au_bank_npp"]),
        ("payin_methods.list", "country=AU&currency=EUR", []),
        ("payin_methods.list", "colour=red&currency=AUD", ["au_bank_npp"]),
        ("payout_methods.list", "beneficiary_currency=SGD", ["sg_bank_fastpayment_sgd"]),
        ("payout_methods.list", "beneficiary_currency=SGD&beneficiary_country=AU", []),
    ],
)
async def test_methods_are_chosen_by_the_query_of_the_upstream(
    caller: Caller, name: str, query: str, found: list[str]
) -> None:
    """By all names given; names that it does not know are passed over."""
    methods = await data_of(caller, f"{PATHS[name]}?{query}")

    assert found == [method[f"{name.partition('_')[0]}_method_name"] for method in methods]


async def test_an_australian_account_has_the_rules_on_record(caller: Caller) -> None:
    """BSB and account number."""
    methods = await data_of(caller, PATHS["payout_methods.list"])

    (method,) = (method for method in methods if method["payout_method_name"] == "au_bank_acct")
    rules = {field["name"]: field["regex"] for field in method["payout_beneficiary_param"]["base_param"]}
    assert rules == {"bsb": "^[0-9]{3}-?[0-9]{3}$", "account_number": "^[0-9]{6,12}$"}


@pytest.mark.parametrize("place", CURRENCIES, ids=lambda place: place.currency)
async def test_payment_methods_are_those_of_the_currency(caller: Caller, place: Any) -> None:
    """All of them and no others; there are currencies for which nobody can pay in."""
    path = caller.sandbox.paths["payment_methods.list"].format(currency=place.currency)

    methods = await data_of(caller, path)

    expected = [method.payin_method_name for method in PAYIN_METHODS if method.currency == place.currency]
    assert expected == [method["payin_method_name"] for method in methods]


@pytest.mark.parametrize("path", ["/api/v1/payment-method", "/api/v1/merchant/balance"])
@pytest.mark.parametrize("currency", ["ZZZ", "aud", "%00"])
async def test_an_unknown_currency_is_not_found(caller: Caller, path: str, currency: str) -> None:
    """The answer names those that there are."""
    answer = await caller.send("GET", f"{path}/{currency}")

    assert answer.status == 404
    assert "AUD" in answer.message


async def test_countries_and_currencies_are_those_of_the_methods(caller: Caller) -> None:
    """Each method's country and currency has its name there."""
    data = await data_of(caller, caller.sandbox.paths["master_data.countries_and_currencies"])

    countries = {country["country_code"]: country["country_name"] for country in data["countries"]}
    currencies = {currency["currency_code"]: currency["currency_name"] for currency in data["currencies"]}
    assert (countries["EU"], currencies["KRW"]) == ("EUROPEAN UNION", "South Korean Won")
    assert {method.country for method in PAYIN_METHODS} <= set(countries)
    assert {method.currency for method in (*PAYIN_METHODS, *PAYOUT_METHODS)} <= set(currencies)


async def test_the_balance_is_a_number(caller: Caller) -> None:
    """What the ledger says of the currency."""
    data = await data_of(caller, "/api/v1/merchant/balance/AUD")

    assert data == {"currency": "AUD", "balance": 1_000_000}


@pytest.mark.parametrize(
    "method",
    [*PAYIN_METHODS, *PAYOUT_METHODS],
    ids=lambda method: getattr(method, "payin_method_name", "") or method.payout_method_name,
)
def test_the_tables_keep_to_their_types(method: Any) -> None:
    """A Struct takes anything when it is made; here its types are checked."""
    plain = msgspec.to_builtins(method, builtin_types=(Decimal,))

    assert method == msgspec.convert(plain, type(method))
