"""A merchant's server that keeps the webhooks it gets and answers as it is told."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from paycombat_async import webhooks
from paycombat_async.sandbox import SANDBOX_SIGNATURE_KEY
from tests.processes import PATIENCE_S


@dataclass(frozen=True)
class Received:
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def event(self) -> webhooks.WebhookEvent:
        """Verified and read as a merchant would."""
        return webhooks.unwrap(self.body, self.headers, [SANDBOX_SIGNATURE_KEY])


@dataclass
class Receiver:
    """`statuses` are answered one after the other, then 200. While `gate` is clear, nothing is answered."""

    base_url: str = ""
    statuses: list[int] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"{self.base_url}/hook"

    async def until(self, count: int) -> None:
        """Wait until so many have come."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.received) < count:
                self.arrived.clear()
                await self.arrived.wait()

    async def take(self, request: web.Request) -> web.Response:
        self.received.append(Received(request.path, dict(request.headers), await request.read()))
        self.arrived.set()
        await self.gate.wait()
        status = self.statuses.pop(0) if self.statuses else 200
        return web.Response(status=status, headers={"Location": "/elsewhere"} if status == 302 else {})


@asynccontextmanager
async def receiving(port: int = 0) -> AsyncIterator[Receiver]:
    """A server on this port, or on any free one."""
    receiver = Receiver()
    receiver.gate.set()
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", receiver.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        host, port = runner.addresses[0][:2]
        receiver.base_url = f"http://{host}:{port}"
        yield receiver
    finally:
        receiver.gate.set()
        await runner.cleanup()
