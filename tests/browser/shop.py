"""A merchant's shop: its button makes a checkout, its webhook marks the order, its page shows what became of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal

from aiohttp import web

from paycombat_async import AsyncPayCombat, CreatePaymentRequest, webhooks
from paycombat_async.sandbox import Sandbox
from paycombat_async.sandbox._background_loop import BackgroundLoop

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Shop</title><link rel="icon" href="data:,">
<main><h1>{}</h1><form method="post" action="/buy"><button>Buy</button></form></main></html>"""


@dataclass
class Shop:
    """`checkouts` are the ids of the checkouts by the order's number, and `events` those that its webhooks told."""

    sandbox: Sandbox
    basket: dict[str, object]
    base_url: str = ""
    checkouts: list[str] = field(default_factory=list)
    events: list[tuple[str, str]] = field(default_factory=list)
    referrers: list[str | None] = field(default_factory=list)
    came_back: list[str] = field(default_factory=list)

    async def show(self, _request: web.Request) -> web.Response:
        return _html("Shop")

    async def buy(self, _request: web.Request) -> web.Response:
        order = f"{self.base_url}/orders/{len(self.checkouts)}"
        ends = {f"{end}_url": f"{order}/{end}" for end in ("completed", "failed", "expired", "cancelled")}
        sandbox = self.sandbox
        async with AsyncPayCombat(
            token=sandbox.token, signature_key=sandbox.signature_key, base_url=sandbox.base_url
        ) as paycombat:
            request = CreatePaymentRequest(extra=self.basket | {"advanced_redirect_url": ends})
            checkout = await paycombat.checkouts.create(request)
        self.checkouts.append(checkout.id)
        return web.Response(status=303, headers={"Location": checkout.checkout_url or ""})

    async def order(self, request: web.Request) -> web.Response:
        self.referrers.append(request.headers.get("Referer"))
        self.came_back.append(request.path_qs)
        checkout_id = self.checkouts[int(request.match_info["number"])]
        is_paid = (checkout_id, "SUCCESS") in self.events
        return _html("Order is paid" if is_paid else "Order is open")

    async def take(self, request: web.Request) -> web.Response:
        event = webhooks.unwrap(await request.read(), request.headers, [self.sandbox.signature_key])
        assert isinstance(event, webhooks.PayinSucceeded | webhooks.PayinFailed | webhooks.PayinExpired)
        self.events.append((event.payin.order_reference or "", event.payin.status or ""))
        return web.Response()


@contextmanager
def open_shop(sandbox: Sandbox, **basket: object) -> Iterator[Shop]:
    """A running shop, to which the sandbox sends its webhooks."""
    shop = Shop(sandbox, {"amount": Decimal("12.50"), "currency": "AUD", "description": "Basket 205"} | basket)
    thread = BackgroundLoop("shop")
    runner = thread.run(_start(shop))
    sandbox.webhook_url = f"{shop.base_url}/webhook"
    try:
        yield shop
    finally:
        thread.run(runner.cleanup())
        thread.stop()


async def _start(shop: Shop) -> web.AppRunner:
    app = web.Application()
    app.router.add_get("/", shop.show)
    app.router.add_post("/buy", shop.buy)
    app.router.add_get("/orders/{number}/{end}", shop.order)
    app.router.add_post("/webhook", shop.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    shop.base_url = f"http://{host}:{port}"
    return runner


def _html(heading: str) -> web.Response:
    return web.Response(text=_PAGE.format(heading), content_type="text/html")
