"""The page of a checkout over a real socket: each state, each button, and what is refused."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from yarl import URL

from paycombat_async.sandbox import Movement, Sandbox
from paycombat_async.sandbox.checkouts.hosted.address import redirect_url
from paycombat_async.sandbox.checkouts.hosted.money import money_text
from paycombat_async.sandbox.checkouts.hosted.status import Status
from tests.sandbox.caller import Caller, StandingClock
from tests.sandbox.checkouts.shopper import KDB, choose, created, retrieve

SHOP = "https://shop.example"
ENDS = {name: f"{SHOP}/{name}" for name in ("completed_url", "failed_url", "expired_url", "cancelled_url")}
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Shown:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def heading(self) -> str:
        return self.text.partition("<h1>")[2].partition("</h1>")[0]

    @property
    def location(self) -> str:
        return self.headers["Location"]


@dataclass(frozen=True)
class Browser:
    """A browser without a window, which follows no redirect by itself."""

    sandbox: Sandbox
    session: aiohttp.ClientSession

    async def send(self, method: str, path: str, data: bytes | None = None, **headers: str) -> Shown:
        url = URL(path if path.startswith("http") else self.sandbox.base_url + path, encoded=True)
        async with self.session.request(method, url, data=data, headers=headers, allow_redirects=False) as answer:
            return Shown(answer.status, answer.headers.copy(), await answer.text())

    async def show(self, checkout: Mapping[str, Any]) -> Shown:
        return await self.send("GET", f"/checkout/{checkout['checkout_token']}")

    async def press(self, checkout: Mapping[str, Any], action: str, *, fields: str = "", **headers: str) -> Shown:
        sent = {"Content-Type": FORM, "Origin": self.sandbox.base_url} | headers
        path = f"/checkout/{checkout['checkout_token']}"
        return await self.send("POST", path, f"action={action}{fields}".encode(), **sent)


@pytest.fixture(name="browser")
async def _browser(caller: Caller) -> Browser:
    return Browser(caller.sandbox, caller.session)


def payins(sandbox: Sandbox) -> list[tuple[str, str]]:
    """The event and the method of each webhook about a payin."""
    return [
        (each.event, str(json.loads(each.body)["payment_method"]))
        for each in sandbox.deliveries
        if each.event.startswith("PAYIN")
    ]


async def test_a_checkout_url_leads_to_the_page_and_leaves_the_token_behind(caller: Caller, browser: Browser) -> None:
    """The merchant's token is neither in the address of the page nor on it."""
    checkout = await created(caller)

    led = await browser.send("GET", checkout["checkout_url"])
    shown = await browser.send("GET", led.location)

    assert (led.status, led.location) == (303, f"/checkout/{checkout['checkout_token']}")
    assert (shown.status, shown.heading) == (200, "Checkout")
    assert caller.sandbox.token not in f"{led.headers}{led.text}{shown.headers}{shown.text}"


@pytest.mark.parametrize("token", ["snd_a&b+c%41;d=e", "snd_identifier=x?#"])
async def test_any_token_may_stand_in_the_url(token: str) -> None:
    """It is on record without percent-encoding. A browser encodes what it must, and sends nothing after a #."""
    async with Sandbox(token=token) as sandbox, aiohttp.ClientSession() as session:
        checkout = await created(Caller(sandbox, session))
        browser = Browser(sandbox, session)
        written = await browser.send("GET", checkout["checkout_url"].replace("#", "%23"))
        encoded = await browser.send(
            "GET", str(URL(checkout["checkout_url"].replace(token, "")).update_query(identifier=token))
        )

    assert [303, 303] == [written.status, encoded.status]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?token={token}",
        "?token={token}&identifier=",
        "?token={token}&identifier=snd_x",
        "?token=0&identifier={own}",
    ],
)
async def test_a_wrong_url_leads_nowhere(caller: Caller, browser: Browser, query: str) -> None:
    """Without the merchant's token or with another one, and with a checkout's token that does not exist."""
    checkout = await created(caller)

    path = query.format(token=checkout["checkout_token"], own=caller.sandbox.token)
    shown = await browser.send("GET", f"/checkout{path}")

    assert (shown.status, shown.heading) == (404, "No such checkout")


async def test_the_page_shows_what_is_to_be_paid(caller: Caller, browser: Browser) -> None:
    """The amount as people read it, the description, the summary, and the methods that fit."""
    checkout = await created(
        caller,
        amount=1234.5,
        description="Basket 205",
        order_summary={"items": [{"name": "Tea", "unit_price": 2.5, "gift": True, "note": None}], "empty": []},
    )

    shown = await browser.show(checkout)

    assert "AUD\N{NO-BREAK SPACE}1,234.50</p>" in shown.text
    assert "<bdi>Basket 205</bdi>" in shown.text
    for label, value in (("Name", "Tea"), ("Unit price", "2.5"), ("Gift", "yes"), ("Note", "none"), ("Empty", "none")):
        assert f"<dt>{label}</dt><dd><bdi>{value}</bdi></dd>" in shown.text
    assert ["au_bank_npp"] == re.findall(r'name="method" value="(\w+)" checked', shown.text)
    assert "eu_bank_sct_eur" not in shown.text
    assert '<time datetime="2025-11-26T16:00:00.250Z">26 November 2025, 16:00 UTC</time>' in shown.text


async def test_the_chosen_method_is_selected(caller: Caller, browser: Browser) -> None:
    """All that fit can be chosen, and the one that was chosen before is selected."""
    checkout = await created(caller, currency="KRW", amount=5000)
    await choose(caller, checkout["checkout_token"], "신한은행")

    text = (await browser.show(checkout)).text

    assert 7 == text.count('type="radio"')
    assert ["신한은행"] == re.findall(r'value="([^"]+)" checked', text)
    assert "KRW\N{NO-BREAK SPACE}5,000</p>" in text


HOSTILE = "\"><script>alert(1)</script><img src=x onerror='alert(1)'>$amount&amp;"
ESCAPED = (
    "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=&#x27;alert(1)&#x27;&gt;$amount&amp;amp;"
)


async def test_hostile_texts_stay_texts(caller: Caller, browser: Browser) -> None:
    """In the description, in names and values of the summary however deep, and in an address."""
    deep: object = HOSTILE
    for _ in range(100):
        deep = {HOSTILE: [deep]}
    checkout = await created(
        caller,
        description=HOSTILE,
        order_summary={HOSTILE: HOSTILE, "deep": deep},
        redirect_url=f"{SHOP}/?a='\"><script>",
    )

    open_page = await browser.show(checkout)
    caller.sandbox.pay(checkout["id"])
    paid_page = await browser.show(checkout)

    for shown in (open_page, paid_page):
        assert f"<bdi>{ESCAPED}</bdi></p>" in shown.text
        assert f"<dt>{ESCAPED}</dt><dd><bdi>{ESCAPED}</bdi></dd>" in shown.text
        assert "<script" not in shown.text
        assert "<img" not in shown.text
    assert f'href="{SHOP}/?a=&#x27;&quot;&gt;&lt;script&gt;" rel' in paid_page.text


async def test_every_page_forbids_scripts_frames_caches_and_referrers(caller: Caller, browser: Browser) -> None:
    """Also a refusal and a redirect; no other site may read any of them."""
    checkout = await created(caller)

    answers = [
        await browser.send("GET", checkout["checkout_url"]),
        await browser.show(checkout),
        await browser.send("GET", "/checkout/unknown"),
        await browser.press(checkout, "pay"),
        await browser.press(checkout, "pay", Origin="https://evil.example"),
    ]

    assert [303, 200, 404, 303, 403] == [answer.status for answer in answers]
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; base-uri 'none'; frame-ancestors 'none'; style-src 'sha256-")
        assert "script-src" not in policy
        assert "unsafe" not in policy
        assert ("no-referrer", "no-store", "nosniff", "DENY") == tuple(
            answer.headers[name]
            for name in ("Referrer-Policy", "Cache-Control", "X-Content-Type-Options", "X-Frame-Options")
        )
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize(
    ("action", "end", "event", "status", "heading"),
    [
        ("pay", "completed_url", "PAYIN SUCCESS", 200, "Paid"),
        ("fail", "failed_url", "PAYIN FAILED", 200, "Checkout"),
        ("expire", "expired_url", "PAYIN EXPIRED", 410, "Expired"),
        ("cancel", "cancelled_url", None, 410, "Cancelled"),
    ],
)
async def test_each_button_ends_the_checkout_its_way(
    caller: Caller, browser: Browser, action: str, end: str, event: str | None, status: int, heading: str
) -> None:
    """The webhook, the address, and the page that is left; with and without addresses of the merchant's."""
    caller.sandbox.webhook_url = "http://127.0.0.1:9/hook"
    by_end = await created(caller, advanced_redirect_url=ENDS, redirect_url=f"{SHOP}/any")
    by_any = await created(caller, redirect_url=f"{SHOP}/any", advanced_redirect_url={end: ""})
    nowhere = await created(caller)

    pressed = [await browser.press(each, action, fields="&method=au_bank_npp") for each in (by_end, by_any, nowhere)]

    assert [303, 303, 303] == [each.status for each in pressed]
    own = f"/checkout/{nowhere['checkout_token']}"
    assert [ENDS[end], f"{SHOP}/any", own] == [each.location for each in pressed]
    left = await browser.show(nowhere)
    assert (left.status, left.heading) == (status, heading)
    assert ([(event, "au_bank_npp")] * 3 if event else []) == payins(caller.sandbox)


async def test_paying_books_the_amount_by_the_chosen_method(caller: Caller, browser: Browser) -> None:
    """Once, however often the button is pressed, and whatever is pressed afterwards."""
    checkout = await created(caller, currency="KRW", amount=5000, advanced_redirect_url=ENDS)
    before = caller.sandbox.balance("KRW")

    pressed = [await browser.press(checkout, "pay", fields=f"&method={KDB}") for _ in range(2)]
    pressed += [await browser.press(checkout, action) for action in ("fail", "expire", "cancel")]

    assert {ENDS["completed_url"]} == {each.location for each in pressed}
    assert 5000 == caller.sandbox.balance("KRW") - before
    assert 1 == sum(entry.movement is Movement.PAYIN for entry in caller.sandbox.ledger)
    assert KDB == (await retrieve(caller, checkout["id"]))["payin_method_name"]


async def test_a_failed_payment_can_be_repeated(caller: Caller, browser: Browser) -> None:
    """A second click on the same page makes no second payin; the next page can fail again, and then be paid."""
    caller.sandbox.webhook_url = "http://127.0.0.1:9/hook"
    checkout = await created(caller)

    for attempt in (0, 0, 1):
        await browser.press(checkout, "fail", fields=f"&attempt={attempt}")
    shown = await browser.show(checkout)
    await browser.press(checkout, "pay", fields="&attempt=0")

    assert "The last payment failed" in shown.text
    assert 'name="attempt" value="2"' in shown.text
    assert ["PAYIN FAILED", "PAYIN FAILED", "PAYIN SUCCESS"] == [event for event, _ in payins(caller.sandbox)]
    assert "The last payment failed" not in (await browser.show(checkout)).text


@pytest.mark.parametrize("action", ["expire", "cancel"])
async def test_an_ended_checkout_stays_ended(caller: Caller, browser: Browser, action: str) -> None:
    """Neither its page nor the API nor the sandbox pays it."""
    checkout = await created(caller, advanced_redirect_url=ENDS)
    ended = await browser.press(checkout, action)

    pressed = [await browser.press(checkout, each) for each in ("pay", "fail", "expire", "cancel")]
    chosen = await choose(caller, checkout["checkout_token"], "au_bank_npp")

    assert {ended.location} == {each.location for each in pressed}
    assert (422, action.upper()[:6]) == (chosen.status, chosen.body["code"].removeprefix("CHECKOUT_")[:6])
    assert [] == caller.sandbox.settle_all()


async def test_it_expires_by_the_clock_of_the_sandbox(caller: Caller, browser: Browser, clock: StandingClock) -> None:
    """A customer who pays too late pays nothing, and is led to where an expired checkout leads."""
    checkout = await created(caller, expire_at="2025-11-24T17:00:00.250Z", advanced_redirect_url=ENDS)
    in_time = await browser.show(checkout)
    caller.sandbox.clock.advance(3600)

    late = await browser.show(checkout)
    pressed = await browser.press(checkout, "pay")

    assert [(200, "Checkout"), (410, "Expired")] == [(each.status, each.heading) for each in (in_time, late)]
    assert f'href="{ENDS["expired_url"]}"' in late.text
    assert pressed.location == ENDS["expired_url"]
    assert 0 == len(caller.sandbox.ledger)


async def test_where_no_method_fits_the_page_says_so(caller: Caller, browser: Browser) -> None:
    """It has no form."""
    shown = await browser.show(await created(caller, currency="PHP"))

    assert (shown.status, shown.heading) == (422, "No way to pay")
    assert "<form" not in shown.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"Host": "evil.example"}, 421, id="rebinding"),
        pytest.param({"Origin": "https://evil.example"}, 403, id="other-origin"),
        pytest.param({"Origin": "http://127.0.0.1:1"}, 403, id="other-port"),
        pytest.param({"Origin": "null"}, 403, id="no-origin"),
        pytest.param({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 403, id="sandboxed-frame"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, 403, id="other-port-of-this-machine"),
        pytest.param({"Content-Type": "application/json"}, 415, id="json"),
        pytest.param({"Content-Type": "text/plain"}, 415, id="plain"),
        pytest.param({"Content-Encoding": "gzip"}, 415, id="compressed"),
    ],
)
async def test_other_sites_cannot_press_a_button(
    caller: Caller, browser: Browser, headers: dict[str, str], status: int
) -> None:
    """Nothing is done."""
    checkout = await created(caller)

    shown = await browser.press(checkout, "pay", **headers)

    assert shown.status == status
    assert "text/html" in shown.headers["Content-Type"]
    assert 0 == len(caller.sandbox.ledger)


async def test_its_own_form_is_taken_without_an_origin(caller: Caller, browser: Browser) -> None:
    """As a browser sends it where the page has no referrer."""
    checkout = await created(caller)

    pressed = await browser.press(checkout, "pay", **{"Origin": "null", "Sec-Fetch-Site": "same-origin"})

    assert pressed.status == 303
    assert 2 == len(caller.sandbox.ledger)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b"", 400, id="empty"),
        pytest.param(b"action=steal", 400, id="unknown-button"),
        pytest.param(b"action=pay&method=eu_bank_sct_eur", 400, id="other-method"),
        pytest.param(b"action=fail&attempt=x", 400, id="no-number"),
        pytest.param(b"action=\xff", 400, id="not-utf-8"),
        pytest.param(b"a&" * 20, 400, id="many-fields"),
        pytest.param(b"action=pay&" + b"x" * 200_000, 413, id="large"),
    ],
)
async def test_a_form_that_makes_no_sense_is_refused(
    caller: Caller, browser: Browser, body: bytes, status: int
) -> None:
    """Nothing is done."""
    checkout = await created(caller)

    shown = await browser.send("POST", f"/checkout/{checkout['checkout_token']}", body, **{"Content-Type": FORM})

    assert shown.status == status
    assert "<h1>" in shown.text
    assert 0 == len(caller.sandbox.ledger)


@pytest.mark.parametrize(("method", "path"), [("PUT", "/checkout/x"), ("DELETE", "/checkout"), ("POST", "/checkout")])
async def test_other_methods_are_refused(browser: Browser, method: str, path: str) -> None:
    """With those that there are."""
    shown = await browser.send(method, path)

    assert (shown.status, shown.headers["Allow"]) == (405, "GET, HEAD, POST")


async def test_the_page_is_no_call_of_the_api(caller: Caller, browser: Browser) -> None:
    """It is not among the requests, and takes no fault."""
    checkout = await created(caller)
    caller.sandbox.faults.next("500_after_commit")

    shown = await browser.show(checkout)

    assert shown.status == 200
    assert {"checkouts.create": 1} == dict(caller.sandbox.arrivals.counts)


async def test_an_address_in_any_script_is_led_to_in_ascii(caller: Caller, browser: Browser) -> None:
    """With nothing that is encoded already encoded twice."""
    checkout = await created(caller, redirect_url=f"{SHOP}/주문?a=%20&b=1#c")

    pressed = await browser.press(checkout, "pay")

    assert pressed.location == f"{SHOP}/%EC%A3%BC%EB%AC%B8?a=%20&b=1#c"


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("12.5", "AUD", "AUD 12.50"),
        ("12", "EUR", "EUR 12.00"),
        ("0.000001", "AUD", "AUD 0.000001"),
        ("1000", "KRW", "KRW 1,000"),
        ("1000.5", "KRW", "KRW 1,000.5"),
        ("999999999999999", "SGD", "SGD 999,999,999,999,999.00"),
    ],
)
def test_amounts_are_shown_in_full(amount: str, currency: str, expected: str) -> None:
    """With the digits of the currency, and never rounded."""
    assert money_text(amount, currency) == expected.replace(" ", "\N{NO-BREAK SPACE}")


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "/relative", "//host", "", None, 1, {}])
def test_only_web_addresses_are_led_to(address: object) -> None:
    """Whatever a database file of another version holds."""
    assert redirect_url({"advanced_redirect_url": {"completed_url": address}}, Status.PAID) is None
    assert redirect_url({"redirect_url": address}, Status.PAID) is None
