"""Malformed bodies and wrong envelopes under correct status and headers."""

from collections.abc import Callable
from unittest.mock import ANY

import pytest

from paycombat_async.sandbox import Fault, Sandbox
from paycombat_async.sandbox.faults.response import JSON, Context, PlainResponse
from paycombat_async.sandbox.faults.table import ACTIONS
from tests.sandbox.caller import CUSTOMER, NOW, Caller
from tests.sandbox.faults.socket_caller import LAST, Heard, hear, update


def _is_array(heard: Heard) -> bool:
    return isinstance(heard.document, list)


def _is_cut(heard: Heard) -> bool:
    return heard.body.startswith(b'{"data"') and not heard.body.endswith(b"}")


def _has_half_an_emoji(heard: Heard) -> bool:
    data = heard.document["data"]
    return data["description"] == "VIP\ud83d" and data["company"]["name"].endswith("\ud83d")


def _has_tab(heard: Heard) -> bool:
    return b'"description":"VIP\t"' in heard.body


def _has_latin_1(heard: Heard) -> bool:
    return b'"description":"VIP\xe9"' in heard.body


def _has_mark(heard: Heard) -> bool:
    return heard.body.startswith(b'\xef\xbb\xbf{"data"')


def _has_nan(heard: Heard) -> bool:
    number = heard.document["not_a_number"]
    return bool(number != number)  # noqa: PLR0124  # only NaN is not itself


def _is_deep(heard: Heard) -> bool:
    return heard.body.startswith(b'{"deep":' + b"[" * 10_000)


BODIES: list[tuple[Fault, Callable[[Heard], bool]]] = [
    (Fault.EMPTY_200, lambda heard: heard.body == b""),
    (Fault.JSON_ARRAY, _is_array),
    (Fault.TRUNCATED_JSON, _is_cut),
    (Fault.LONE_SURROGATE, _has_half_an_emoji),
    (Fault.BYTE_ORDER_MARK, _has_mark),
    (Fault.RAW_TAB, _has_tab),
    (Fault.LATIN_1, _has_latin_1),
    (Fault.JSON_NAN, _has_nan),
    (Fault.DEEP_NESTING, _is_deep),
]


@pytest.mark.parametrize(("fault", "is_so"), BODIES, ids=[fault.value for fault, _ in BODIES])
async def test_a_wrong_body_under_a_right_head(sandbox: Sandbox, fault: Fault, is_so: Callable[[Heard], bool]) -> None:
    """200, JSON by its type, of the right length."""
    sandbox.faults.next(fault)

    heard = await hear(sandbox, update(sandbox), LAST)

    assert (200, "application/json; charset=utf-8") == (heard.status, heard.headers["content-type"])
    assert heard.behind_the_body.startswith(b"HTTP/1.1 404")
    assert is_so(heard)


A = {"status", "message", "data"}
B = {"data", "request_id", "request_time", "status_code", "status_text", "success"}
D = {"message", "data"}
DETAIL = f"/api/v1/customer/customer/{CUSTOMER}"
DISABLE = f"/api/v1/customer/disable/{CUSTOMER}"


@pytest.mark.parametrize(
    ("fault", "outer", "inner"),
    [
        pytest.param(Fault.ENVELOPE_A, A, None, id="a"),
        pytest.param(Fault.ENVELOPE_B, B, None, id="b"),
        pytest.param(Fault.ENVELOPE_C, A, B, id="c"),
        pytest.param(Fault.ENVELOPE_D, D, None, id="d"),
    ],
)
async def test_the_data_in_another_envelope(
    caller: Caller, fault: Fault, outer: set[str], inner: set[str] | None
) -> None:
    """From any of the sandbox's own into any of the four, the data itself unchanged."""
    for method, path in (("GET", DETAIL), ("PATCH", DISABLE)):
        right = (await caller.send(method, path)).body["data"]
        caller.sandbox.faults.next(fault)

        body = (await caller.send(method, path)).body

        assert outer == body.keys()
        data = body["data"]
        if inner:
            assert inner == data.keys()
            data = data["data"]
        assert _identity(right.get("data", right)) == _identity(data)


def _identity(customer: dict[str, object]) -> object:
    return customer["customer_id"], customer["company"]


async def test_a_wrong_envelope_is_the_next_one(caller: Caller) -> None:
    """A becomes B, B becomes C, C becomes D."""
    caller.sandbox.faults.next(*[Fault.WRONG_ENVELOPE] * 3)

    detail = await caller.send("GET", DETAIL)
    update_ = await caller.update(description="VIP")
    disable = await caller.send("PATCH", DISABLE)

    assert (B, A, D) == (detail.body.keys(), update_.body.keys(), disable.body.keys())
    assert B == update_.body["data"].keys()


async def test_no_envelope_leaves_the_data(caller: Caller) -> None:
    """The customer stands alone."""
    caller.sandbox.faults.next(Fault.NO_ENVELOPE)

    assert (await caller.send("GET", DETAIL)).body["customer_id"] == CUSTOMER


@pytest.mark.parametrize(
    ("fault", "body"),
    [
        pytest.param(Fault.FAIL_IN_200, {"status": "fail", "data": {"sender_amount": "insufficient"}}, id="fail"),
        pytest.param(Fault.ERROR_IN_200, {"status": "error", "message": ANY}, id="error"),
        pytest.param(
            Fault.ERROR_OBJECT_IN_200,
            {"error": {"code": "INSUFFICIENT_FUNDS", "message": ANY}, "data": {}},
            id="object",
        ),
        pytest.param(Fault.STATUS_CODE_IN_200, {"statusCode": 422, "message": ANY}, id="code"),
        pytest.param(
            Fault.STATUS_499_IN_200,
            dict.fromkeys(B, ANY) | {"success": False, "status_code": 499, "data": {}},
            id="499",
        ),
    ],
)
async def test_a_failure_under_the_head_of_a_success(sandbox: Sandbox, fault: Fault, body: dict[str, object]) -> None:
    """Each fault reports a failure in another format, with status 200."""
    sandbox.faults.next(fault)

    heard = await hear(sandbox, update(sandbox), LAST)

    assert (200, "application/json; charset=utf-8") == (heard.status, heard.headers["content-type"])
    assert body == heard.document


async def test_a_success_may_be_about_nothing(caller: Caller) -> None:
    """The envelope says that it is one; in the data nothing is known, in whichever envelope it is."""
    caller.sandbox.faults.next(*[Fault.NO_IDENTITY] * 3)

    detail = await caller.send("GET", DETAIL)
    update_ = await caller.update(description="VIP")
    disable = await caller.send("PATCH", DISABLE)

    assert [(A, True), (B, True), (A, True)] == [
        (detail.body.keys(), detail.body["status"]),
        (update_.body.keys(), update_.body["success"]),
        (disable.body.keys(), disable.body["data"]["success"]),
    ]
    found = detail.body["data"], update_.body["data"], disable.body["data"]["data"]
    assert [{"unheard_of": "by anybody"}] * 3 == [*found]


async def test_fields_may_come_without_ids_and_verdict(caller: Caller) -> None:
    """`no_verdict` removes the ids and keeps all other fields."""
    right = (await caller.send("GET", DETAIL)).body["data"]
    caller.sandbox.faults.next(Fault.NO_VERDICT)

    body = (await caller.send("GET", DETAIL)).body

    assert D == body.keys()
    assert body["data"] == {name: value for name, value in right.items() if name != "customer_id"}


async def test_what_has_no_id_keeps_its_data(caller: Caller) -> None:
    """`no_identity` leaves lists unchanged, since they have no id."""
    path = "/api/v1/customer/customer"
    right = (await caller.send("GET", path)).body
    caller.sandbox.faults.next(Fault.NO_IDENTITY, Fault.NO_VERDICT)

    assert right == (await caller.send("GET", path)).body
    assert right["data"] == (await caller.send("GET", path)).body["data"]


def test_a_success_without_a_verdict_gets_one_with_its_id_gone() -> None:
    """Envelope D has none of its own."""
    body = changed(Fault.NO_IDENTITY, b'{"message":"OK","data":{"id":"payin_1"}}')

    assert body == b'{"status":true,"message":"OK","data":{"unheard_of":"by anybody"}}'


async def test_a_refusal_has_no_data_to_wrap(caller: Caller) -> None:
    """A refusal is not changed by envelope faults, since it has no data."""
    caller.sandbox.faults.next(Fault.ENVELOPE_B)

    answer = await caller.send("GET", "/nowhere")

    assert {"status", "message", "code"} == answer.body.keys()


def changed(fault: Fault, body: bytes) -> bytes:
    change = ACTIONS[fault].change
    assert change is not None
    return change(PlainResponse(200, JSON, body), Context(0, NOW, "")).body


@pytest.mark.parametrize(
    "fault",
    [fault for fault in Fault if "envelope" in fault]
    + [Fault.NO_IDENTITY, Fault.NO_VERDICT]
    + [Fault.LONE_SURROGATE, Fault.JSON_NAN, Fault.DEEP_NESTING],
)
@pytest.mark.parametrize("body", [b"", b"<html></html>", b"[1]"], ids=["empty", "page", "array"])
def test_what_is_no_object_stays(fault: Fault, body: bytes) -> None:
    """Faults that change a JSON object leave arrays, empty bodies and HTML unchanged."""
    assert body == changed(fault, body)


def test_envelope_d_is_known_and_followed_by_a() -> None:
    """It is the only one without a verdict."""
    body = b'{"message":"OK","data":{"id":"payin_1"}}'

    assert changed(Fault.WRONG_ENVELOPE, body) == b'{"status":true,"message":"OK","data":{"id":"payin_1"}}'
    assert changed(Fault.NO_ENVELOPE, body) == b'{"id":"payin_1"}'


@pytest.mark.parametrize("fault", [Fault.LONE_SURROGATE, Fault.NO_ENVELOPE])
def test_amounts_keep_their_digits(fault: Fault) -> None:
    """They are numbers that no double would give back."""
    amount = b"1234567890123456789.10"

    assert amount in changed(fault, b'{"status":true,"message":"OK","data":{"amount":' + amount + b"}}")
