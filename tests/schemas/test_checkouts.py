"""Schemas of checkouts against the provider's record of them; the address of one shows itself nowhere."""

import copy
import logging
import pickle
import pprint
import traceback
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from paycombat_async import InvalidRequest, Page
from paycombat_async._json.canonical import canonical_json
from paycombat_async.endpoints import (
    CREATE_CHECKOUT_VIRTUAL_ACCOUNT,
    CREATE_NEW_CHECKOUT,
    CREATE_PAYMENT_REQUEST,
    LIST_CHECKOUTS,
    RETRIEVE_CHECKOUT,
)
from paycombat_async.schemas.checkouts import (
    Checkout,
    CreateCheckoutVirtualAccount,
    CreateNewCheckout,
    CreatePaymentRequest,
)
from tests.record import ENVELOPES, UPSTREAM, flattened, understand

# Seen on "Get Detail Checkout", in its order; "Create New Checkout" shows all but the last three.
ANSWERED = [
    *("id", "checkout_token", "amount", "currency", "country_code", "country_name", "payin_method_name", "payin_type"),
    *("description", "merchant_id", "customer_id", "redirect_url", "advanced_redirect_url", "expire_at"),
    *("additional_info", "created_at", "updated_at", "deleted_at", "checkout_url", "order_summary", "webhook_url"),
]
GUESSED = [
    *("amount", "currency", "country_code", "description", "customer_id", "redirect_url", "advanced_redirect_url"),
    *("expire_at", "additional_info", "order_summary", "webhook_url"),
]
OBJECTS = ["advanced_redirect_url", "additional_info", "order_summary"]
SECRET = "snd_S3CRET"
CHECKOUT: dict[str, Any] = {
    "id": "3f0c2f6e-6f0a-4f8e-9f5e-0123456789ab",
    "checkout_token": "c0ffee" * 10 + "c0de",
    "amount": 100,
    "currency": "EUR",
    "country_code": "EU",
    "country_name": "EUROPE",
    "payin_method_name": "eu_bank_sct_eur",
    "payin_type": None,
    "description": "d",
    "merchant_id": "7a0c2f6e-6f0a-4f8e-9f5e-0123456789ab",
    "customer_id": "customer_0123456789abcdef0123456789abcdef",
    "redirect_url": None,
    "advanced_redirect_url": None,
    "expire_at": "2025-06-01T00:00:00.000Z",
    "additional_info": {"note": "n"},
    "created_at": "2025-06-01T00:00:00.000Z",
    "updated_at": "2025-06-01T00:00:00.000Z",
    "deleted_at": None,
    "checkout_url": f"https://checkout.paycombat.com/?token=c0ffee&identifier={SECRET}",
    "order_summary": {"items": [{"price": 1.5}]},
    "webhook_url": None,
}
CHOICES = [CreateNewCheckout, CreateCheckoutVirtualAccount]

each_choice = pytest.mark.parametrize("kind", CHOICES, ids=lambda kind: kind.__name__)


def test_a_checkout_has_the_fields_on_record_and_no_others() -> None:
    """Under the provider's names, in the page's order."""
    assert [*ANSWERED, *UPSTREAM["Checkout"]] == list(flattened(Checkout))


def test_requests_offer_what_was_seen_and_nothing_guessed() -> None:
    """Both fields of the two pages that show a body; of a payment request no name at all."""
    assert [["checkout_token", "payin_method_name"]] * 2 == [flattened(kind) for kind in CHOICES]
    assert [] == flattened(CreatePaymentRequest)


def test_what_is_guessed_goes_into_extra() -> None:
    """Every name that an answer repeats."""
    body = canonical_json(CreatePaymentRequest(extra=dict.fromkeys(GUESSED, "x")))

    assert dict.fromkeys(GUESSED, "x") == msgspec.json.decode(body)


@each_choice
@pytest.mark.parametrize("missing", ["checkout_token", "payin_method_name"])
@pytest.mark.parametrize("value", [None, "", 7, b"x", "x" * 256], ids=["None", "empty", "number", "bytes", "too long"])
def test_both_fields_are_required_and_text(kind: Any, missing: str, value: object) -> None:
    """An empty token would not name a checkout, so it is refused."""
    plain = {"checkout_token": "t", "payin_method_name": "m"}
    left = {name: text for name, text in plain.items() if name != missing}

    with pytest.raises(InvalidRequest, match=missing):
        kind.from_mapping(left)
    with pytest.raises(InvalidRequest) as caught:
        kind.from_mapping(plain | {missing: value})

    assert f"$.{missing}" == caught.value.path


def test_korean_names_are_sent_as_they_are() -> None:
    """The bank of a virtual account is named in Korean; JSON.stringify escapes none of it."""
    request = CreateCheckoutVirtualAccount(checkout_token="abc", payin_method_name="KDB산업은행")

    assert '{"checkout_token":"abc","payin_method_name":"KDB산업은행"}'.encode() == canonical_json(request)


@pytest.mark.parametrize(
    "endpoint",
    [RETRIEVE_CHECKOUT, CREATE_NEW_CHECKOUT, CREATE_CHECKOUT_VIRTUAL_ACCOUNT, CREATE_PAYMENT_REQUEST],
    ids=lambda endpoint: endpoint.name,
)
@pytest.mark.parametrize("closely", [False, True], ids=["fast", "closely"])
@pytest.mark.parametrize("envelope", ENVELOPES)
def test_the_answer_on_record_is_read_without_drift(envelope: str, closely: bool, endpoint: Any) -> None:
    """Every field where it belongs, the amount as a Decimal, whatever it is wrapped in."""
    reading = understand(endpoint, CHECKOUT, envelope, closely=closely)

    assert CHECKOUT == {name: getattr(reading.data, name) for name in CHECKOUT}
    assert set(CHECKOUT) == set(ANSWERED)
    assert Decimal is type(reading.data.amount)
    assert not reading.notes


@pytest.mark.parametrize("kept", [ANSWERED[:18], ANSWERED[:4]], ids=["create new", "virtual account"])
def test_shorter_answers_on_record_are_read_too(kept: list[str]) -> None:
    """The two other pages show fewer fields."""
    reading = understand(CREATE_NEW_CHECKOUT, {name: CHECKOUT[name] for name in kept})

    assert (None, CHECKOUT["id"]) == (reading.data.checkout_url, reading.data.id)
    assert not reading.notes


@pytest.mark.promise("P6")
@pytest.mark.parametrize("name", ANSWERED[1:])
@pytest.mark.parametrize("empty", [None, {}], ids=["null", "the provider's null"])
def test_any_field_but_the_id_may_be_empty(name: str, empty: object) -> None:
    """An object that is empty stays one; elsewhere it is null."""
    reading = understand(RETRIEVE_CHECKOUT, CHECKOUT | {name: empty})

    assert (empty if name in OBJECTS else None) == getattr(reading.data, name)
    assert not reading.notes


def test_a_list_of_checkouts_holds_checkouts() -> None:
    """Every item of a list is decoded like a single object."""
    reading = understand(LIST_CHECKOUTS, {"checkouts": [CHECKOUT], "total": 1})

    assert Page(items=[understand(RETRIEVE_CHECKOUT, CHECKOUT).data], total=1) == reading.data
    assert not reading.notes


def read() -> Checkout:
    data: Checkout = understand(RETRIEVE_CHECKOUT, CHECKOUT).data
    return data


def in_traceback(shown: object) -> str:
    checkout = shown
    try:
        raise ValueError(checkout)
    except ValueError as error:
        return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


SHOWN: dict[str, Callable[[Any], str]] = {
    "repr": repr,
    "str": str,
    "ascii": ascii,
    "f-string": lambda it: f"{it} {it!r}",
    "%s": lambda it: "%s %r" % (it, it),  # noqa: UP031  # the form under test
    "in a list": lambda it: repr([it, {"key": it}, (it,)]),
    "in a page": lambda it: repr(Page(items=[it])),
    "pprint": lambda it: pprint.pformat([it]),
    "as rich shows it": lambda it: repr(list(it.__rich_repr__())),
    "in a traceback with locals": in_traceback,
    "in a log record": lambda it: logging.LogRecord("n", 10, "p", 1, "%s", (it,), None).getMessage(),
    "a copy": lambda it: repr(copy.deepcopy(it)),
    "a pickle": lambda it: repr(pickle.loads(pickle.dumps(it))),
    "with changes": lambda it: repr(msgspec.structs.replace(it, amount=Decimal(7))),
}


@pytest.mark.promise("P7")
@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN)
def test_a_checkout_does_not_show_its_address(show: Callable[[Any], str]) -> None:
    """It carries the merchant's X-token; what identifies the checkout is still there."""
    shown = show(read())

    assert SECRET not in shown
    assert "checkout.paycombat.com" not in shown
    assert CHECKOUT["id"] in shown


def test_the_address_is_there_for_who_asks_for_it() -> None:
    """`checkout_url` is returned unchanged, with its token."""
    assert CHECKOUT["checkout_url"] == read().checkout_url
