"""What an answer repeats of the request: another identity is another call's answer, other money is drift."""

import logging
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from paycombat_async import CreatePayin, CreatePaymentRequest, Drift, DriftKind, InvalidResponse, Outcome
from paycombat_async.endpoints import CREATE_CHECKOUT_VIRTUAL_ACCOUNT, CREATE_NEW_CHECKOUT, CREATE_PAYOUT
from tests.calls import BY_NAME, CALLS, LOCAL, good_data, payout

MONEY = [name for name, endpoint in BY_NAME.items() if endpoint.echoes]
IDENTITIES = {
    "payouts.create": "order_id",
    "checkouts.create_new": "checkout_token",
    "checkouts.create_virtual_account": "checkout_token",
}
# call: another value for each field of the answer that repeats what was sent
OTHERS: dict[str, dict[str, object]] = {
    "payins.create": {"order_reference": "x", "payer_id": "x", "amount": 51, "amount_type": "EUR"},
    "payouts.create": {"wire_amount": 49.99, "currency": "EUR", "beneficiary_bank": "sg_bank_fastpayment_sgd"},
    "checkouts.create": {"amount": 5, "currency": "aud"},
    "checkouts.create_virtual_account": {"payin_method_name": "KDB"},
    "checkouts.create_new": {"payin_method_name": "eu_bank_sct_eur"},
}
DIFFERING = [(name, field) for name, fields in OTHERS.items() for field in fields]


def answer(name: str, **fields: object) -> bytes:
    """A good answer to this call in which these fields are replaced."""
    return msgspec.json.encode({"status": True, "request_id": "r9", "data": good_data(BY_NAME[name]) | fields})


@pytest.fixture(name="heard")
def _heard() -> list[Drift]:
    return []


@pytest.fixture(name="client")
def _client(make_client: Callable[..., Any], heard: list[Drift]) -> Any:
    return make_client(base_url=LOCAL, on_drift=heard.append)


@pytest.fixture(name="deaf_client")
def _deaf_client(make_client: Callable[..., Any]) -> Any:
    """A client without a hook: it takes the fast way."""
    return make_client(base_url=LOCAL)


def test_every_call_with_echoes_is_probed() -> None:
    """An endpoint that gets echoes later must be added to these cases."""
    answered = {name: {echo.answered for echo in BY_NAME[name].echoes} for name in MONEY}

    assert answered == {name: {*OTHERS[name], *([IDENTITIES[name]] if name in IDENTITIES else [])} for name in MONEY}


@pytest.mark.promise("P3", "P9")
@pytest.mark.parametrize("name", IDENTITIES)
async def test_an_answer_for_another_identity_is_an_unknown_outcome(name, deaf_client, transport):
    """Nobody knows what became of this one; it is not sent again, and the error holds what came back."""
    transport.answer(201, answer(name, **{IDENTITIES[name]: "other-1"}))

    with pytest.raises(InvalidResponse, match=IDENTITIES[name]) as caught:
        await CALLS[name](deaf_client)

    error = caught.value
    assert (Outcome.UNKNOWN, 1, 1) == (error.outcome, error.attempts, len(transport.drafts))
    assert (201, "r9") == (error.status, error.request_id)
    assert good_data(BY_NAME[name])["id"] in error.raw
    assert "other-1" not in str(error)


async def test_the_error_of_another_identity_carries_the_merchants_own(client, transport, heard):
    """The reference is the one sent, not the one that came back; nothing is told as mere drift."""
    transport.answer(200, answer("payouts.create", order_id="order-2", wire_amount=7))

    with pytest.raises(InvalidResponse) as caught:
        await client.payouts.create(payout())

    assert "order-1" == caught.value.reference
    assert [] == heard


@pytest.mark.promise("P7")
async def test_the_raw_answer_on_that_error_is_redacted(deaf_client, transport):
    """Another checkout's URL contains a token, so the error must not show the answer."""
    url = "https://checkout.paycombat.com/?token=c0ffee&identifier=snd_S3CRET"
    transport.answer(200, answer("checkouts.create_new", checkout_token="other-1", checkout_url=url))

    with pytest.raises(InvalidResponse) as caught:
        await CALLS["checkouts.create_new"](deaf_client)

    assert "checkout.paycombat.com" in caught.value.raw
    assert "S3CRET" not in f"{vars(caught.value)}"


@pytest.mark.promise("P6")
@pytest.mark.parametrize(("name", "field"), DIFFERING, ids=[f"{name} {field}" for name, field in DIFFERING])
async def test_other_money_is_told_as_drift(name, field, client, transport, heard):
    """The call was carried out, so its answer is given; the hook hears which field differs, never how."""
    transport.answer(200, answer(name, **{field: OTHERS[name][field]}))

    data = await CALLS[name](client)

    [drift] = heard
    assert (name, f"$.data.{field}", DriftKind.ECHO) == (drift.endpoint, drift.path, drift.kind)
    assert str(OTHERS[name][field]) not in drift.detail
    assert str(OTHERS[name][field]) == str(getattr(data, field))


@pytest.mark.parametrize(("name", "field"), DIFFERING, ids=[f"{name} {field}" for name, field in DIFFERING])
async def test_other_money_is_an_error_for_the_strict(name, field, make_client, transport):
    """It says that the call was carried out, and is not sent again."""
    client = make_client(base_url=LOCAL, strict_responses=True)
    transport.answer(200, answer(name, **{field: OTHERS[name][field]}))

    with pytest.raises(InvalidResponse, match=field) as caught:
        await CALLS[name](client)

    assert (Outcome.APPLIED, 1) == (caught.value.outcome, len(transport.drafts))


async def test_other_money_is_logged_where_nobody_listens(deaf_client, transport, caplog):
    """At DEBUG, by name; and it is in the reply of `send`."""
    caplog.set_level(logging.DEBUG)
    for _ in range(2):
        transport.answer(200, answer("payouts.create", wire_amount="51.23"))

    await deaf_client.payouts.create(payout())
    reply = await deaf_client.send(CREATE_PAYOUT, payout())

    assert "$.data.wire_amount" in caplog.text
    assert "51.23" not in caplog.text
    assert [("$.data.wire_amount", DriftKind.ECHO)] == [(drift.path, drift.kind) for drift in reply.drift]


SAME: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "number for a number": ({}, {"wire_amount": 50}),
    "zeros behind": ({"sender_amount": Decimal("10.00"), "beneficiary_amount": 10}, {"wire_amount": 10}),
    "zeros behind in a text": ({"sender_amount": 10}, {"wire_amount": "10.00"}),
    "text for a number": ({}, {"wire_amount": "50"}),
    "fraction": ({"sender_amount": Decimal("0.10")}, {"wire_amount": 0.1}),
    "exponent": ({"sender_amount": Decimal("5E+3")}, {"wire_amount": 5000}),
    "what the beneficiary gets": ({"beneficiary_amount": Decimal("31.20")}, {"wire_amount": 31.2}),
    "the beneficiary's currency": ({"beneficiary_currency": "SGD"}, {"currency": "SGD"}),
    "null": ({}, dict.fromkeys(("order_id", "wire_amount", "currency", "beneficiary_bank"))),
    "the provider's null": ({}, {"wire_amount": {}, "currency": {}, "order_id": {}}),
    "no order_id sent": ({"order_id": msgspec.UNSET}, {"order_id": "given-by-the-provider"}),
    "more fields": ({}, {"beneficiary_bank": "au_bank_acct", "status": "PENDING"}),
}


@pytest.mark.parametrize(("sent", "answered"), SAME.values(), ids=SAME)
async def test_what_means_the_same_is_no_difference(sent, answered, client, transport, heard):
    """Amounts are compared as numbers; null and absent fields are not compared at all."""
    transport.answer(200, answer("payouts.create", **answered))

    await client.payouts.create(payout(**sent))

    assert [] == heard


async def test_an_absent_echo_is_not_compared(client, transport, heard):
    """The record shows the answer to a payout without its order_id, too."""
    transport.answer(200, b'{"status":true,"data":{"id":"payout_1"}}')

    await client.payouts.create(payout())

    assert [] == heard


async def test_an_order_id_that_comes_back_as_a_number_is_the_same(client, transport, heard):
    """A reference of the wrong type is reported as drift of that type, not as another payout."""
    transport.answer(200, answer("payouts.create", order_id=42))

    data = await client.payouts.create(payout(order_id="42"))

    assert "42" == data.order_id
    assert [DriftKind.WRONG_TYPE] == [drift.kind for drift in heard]


NEARLY = ["order-1 ", "Order-1", "order-10", "order", "", "0"]


@pytest.mark.parametrize("order_id", NEARLY, ids=repr)
async def test_an_identity_is_compared_to_the_letter(order_id, deaf_client, transport):
    """Identities that differ in one character are different."""
    transport.answer(200, answer("payouts.create", order_id=order_id))

    with pytest.raises(InvalidResponse):
        await deaf_client.payouts.create(payout())


EXTRAS = {
    "payin": (
        lambda client, amount: client.payins.create(CreatePayin(extra={"amount": amount, "currency": "AUD"})),
        {"id": "payin_1", "amount": "12.50", "amount_type": "AUD"},
    ),
    "payment request": (
        lambda client, amount: client.checkouts.create(CreatePaymentRequest(extra={"amount": amount})),
        {"id": "checkout_1", "amount": 12.5, "currency": "AUD"},
    ),
}


@pytest.mark.parametrize(("call", "data"), EXTRAS.values(), ids=EXTRAS)
@pytest.mark.parametrize("amount", [Decimal("12.50"), Decimal("12.5"), "12.50"], ids=repr)
async def test_what_stands_in_extra_is_compared_too(call, data, amount, client, transport, heard):
    """Amounts are compared by value, whether they are text or numbers."""
    transport.answer(200, msgspec.json.encode({"status": True, "data": data}))

    await call(client, amount)

    assert [] == heard


@pytest.mark.parametrize("amount", ["twelve", [12], {"value": 12}, None, True], ids=repr)
async def test_anything_in_extra_can_be_compared(amount, client, transport, heard):
    """A text that is not a number differs from every amount; null is not compared."""
    transport.answer(200, b'{"status":true,"data":{"id":"payin_1","amount":12}}')

    await client.payins.create(CreatePayin(extra={"amount": amount}))

    assert [DriftKind.ECHO] * (amount is not None) == [drift.kind for drift in heard]


async def test_the_currency_of_a_payin_is_not_its_currency_field(client, transport, heard):
    """`currency` says FIAT there; the ISO code is in `amount_type`."""
    transport.answer(200, answer("payins.create", currency="FIAT", amount_type="AUD"))

    await CALLS["payins.create"](client)

    assert [] == heard


@pytest.mark.parametrize("endpoint", [CREATE_NEW_CHECKOUT, CREATE_CHECKOUT_VIRTUAL_ACCOUNT], ids=lambda e: e.name)
async def test_the_whole_reply_knows_its_echo(endpoint, deaf_client, transport):
    """`send` is checked as the methods are."""
    request = endpoint.request(checkout_token="c0ffee", payin_method_name="a")
    transport.answer(200, answer(endpoint.name, payin_method_name="b"))
    transport.answer(200, answer(endpoint.name, payin_method_name="a"))

    other, same = [await deaf_client.send(endpoint, request) for _ in range(2)]

    assert [[DriftKind.ECHO], []] == [[drift.kind for drift in reply.drift] for reply in (other, same)]
