"""The sandbox's console in a browser, as somebody uses it while an application is tested."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any, TypeVar

import pytest

from paycombat_async import Signer
from paycombat_async.sandbox import Sandbox
from paycombat_async.sandbox._background_loop import BackgroundLoop
from paycombat_sync import BeneficiaryIndividual, CreatePayout, PayCombat, PayoutBeneficiary, UpdateCustomer
from tests.browser.conftest import Visit
from tests.browser.looks import check_looks
from tests.processes import PATIENCE_S
from tests.sandbox.deliveries.receiver import Receiver, receiving

R = TypeVar("R")

HOSTILE = "<img src=x onerror=\"document.title='pwned'\">"


@pytest.fixture(name="receiver")
def _receiver() -> Iterator[Receiver]:
    """A merchant's server, in a thread of its own."""
    loop = BackgroundLoop("receiver")
    server = receiving()
    yield loop.run(server.__aenter__())
    loop.run(server.__aexit__(None, None, None))
    loop.stop()


@pytest.fixture(name="sandbox")
def _sandbox(receiver: Receiver) -> Iterator[Sandbox]:
    with Sandbox(customers=1, webhook_url=receiver.url) as sandbox:
        yield sandbox


@pytest.fixture(name="page")
def _page(sandbox: Sandbox, page: Any) -> Any:
    """The page, which is closed before its sandbox stops: it would complain that nobody answers."""
    return page


def call(sandbox: Sandbox, work: Callable[[PayCombat], R]) -> R:
    """Calls a function with a client, in another thread: in that of the browser, Playwright has an event loop."""

    def run() -> R:
        with PayCombat(
            token=sandbox.token, signature_key=sandbox.signature_key, base_url=sandbox.base_url, paths=sandbox.paths
        ) as paycombat:
            return work(paycombat)

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result(PATIENCE_S)


def pay_out(sandbox: Sandbox, order_id: str) -> str:
    def create(paycombat: PayCombat) -> str:
        request = CreatePayout(
            payout_beneficiary_param=PayoutBeneficiary(
                individual=BeneficiaryIndividual(first_name="Ana", last_name="Reyes"),
                account_number="1234567",
                bsb="062-000",
            ),
            sender_amount=Decimal(60),
            sender_currency="AUD",
            sender_country="AU",
            beneficiary_amount=Decimal(60),
            beneficiary_currency="AUD",
            payout_method_name="au_bank_acct",
            purpose_code="SELF",
            order_id=order_id,
        )
        return paycombat.payouts.create(request).id

    return call(sandbox, create)


def view(page: Any, name: str) -> None:
    page.get_by_role("navigation").get_by_role("link", name=name).click()


def row(page: Any, text: str) -> Any:
    return page.locator(".row", has_text=text).first


def test_a_payout_is_settled_and_returned_and_its_webhooks_repeated(
    page: Any, visit: Visit, sandbox: Sandbox, receiver: Receiver
) -> None:
    """By buttons; the token leaves the address; what an application has sent is shown as text, whatever it is."""
    visit(sandbox.console_url)
    page.get_by_text("No requests yet").wait_for()
    assert page.url == f"{sandbox.base_url}/"

    payout = pay_out(sandbox, HOSTILE)
    row(page, "payout/create-payout").wait_for()  # it comes by itself
    view(page, "Payments")
    page.get_by_role("button", name="Payouts").click()
    page.get_by_role("button", name="Settle").click()
    page.get_by_role("button", name="Return").click()
    row(page, "RETURNED").wait_for()
    sandbox.drain_blocking()
    view(page, "Webhooks")
    row(page, "PAYOUT RETURNED").click()
    for name in ("Send again", "Send as duplicate", "Send out of order"):
        page.get_by_role("complementary").get_by_role("button", name=name, exact=True).click()
    page.locator(".row").nth(6).wait_for()
    page.keyboard.press("Escape")
    view(page, "Ledger")
    page.get_by_text("Payout returned, money back").wait_for()
    sandbox.drain_blocking()

    assert 7 == len(receiver.received)
    assert 2 == len({each.body for each in receiver.received})
    assert payout in {json.loads(each.body)["id"] for each in receiver.received}
    assert "PayCombat sandbox" in page.title()


def test_a_press_counts_although_news_come_meanwhile(
    page: Any, visit: Visit, sandbox: Sandbox, receiver: Receiver
) -> None:
    """A button that news replace between the pointer's down and up gets no click."""
    pay_out(sandbox, "first")
    sandbox.settle_all()
    visit(sandbox.console_url)
    view(page, "Webhooks")
    page.get_by_role("button", name="Send PAYOUT SUCCESS again").hover()
    page.mouse.down()
    with page.expect_response(lambda response: "/deliveries" in response.url):
        pay_out(sandbox, "second")
        sandbox.settle_all()
    page.evaluate("new Promise(next => setTimeout(next, 200))")  # time to draw what has come

    page.mouse.up()

    page.get_by_text("is sent again").wait_for()
    page.locator(".row").nth(2).wait_for()


def test_a_wrong_signature_is_explained(page: Any, visit: Visit, sandbox: Sandbox) -> None:
    """In words, by keyboard alone; no secret is in the page."""
    signature = Signer(sandbox.signature_key).sign(b'{"customer_id":"customer_1"}')
    request = urllib.request.Request(
        f"{sandbox.base_url}/api/v1/customer/update",
        method="PATCH",
        data=b'{"customer_id": "customer_1"}',
        headers={"X-token": sandbox.token, "signature": signature, "Content-Type": "application/json"},
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=PATIENCE_S)
    refused.value.close()

    visit(sandbox.console_url)
    row(page, "signature wrong").wait_for()
    page.keyboard.press("/")
    page.keyboard.type("customer/UPDATE")
    page.locator(".note", has_text="1 shown").wait_for()
    row(page, "signature wrong").focus()
    page.keyboard.press("Enter")
    page.locator(".callout", has_text="Wrong signature: spaces").wait_for()
    shown = page.content()
    page.keyboard.press("Escape")
    page.locator("#panel").wait_for(state="hidden")

    assert not [
        secret for secret in (sandbox.token, sandbox.signature_key, sandbox.control_token, signature) if secret in shown
    ]
    assert page.evaluate("document.activeElement.classList.contains('row')")


def test_a_fault_is_switched_on_and_survived(page: Any, visit: Visit, sandbox: Sandbox) -> None:
    """By the SDK's client, which repeats an update; the console shows both requests."""
    visit(sandbox.console_url)
    view(page, "Faults")
    page.get_by_label("html_502 for the next call").click()
    page.get_by_text("1 queued for the next calls").wait_for()
    page.get_by_label("Share of requests with latency").select_option("1")
    page.get_by_text("latency=0.1s in 100 %").wait_for()
    page.get_by_role("button", name="Turn all off").click()
    page.get_by_text("No fault has a rate.").wait_for()
    page.get_by_label("html_502 for the next call").click()
    page.get_by_text("1 queued for the next calls").wait_for()

    update = UpdateCustomer(customer_id=sandbox.customer_ids[0], description="VIP")
    call(sandbox, lambda paycombat: paycombat.customers.update(update))
    view(page, "Requests")
    row(page, "fault html_502").wait_for()

    assert [502, 200] == [each.status for each in sandbox.arrivals]


def test_everybody_can_use_it(page: Any, visit: Visit, sandbox: Sandbox) -> None:
    """Each view, and a panel, on a telephone and in the dark."""
    for order_id in ("order-1", "order-1"):
        pay_out(sandbox, order_id)
    call(sandbox, lambda paycombat: paycombat.customers.retrieve(sandbox.customer_ids[0]))
    sandbox.settle_all()
    sandbox.drain_blocking()
    visit(sandbox.console_url)
    row(page, "customers.retrieve").click()
    page.locator(".detail").wait_for()
    check_looks(page)
    page.keyboard.press("Escape")
    for name, text in (
        ("Payments", "No payins yet"),
        ("Webhooks", "PAYOUT SUCCESS"),
        ("Ledger", "Paid more than once"),
        ("Faults", "Odd answers"),
    ):
        view(page, name)
        page.get_by_text(text).first.wait_for()
        check_looks(page)


def test_without_the_token_it_shows_nothing(page: Any, visit: Visit, sandbox: Sandbox, watch: Any) -> None:
    """It asks for it, and takes it from the form, too."""
    visit(sandbox.base_url)
    page.get_by_label("Control token").fill(sandbox.control_token)
    check_looks(page)
    page.get_by_role("button", name="Open the console").click()
    page.get_by_text("No requests yet").wait_for()
