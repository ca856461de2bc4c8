"""`GET /_sandbox/events`: sends changes in the sandbox as server-sent events, until the client or the sandbox stops."""

from contextlib import suppress
from typing import Final

import msgspec
from aiohttp import web

from paycombat_async.sandbox.control.controls import Controls
from paycombat_async.sandbox.news import Batch

EVENTS: Final = "events"
_HEADERS: Final = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}
# If there is no change for this number of seconds, a comment line is sent. Only writing shows whether the client is
# still connected.
_KEEP_ALIVE_S: Final = 15.0


async def stream(request: web.Request, controls: Controls) -> web.StreamResponse:
    """Sends a `change` event for each batch of changes. Changes during a write are in the next batch."""
    response = web.StreamResponse(headers=_HEADERS)
    with controls.news.subscribed() as subscription, suppress(ConnectionResetError):
        await response.prepare(request)
        await response.write(b": the sandbox is listening\n\n")
        while True:
            batch = await subscription.next(_KEEP_ALIVE_S)
            if subscription.is_closed:
                break
            await response.write(b": nothing new\n\n" if batch is None else _event(batch, controls))
    response.force_close()
    return response


def _event(batch: Batch, controls: Controls) -> bytes:
    change = {
        "topics": sorted(batch.topics),
        "requests": [controls.redactor.row(exchange) for exchange in batch.exchanges.values()],
        "is_lossy": batch.is_lossy,
    }
    return b"event: change\ndata: " + msgspec.json.encode(change) + b"\n\n"
