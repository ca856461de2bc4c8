"""Webhooks received with FastAPI: kept before they are answered, worked on in the background. Copy it.

PAYCOMBAT_WEBHOOK_KEY is your signature key; while you change it, the new and the old one with a space between.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncGenerator

from fastapi import FastAPI, HTTPException, Request

from paycombat_async import WebhookError, webhooks

KEYS = os.environ["PAYCOMBAT_WEBHOOK_KEY"].split()
inbox = webhooks.SqliteInbox(os.environ.get("PAYCOMBAT_INBOX", "webhooks.db"))
log = logging.getLogger("shop")


@contextlib.asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
    stop = asyncio.Event()
    worker = asyncio.create_task(work(stop))
    yield
    stop.set()
    await worker
    await inbox.aclose()


app = FastAPI(lifespan=lifespan)


@app.post("/webhooks/paycombat")
async def receive(request: Request) -> str:
    body = await request.body()  # the bytes as they came: JSON that was read and written anew has another signature
    try:
        event = webhooks.unwrap(body, request.headers, KEYS)
    except WebhookError:
        raise HTTPException(400) from None
    receipt = await inbox.receive(event)  # it is on the disk now; an error is answered with 500, and the event repeated
    if receipt is webhooks.Receipt.CONFLICT:
        log.warning("look at %s: it came to an end already, now it says %s", event.id, event.status)
    return receipt


async def work(stop: asyncio.Event) -> None:
    """Works on what is in the inbox and on what comes, until it is told to stop."""
    async for delivery in inbox.work(stop=stop):
        try:
            async with delivery as event:
                await handle(event)
        except Exception:
            log.exception("a webhook is not done; it comes again")


async def handle(event: webhooks.WebhookEvent) -> None:
    """Your work. It may be done twice for an event, if the first time was cut off."""
    match event:
        case webhooks.PayinSucceeded(payin=payin):
            log.info("order %s is paid", payin.order_reference)
        case webhooks.PayoutReturned(payout=payout):
            log.info("payout %s came back", payout.order_id)
        case _:
            log.info("%s %s: nothing to do", event.type, event.status)
