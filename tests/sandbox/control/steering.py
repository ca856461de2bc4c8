"""Somebody who has the control token, and steers a sandbox over a real socket."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from paycombat_async.sandbox import Sandbox

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Control:
    """Another process that has the token."""

    sandbox: Sandbox
    session: aiohttp.ClientSession

    async def send(self, method: str, name: str, body: object = None, **headers: str) -> tuple[int, Any]:
        given = {"X-Sandbox-Control": self.sandbox.control_token} | headers
        data = None if body is None else json.dumps(body).encode()
        url = f"{self.sandbox.base_url}/_sandbox/{name}"
        async with self.session.request(method, url, data=data, headers=given | (JSON if data else {})) as answer:
            return answer.status, json.loads(await answer.read())

    async def get(self, name: str) -> Any:
        status, body = await self.send("GET", name)
        assert status == 200, body
        return body

    async def post(self, name: str, body: object) -> Any:
        status, answer = await self.send("POST", name, body)
        assert status == 200, answer
        return answer

    @asynccontextmanager
    async def events(self) -> AsyncIterator["Events"]:
        """The stream of changes, once it is open."""
        headers = {"X-Sandbox-Control": self.sandbox.control_token}
        async with self.session.get(f"{self.sandbox.base_url}/_sandbox/events", headers=headers) as answer:
            assert (200, "text/event-stream") == (answer.status, answer.content_type)
            assert b": the sandbox is listening\n" == await answer.content.readline()
            yield Events(answer)


@dataclass(frozen=True)
class Events:
    answer: aiohttp.ClientResponse

    async def next(self) -> Any:
        """The next change, or None at the end of the stream."""
        async for line in self.answer.content:
            if line.startswith(b"data: "):
                return json.loads(line[6:])
        return None
