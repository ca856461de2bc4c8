"""Requests and answers as the control interface shows them, and why a signature is wrong."""

import json

import aiohttp
import pytest

from paycombat_async.sandbox import Sandbox
from paycombat_async.sandbox.arrivals import Arrival
from paycombat_async.sandbox.traffic import Exchange, Traffic
from tests.sandbox.caller import CUSTOMER, UPDATE, Caller, compact
from tests.sandbox.control.steering import Control
from tests.sandbox.money import create_payout


@pytest.fixture(name="control")
async def _control(caller: Caller) -> Control:
    return Control(caller.sandbox, caller.session)


async def test_a_request_is_shown_with_its_answer(caller: Caller, control: Control) -> None:
    """And with what the check of its signature has said."""
    answered = await caller.update(description="VIP")
    await caller.retrieve()

    first, second = (await control.get("requests"))["requests"]

    assert (1, "good", True, None, None) == tuple(
        first[name] for name in ("number", "signature", "is_executed", "code", "fault")
    )
    assert json.loads(first["answer"]) == answered.body
    assert first["answer_length"] == len(first["answer"].encode())
    assert (None, True) == (second["signature"], second["is_executed"])  # a call without a body has no signature


async def test_a_wrong_signature_is_explained(caller: Caller, control: Control) -> None:
    """As `paycombat doctor` does; neither a secret nor the signature is in it."""
    signed, sent = compact({"customer_id": CUSTOMER}), json.dumps({"customer_id": CUSTOMER}).encode()
    await caller.send("PATCH", UPDATE, body=sent, headers={"signature": caller.signature(signed)})

    shown = await control.get("request?number=1")

    assert ("wrong", "UNAUTHORIZED", False) == tuple(
        shown["request"][name] for name in ("signature", "code", "is_executed")
    )
    assert "spaces" == shown["verdict"]["cause"]
    assert "" not in (shown["verdict"]["explanation"], shown["verdict"]["remedy"])
    for secret in (caller.signature(signed), caller.sandbox.signature_key, caller.sandbox.token):
        assert secret not in json.dumps(shown)


async def test_a_signature_that_only_the_sandbox_refuses_is_explained(caller: Caller, control: Control) -> None:
    """The doctor takes it, as webhooks do; the sandbox wants the bytes of JSON.stringify, too."""
    await caller.send("PATCH", UPDATE, body=json.dumps({"customer_id": CUSTOMER}).encode())

    verdict = (await control.get("request?number=1"))["verdict"]

    assert "reprinted" == verdict["cause"]
    assert "JSON.stringify(JSON.parse(body))" in verdict["explanation"]


async def test_a_good_signature_needs_no_verdict(caller: Caller, control: Control) -> None:
    """Not even if the body is refused for another reason; an unknown number is refused."""
    await create_payout(caller, payout_method_name="nonsense")

    shown = await control.get("request?number=1")
    status, refused = await control.send("GET", "request?number=2")

    assert ("good", "BAD_REQUEST", None) == (shown["request"]["signature"], shown["request"]["code"], shown["verdict"])
    assert (400, "number: no request with this number is kept") == (status, refused["message"])


async def test_a_fault_is_named_and_what_it_hides(caller: Caller, control: Control) -> None:
    """The client got an error or nothing, but the request was carried out."""
    caller.sandbox.faults.next("500_after_commit", "500_before_commit", "disconnect_after_commit")
    for number in range(2):
        await create_payout(caller, order_id=str(number))
    with pytest.raises(aiohttp.ClientError):
        await create_payout(caller, order_id="2")

    shown = (await control.get("requests"))["requests"]

    assert [
        ("500_after_commit", True, 500),
        ("500_before_commit", False, 500),
        ("disconnect_after_commit", True, None),
    ] == [(each["fault"], each["is_executed"], each["status"]) for each in shown]


async def test_requests_can_be_searched_in_short(caller: Caller, control: Control) -> None:
    """Anywhere in request and answer, whatever the case; older ones by number."""
    for description in ("first Ärger", "second", "third"):
        await caller.update(description=description)

    [found] = (await control.get("requests?brief=true&search=%C3%84RGER"))["requests"]
    older = (await control.get("requests?brief=true&before=3&limit=1"))["requests"]
    refused = (await control.get("requests?search=nonsense"))["requests"]

    assert ([1, [2], []]) == [found["number"], [each["number"] for each in older], refused]
    assert not {"body", "answer", "headers"} & found.keys()


def test_what_is_kept_is_bounded() -> None:
    """By number and by bytes; what was dropped is not found, also if its answer comes later."""
    seen: list[Exchange] = []
    traffic = Traffic(seen.append, kept=3, kept_bytes=100)
    begun = [traffic.begin(Arrival(operation="x", method="GET", path="/", headers={}), at="") for _ in range(4)]
    traffic.finish(begun[0], b"a" * 90, seconds=0.1)
    traffic.finish(begun[1], b"a" * 60, seconds=0.1)
    assert [2, 3, 4] == [each.number for each in traffic]
    traffic.finish(begun[2], b"a" * 60, seconds=0.1)

    assert [3, 4] == [each.number for each in traffic]
    assert (None, begun[2], None) == (traffic.find(2), traffic.find(3), traffic.find(5))
    traffic.clear()
    traffic.finish(begun[3], b"a" * 60, seconds=0.1)
    assert ([], None) == (list(traffic), traffic.find(4))
    assert 5 == traffic.begin(begun[0].arrival, at="").number


async def test_a_huge_answer_is_cut() -> None:
    """A fault sends megabytes; the record has the beginning."""
    async with Sandbox(customers=1, faults="gzip_bomb:1") as sandbox, aiohttp.ClientSession() as session:
        url = f"{sandbox.base_url}/api/v1/customer/customer"
        async with session.get(url, headers={"X-token": sandbox.token}, auto_decompress=False) as answer:
            length = len(await answer.read())
        [shown] = (await Control(sandbox, session).get("requests"))["requests"]

    assert length == shown["answer_length"]
