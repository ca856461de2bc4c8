"""How checkouts are made, shown and listed, and what is refused."""

import re

import pytest

from tests.sandbox.caller import CUSTOMER, Caller, compact
from tests.sandbox.checkouts.shopper import DETAILED, PATH, create, created, retrieve


async def test_a_checkout_has_the_fields_of_its_page(caller: Caller) -> None:
    """All of them, in the page's order, with ids and times in the forms on record."""
    answer = await create(caller)

    data = answer.body["data"]
    assert answer.body | {"data": None} == {"status": True, "message": "Created", "data": None}
    assert list(data) == DETAILED
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", data["id"])
    assert re.fullmatch(r"[0-9a-f]{64}", data["checkout_token"])
    assert (data["amount"], data["currency"]) == (12, "AUD")
    assert (data["country_code"], data["country_name"]) == ("AU", "AUSTRALIA")
    assert data["created_at"] == data["updated_at"] == "2025-11-24T16:00:00.250Z"
    assert data["expire_at"] == "2025-11-26T16:00:00.250Z"
    assert data["payin_method_name"] is data["payin_type"] is data["deleted_at"] is None


async def test_its_url_is_that_on_record(caller: Caller) -> None:
    """With its token and the merchant's own X-token, as it is; but it leads to the sandbox."""
    data = await created(caller)

    query = f"token={data['checkout_token']}&identifier={caller.sandbox.token}"
    assert data["checkout_url"] == f"{caller.sandbox.base_url}/checkout?{query}"


async def test_what_was_sent_is_shown_again(caller: Caller) -> None:
    """Every field that the sandbox takes."""
    sent = {
        "amount": 10.5,
        "currency": "EUR",
        "country_code": "EU",
        "description": "주문 1",
        "customer_id": CUSTOMER,
        "redirect_url": "https://shop.example/back?order=1",
        "advanced_redirect_url": {"completed_url": "https://shop.example/ok", "failed_url": "", "other": {"a": 1}},
        "expire_at": "2025-11-24T17:00:00.000Z",
        "additional_info": {"order": {"lines": [1, None, "둘"]}},
        "order_summary": {"items": []},
        "webhook_url": "http://127.0.0.1:9/hook",
    }

    data = await created(caller, **sent)

    assert sent == {name: data[name] for name in sent}
    assert data == await retrieve(caller, data["id"])


@pytest.mark.parametrize(
    "amount",
    ["1", "12.3", "0.1", "999999999999999", "0.000001", "123456789.012345", "100000000000000"],
)
async def test_an_amount_comes_back_digit_by_digit(caller: Caller, amount: str) -> None:
    """As the same JSON number, whatever a float would make of it."""
    body = f'{{"amount":{amount},"currency":"AUD"}}'.encode()
    headers = {"X-token": caller.sandbox.token, "signature": caller.signature(body), "Content-Type": "application/json"}

    async with caller.session.post(caller.sandbox.base_url + PATH, data=body, headers=headers) as response:
        answer = await response.text()

    assert response.status == 201
    assert f'"amount":{amount},' in answer


REFUSED = [
    pytest.param({"amount": 0}, "$.amount", id="amount-zero"),
    pytest.param({"amount": -1}, "$.amount", id="amount-negative"),
    pytest.param({"amount": "12"}, "$.amount", id="amount-text"),
    pytest.param({"amount": None}, "$.amount", id="amount-null"),
    pytest.param({"amount": True}, "$.amount", id="amount-true"),
    pytest.param({"amount": 10**15}, "$.amount", id="amount-large"),
    pytest.param({"amount": 0.1234567890123456}, "$.amount", id="amount-long"),
    pytest.param({"currency": "ZZZ"}, "$.currency", id="currency-unknown"),
    pytest.param({"currency": "aud"}, "$.currency", id="currency-lower"),
    pytest.param({"currency": 36}, "$.currency", id="currency-number"),
    pytest.param({"country_code": "KR"}, "$.country_code", id="country-of-another-currency"),
    pytest.param({"redirect_url": "javascript:alert(1)"}, "$.redirect_url", id="redirect-script"),
    pytest.param({"redirect_url": "https://[x"}, "$.redirect_url", id="redirect-broken"),
    pytest.param({"redirect_url": "http://"}, "$.redirect_url", id="redirect-nowhere"),
    pytest.param(
        {"advanced_redirect_url": {"failed_url": "javascript:alert(1)"}},
        "$.advanced_redirect_url.failed_url",
        id="redirect-script-by-end",
    ),
    pytest.param(
        {"advanced_redirect_url": {"expired_url": {}}}, "$.advanced_redirect_url.expired_url", id="redirect-object"
    ),
    pytest.param({"webhook_url": "https://[x"}, "$.webhook_url", id="webhook-broken"),
    pytest.param({"webhook_url": "https:// shop.example"}, "$.webhook_url", id="webhook-blank"),
    pytest.param({"expire_at": "2025-11-24T16:00:00.250Z"}, "$.expire_at", id="expiry-now"),
    pytest.param({"expire_at": "2026-12-29T16:00:00.251Z"}, "$.expire_at", id="expiry-far"),
    pytest.param({"expire_at": "2025-11-25T16:00:00"}, "$.expire_at", id="expiry-without-offset"),
    pytest.param({"expire_at": "9999-12-31T23:59:59-12:00"}, "$.expire_at", id="expiry-end-of-time"),
    pytest.param({"expire_at": "tomorrow"}, "$.expire_at", id="expiry-word"),
    pytest.param({"expire_at": 1764000000}, "$.expire_at", id="expiry-number"),
    pytest.param({"additional_info": "x"}, "$.additional_info", id="info-text"),
    pytest.param({"amounts": 1}, "$", id="unknown-field"),
]


@pytest.mark.parametrize(("fields", "path"), REFUSED)
async def test_a_field_that_makes_no_sense_is_refused_by_its_path(
    caller: Caller, fields: dict[str, object], path: str
) -> None:
    """An invalid field is refused by its path, and no checkout is created."""
    answer = await create(caller, **fields)

    assert (answer.status, answer.body["code"]) == (400, "BAD_REQUEST")
    assert answer.message.startswith(f"{path}: ")
    assert (await caller.send("GET", PATH)).body["data"]["total"] == 0


@pytest.mark.parametrize("name", ["amount", "currency"])
async def test_amount_and_currency_are_required(caller: Caller, name: str) -> None:
    """Without either there is nothing to pay."""
    fields = {"amount": 12, "currency": "AUD"}
    del fields[name]

    answer = await caller.send("POST", PATH, body=compact(fields))

    assert answer.status == 400
    assert f"`{name}`" in answer.message


async def test_a_refusal_shows_no_value(caller: Caller) -> None:
    """Fields, never what they hold."""
    answer = await create(caller, description="김 secret", redirect_url="secret")

    assert "secret" not in answer.message


async def test_a_time_of_expiry_is_shown_in_utc(caller: Caller) -> None:
    """Whatever offset it came with."""
    data = await created(caller, expire_at="2025-11-25T03:00:00.5+09:00")

    assert data["expire_at"] == "2025-11-24T18:00:00.500Z"


async def test_every_checkout_is_another_one(caller: Caller) -> None:
    """The same body twice makes two, and the list has both in their order."""
    first, second = await created(caller), await created(caller)

    listing = await caller.send("GET", PATH)

    assert first["id"] != second["id"]
    assert first["checkout_token"] != second["checkout_token"]
    assert listing.body["data"] == {"data": [first, second], "total": 2}


async def test_the_list_comes_in_pages(caller: Caller) -> None:
    """`page` and `limit`, as for customers; nonsense in them is refused."""
    made = [await created(caller, amount=amount) for amount in (1, 2, 3)]

    second = await caller.send("GET", f"{PATH}?page=2&limit=2")
    third = await caller.send("GET", f"{PATH}?page=3&limit=2")
    wrong = await caller.send("GET", f"{PATH}?page=0")

    assert second.body["data"] == {"data": made[2:], "total": 3}
    assert third.body["data"] == {"data": [], "total": 3}
    assert wrong.status == 400
