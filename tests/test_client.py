"""Setting a client up, its lifetime, and its escape hatches."""

import asyncio
import dataclasses
import traceback
from pathlib import Path

import msgspec
import pytest

from paycombat_async import (
    AsyncPayCombat,
    ConfigurationError,
    Identity,
    InvalidRequest,
    InvalidResponse,
    Outcome,
    Secret,
    UpdateCustomer,
)
from paycombat_async.endpoints import RETRIEVE_CUSTOMER, raw_endpoint

GOOD = b'{"success":true,"data":{"customer_id":"customer_1"}}'


@pytest.fixture(name="environ", autouse=True)
def _environ(monkeypatch):
    for name in ("TOKEN", "SIGNATURE_KEY", "BASE_URL"):
        monkeypatch.delenv(f"PAYCOMBAT_{name}", raising=False)
    return monkeypatch


@pytest.mark.promise("P11")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"token": None}, ["token", "PAYCOMBAT_TOKEN"]),
        ({"token": ""}, ["token", "PAYCOMBAT_TOKEN"]),
        ({"token": 5}, ["token", "PAYCOMBAT_TOKEN"]),
        ({"signature_key": None}, ["signature_key", "PAYCOMBAT_SIGNATURE_KEY"]),
        ({"token": "snd_marked\n"}, ["token", "white space"]),
        ({"token": " snd_marked"}, ["token", "white space"]),
        ({"token": "snd_mar\rked"}, ["token", "header"]),
        ({"token": "snd_mar\0ked"}, ["token", "header"]),
        ({"token": "snd_märked"}, ["token", "header"]),
        ({"signature_key": "snd_marked "}, ["signature_key", "white space"]),
        ({"token": "live_marked"}, ["snd_", "sandbox"]),
        ({"signature_key": "live_marked"}, ["snd_", "sandbox"]),
        ({"base_url": "http://api.paycombat.com"}, ["https"]),
        ({"timeout": 0}, ["timeout"]),
        ({"timeout": float("inf")}, ["timeout"]),
        ({"timeout": None}, ["timeout"]),
        ({"max_retries": -1}, ["max_retries"]),
        ({"max_retries": 1.5}, ["max_retries", "whole"]),
        ({"max_retries": True}, ["max_retries"]),
        ({"max_connections": 0}, ["max_connections"]),
        ({"paths": {"nobody": "/x"}}, ["nobody"]),
        ({"paths": {"customers.retrieve": "/x"}}, ["customers.retrieve", "customer_id"]),
        ({"proxy": "nonsense", "transport": None}, ["proxy"]),
        ({"proxy": "http://u:marked@[", "transport": None}, ["proxy"]),
        ({"proxy": "http://u:marked@proxy:99999", "transport": None}, ["proxy"]),
        ({"proxy": 7, "transport": None}, ["proxy"]),
    ],
    ids=repr,
)
def test_what_cannot_work_is_said_at_construction(make_client, arguments, words):
    """One sentence with the argument and the variable, never the value."""
    with pytest.raises(ConfigurationError) as caught:
        make_client(**arguments)

    assert all(word in str(caught.value) for word in words)
    assert "marked" not in str(caught.value).replace("märked", "marked")
    assert Outcome.NOT_SENT is caught.value.outcome


@pytest.mark.promise("P7")
def test_the_password_of_a_proxy_is_not_shown_by_what_holds_it(make_client):
    """A reporter may walk through everything that a client is made of."""
    client = make_client(proxy="http://u:marked@proxy:3128", transport=None)

    assert "marked" not in repr(vars(client._engine.transport))


@pytest.mark.promise("P7")
@pytest.mark.parametrize("arguments", [{"token": "snd_marked "}, {"proxy": "socks5://u:marked@p", "transport": None}])
def test_a_refused_secret_is_not_in_the_traceback(make_client, arguments):
    """Not even where a reporter prints the local variables of our frames."""
    with pytest.raises(ConfigurationError) as caught:
        make_client(**arguments)

    stack = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
    ours = [frame.locals for frame in stack if "paycombat_async" in frame.filename]
    assert ours
    assert "marked" not in repr(ours)


@pytest.mark.parametrize("given", [{}, {"token": ""}, {"token": "", "signature_key": ""}], ids=repr)
def test_all_that_is_missing_is_named_at_once(environ, given):
    """Whoever has set neither credential is told so in one sentence."""
    with pytest.raises(ConfigurationError) as caught:
        AsyncPayCombat(**given)

    for name in ("token=", "signature_key=", "PAYCOMBAT_TOKEN", "PAYCOMBAT_SIGNATURE_KEY"):
        assert name in str(caught.value)


def test_arguments_beat_the_environment(environ, make_client):
    """And the environment beats the default; it is read at construction."""
    environ.setenv("PAYCOMBAT_TOKEN", "live_token")
    environ.setenv("PAYCOMBAT_SIGNATURE_KEY", "live_key")
    environ.setenv("PAYCOMBAT_BASE_URL", "https://other.example")

    from_environment = AsyncPayCombat()
    given = make_client(base_url="http://127.0.0.1:1")

    assert (False, "AsyncPayCombat(https://other.example)") == (
        from_environment.is_sandbox,
        repr(from_environment),
    )
    assert (True, "AsyncPayCombat(http://127.0.0.1:1)") == (given.is_sandbox, repr(given))


def test_secrets_may_be_passed_as_such(make_client):
    """A Secret is taken as it is."""
    assert make_client(token=Secret("snd_x")).is_sandbox


async def test_a_closed_client_says_so(client, transport):
    """Closing twice is fine; calling after it is a mistake."""
    async with client:
        assert not client.is_closed
    await client.aclose()

    assert client.is_closed
    with pytest.raises(ConfigurationError, match="closed"):
        await client.customers.retrieve("c")
    assert [] == transport.drafts


async def test_options_make_a_client_that_shares_the_rest(client, transport):
    """Other time-out, same transport, same end."""
    hasty = client.with_options(timeout=2.0, max_retries=0)
    transport.answer(200, GOOD)

    await hasty.customers.retrieve("c")

    assert [2.0] == transport.timeouts
    await client.aclose()
    assert hasty.is_closed


def test_options_are_checked_too(client):
    """As at construction."""
    with pytest.raises(ConfigurationError):
        client.with_options(timeout=-1)


async def test_send_gives_the_whole_reply(client, transport):
    """Status, request id, headers, raw body, attempts."""
    transport.answer(200, GOOD, {"x-request-id": "r7"})

    reply = await client.send(RETRIEVE_CUSTOMER, None, customer_id="customer_1")

    assert (200, "r7", GOOD, 1, ()) == (reply.status, reply.request_id, reply.raw, reply.attempts, reply.drift)
    assert {"x-request-id": "r7"} == reply.headers


async def test_request_signs_what_the_sdk_does_not_know(client, transport):
    """Canonical, signed, and once only."""
    transport.answer(200, b'{"status":true,"data":[1]}')

    reply = await client.request("POST", "/api/v1/new/1", body={"b": 1.0, "1": "x"}, query={"dry": "yes"})

    [draft] = transport.drafts
    assert ("https://api.paycombat.com/api/v1/new/1?dry=yes", b'{"1":"x","b":1}') == (draft.url, draft.body)
    assert "signature" in draft.headers
    assert [1] == reply.data


@pytest.mark.parametrize(("method", "is_signed"), [("POST", True), ("PATCH", True), ("PUT", True), ("DELETE", False)])
async def test_request_signs_as_the_provider_s_rule_says(client, transport, method, is_signed):
    """POST and PATCH by its words, PUT by its sense; DELETE is not named."""
    transport.answer(200, b'{"status":true}')

    await client.request(method, "/api/v1/new", body={"a": 1})

    assert is_signed is ("signature" in transport.drafts[0].headers)


@pytest.mark.promise("P9")
async def test_request_refuses_to_leave_the_host(client, transport):
    """A path is a path."""
    with pytest.raises(InvalidRequest):
        await client.request("GET", "//evil.example/x")

    assert [] == transport.drafts


@pytest.mark.promise("P6")
async def test_drift_is_told_to_the_hook_or_refused_when_strict(make_client, transport):
    """`on_drift` hears each difference; `strict_responses` makes an error that says: carried out."""
    heard = []
    odd = GOOD.replace(b'"customer_id"', b'"new":1,"customer_id"')
    transport.answer(200, odd)
    transport.answer(200, odd)

    await make_client(on_drift=heard.append).customers.retrieve("c")
    with pytest.raises(InvalidResponse) as caught:
        await make_client(strict_responses=True).customers.update(UpdateCustomer(customer_id="c"))

    assert ["$.data.new"] == [drift.path for drift in heard]
    assert (Outcome.APPLIED, 1) == (caught.value.outcome, caught.value.attempts)


async def test_strict_responses_accept_the_pages_own_example(make_client, transport):
    """Mock servers that are made from the provider's pages answer with it, placeholders included."""
    transport.answer(200, (Path(__file__).parent / "vectors" / "update-customer-response.json").read_bytes())

    customer = await make_client(strict_responses=True).customers.update(UpdateCustomer(customer_id="string"))

    assert ("string", "string") == (customer.type, customer.gca_activation_status)


async def test_many_calls_share_one_client(client, transport):
    """Calls of many tasks do not disturb each other."""
    for _ in range(50):
        transport.answer(200, GOOD)

    customers = await asyncio.gather(*(client.customers.retrieve(f"c{n}") for n in range(50)))

    assert 50 == len(customers) == len({draft.url for draft in transport.drafts})


class Thing(msgspec.Struct):
    """An answer of the user's own, for an endpoint that the SDK does not know."""

    thing_id: Identity = ""


@pytest.mark.parametrize(("answer", "is_success"), [(b'{"thing_id":"t1"}', True), (b'{"thing_id":""}', False)])
async def test_an_endpoint_of_ones_own_says_which_field_is_the_identity(answer, is_success, client, transport):
    """Without a verdict in the envelope, the identity is what makes its answer a success."""
    endpoint = dataclasses.replace(raw_endpoint("POST", "/x"), response=Thing)
    transport.answer(200, b'{"data":%s}' % answer)

    if is_success:
        assert "t1" == (await client.send(endpoint, {"a": 1})).data.thing_id
    else:
        with pytest.raises(InvalidResponse):
            await client.send(endpoint, {"a": 1})
