"""Requests and answers as types of pydantic fields and in FastAPI, which are optional for users of the SDK."""

import json
import subprocess
import sys
from decimal import Decimal
from typing import Annotated, Any

import pydantic
import pytest
from fastapi import Body, FastAPI
from fastapi.encoders import jsonable_encoder

from paycombat_async import (
    Checkout,
    CreatePayout,
    Customer,
    Page,
    PayinMethod,
    Payout,
    PayoutBeneficiary,
    UpdateCustomer,
    canonical_json,
)
from tests.calls import payout
from tests.json_cases import vectors

PAID = Payout(id="p", status="SUCCESS", wire_amount=Decimal("10.50"), payee_name="Ana")
PAGE = vectors("update-customer-response.json")["data"]


class Order(pydantic.BaseModel):
    """A merchant's own model."""

    customer: Customer
    payout: CreatePayout | None = None
    paid: Page[Payout] | None = None


app = FastAPI()


@app.get("/annotated")
async def annotated() -> Payout:
    return PAID


@app.get("/model", response_model=Page[Payout])
async def model() -> object:
    return Page(items=[PAID], total=1)


@app.get("/excluded", response_model=Payout, response_model_exclude={"payee_name"}, response_model_exclude_none=True)
async def excluded() -> object:
    return PAID


@app.get("/included", response_model_include={"id", "status"})
async def included() -> Payout:
    return PAID


@app.get("/listed")
async def listed() -> list[Payout]:
    return [PAID]


@app.get("/unchecked", response_model=None)
async def unchecked() -> object:
    return {"paid": PAID}


@app.post("/payouts")
async def create(request: Annotated[CreatePayout, Body()]) -> CreatePayout:
    return request


async def ask(path: str, body: bytes | None = None) -> tuple[int, Any]:
    """One request to the application, as an ASGI server makes it: the status, and the JSON of the answer."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body or b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET" if body is None else "POST",
        "scheme": "http",
        "path": path,
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
    await app(scope, receive, send)
    return sent[0]["status"], json.loads(b"".join(message.get("body", b"") for message in sent[1:]))


WHOLE = PAID.to_dict()
ANSWERS = {
    "/annotated": WHOLE,
    "/model": {"items": [WHOLE], "total": 1, "unread": 0},
    "/excluded": {"id": "p", "status": "SUCCESS", "wire_amount": 10.5},
    "/included": {"id": "p", "status": "SUCCESS"},
    "/listed": [WHOLE],
    "/unchecked": {"paid": WHOLE},
}


@pytest.mark.parametrize("path", ANSWERS)
async def test_fastapi_answers_with_what_a_call_returned(path: str) -> None:
    """As a return annotation, as a response model, and without either; its `exclude` and `include` are respected."""
    assert (200, ANSWERS[path]) == await ask(path)


async def test_fastapi_takes_a_request_as_its_body() -> None:
    """Amounts with a fraction included, so that the answer is what was posted."""
    body = canonical_json(payout(sender_amount=Decimal("50.05")))

    assert (200, json.loads(body)) == await ask("/payouts", body)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"order_id": 7}, "$.order_id: expected `str`, got `int`"),
        ([], "$: expected an object, got list"),
        (payout().to_dict() | {"sender_amount": -1}, "$.sender_amount: an amount is not negative"),
        (payout().to_dict() | {"ordr_id": "x"}, "$: object contains unknown field `ordr_id`"),
    ],
)
async def test_fastapi_refuses_a_body_with_the_path_of_the_field(data: object, reason: str) -> None:
    """Status 422 and the sentence of `from_mapping`."""
    status, answer = await ask("/payouts", json.dumps(data).encode())

    assert (422, reason) == (status, answer["detail"][0]["msg"])


async def test_fastapi_describes_them_in_its_schema() -> None:
    """By their names, field by field, with what is required and which further keys are allowed."""
    _, document = await ask("/openapi.json")
    schemas = document["components"]["schemas"]

    assert {"Payout", "Page_Payout_", "CreatePayout", "PayoutBeneficiary"} <= schemas.keys()
    assert set(Payout.__struct_fields__) == schemas["Payout"]["properties"].keys()
    assert {"type": "string", "title": "Id"} == schemas["Payout"]["properties"]["id"]
    assert {"$ref": "#/components/schemas/Payout"} == schemas["Page_Payout_"]["properties"]["items"]["items"]
    assert "order_id" not in schemas["CreatePayout"]["required"]
    assert "purpose_code" in schemas["CreatePayout"]["required"]
    assert "extra" not in schemas["CreatePayout"]["properties"]
    assert schemas["CreatePayout"]["additionalProperties"] is True


VALUES = [PAID, payout(), Page(items=[PAID]), Customer(customer_id="c", metadata={"a": 1.5})]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_jsonable_encoder_takes_each(value: Any) -> None:
    """FastAPI calls it for what is put into a JSONResponse."""
    assert value.to_dict() == jsonable_encoder(value)
    assert {"found": [value.to_dict()]} == jsonable_encoder({"found": [value]})


def test_pydantic_models_have_them_as_fields() -> None:
    """An object stays the very same object; JSON is read back to an equal one."""
    customer = Customer(customer_id="c", metadata={"a": 1.5})
    order = Order(customer=customer, payout=payout(), paid=Page(items=[PAID]))

    again = Order.model_validate_json(order.model_dump_json())

    assert order.customer is customer
    assert order == again
    assert {"customer_id": "c"} == order.model_dump(include={"customer": {"customer_id"}})["customer"]


def test_the_providers_null_is_none() -> None:
    """Plain data may be the provider's own JSON, with `{}` for null; also inside of other Structs."""
    order = Order.model_validate({"customer": PAGE, "paid": {"items": [{"id": "p", "wire_amount": 10.25}]}})

    assert order.customer.company is not None
    assert order.customer.company.authorized_user is not None
    assert order.customer.company.company_domain is None
    assert order.customer.company.authorized_user.identification_custom_type is None
    assert order.paid == Page(items=[Payout(id="p", wire_amount=Decimal("10.25"))])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"customer": {"customer_id": 5}}, "$.customer_id: expected `str`, got `int`"),
        ({"customer": 5}, "expected `object`, got `int`"),
        ({"customer": {}, "payout": {}}, "missing required field `payout_beneficiary_param`"),
    ],
)
def test_pydantic_gets_its_own_error(data: object, reason: str) -> None:
    """A ValidationError, as for any other field."""
    with pytest.raises(pydantic.ValidationError) as caught:
        Order.model_validate(data)

    assert reason in str(caught.value)


@pytest.mark.parametrize("mode", ["validation", "serialization"])
@pytest.mark.parametrize("kind", [Customer, Checkout, PayinMethod, Page[Payout], UpdateCustomer, PayoutBeneficiary])
def test_every_kind_of_field_has_a_json_schema(kind: Any, mode: Any) -> None:
    """Literals, lists of Structs, free objects, texts that may be `{}`."""
    schema = pydantic.TypeAdapter(kind).json_schema(mode=mode)

    assert {"type": "object"}.items() <= schema.items()
    assert "EmptyObject" not in json.dumps(schema)


def test_pydantic_is_not_imported_by_the_sdk() -> None:
    """Users without it do not need it, and those who have it do not pay for it."""
    script = "import sys, paycombat_async, paycombat_sync; print('pydantic' in sys.modules)"

    assert (
        "False"
        == subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
        ).stdout.strip()
    )
