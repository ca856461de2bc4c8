"""How a checkout gets its payin method or its virtual account, and what the client makes of the answers."""

import pytest

from paycombat_async import AsyncPayCombat, BadRequest, CreateNewCheckout, CreatePaymentRequest
from tests.sandbox.caller import NOW, Caller, StandingClock
from tests.sandbox.checkouts.shopper import BOTH, KDB, PATH, choose, create, created, open_account, retrieve


async def test_an_unknown_checkout_is_not_found(caller: Caller) -> None:
    """Neither by its id nor by its token; a token is no id. Nor is a customer who does not exist."""
    token = (await created(caller))["checkout_token"]

    answers = [
        await caller.send("GET", f"{PATH}/retrieve/{token}"),
        await choose(caller, "0" * 64, "au_bank_npp"),
        await open_account(caller, "0" * 64, KDB),
        await create(caller, customer_id="customer_of_nobody"),
    ]

    assert [404, 404, 404, 404] == [answer.status for answer in answers]


async def test_a_method_is_chosen(caller: Caller, clock: StandingClock) -> None:
    """The answer has the fields of its page: neither URL nor summary nor webhook."""
    before = await created(caller)
    clock.seconds += 60

    answer = await choose(caller, before["checkout_token"], "au_bank_npp")

    data = answer.body["data"]
    assert answer.body | {"data": None} == {"status": True, "message": "OK", "data": None}
    assert list(data) == BOTH
    assert data["payin_method_name"] == "au_bank_npp"
    assert (data["created_at"], data["updated_at"]) == (before["created_at"], "2025-11-24T16:01:00.250Z")
    after = await retrieve(caller, before["id"])
    assert after == before | {name: data[name] for name in ("payin_method_name", "updated_at")}


async def test_another_method_may_be_chosen_later(caller: Caller) -> None:
    """As a customer does who goes back."""
    token = (await created(caller, currency="KRW", amount=5000))["checkout_token"]
    await choose(caller, token, KDB)

    answer = await choose(caller, token, "신한은행")

    assert answer.body["data"]["payin_method_name"] == "신한은행"


@pytest.mark.parametrize(
    ("fields", "method", "reason"),
    [
        pytest.param({}, "au_bank_acct", "no such payin method", id="payout-method"),
        pytest.param({}, "eu_bank_sct_eur", "not for AUD", id="other-currency"),
        pytest.param({"amount": 0.5}, "au_bank_npp", "other amounts", id="too-little"),
        pytest.param({"amount": 1_000_001}, "au_bank_npp", "other amounts", id="too-much"),
    ],
)
async def test_a_method_that_does_not_fit_is_refused(
    caller: Caller, fields: dict[str, object], method: str, reason: str
) -> None:
    """The checkout stays as it was."""
    before = await created(caller, **fields)

    answer = await choose(caller, before["checkout_token"], method)

    assert (answer.status, answer.body["code"]) == (400, "BAD_REQUEST")
    assert answer.message.startswith("$.payin_method_name: ")
    assert reason in answer.message
    assert before == await retrieve(caller, before["id"])


async def test_an_expired_checkout_takes_no_method(caller: Caller, clock: StandingClock) -> None:
    """It expires by the sandbox's clock, at the moment it names, and can still be looked up."""
    data = await created(caller, expire_at="2025-11-24T17:00:00.250Z")
    clock.seconds = NOW + 3599.9
    in_time = await choose(caller, data["checkout_token"], "au_bank_npp")
    clock.seconds = NOW + 3600

    late = await choose(caller, data["checkout_token"], "au_bank_npp")

    assert (in_time.status, late.status, late.body["code"]) == (200, 422, "CHECKOUT_EXPIRED")
    assert (await retrieve(caller, data["id"]))["updated_at"] == "2025-11-24T17:00:00.150Z"


async def test_a_virtual_account_is_opened_at_a_bank(caller: Caller) -> None:
    """By the bank's Korean name; the page is that of a chosen method."""
    token = (await created(caller, currency="KRW", amount=5000))["checkout_token"]

    answer = await open_account(caller, token, KDB)

    assert answer.status == 200
    assert list(answer.body["data"]) == BOTH
    assert answer.body["data"]["payin_method_name"] == KDB


async def test_a_virtual_account_needs_a_bank_that_opens_them(caller: Caller) -> None:
    """A payin method that opens no virtual accounts, such as an Australian transfer, is refused."""
    token = (await created(caller))["checkout_token"]

    answer = await open_account(caller, token, "au_bank_npp")

    assert (answer.status, answer.message) == (
        400,
        "$.payin_method_name: this payin method opens no virtual accounts",
    )


async def test_the_banks_for_virtual_accounts_are_listed(caller: Caller) -> None:
    """Each of them can be chosen."""
    answer = await caller.send("GET", caller.sandbox.paths["checkouts.va_bank_information"])

    banks = answer.body["data"]
    token = (await created(caller, currency="KRW", amount=5000))["checkout_token"]
    assert {"bank_code": "002", "bank_name": KDB} in banks
    assert [200] * len(banks) == [(await open_account(caller, token, bank["bank_name"])).status for bank in banks]


async def test_the_client_reads_what_the_sandbox_answers(caller: Caller) -> None:
    """From the request to the method chosen, with exact amounts and without drift; the token stays out of `repr`."""
    sandbox = caller.sandbox
    drift: list[object] = []
    async with AsyncPayCombat(
        token=sandbox.token,
        signature_key=sandbox.signature_key,
        base_url=sandbox.base_url,
        paths=sandbox.paths,
        on_drift=drift.append,
    ) as paycombat:
        checkout = await paycombat.checkouts.create(CreatePaymentRequest(extra={"amount": 5, "currency": "AUD"}))
        token = checkout.checkout_token or ""
        await paycombat.checkouts.create_new(CreateNewCheckout(checkout_token=token, payin_method_name="au_bank_npp"))
        again = await paycombat.checkouts.retrieve(checkout.id)
        listed = [each async for each in paycombat.checkouts.list(page_size=1)]
        with pytest.raises(BadRequest) as refused:
            await paycombat.checkouts.create(CreatePaymentRequest(extra={"amount": 5, "currency": "ZZZ"}))

    assert (again.payin_method_name, again.amount, listed) == ("au_bank_npp", 5, [again])
    assert (again.checkout_url or "").endswith(sandbox.token)
    assert sandbox.token not in f"{again!r}{again}{refused.value}"
    assert drift == []
