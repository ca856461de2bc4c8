"""What the sandbox lets in and what it refuses, over a real socket."""

import json
from collections.abc import AsyncIterator, Mapping

import pytest
from multidict import CIMultiDict

from paycombat_async.sandbox import SANDBOX_TOKEN
from paycombat_async.sandbox.admission import is_loopback
from tests.sandbox.caller import CUSTOMER, UPDATE, Caller, compact

BODY = compact({"customer_id": CUSTOMER, "description": "VIP"})
DETAIL = f"/api/v1/customer/customer/{CUSTOMER}"
NO_JSON = "the body is not JSON in UTF-8, or nested too deeply"
DISABLE = f"/api/v1/customer/disable/{CUSTOMER}"


async def test_a_right_call_is_carried_out(caller: Caller) -> None:
    """The body on which the refusals below are built is a good one."""
    answer = await caller.send("PATCH", UPDATE, body=BODY)

    assert answer.status == 200
    assert caller.sandbox.executions(CUSTOMER) == 1


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        pytest.param("PATCH", UPDATE, BODY, id="with-body"),
        pytest.param("GET", DETAIL, b"", id="get"),
        pytest.param("PATCH", DISABLE, b"", id="patch-without-body"),
    ],
)
@pytest.mark.parametrize(
    "token",
    [None, "", "snd_other", " ", SANDBOX_TOKEN.upper()],
    ids=["none", "empty", "other", "blank", "upper"],
)
async def test_a_wrong_token_is_refused(caller: Caller, method: str, path: str, body: bytes, token: str | None) -> None:
    """Every kind of call needs the right token."""
    answer = await caller.send(method, path, body=body, headers={"X-token": token})

    assert (answer.status, answer.body["code"]) == (401, "UNAUTHORIZED")
    assert caller.sandbox.executions(CUSTOMER) == 0


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda signature: None, id="none"),
        pytest.param(lambda signature: "", id="empty"),
        pytest.param(lambda signature: "0" * 64, id="other"),
        pytest.param(str.upper, id="upper-case"),
        pytest.param(lambda signature: signature[:-1], id="short"),
        pytest.param(lambda signature: f"sha256={signature}", id="prefixed"),
        pytest.param(lambda signature: "é" * 64, id="not-ascii"),
    ],
)
async def test_a_wrong_signature_is_refused(caller: Caller, change: object) -> None:
    """The signature is 64 lower-case hexadecimal digits, and those of this body."""
    assert callable(change)

    answer = await caller.send("PATCH", UPDATE, body=BODY, headers={"signature": change(caller.signature(BODY))})

    assert (answer.status, answer.body["code"]) == (401, "UNAUTHORIZED")
    assert "signature" in answer.message
    assert caller.sandbox.executions(CUSTOMER) == 0


@pytest.mark.parametrize("name", ["X-token", "signature"])
async def test_a_repeated_credential_is_refused(caller: Caller, name: str) -> None:
    """Two headers of one name, both right, are one too many."""
    sandbox = caller.sandbox
    headers = CIMultiDict(
        {"X-token": sandbox.token, "signature": caller.signature(BODY), "Content-Type": "application/json"}
    )
    headers.add(name, headers[name])

    async with caller.session.patch(sandbox.base_url + UPDATE, data=BODY, headers=headers) as response:
        body = await response.json()

    assert response.status == 401
    assert name in body["message"]


NOT_CANONICAL = [
    pytest.param(b'{"customer_id": "%s"}', b'{"customer_id":"%s"}', id="white-space"),
    pytest.param(b'{"customer_id":"%s","metadata":{"n":1.0}}', b'{"customer_id":"%s","metadata":{"n":1}}', id="float"),
    pytest.param(
        b'{"customer_id":"%s","metadata":{"b":1,"2":1}}',
        b'{"customer_id":"%s","metadata":{"2":1,"b":1}}',
        id="index-key",
    ),
    pytest.param(
        b'{"customer_id":"%s","description":"\\u00e9"}', '{"customer_id":"%s","description":"é"}'.encode(), id="escape"
    ),
    pytest.param(b'{"customer_id":"%s","description":"\\/"}', b'{"customer_id":"%s","description":"/"}', id="slash"),
    pytest.param(
        b'{"description":"1","customer_id":"%s","description":"2"}',
        b'{"description":"2","customer_id":"%s"}',
        id="duplicate",
    ),
]


@pytest.mark.parametrize(("sent", "printed"), NOT_CANONICAL)
async def test_a_signature_over_the_bytes_alone_is_refused(caller: Caller, sent: bytes, printed: bytes) -> None:
    """A server that parses and prints again would not accept it, so neither does the sandbox, and it says so."""
    answer = await caller.send("PATCH", UPDATE, body=sent % CUSTOMER.encode())

    assert answer.status == 401
    assert answer.message == "signature fits the body as received, but not JSON.stringify(JSON.parse(body))"
    assert caller.sandbox.executions(CUSTOMER) == 0


@pytest.mark.parametrize(("sent", "printed"), NOT_CANONICAL)
async def test_a_signature_over_the_printed_body_alone_is_refused(caller: Caller, sent: bytes, printed: bytes) -> None:
    """A server that takes the bytes as received would not accept it, so neither does the sandbox, and it says so."""
    sent, printed = sent % CUSTOMER.encode(), printed % CUSTOMER.encode()

    answer = await caller.send("PATCH", UPDATE, body=sent, headers={"signature": caller.signature(printed)})

    assert answer.status == 401
    assert answer.message == "signature fits JSON.stringify(JSON.parse(body)), but not the body as received"
    assert caller.sandbox.executions(CUSTOMER) == 0


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", "application/jsonp", None],
    ids=["text", "form", "latin-1", "jsonp", "none"],
)
async def test_another_content_type_is_refused(caller: Caller, kind: str | None) -> None:
    """A body is application/json in UTF-8."""
    answer = await caller.send("PATCH", UPDATE, body=BODY, headers={"Content-Type": kind})

    assert (answer.status, answer.body["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_json_with_its_charset_is_taken(caller: Caller) -> None:
    """`charset=utf-8` says nothing new."""
    headers = {"Content-Type": "application/json; charset=UTF-8"}

    assert (await caller.send("PATCH", UPDATE, body=BODY, headers=headers)).status == 200


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity"])
async def test_a_compressed_body_is_refused(caller: Caller, encoding: str) -> None:
    """What was signed would not be what was received."""
    answer = await caller.send("PATCH", UPDATE, body=BODY, headers={"Content-Encoding": encoding})

    assert (answer.status, answer.body["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("GET", DETAIL, id="retrieve"),
        pytest.param("GET", "/api/v1/customer/customer", id="list"),
        pytest.param("PATCH", DISABLE, id="disable"),
        pytest.param("PATCH", f"/api/v1/customer/enable/{CUSTOMER}", id="enable"),
        pytest.param("DELETE", f"/api/v1/customer/delete/{CUSTOMER}", id="delete"),
    ],
)
async def test_a_body_where_none_belongs_is_refused(caller: Caller, method: str, path: str) -> None:
    """Calls without a body have none, not even `{}`."""
    answer = await caller.send(method, path, body=b"{}")

    assert (answer.status, answer.message) == (400, "this call takes no body")


@pytest.mark.parametrize(("size", "status"), [(100_000, 200), (100_001, 413)], ids=["limit", "above"])
async def test_the_size_of_a_body_has_a_limit(caller: Caller, size: int, status: int) -> None:
    """The last byte allowed is let in, the next one is not."""
    padding = size - len(compact({"customer_id": CUSTOMER, "description": ""}))

    answer = await caller.send("PATCH", UPDATE, body=compact({"customer_id": CUSTOMER, "description": "x" * padding}))

    assert status == answer.status


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(b"", NO_JSON, id="empty"),
        pytest.param(b"{", NO_JSON, id="half"),
        pytest.param(b'{"customer_id":"\xff"}', NO_JSON, id="not-utf-8"),
        pytest.param(b"\xef\xbb\xbf{}", NO_JSON, id="byte-order-mark"),
        pytest.param(b'{"customer_id":"\\ud800"}', NO_JSON, id="lone-surrogate"),
        pytest.param(b"[" * 50_000, NO_JSON, id="deep"),
        pytest.param(b"[]", "$: expected `object`, got `array`", id="array"),
        pytest.param(b'"secret"', "$: expected `object`, got `str`", id="text"),
        pytest.param(b"null", "$: expected `object`, got `null`", id="null"),
        pytest.param(b"{}", "$: object missing required field `customer_id`", id="no-customer-id"),
    ],
)
async def test_what_is_no_object_of_fields_is_refused(caller: Caller, body: bytes, message: str) -> None:
    """A rightly signed body must still be a JSON object."""
    headers = {"signature": caller.signature(body), "Content-Type": "application/json"}

    answer = await caller.send("PATCH", UPDATE, body=body, headers=headers)

    assert (400, message) == (answer.status, answer.message)


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        pytest.param({"customer_id": ""}, "$.customer_id", id="empty-id"),
        pytest.param({"customer_id": None}, "$.customer_id", id="null-id"),
        pytest.param({"nickname": "secret"}, "nickname", id="unknown"),
        pytest.param({"extra": {"a": "secret"}}, "extra", id="extra"),
        pytest.param({"company": {"email": "secret"}}, "email", id="unknown-in-company"),
        pytest.param({"description": 7}, "$.description", id="number-for-text"),
        pytest.param({"description": None}, "$.description", id="null-for-text"),
        pytest.param({"type": "secret"}, "$.type", id="unknown-type"),
        pytest.param({"type": {}}, "$.type", id="placeholder-type"),
        pytest.param({"metadata": "secret"}, "$.metadata", id="text-for-object"),
        pytest.param({"metadata": None}, "$.metadata", id="null-for-object"),
        pytest.param({"company": None}, "$.company", id="null-company"),
        pytest.param({"company": "secret"}, "$.company", id="text-for-company"),
        pytest.param({"company": {"address_line2": None}}, "$.company.address_line2", id="null-in-company"),
        pytest.param({"company": {"authorized_user": {"dob": 1}}}, "$.company.authorized_user.dob", id="deep"),
    ],
)
async def test_a_wrong_field_is_named_without_its_value(
    caller: Caller, fields: Mapping[str, object], path: str
) -> None:
    """The message says which field, and never what was in it."""
    answer = await caller.update(**fields)

    assert (answer.status, answer.body["code"]) == (400, "BAD_REQUEST")
    assert path in answer.message
    assert "secret" not in answer.message
    assert caller.sandbox.executions(CUSTOMER) == 0


async def test_an_error_has_the_form_of_envelope_a(caller: Caller) -> None:
    """No error body is on record; the sandbox's has these three keys, as JSON."""
    answer = await caller.send("GET", "/api/v1/customer/customer/customer_unknown")

    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.body == {
        "status": False,
        "message": "there is no customer with this customer_id",
        "code": "NOT_FOUND",
    }


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/customer",
        "/api/v1/customer/customer/",
        f"{DETAIL}/more",
        "/api/v1/payin/nothing",
        "/API/v1/customer/customer",
    ],
)
async def test_an_unknown_path_is_refused_as_json(caller: Caller, path: str) -> None:
    """Where there is nothing, the answer is still an envelope."""
    answer = await caller.send("GET", path)

    assert (answer.status, answer.body["code"]) == (404, "NOT_FOUND")


async def test_a_wrong_method_is_refused_as_json(caller: Caller) -> None:
    """A known path with another verb answers 405 and says which verb it takes."""
    answer = await caller.send("POST", UPDATE, body=BODY)

    assert (answer.status, answer.body["code"], answer.headers["Allow"]) == (405, "METHOD_NOT_ALLOWED", "PATCH")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "10.0.0.1", "", "["])
async def test_a_foreign_host_header_is_refused(caller: Caller, host: str) -> None:
    """A web page whose name was pointed at this machine gets nothing."""
    answer = await caller.send("GET", DETAIL, headers={"Host": host})

    assert (answer.status, answer.body["code"]) == (421, "MISDIRECTED_REQUEST")


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:8080"])
def test_names_of_this_machine_are_known(host: str) -> None:
    """With or without a port, as a name or an address."""
    assert is_loopback(host)


async def test_a_query_that_is_not_known_is_passed_over(caller: Caller) -> None:
    """The list takes page and limit, and does not mind others."""
    async with caller.session.get(
        f"{caller.sandbox.base_url}/api/v1/customer/customer?status=x", headers={"X-token": caller.sandbox.token}
    ) as response:
        body = json.loads(await response.read())

    assert (response.status, body["data"]["total"]) == (200, 2)


async def test_a_body_in_chunks_is_taken(caller: Caller) -> None:
    """Its length need not be known beforehand."""

    async def pieces() -> AsyncIterator[bytes]:
        yield BODY[:10]
        yield BODY[10:]

    headers = {
        "X-token": caller.sandbox.token,
        "signature": caller.signature(BODY),
        "Content-Type": "application/json",
    }

    async with caller.session.patch(caller.sandbox.base_url + UPDATE, data=pieces(), headers=headers) as response:
        await response.read()

    assert response.status == 200
