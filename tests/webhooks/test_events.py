"""From a verified body to its event: which class, which fields, and what an odd body costs."""

import asyncio
import copy
import json
import pickle
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paycombat_async import webhooks
from paycombat_async._json.decoding import UndecodableData
from paycombat_async._protocol.decode import decode
from paycombat_async.errors import InvalidPayload
from paycombat_async.schemas.events import WebhookEvent
from paycombat_async.schemas.payins import Payin, VirtualAccount
from paycombat_async.schemas.payouts import Payout
from paycombat_async.webhooks.events import read_event
from paycombat_async.webhooks.inboxes.inbox import Receipt
from tests.json_cases import json_documents
from tests.webhooks.bodies import PAYIN, PAYOUT, VIRTUAL_ACCOUNT, written

# The body on the page "Webhook PAYIN FAILED" is a payout's.
PAGE_OF_PAYIN_FAILED = PAYOUT | {"status": "FAILED", "approval": "FAILED"}
ONE_OF_EACH = [
    *(PAYIN | {"status": status} for status in ("SUCCESS", "FAILED", "EXPIRED", "PENDING")),
    *(PAYOUT | {"status": status, "approval": None} for status in ("SUCCESS", "FAILED", "RETURNED")),
    VIRTUAL_ACCOUNT,
]
NULLS = [{}, "", None]
SAYING = ("type", "status", "approval")


def event_of(data: object) -> Any:
    return read_event(written(data))


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PAYIN, webhooks.PayinSucceeded),
        (PAYIN | {"status": "FAILED"}, webhooks.PayinFailed),
        (PAYIN | {"status": "EXPIRED"}, webhooks.PayinExpired),
        (PAYIN | {"approval": "FAILED"}, webhooks.PayinSucceeded),
        ({"type": "PAYIN"} | PAYIN, webhooks.PayinSucceeded),
        ({"status": "SUCCESS", "type": "PAYIN"}, webhooks.PayinSucceeded),
        (PAYIN | {"note": "PAYOUT"}, webhooks.PayinSucceeded),
        (PAYOUT, webhooks.PayoutSucceeded),
        (PAYOUT | {"approval": None}, webhooks.PayoutSucceeded),
        (PAYOUT | {"approval": ""}, webhooks.PayoutSucceeded),
        (PAYOUT | {"approval": {}}, webhooks.PayoutSucceeded),
        ({"status": "SUCCESS", "type": "PAYOUT"}, webhooks.PayoutSucceeded),
        ({"type": "PAYOUT"} | PAYOUT | {"note": "x" * 100}, webhooks.PayoutSucceeded),
        (PAGE_OF_PAYIN_FAILED, webhooks.PayoutFailed),
        (PAYOUT | {"status": "FAILED", "approval": None}, webhooks.PayoutFailed),
        (PAYOUT | {"status": "FAILED", "approval": "DENIED"}, webhooks.PayoutFailed),
        (PAYOUT | {"status": "RETURNED"}, webhooks.PayoutReturned),
        (PAYOUT | {"status": "RETURNED", "approval": "FAILED"}, webhooks.PayoutReturned),
        (VIRTUAL_ACCOUNT, webhooks.VirtualAccountRegistered),
        ({"status": "FAILED"}, webhooks.VirtualAccountRegistered),
        *((VIRTUAL_ACCOUNT | {"type": nothing}, webhooks.VirtualAccountRegistered) for nothing in NULLS),
    ],
)
def test_type_and_status_say_which_event_it_is(data: object, kind: type) -> None:
    """Also where `type` stands first, or other fields are missing."""
    event = event_of(data)

    assert kind is type(event)
    assert written(data) == event.payload


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"type": "PAYIN"},
        {"status": "SUCCESS"},
        {"data": PAYIN},
        *(PAYIN | {"status": odd} for odd in ("success", "Success", " SUCCESS", "PENDING", "RETURNED", "APPROVED")),
        *(PAYIN | {"status": odd} for odd in (None, "", True, 1, {}, ["SUCCESS"], {"SUCCESS": 1})),
        *(PAYIN | {"type": odd} for odd in ("payin", "PAYIN ", "REFUND", "DIRECT_PAYIN", None, 0, {}, ["PAYIN"])),
        *(PAYOUT | {"status": odd} for odd in ("PENDING", "EXPIRED", "Success", None)),
        *(PAYOUT | {"approval": odd} for odd in ("FAILED", "approved", "PENDING", "DENIED")),
        PAYOUT | {"status": "FAILED"},
        *(VIRTUAL_ACCOUNT | {"type": odd} for odd in ("REFUND", "VA", 0, False, [])),
        *(VIRTUAL_ACCOUNT | {"status": odd} for odd in ("approved", "PENDING", "SUCCESS", None, {})),
    ],
    ids=lambda data: f"{len(data)} fields, {json.dumps({name: data[name] for name in SAYING if name in data})}",
)
def test_what_is_not_documented_or_contradicts_itself_is_unknown(data: dict[str, object]) -> None:
    """Never a success by guess: the whole data is there for the merchant to judge."""
    event = event_of(data)

    assert webhooks.UnknownEvent(payload=written(data), data=data) == event


def test_payin_fields_come_typed() -> None:
    """Amounts are exact decimals, other fields are as the provider writes them."""
    event = event_of(PAYIN)

    payin = event.payin
    assert (Decimal(100), Decimal("100.1"), Decimal("1.5")) == (payin.amount, payin.original_amount, payin.fee_taken)
    assert {Decimal} == {type(amount) for amount in (payin.amount, payin.original_amount, payin.fee_taken)}
    assert ("AUD", "FIAT", "order/1") == (payin.amount_type, payin.currency, payin.order_reference)
    assert ("홍길동 O'Neil", None, "") == (payin.customer_full_name, payin.payment_date, payin.brand)


@pytest.mark.parametrize("text", ["50", "0", "1.10", "1e2", "12345678901234567890.123456789"])
def test_amounts_are_decimals_as_number_and_as_text(text: str) -> None:
    """Every digit counts, also where another field is odd."""
    number = written(PAYOUT).replace(b'"original_amount":"50"', f'"original_amount":{text}'.encode())
    quoted = written(PAYOUT).replace(b'"original_amount":"50"', f'"original_amount":"{text}"'.encode())
    odd = number.replace(b'"payee_name":"Jane Doe"', b'"payee_name":7')

    amounts = [read_event(body).payout.original_amount for body in (number, quoted, odd)]

    assert [Decimal(text)] * 3 == amounts


@pytest.mark.parametrize("text", ["NaN", "-Infinity", "sNaN", "inf", "", "ten"])
def test_an_amount_that_is_no_number_is_none(text: str) -> None:
    """Decimal takes some of these; a comparison with them would be false or raise."""
    event = event_of(PAYIN | {"amount": text})

    assert isinstance(event, webhooks.PayinSucceeded)
    assert event.payin.amount is None


@pytest.mark.promise("P6")
@pytest.mark.parametrize("odd", [{}, [], 7, -1.5, True, "text", None, {"a": {}}, "\ud83d"], ids=repr)
def test_one_odd_field_never_costs_the_event(odd: object) -> None:
    """What does not fit is None, as in answers; the rest is there. Half an emoji is replaced."""
    names = [name for name in (*PAYIN, "bank_psp") if name not in {"type", "status"}]
    payloads = [json.dumps(PAYIN | {name: odd}).encode() for name in names]

    events = [read_event(payload) for payload in payloads]

    assert [webhooks.PayinSucceeded] * len(names) == [type(event) for event in events]
    assert [decode(Payin, payload)[0] for payload in payloads] == [event.payin for event in events]
    others = {
        event.payin.order_reference for name, event in zip(names, events, strict=True) if name != "order_reference"
    }
    assert {"order/1"} == others


def test_a_virtual_account_says_whether_it_is_approved() -> None:
    """Only the status is on record, so all that came is in `data`."""
    approved, failed = event_of(VIRTUAL_ACCOUNT), event_of({"status": "FAILED", "id": 7})

    assert (True, False) == (approved.is_approved, failed.is_approved)
    assert ("va_1", "APPROVED") == (approved.virtual_account.id, approved.virtual_account.status)
    assert "110-1" == approved.data["account_number"]
    assert "7" == failed.id


@pytest.mark.parametrize("payload", [b"", b"[]", b'"x"', b"null", b"{", b"\xff", b"{}x", b"[" * 5000], ids=repr)
def test_what_is_no_object_is_invalid(payload: bytes) -> None:
    """There is nothing to make an event of."""
    with pytest.raises(InvalidPayload, match="no JSON object") as raised:
        read_event(payload)

    assert raised.value.__context__ is None


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (PAYIN, ("PAYIN", PAYIN["id"], "SUCCESS")),
        (PAYOUT, ("PAYOUT", PAYOUT["id"], "SUCCESS")),
        (VIRTUAL_ACCOUNT, (None, "va_1", "APPROVED")),
        ({"id": 5, "type": {}, "status": ""}, (None, None, None)),
        ({"id": "x", "type": "REFUND", "status": "NEW"}, ("REFUND", "x", "NEW")),
        ({"type": "PAYIN", "status": "FAILED"}, ("PAYIN", None, "FAILED")),
    ],
    ids=["payin", "payout", "virtual account", "no texts", "unknown", "no id"],
)
def test_every_event_says_type_id_and_status(data: object, shown: tuple[str | None, ...]) -> None:
    """Type, id and status are texts or None, and the only content of the repr."""
    event = event_of(data)

    assert shown == (event.type, event.id, event.status)
    assert f"{type(event).__name__}(type={shown[0]!r}, id={shown[1]!r}, status={shown[2]!r})" == repr(event)


@pytest.mark.promise("P7")
@pytest.mark.parametrize("data", ONE_OF_EACH, ids=lambda data: f"{data.get('type')} {data['status']}")
def test_no_personal_data_is_shown(data: dict[str, object]) -> None:
    """Events stand in logs and on consoles."""
    event = event_of(data | {"customer_full_name": "Hong", "payee_name": "Hong", "id": "i" * 5000})

    assert "Hong" not in repr(event) + str(event) + str(event.__rich_repr__())
    assert 300 > len(repr(event))


@pytest.mark.parametrize("data", ONE_OF_EACH, ids=lambda data: f"{data.get('type')} {data['status']}")
@pytest.mark.parametrize(
    "travel", [copy.deepcopy, lambda event: pickle.loads(pickle.dumps(event))], ids=["copy", "pickle"]
)
def test_events_travel(data: object, travel: Any) -> None:
    """Events can be pickled, for instance for a worker in another process."""
    event = event_of(data)

    assert event == travel(event)


def test_there_is_an_event_for_each_documented_page() -> None:
    """And one for the rest; a class that no body leads to would be a promise that nobody keeps."""
    assert set(get_args(WebhookEvent)) == {type(event_of(data)) for data in ONE_OF_EACH}


def test_a_key_is_the_same_for_each_delivery_and_for_nothing_else() -> None:
    """A delivery that comes again may be written in another way; another status or object is another event."""
    bodies = [
        *ONE_OF_EACH,
        PAYIN | {"id": "another"},
        PAYOUT | {"id": PAYIN["id"], "approval": None},
        {"status": "FAILED"},
    ]

    keys = [event_of(data).key for data in bodies]

    assert len(set(keys)) == len(bodies)
    assert keys == [event_of(data).key for data in bodies]
    assert keys[0] == event_of(PAYIN | {"updated_at": "2025-01-01T00:00:00.000Z"}).key
    assert [f"PAYIN:{PAYIN['id']}:SUCCESS", "VIRTUAL_ACCOUNT:va_1:APPROVED"] == [keys[0], keys[len(ONE_OF_EACH) - 1]]


def test_a_contradiction_does_not_pass_for_the_event_it_resembles() -> None:
    """It would make the real one look like a duplicate."""
    doubtful = event_of(PAYOUT | {"approval": "FAILED"})

    assert event_of(PAYOUT).key != doubtful.key


def test_without_an_id_the_payload_is_the_key() -> None:
    """The same bytes are the same event; others are not."""
    one, other = {"type": "PAYIN", "status": "FAILED"}, {"type": "PAYIN", "status": "FAILED", "order_reference": "2"}

    assert event_of(one).key == event_of(one).key
    assert event_of(one).key != event_of(other).key


def test_ids_that_are_no_text_are_not_mixed_up() -> None:
    """The decoder writes U+FFFD for what it cannot read, so the ids look the same; the second event would be lost."""
    text = b'{"id":"p_%b","type":"PAYOUT","status":"SUCCESS"}'
    events = [read_event(text % letter) for letter in (b"\xe9", b"\xe8", b"\\ud800")]

    assert 3 == len({event.key for event in events})
    assert [Receipt.NEW] * 3 == asyncio.run(_receipts(events))


async def _receipts(events: list[webhooks.WebhookEvent]) -> list[Receipt]:
    inbox = webhooks.MemoryInbox()
    return [await inbox.receive(event) for event in events]


@given(
    st.dictionaries(st.sampled_from([*PAYIN, *PAYOUT, "x"]), json_documents, max_size=4),
    st.sampled_from([PAYIN, PAYOUT]),
)
@settings(max_examples=200)
def test_the_fast_way_reads_what_the_careful_one_does(odd: dict[str, object], base: dict[str, object]) -> None:
    """Whatever stands in the fields, an event holds exactly what `decode` makes of its payload."""
    payload = json.dumps(base | odd).encode()

    event = read_event(payload)

    subjects = ((Payin, "payin"), (Payout, "payout"), (VirtualAccount, "virtual_account"))
    found = [(getattr(event, name), decode(kind, payload)[0]) for kind, name in subjects if hasattr(event, name)]
    assert all(fast == careful for fast, careful in found)
    assert bool(found) != isinstance(event, webhooks.UnknownEvent)


@given(st.binary(max_size=80))
@settings(max_examples=200)
def test_any_bytes_are_an_event_or_invalid(payload: bytes) -> None:
    """Nothing else comes out."""
    try:
        event = read_event(payload)
    except InvalidPayload:
        with pytest.raises(UndecodableData):
            decode(Payin, payload)
    else:
        assert payload == event.payload
