"""Webhooks received with aiohttp.web: kept before they are answered, worked on in the background. Copy it.

PAYCOMBAT_WEBHOOK_KEY is your signature key; while you change it, the new and the old one with a space between.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator

from aiohttp import web

from paycombat_async import WebhookError, webhooks

KEYS = os.environ["PAYCOMBAT_WEBHOOK_KEY"].split()
inbox = webhooks.SqliteInbox(os.environ.get("PAYCOMBAT_INBOX", "webhooks.db"))
arrived = asyncio.Event()
log = logging.getLogger("shop")


async def receive(request: web.Request) -> web.Response:
    body = await request.read()  # the bytes as they came: JSON that was read and written anew has another signature
    try:
        event = webhooks.unwrap(body, request.headers, KEYS)
    except WebhookError:
        return web.Response(status=400)
    receipt = await asyncio.to_thread(inbox.receive, event)
    if receipt is webhooks.Receipt.CONFLICT:
        log.warning("look at %s: it came to an end already, now it says %s", event.id, event.status)
    arrived.set()
    return web.Response(text=receipt)


async def work() -> None:
    """Takes what is in the inbox: at the start, on each arrival, and once a minute for what failed."""
    while True:
        arrived.clear()
        event = None
        try:
            if event := await asyncio.to_thread(inbox.take):
                await handle(event)
                await asyncio.to_thread(inbox.done, event)
        except Exception:
            log.exception("a webhook is not done; it stays in the inbox")
        if event is None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(arrived.wait(), 60)


async def handle(event: webhooks.WebhookEvent) -> None:
    """Your work. It may be done twice for an event, if the first time was cut off."""
    match event:
        case webhooks.PayinSucceeded(payin=payin):
            log.info("order %s is paid", payin.order_reference)
        case webhooks.PayoutReturned(payout=payout):
            log.info("payout %s came back", payout.order_id)
        case _:
            log.info("%s %s: nothing to do", event.type, event.status)


async def working(_app: web.Application) -> AsyncIterator[None]:
    worker = asyncio.create_task(work())
    yield
    worker.cancel()


app = web.Application()
app.cleanup_ctx.append(working)
app.router.add_post("/webhooks/paycombat", receive)
