"""The OpenAPI document, and calls of each operation with requests generated from it."""

import http.client
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paycombat_async import canonical_json
from paycombat_async._protocol.interpret import interpret
from paycombat_async._protocol.messages import RawReply
from paycombat_async._protocol.reply import Reply
from paycombat_async._secrets import Redactor
from paycombat_async._signing import Signer
from paycombat_async.endpoints import ENDPOINTS, Endpoint
from paycombat_async.sandbox import Sandbox
from paycombat_async.sandbox.openapi import description
from tests.processes import PATIENCE_S
from tests.sandbox.schema_values import ANYTHING, Values, near

DESCRIPTION = description()
COMPONENTS = DESCRIPTION["components"]["schemas"]
OPERATIONS = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, methods in DESCRIPTION["paths"].items()
    for method, operation in methods.items()
}
CUSTOMER = {
    "type": "individual",
    "description": "x",
    "individual": {"first_name": "Zoë", "last_name": "김", "address_country": "FR"},
}
PAYOUT = {
    "payout_beneficiary_param": {
        "individual": {"first_name": "Zoë", "last_name": "김"},
        "account_number": "123456789",
        "bsb": "062-000",
    },
    "sender_amount": 10,
    "sender_currency": "AUD",
    "sender_country": "AU",
    "beneficiary_amount": 10,
    "beneficiary_currency": "AUD",
    "payout_method_name": "au_bank_acct",
    "purpose_code": "SELF",
}
PAYIN = {"amount": 10, "currency": "AUD", "payin_method_name": "au_bank_npp"}
ACCOUNT = {"payin_method_name": "KDB산업은행", "currency": "KRW"}
CHECKOUT = {"amount": 10, "currency": "AUD"}
CHECKOUT_IN_KRW = {"amount": 5000, "currency": "KRW"}


class World:
    """A running sandbox with one object of each kind, and a caller that signs its requests."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._signer = Signer(sandbox.signature_key)
        self._connection = http.client.HTTPConnection(sandbox.base_url.removeprefix("http://"), timeout=PATIENCE_S)
        customers = list(sandbox.customer_ids)
        checkout, won = self.made("checkouts.create", CHECKOUT), self.made("checkouts.create", CHECKOUT_IN_KRW)
        payin, payout = self.made("payins.create", PAYIN), self.made("payouts.create", PAYOUT)
        account = self.made("payins.create_virtual_account", ACCOUNT)
        self.hints = {
            "customer_id": customers,
            "checkout_token": [checkout["checkout_token"], won["checkout_token"]],
            "payer_id": [account["id"]],
            "currency": ["AUD", "KRW"],
            "payin_method_name": ["au_bank_npp", "KDB산업은행"],
            "payout_method_name": ["au_bank_acct"],
            "status": ["SUCCESS", "FAILED", "EXPIRED", "RETURNED", "APPROVED"],
            "webhook_url": [""],
            "expire_at": ["2999-01-01T00:00:00Z"],
        }
        aud, krw = checkout["checkout_token"], won["checkout_token"]
        self.ids = {
            "checkouts": [checkout["id"], won["id"]],
            "payins": [payin["id"], account["id"]],
            "payouts": [payout["id"]],
        }
        self.examples: dict[str, dict[str, object]] = {
            "customers.create": CUSTOMER,
            "customers.update": {"customer_id": customers[0], "description": "x"},
            "checkouts.create": CHECKOUT,
            "checkouts.create_new": {"checkout_token": aud, "payin_method_name": "au_bank_npp"},
            "checkouts.create_virtual_account": {"checkout_token": krw, "payin_method_name": "KDB산업은행"},
            "payins.create": PAYIN,
            "payins.simulate": {"id": payin["id"], "status": "SUCCESS"},
            "payins.create_virtual_account": ACCOUNT,
            "payouts.create": PAYOUT,
            "payouts.simulate": {"id": payout["id"], "status": "SUCCESS"},
        }

    def made(self, operation: str, body: object) -> Any:
        method, path, _ = OPERATIONS[operation]
        answer = self.call(method, path, canonical_json(body))
        assert answer.status == 201, answer.body
        return json.loads(answer.body)["data"]

    def call(self, method: str, path: str, body: bytes | None) -> RawReply:
        headers = {"X-token": self._sandbox.token}
        if body is not None:
            headers |= {"Content-Type": "application/json", "signature": self._signer.sign(body)}
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        names = {name.lower(): text for name, text in response.getheaders()}
        return RawReply(response.status, names, response.read())

    def close(self) -> None:
        self._connection.close()


@pytest.fixture(name="world")
def _world() -> Iterator[World]:
    with Sandbox(customers=60) as sandbox:
        world = World(sandbox)
        yield world
        world.close()


def requests(world: World, operation: str) -> st.SearchStrategy[tuple[str, bytes | None]]:
    """Path and body of calls of this operation."""
    _, template, described = OPERATIONS[operation]
    ids = world.ids.get(operation.partition(".")[0], ())
    values = Values(COMPONENTS, world.hints | {"id": ids})
    holes, query = {}, {}
    for parameter in described["parameters"]:
        made = values.of(parameter["schema"], parameter["name"])
        if parameter["in"] == "path":
            holes[parameter["name"]] = made.map(str).filter(bool)
        elif parameter["in"] == "query":
            query[parameter["name"]] = (made | ANYTHING).map(str)
    bodies: st.SearchStrategy[bytes | None] = st.none()
    if "requestBody" in described:
        schema = described["requestBody"]["content"]["application/json"]["schema"]
        bodies = near(world.examples[operation], values.of(schema)).map(canonical_json)
    return st.tuples(
        st.builds(filled, st.just(template), st.fixed_dictionaries(holes), st.fixed_dictionaries({}, optional=query)),
        bodies,
    )


def has_input(operation: str) -> bool:
    """Whether anything of a call can be wrong but its headers."""
    described = OPERATIONS[operation][2]
    return "requestBody" in described or any(each["in"] != "header" for each in described["parameters"])


def filled(template: str, holes: dict[str, str], query: dict[str, str]) -> str:
    path = template.format(**{name: quote(text, safe="") for name, text in holes.items()})
    return path + ("?" if query else "") + "&".join(f"{name}={quote(text, safe='')}" for name, text in query.items())


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_whatever_is_sent_the_answer_is_a_good_one(world: World, endpoint: Endpoint[Any, Any]) -> None:
    """A refusal in its form, or a success that the SDK reads without drift; never an error of the sandbox's own."""
    statuses: Counter[int] = Counter()

    @given(requests(world, endpoint.name))
    @settings(max_examples=60, derandomize=True, suppress_health_check=list(HealthCheck))
    def check(request: tuple[str, bytes | None]) -> None:
        answer = world.call(endpoint.method, *request)
        statuses[answer.status] += 1
        if answer.status >= 400:
            refusal = json.loads(answer.body)
            assert (list(refusal), refusal["status"]) == (["status", "message", "code"], False), refusal
            assert 400 <= answer.status < 500, (answer.status, refusal, request)
            return
        reading = interpret(endpoint, answer, now=lambda: 0.0, redact=Redactor(), closely=True)
        reply = Reply(reading.data, reading.request_id, 1, 0.0, endpoint, answer)
        assert () == reply.drift

    check()

    assert statuses[200] + statuses[201] > 0, "none was accepted"
    assert not has_input(endpoint.name) or any(status >= 400 for status in statuses), "none was refused"


def test_every_endpoint_is_described() -> None:
    """The document has every endpoint, with its name, method and path."""
    described = {name: (method, path) for name, (method, path, _) in OPERATIONS.items()}
    paths = Sandbox().paths

    assert described == {each.name: (each.method, each.path or paths[each.name]) for each in ENDPOINTS}


def test_it_is_plain_json_whose_references_lead_somewhere() -> None:
    """The document encodes as JSON, all references resolve, and `base_url` becomes its server."""
    text = msgspec.json.encode(description("http://127.0.0.1:8080"))

    referred = {part.partition(b'"')[0] for part in text.split(b'"$ref":"#/components/schemas/')[1:]}
    assert {name.decode() for name in referred} <= set(COMPONENTS)
    assert json.loads(text)["servers"] == [{"url": "http://127.0.0.1:8080"}]
    assert "servers" not in DESCRIPTION


def test_schemas_are_those_of_the_wire() -> None:
    """`extra` is no field there, and amounts are numbers."""
    fields = {name: schema for schema in COMPONENTS.values() for name, schema in schema["properties"].items()}

    assert "extra" not in fields
    assert fields["sender_amount"]["type"] == "number"
    assert {"type": "number"} in COMPONENTS["Checkout"]["properties"]["amount"]["anyOf"]
    assert "decimal" not in json.dumps(COMPONENTS)


@pytest.mark.parametrize(
    ("operation", "envelope"),
    [
        pytest.param("customers.retrieve", ["status", "message", "data"], id="A"),
        pytest.param(
            "customers.update",
            ["data", "request_id", "request_time", "status_code", "status_text", "success"],
            id="B",
        ),
        pytest.param("customers.disable", ["status", "message", "data"], id="C"),
    ],
)
def test_answers_are_described_in_their_envelopes(operation: str, envelope: list[str]) -> None:
    """Each response is described inside the envelope that its endpoint uses."""
    schema = OPERATIONS[operation][2]["responses"]["200"]["content"]["application/json"]["schema"]

    assert envelope == schema["required"] == list(schema["properties"])
    data = schema["properties"]["data"]
    while "$ref" not in data:
        data = data["properties"]["data"]
    assert data == {"$ref": "#/components/schemas/Customer"}
