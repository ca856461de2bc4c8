"""Calls that move money, over a real socket, and the bodies they send."""

from typing import Any

import msgspec

from tests.sandbox.caller import Answer, Caller, compact

PAYOUTS = "/api/v1/payout"
PAYINS = "/api/v1/payin"
KDB = "KDB산업은행"

BENEFICIARY = {
    "individual": {"first_name": "Mary", "last_name": "Major"},
    "account_number": "1234567",
    "bsb": "123-456",
}
PAYOUT: dict[str, Any] = {
    "payout_beneficiary_param": BENEFICIARY,
    "sender_amount": 50,
    "sender_currency": "AUD",
    "sender_country": "AU",
    "beneficiary_amount": 50,
    "beneficiary_currency": "AUD",
    "payout_method_name": "au_bank_acct",
    "purpose_code": "SELF",
}
PAYIN: dict[str, Any] = {"amount": 12.5, "currency": "AUD", "payin_method_name": "au_bank_npp"}
ACCOUNT: dict[str, Any] = {"payin_method_name": KDB, "currency": "KRW"}
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def without_unset(body: dict[str, Any]) -> bytes:
    """The body; `...` leaves a field out. A `Decimal` is written digit by digit."""
    return _ENCODER.encode({name: value for name, value in body.items() if value is not ...})


async def create_payout(caller: Caller, **fields: object) -> Answer:
    return await caller.send("POST", f"{PAYOUTS}/create-payout", body=without_unset(PAYOUT | fields))


async def create_payin(caller: Caller, **fields: object) -> Answer:
    return await caller.send("POST", f"{PAYINS}/create", body=without_unset(PAYIN | fields))


async def create_account(caller: Caller, **fields: object) -> Answer:
    return await caller.send("POST", f"{PAYINS}/create-va", body=without_unset(ACCOUNT | fields))


async def simulate(caller: Caller, path: str, id: str, status: str) -> Answer:
    return await caller.send("PATCH", f"{path}/simulate", body=compact({"id": id, "status": status}))


async def retrieve_payout(caller: Caller, id: str) -> Answer:
    return await caller.send("GET", f"{PAYOUTS}/retrieve-payout/{id}")


async def retrieve_payin(caller: Caller, id: str) -> Answer:
    return await caller.send("GET", f"{PAYINS}/retrieve-payin/{id}")


def made(answer: Answer) -> Any:
    """What was made; fails with the sandbox's words if it was not."""
    assert answer.status == 201, answer.body
    return answer.body["data"]
