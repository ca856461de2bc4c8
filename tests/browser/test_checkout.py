"""A shop's checkout in a browser, from the button to the order, and how its page looks in each state."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from paycombat_async.sandbox import Sandbox
from tests.browser.conftest import Visit
from tests.browser.looks import check_looks
from tests.browser.shop import Shop, open_shop
from tests.browser.watch import Watch


@pytest.fixture(name="sandbox")
def _sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(name="shop")
def _shop(sandbox: Sandbox) -> Iterator[Shop]:
    with open_shop(sandbox) as shop:
        yield shop


def press(page: Any, name: str) -> None:
    page.get_by_role("button", name=re.compile(name)).click()


def heading(page: Any) -> str:
    return str(page.get_by_role("heading", level=1).inner_text())


def buy(page: Any, visit: Visit, shop: Shop) -> None:
    visit(shop.base_url)
    press(page, "Buy")
    page.wait_for_url("**/checkout/*")


def test_an_order_is_paid(page: Any, visit: Visit, shop: Shop, sandbox: Sandbox) -> None:
    """The webhook marks it; the merchant's token is left behind; going back pays nothing again."""
    buy(page, visit, shop)
    assert sandbox.token not in page.url + page.content()
    assert page.get_by_text("AUD\N{NO-BREAK SPACE}12.50", exact=True).is_visible()

    page.get_by_role("button", name="Pay").dblclick()
    # The second click may cut the navigation of the first one, which `wait_for_url` takes for a failure.
    page.get_by_text("Order is").wait_for()
    assert f"{shop.base_url}/orders/0/completed" == page.url
    sandbox.drain_blocking()
    page.reload()

    assert heading(page) == "Order is paid"
    assert shop.events == [(shop.checkouts[0], "SUCCESS")]
    assert set(shop.came_back) == {"/orders/0/completed"}
    assert set(shop.referrers) == {None}
    page.go_back()
    assert heading(page) == "Paid"
    page.get_by_role("link", name="Back to the shop").click()
    page.wait_for_url(f"{shop.base_url}/orders/0/completed")
    assert sum(entry.amount for entry in sandbox.ledger if entry.id) == 12.5


def test_a_payment_fails_and_is_repeated(page: Any, visit: Visit, shop: Shop, sandbox: Sandbox) -> None:
    """The shop is told of both, and the order is paid in the end."""
    buy(page, visit, shop)
    press(page, "Fail")
    page.wait_for_url(f"{shop.base_url}/orders/0/failed")
    assert heading(page) == "Order is open"

    page.go_back()
    assert page.get_by_role("status").inner_text() == "The last payment failed. You can try again."
    press(page, "Pay")
    page.wait_for_url(f"{shop.base_url}/orders/0/completed")
    sandbox.drain_blocking()
    page.reload()

    assert heading(page) == "Order is paid"
    assert sorted(status for _, status in shop.events) == ["FAILED", "SUCCESS"]


@pytest.mark.parametrize(
    ("button", "end", "left"), [("expire", "expired", "Expired"), ("Cancel", "cancelled", "Cancel")]
)
def test_an_order_that_is_not_paid_stays_open(
    page: Any, visit: Visit, watch: Watch, shop: Shop, sandbox: Sandbox, button: str, end: str, left: str
) -> None:
    """The page of its checkout says why."""
    buy(page, visit, shop)
    watch.allow_refusal(page.url)
    press(page, button)
    page.wait_for_url(f"{shop.base_url}/orders/0/{end}")
    sandbox.drain_blocking()
    page.reload()

    assert heading(page) == "Order is open"
    page.go_back()
    assert heading(page).startswith(left)
    assert page.get_by_role("button").count() == 0


def test_it_is_paid_by_keyboard(page: Any, visit: Visit, sandbox: Sandbox) -> None:
    """An arrow chooses the method, and Enter pays."""
    with open_shop(sandbox, amount=5000, currency="KRW") as shop:
        buy(page, visit, shop)
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{shop.base_url}/orders/0/completed")
        sandbox.drain_blocking()

    assert [each.payload["payment_method"] for each in sandbox.deliveries] == ["IBK기업은행"]


def test_every_state_can_be_seen_by_all(page: Any, visit: Visit, watch: Watch, sandbox: Sandbox) -> None:
    """In each look; where the merchant has no address, the page itself is the end."""
    items = [{"name": "Green tea", "unit_price": Decimal("2.50")}, {"name": "x" * 100, "gift": True}]
    summary = {"items": items, "vat": 4545}
    with open_shop(sandbox, amount=50_000, currency="KRW", order_summary=summary) as shop:
        buy(page, visit, shop)
        check_looks(page)
        own = page.url
        for button, status in (("Fail", 200), ("expire", 410)):
            visit(own)
            press(page, button)
            page.wait_for_url(f"{shop.base_url}/**")
            visit(own, status=status)
            check_looks(page)
        visit(f"{sandbox.base_url}/checkout/unknown", status=404)
        check_looks(page)
