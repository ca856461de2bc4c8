"""Calls of the checkout endpoints, and the fields that their pages have on record."""

from typing import Any

from tests.sandbox.caller import Answer, Caller, compact

PATH = "/api/v1/checkout"
BOTH = [
    *("id", "checkout_token", "amount", "currency", "country_code", "country_name", "payin_method_name", "payin_type"),
    *("description", "merchant_id", "customer_id", "redirect_url", "advanced_redirect_url", "expire_at"),
    *("additional_info", "created_at", "updated_at", "deleted_at"),
]
DETAILED = [*BOTH, "checkout_url", "order_summary", "webhook_url"]
KDB = "KDB산업은행"


async def create(caller: Caller, **fields: object) -> Answer:
    return await caller.send("POST", PATH, body=compact({"amount": 12, "currency": "AUD"} | fields))


async def created(caller: Caller, **fields: object) -> Any:
    answer = await create(caller, **fields)
    assert answer.status == 201, answer.body
    return answer.body["data"]


async def choose(caller: Caller, token: str, method: str) -> Answer:
    return await caller.send("PATCH", PATH, body=compact({"checkout_token": token, "payin_method_name": method}))


async def open_account(caller: Caller, token: str, bank: str) -> Answer:
    body = compact({"checkout_token": token, "payin_method_name": bank})
    return await caller.send("PATCH", f"{PATH}/create-virtual-account", body=body)


async def retrieve(caller: Caller, checkout_id: str) -> Any:
    answer = await caller.send("GET", f"{PATH}/retrieve/{checkout_id}")
    assert answer.status == 200
    return answer.body["data"]
