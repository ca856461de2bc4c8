"""Every method of the async client: the request it sends, what it returns, and what it refuses before sending."""

import inspect
import json
import logging
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paycombat_async import (
    ENDPOINTS,
    ApiError,
    AsyncPayCombat,
    ConfigurationError,
    CreatePayin,
    CreatePaymentRequest,
    CreateVirtualAccount,
    Endpoint,
    InvalidRequest,
    InvalidResponse,
    Outcome,
    Page,
    Secret,
    Signer,
    SimulatePayin,
    SimulatePayout,
)
from paycombat_async._json.canonical import canonical_json
from paycombat_async._protocol.draft import draft
from paycombat_async._protocol.messages import ClientConfig
from paycombat_async._protocol.url import _PLACEHOLDER
from paycombat_async.endpoints import RETRIEVE_CHECKOUT
from tests.calls import BY_NAME, CALLS, LOCAL, PATHS, good_answer, good_data

each_call = pytest.mark.parametrize("name", CALLS)
ACCOUNT = ClientConfig(LOCAL, Secret("snd_token"), Signer("snd_key"), PATHS)


@pytest.fixture(name="client")
def _client(make_client):
    """A client that knows a path for every endpoint, and does not warn of guessed ones."""
    return make_client(base_url=LOCAL, paths=PATHS)


WITHOUT_ENDPOINT = {"payouts.find"}  # built on other calls; so is all of `intents`


def test_every_endpoint_has_its_method_and_every_method_its_endpoint(client):
    """`ENDPOINTS` and the methods of the client's resources are the same set of names."""
    methods = {
        f"{namespace}.{method}"
        for namespace, resource in vars(client).items()
        if type(resource).__module__.startswith("paycombat_async.resources")
        for method, member in vars(type(resource)).items()
        if inspect.isfunction(member) and not method.startswith("_")
        if namespace != "intents" and f"{namespace}.{method}" not in WITHOUT_ENDPOINT
    }

    assert [endpoint.name for endpoint in ENDPOINTS] == list(CALLS)
    assert set(CALLS) == methods


# Where the calls that name something lead to.
ADDRESSES = {
    "payin_methods.required_fields": "/api/v1/payin-method/required-field/au_bank_npp",
    "payins.retrieve": "/api/v1/payin/retrieve-payin/payin_1",
    "payouts.retrieve": "/api/v1/payout/retrieve-payout/payout_1",
    "checkouts.retrieve": "/api/v1/checkout/retrieve/checkout_1",
    "customers.retrieve": "/api/v1/customer/customer/customer_1",
    "customers.check_wallet_ready": "/api/v1/customer/ready/customer_1",
    "customers.enable": "/api/v1/customer/enable/customer_1",
    "customers.disable": "/api/v1/customer/disable/customer_1",
    "customers.delete": "/api/v1/customer/delete/customer_1",
    "merchant.payout_balance": "/api/v1/merchant/balance/AUD",
    "payment_methods.list": "/api/v1/payment-method/AUD",
    "payouts.list": "/api/v1/payout?page=1",
    "checkouts.list": "/api/v1/checkout?page=1",
    "customers.list": "/api/v1/customer/customer?page=1",
}


@each_call
async def test_every_method_reaches_its_endpoint(name, client, transport):
    """A method sends the HTTP method and the filled path of its endpoint, signed exactly when there is a body."""
    endpoint = BY_NAME[name]
    transport.answer(200, good_answer(name))

    await CALLS[name](client)

    [sent] = transport.drafts
    address = ADDRESSES.get(name) or PATHS.get(name) or endpoint.path
    assert (name, endpoint.method, LOCAL + address) == (sent.endpoint, sent.method, sent.url)
    assert (sent.body is not None) == ("signature" in sent.headers) == endpoint.signed


@each_call
async def test_every_method_gives_the_data_of_its_answer(name, client, transport):
    """Data comes as the Struct of the endpoint, a list as a `Page` of them, and undocumented data as plain values."""
    endpoint = BY_NAME[name]
    transport.answer(200, good_answer(name))

    data = await CALLS[name](client)

    if endpoint.response is object:
        assert good_data(endpoint) == data
    elif name.endswith(".list"):
        expected = msgspec.convert(good_data(endpoint), list[endpoint.response.__args__[0]])
        assert Page(items=expected) == data
    else:
        assert msgspec.convert(good_data(endpoint), endpoint.response) == data


@each_call
async def test_no_good_answer_is_drift(name, make_client, transport):
    """A correct answer with every echoed field reports no drift."""
    heard = []
    client = make_client(base_url=LOCAL, paths=PATHS, on_drift=heard.append, strict_responses=True)
    transport.answer(200, good_answer(name))

    await CALLS[name](client)

    assert [] == heard


BODIES = {
    "payins.create": b'{"payer_id":"va_1","amount":50,"currency":"AUD","order_reference":"reference-1"}',
    "payins.simulate": b'{"id":"payin_1"}',
    "payins.create_virtual_account": b'{"currency":"KRW","amount":50000}',
    "payouts.create": (
        b'{"payout_beneficiary_param":{"account_number":"1234567","bsb":"063-000"},"sender_amount":50,'
        b'"sender_currency":"AUD","sender_country":"AU","beneficiary_amount":50,"beneficiary_currency":"AUD",'
        b'"payout_method_name":"au_bank_acct","purpose_code":"SELF","order_id":"order-1"}'
    ),
    "payouts.simulate": b'{"id":"payout_1"}',
    "checkouts.create": b'{"amount":50,"currency":"AUD","description":"d"}',
    "checkouts.create_virtual_account": '{"checkout_token":"c0ffee","payin_method_name":"KDB산업은행"}'.encode(),
    "checkouts.create_new": b'{"checkout_token":"c0ffee","payin_method_name":"au_bank_npp"}',
    "customers.create": b'{"description":"d","type":"individual","organization_reference_id":"organization-1"}',
    "customers.update": b'{"customer_id":"customer_1"}',
}


@each_call
async def test_bodies_are_what_was_asked_for(name, client, transport):
    """Bodies are equal byte for byte: fields in the provider's order, then `extra`; other calls send no body."""
    transport.answer(200, good_answer(name))

    await CALLS[name](client)

    assert BODIES.get(name) == transport.drafts[0].body


WITHOUT_PATH = [endpoint.name for endpoint in ENDPOINTS if endpoint.path is None]


@pytest.mark.parametrize("name", WITHOUT_PATH)
async def test_a_call_whose_path_nobody_knows_asks_for_it(name, make_client, transport):
    """Without a path, `ConfigurationError` names the argument and key to give, and nothing is sent."""
    client = make_client()

    with pytest.raises(ConfigurationError) as caught:
        await CALLS[name](client)

    assert f"paths={{'{name}': " in str(caught.value)
    assert Outcome.NOT_SENT is caught.value.outcome
    assert [] == transport.drafts


def test_four_paths_are_on_no_record():
    """The endpoints without a path are exactly those for which the tests give one."""
    assert sorted(PATHS) == sorted(WITHOUT_PATH)


EMPTY = {
    "payins.create": CreatePayin(),
    "payins.simulate": SimulatePayin(),
    "payins.create_virtual_account": CreateVirtualAccount(),
    "payouts.simulate": SimulatePayout(),
    "checkouts.create": CreatePaymentRequest(),
}


@pytest.mark.promise("P11")
@pytest.mark.parametrize("name", EMPTY)
@pytest.mark.parametrize("extra", [False, True], ids=["no extra", "empty extra"])
async def test_an_empty_body_is_refused(name, extra, client, transport):
    """A request without any field, or with an empty `extra`, raises `InvalidRequest` and nothing is sent."""
    namespace, method = name.split(".")
    request = type(EMPTY[name])(extra={}) if extra else EMPTY[name]

    with pytest.raises(InvalidRequest, match="extra") as caught:
        await getattr(getattr(client, namespace), method)(request)

    assert ("$", Outcome.NOT_SENT) == (caught.value.path, caught.value.outcome)
    assert [] == transport.drafts


@pytest.mark.promise("P11")
async def test_a_request_of_another_call_is_refused(client, transport):
    """`SimulatePayin` for a payout raises `InvalidRequest`: equal fields do not make it the right type."""
    with pytest.raises(InvalidRequest, match="SimulatePayout, got SimulatePayin"):
        await client.payouts.simulate(SimulatePayin(extra={"id": "1"}))

    assert [] == transport.drafts


HOLES = {
    endpoint.name: _PLACEHOLDER.findall(PATHS.get(endpoint.name) or endpoint.path or "")
    for endpoint in ENDPOINTS
    if "{" in (PATHS.get(endpoint.name) or endpoint.path or "")
}
hostile = st.text(max_size=300) | st.lists(
    st.sampled_from(
        ["..", ".", "/", "\\", "%2e", "%2F", "?", "#", "@", "//evil.example", "{id}", "\r\n", "é", "\ud800", " "]
    ),
    max_size=4,
).map("".join)


@pytest.mark.promise("P9", "P11")
@pytest.mark.parametrize("name", HOLES)
@given(value=hostile)
def test_an_id_never_leads_elsewhere(name, value):
    """An id with any characters is refused, or arrives as one whole path segment of the same origin."""
    endpoint = BY_NAME[name]
    [hole] = HOLES[name]
    try:
        url = draft(endpoint, None, {hole: value}, None, ACCOUNT).url
    except InvalidRequest:
        return

    parts, template = urlsplit(url), PATHS.get(name) or endpoint.path
    assert ("http", "127.0.0.1:1", "", "") == (parts.scheme, parts.netloc, parts.query, parts.fragment)
    assert set(value).isdisjoint("/\\")  # some servers decode a segment before they split
    assert [value if part == f"{{{hole}}}" else part for part in template.split("/")] == [
        unquote(part) for part in parts.path.split("/")
    ]


def test_every_endpoint_that_takes_an_id_is_probed():
    """The eleven endpoints with a placeholder in their path have one each, and a new one is tested automatically."""
    assert 11 == len(HOLES)
    assert all(len(holes) == 1 for holes in HOLES.values())


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text(max_size=8)
    | st.binary(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
WITH_BODY = [endpoint for endpoint in ENDPOINTS if endpoint.signed]


@pytest.mark.promise("P2", "P11")
@pytest.mark.parametrize("endpoint", WITH_BODY, ids=lambda endpoint: endpoint.name)
@given(data=st.data())
def test_any_request_is_drafted_or_refused(endpoint, data):
    """Any values in the fields give a signed, canonical body or `InvalidRequest`, never another error."""
    usual = msgspec.json.decode(BODIES[endpoint.name])
    names = st.sampled_from([field.name for field in msgspec.structs.fields(endpoint.request)])
    known = {name: usual[name] for name in endpoint.request.__struct_fields__ if name in usual}
    fields = known | data.draw(st.dictionaries(names, JSON, max_size=3))
    make = data.draw(st.sampled_from([lambda fields: endpoint.request(**fields), endpoint.request.from_mapping]))
    try:
        sent = draft(endpoint, make(fields), {}, None, ACCOUNT)
    except InvalidRequest as error:
        assert str(error).startswith(error.path) or error.path == "$"  # noqa: PT017  # one of two ways out
        return

    assert ACCOUNT.signer.verify(sent.body, sent.headers["signature"])
    assert sent.body == canonical_json(json.loads(sent.body, parse_int=float))


SECRET = "snd_S3CRET"
CHECKOUT = {
    "id": "checkout_1",
    "checkout_token": "c0ffee",
    "checkout_url": f"https://checkout.paycombat.com/?token=c0ffee&identifier={SECRET}",
    "amount": 7,
}


@pytest.mark.promise("P7")
@pytest.mark.parametrize("checkout_url", [CHECKOUT["checkout_url"], [CHECKOUT["checkout_url"]]], ids=["text", "drift"])
async def test_a_checkout_address_is_in_no_log_and_no_reply(checkout_url, make_client, transport, caplog):
    """`checkout_url` contains the X-token: logs, drift and `repr` of replies do not show it, `raw` keeps it."""
    caplog.set_level(logging.DEBUG)
    client = make_client(base_url=LOCAL)
    data = CHECKOUT | {"checkout_url": checkout_url, "new_field": checkout_url}
    transport.answer(200, msgspec.json.encode({"status": True, "data": data}))
    transport.answer(200, msgspec.json.encode({"status": True, "data": [data]}))

    reply = await client.send(RETRIEVE_CHECKOUT, None, id="checkout_1")
    page = await client.checkouts.list().page()

    shown = f"{reply!r} {reply!s} {reply.data} {[reply.data]} {reply.drift} {page!r} {page!s} {caplog.text}"
    assert caplog.text
    assert SECRET not in shown
    assert SECRET.encode() in reply.raw


ODD_ANSWERS: dict[str, tuple[int, Any, type[Exception]]] = {
    "refused": (400, {"status": False, "message": CHECKOUT["checkout_url"], "data": CHECKOUT}, ApiError),
    "failed": (500, {"status": False, "errors": CHECKOUT}, ApiError),
    "no list of checkouts": (200, {"status": True, "data": {"checkout": CHECKOUT}}, InvalidResponse),
}


@pytest.mark.promise("P7")
@pytest.mark.parametrize(("status", "body", "kind"), ODD_ANSWERS.values(), ids=ODD_ANSWERS)
@pytest.mark.parametrize("escaped", [False, True], ids=["plain", "as PHP writes it"])
async def test_a_checkout_address_is_in_no_error(status, body, kind, escaped, make_client, transport, caplog):
    """An error about a checkout shows its address neither in its text nor in its attributes."""
    caplog.set_level(logging.DEBUG)
    answer = msgspec.json.encode(body)
    client: AsyncPayCombat = make_client(base_url=LOCAL, max_retries=0)
    transport.answer(status, answer.replace(b"/", b"\\/") if escaped else answer)

    with pytest.raises(kind) as caught:
        await client.checkouts.list().page()

    assert "checkout" in f"{caught.value!r}{vars(caught.value)}"
    assert SECRET not in f"{caught.value!r}{caught.value!s}{vars(caught.value)}{caplog.text}"


@pytest.mark.parametrize("name", BODIES)
def test_a_struct_alone_encodes_to_what_the_client_sends(name):
    """`canonical_json(request)`, for those who sign elsewhere, has the same content as the body the client sends."""
    endpoint: Endpoint[Any, Any] = BY_NAME[name]
    body = msgspec.json.decode(BODIES[name])
    known = {field.name for field in msgspec.structs.fields(endpoint.request)}
    typed = {key: value for key, value in body.items() if key in known}
    extra = {key: value for key, value in body.items() if key not in known}

    request = endpoint.request.from_mapping(typed | ({"extra": extra} if extra else {}))

    assert body == msgspec.json.decode(canonical_json(request))
