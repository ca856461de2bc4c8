"""The control interface over a real socket: what each path does, and what it refuses."""

import json

import aiohttp
import pytest
from aiohttp import FormData

from paycombat_async.errors import ConfigurationError
from paycombat_async.sandbox import Sandbox
from paycombat_async.sandbox.control.commands import COMMANDS
from tests.sandbox.caller import CUSTOMER, UPDATE, Caller
from tests.sandbox.checkouts.shopper import created
from tests.sandbox.control.steering import Control
from tests.sandbox.deliveries.receiver import receiving
from tests.sandbox.money import create_payin, create_payout, made, retrieve_payout


@pytest.fixture(name="control")
async def _control(caller: Caller) -> Control:
    return Control(caller.sandbox, caller.session)


async def test_requests_are_shown_without_secrets(caller: Caller, control: Control) -> None:
    """Neither in headers nor in a path or body where somebody has put one; control requests are not among them."""
    sandbox = caller.sandbox
    await caller.update(description=f"key {sandbox.signature_key}")
    await caller.send("GET", f"/api/{sandbox.token}?t={sandbox.control_token}", headers={"Authorization": "Bearer x"})

    shown = await control.get("requests")

    first, second = shown["requests"]
    assert shown["counts"] == {"customers.update": 1, "unknown": 1}
    assert (first["operation"], first["method"], first["path"], first["status"]) == (
        *("customers.update", "PATCH", UPDATE),
        200,
    )
    assert first["body"] == f'{{"customer_id":"{CUSTOMER}","description":"key [redacted]"}}'
    assert (second["path"], second["status"]) == ("/api/[redacted]?t=[redacted]", 404)
    headers = {name.lower(): value for name, value in (second["headers"] | first["headers"]).items()}
    assert {headers[name] for name in ("x-token", "signature", "authorization")} == {"[redacted]"}
    text = json.dumps(shown)
    for secret in (sandbox.token, sandbox.signature_key, sandbox.control_token, "Bearer"):
        assert secret not in text


async def test_requests_can_be_chosen(caller: Caller, control: Control) -> None:
    """By operation, and the latest of them; a wrong query is refused."""
    for number in range(3):
        await create_payin(caller, order_reference=f"{number}")
    await caller.update(description="x")

    shown = await control.get("requests?operation=payins.create&limit=2")
    refused = [await control.send("GET", f"requests?{query}") for query in ("limit=0", "limit=x", "operatoin=a")]

    assert ['"1"', '"2"'] == [each["body"].split(":")[-1].strip("}") for each in shown["requests"]]
    assert [400, 400, 400] == [status for status, _ in refused]
    assert "operatoin" in refused[2][1]["message"]


async def test_everything_can_be_settled(caller: Caller, control: Control) -> None:
    """One object, one checkout, or all; the ledger has the money."""
    first, second = [made(await create_payout(caller, order_id=f"{number}"))["id"] for number in range(2)]
    checkout, other = await created(caller), await created(caller)

    one = await control.post("settle", {"id": first, "status": "FAILED"})
    paid = await control.post("settle", {"checkout_id": checkout["id"]})
    rest = await control.post("settle", {"all": True})
    ledger = await control.get("ledger")

    assert {"settled": [first]} == one
    assert 1 == len(paid["settled"])
    assert [second] == rest["settled"][:1]
    assert 2 == len(rest["settled"])
    assert other["id"] in [entry["reference"] for entry in ledger["entries"]]
    assert "FAILED" == (await retrieve_payout(caller, first)).body["data"]["status"]
    assert [] == ledger["doubles"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "expected `id` and `status`, or `checkout_id`, or `all`"),
        ({"id": "x"}, "expected `id` and `status`"),
        ({"status": "SUCCESS", "all": True}, "expected `id` and `status`"),
        ({"id": "x", "status": "SUCCESS"}, "there is no payin"),
        ({"checkout_id": "x"}, "there is no checkout"),
        ({"all": True, "payin_method_name": "x"}, "is for a `checkout_id`"),
        ({"al": True}, "unknown field `al`"),
        ([], "Expected `object`"),
    ],
)
async def test_what_cannot_be_settled_is_refused(control: Control, body: object, message: str) -> None:
    """With the reason."""
    status, answer = await control.send("POST", "settle", body)

    assert (400, "BAD_REQUEST") == (status, answer["code"])
    assert message in answer["message"]


async def test_webhooks_can_be_led_and_sent_again(caller: Caller, control: Control) -> None:
    """To an address that was not known at the start; `drain` waits for them; no signature is shown."""
    async with receiving() as receiver:
        url = receiver.url.replace("://", "://user:password@") + "?secret=1"
        await control.post("deliveries", {"webhook_url": url})
        payout = made(await create_payout(caller))
        await control.post("settle", {"id": payout["id"], "status": "FAILED"})
        shown = await control.post("deliveries", {"drain": True})
        again = await control.post("deliveries", {"resend": payout["id"], "drain": True})
        unknown = await control.send("POST", "deliveries", {"resend": "x", "webhook_url": ""})
        kept = caller.sandbox.webhook_url
        await control.post("deliveries", {"webhook_url": ""})

    [delivery] = shown["deliveries"]
    assert (delivery["event"], delivery["id"], delivery["statuses"]) == ("PAYOUT FAILED", payout["id"], [200])
    assert (delivery["url"], delivery["is_delivered"]) == (receiver.url, True)
    assert "signature" not in delivery
    assert 2 == len(again["deliveries"]) == len(receiver.received)
    assert receiver.received[0].body == receiver.received[1].body
    assert (400, "resend: no webhook about this id has been sent") == (unknown[0], unknown[1]["message"])
    assert (url, None) == (kept, caller.sandbox.webhook_url)
    assert 1 == len((await control.get("deliveries?limit=1"))["deliveries"])


async def test_webhooks_do_not_leave_the_machine(control: Control) -> None:
    """As for the options."""
    status, _ = await control.send("POST", "deliveries", {"webhook_url": "http://example.com/hook"})

    assert (400, None) == (status, control.sandbox.webhook_url)


async def test_faults_can_be_switched(caller: Caller, control: Control) -> None:
    """For the next calls of one operation, for all, by rate; and off again. Control requests get none."""
    steps = {"operation": "payouts.create", "next": [None, "html_502"]}
    queued = await control.post("faults", steps)
    statuses = [(await create_payout(caller, order_id=str(number))).status for number in range(1)]
    rated = await control.post(
        "faults", {"rates": {"500_after_commit": 0.25, "latency=50ms": 0.5}, "next": ["html_413"]}
    )
    calm = await control.post("faults", {"calm": True})

    assert (queued["left"], queued["rates"]) == (2, {})
    assert [201] == statuses
    assert {"500_after_commit": 0.25, "latency=0.05s": 0.5} == rated["rates"]
    assert 2 == rated["left"]
    assert (calm["left"], calm["rates"]) == (0, {})
    caller.sandbox.faults.set_rates(rated["rates"])  # the shown form can be given back
    assert caller.sandbox.faults.rates == rated["rates"]


@pytest.mark.parametrize(
    "body",
    [
        {"calm": True, "rates": {"nonsense": 0.1}},
        {"calm": True, "rates": {"html_502": 2}},
        {"calm": True, "operation": "payouts.create"},
        {"calm": True, "operation": "nonsense", "next": ["html_502"]},
        {"calm": True, "rates": {}, "next": ["duplicate_webhook"]},
    ],
)
async def test_a_refused_change_of_faults_changes_nothing(control: Control, body: object) -> None:
    """Not even in part."""
    control.sandbox.faults.set_rates({"html_502": 0.5})

    status, _ = await control.send("POST", "faults", body)

    assert (400, {"html_502": 0.5}) == (status, control.sandbox.faults.rates)


async def test_time_can_be_moved() -> None:
    """What has become due is done before the answer."""
    async with Sandbox(settle_after=3600) as sandbox, aiohttp.ClientSession() as session:
        caller, control = Caller(sandbox, session), Control(sandbox, session)
        payout = made(await create_payout(caller))

        moved = await control.post("clock", {"advance": 3600})
        refused = [await control.send("POST", "clock", body) for body in ({"advance": -1}, {}, {"advance": "1"})]

        assert (3600, 3600) == (moved["advanced"], (await control.get("clock"))["advanced"])
        assert "SUCCESS" == (await retrieve_payout(caller, payout["id"])).body["data"]["status"]
        assert [400, 400, 400] == [status for status, _ in refused]


async def test_it_can_be_reset(caller: Caller, control: Control) -> None:
    """As by `Sandbox.reset`."""
    made(await create_payout(caller))

    await control.post("reset", {})

    assert [] == caller.sandbox.customer_ids
    assert 0 == len(caller.sandbox.ledger) == len(caller.sandbox.arrivals)


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X-Sandbox-Control": ""}, 401),
        ({"X-Sandbox-Control": "wrong" * 10}, 401),
        ({"X-Sandbox-Control": "é" * 20}, 401),
        ({"Host": "attacker.example"}, 421),
        ({"Host": "127.0.0.1.attacker.example:80"}, 421),
        ({"Origin": "https://attacker.example"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
async def test_others_are_refused(control: Control, name: str, headers: dict[str, str], status: int) -> None:
    """Without the token; by DNS rebinding; by a page of another site, even with the token."""
    for method in COMMANDS[name]:
        body = {} if method == "POST" else None
        found, answer = await control.send(method, name, body, **headers)

        assert status == found
        assert control.sandbox.control_token not in json.dumps(answer)
    assert 2 == len(control.sandbox.customer_ids)  # nothing was reset


async def test_a_page_of_its_own_may(control: Control) -> None:
    """Same origin, as a browser says it."""
    own = {"Origin": control.sandbox.base_url, "Sec-Fetch-Site": "same-origin"}

    assert 200 == (await control.send("POST", "reset", {}, **own))[0]


@pytest.mark.parametrize("data", [FormData({"a": "b"}), b"{}"], ids=["form", "text"])
async def test_a_form_is_refused(control: Control, data: object) -> None:
    """Pages of other sites can send these without asking; so a token alone would not be enough."""
    headers = {"X-Sandbox-Control": control.sandbox.control_token}
    headers |= {"Content-Type": "text/plain"} if isinstance(data, bytes) else {}
    url = f"{control.sandbox.base_url}/_sandbox/reset"

    async with control.session.post(url, data=data, headers=headers) as answer:
        assert 415 == answer.status
    assert 2 == len(control.sandbox.customer_ids)


async def test_no_other_site_gets_leave(control: Control) -> None:
    """A preflight is refused, and no answer has a header of CORS."""
    url = f"{control.sandbox.base_url}/_sandbox/reset"
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-sandbox-control"}
    async with control.session.options(url, headers=asked | {"Origin": "https://attacker.example"}) as answer:
        preflight = (answer.status, dict(answer.headers))
    good = {"X-Sandbox-Control": control.sandbox.control_token}
    async with control.session.get(url.replace("reset", "clock"), headers=good) as answer:
        plain = (answer.status, dict(answer.headers))

    assert (403, 200) == (preflight[0], plain[0])
    assert [] == [name for name in preflight[1] | plain[1] if name.lower().startswith("access-control")]
    assert "no-store" == plain[1]["Cache-Control"]


async def test_wrong_paths_and_methods_are_refused(control: Control) -> None:
    """With what there is; only to those who have the token."""
    nowhere, method = await control.send("GET", "nonsense"), await control.send("DELETE", "clock")
    unnamed = await control.send("GET", "nonsense", **{"X-Sandbox-Control": "x"})

    assert (404, 405, 401) == (nowhere[0], method[0], unnamed[0])
    assert all(f"/_sandbox/{name}" in nowhere[1]["message"] for name in (*COMMANDS, "events"))
    assert "GET and POST" in method[1]["message"]


async def test_it_works_under_faults(control: Control) -> None:
    """Otherwise nobody could switch them off."""
    control.sandbox.faults.set_rates({"reset_before_commit": 1})

    assert {} == (await control.post("faults", {"calm": True}))["rates"]


async def test_each_sandbox_has_a_token_of_its_own() -> None:
    """Long and random, unless it is given."""
    assert Sandbox().control_token != Sandbox().control_token
    assert 64 == len(Sandbox().control_token)
    assert "x" * 16 == Sandbox(control_token="x" * 16).control_token


@pytest.mark.parametrize("token", ["", "short", "x" * 15, "x" * 20 + "\n", "x y" * 10, "é" * 20])
def test_a_token_that_is_easily_guessed_is_refused(token: str) -> None:
    """It is not repeated in the error."""
    with pytest.raises(ConfigurationError, match="control_token: expected at least 16") as refused:
        Sandbox(control_token=token)

    assert token == "" or token not in str(refused.value)
