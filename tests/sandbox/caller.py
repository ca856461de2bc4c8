"""A caller that talks to a sandbox over a real socket, signing by itself, and what it talks about."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from paycombat_async.sandbox import Sandbox

CUSTOMER = "customer_00000000000000000000000000000001"
PERSON = "customer_00000000000000000000000000000002"
UPDATE = "/api/v1/customer/update"
CREATE = "/api/v1/customer/create"
NOW = 1_764_000_000.25


class StandingClock:
    """A clock that moves only when told to."""

    def __init__(self) -> None:
        self.seconds = NOW

    def now(self) -> float:
        return self.seconds

    def monotonic(self) -> float:
        return self.seconds

    def random(self) -> float:
        return 0.5

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def message(self) -> str:
        return str(self.body["message"])


@dataclass(frozen=True)
class Caller:
    """Sends requests as a client would; what a test wants to be wrong, it says."""

    sandbox: Sandbox
    session: aiohttp.ClientSession

    def signature(self, body: bytes) -> str:
        return hmac.new(self.sandbox.signature_key.encode(), body, hashlib.sha256).hexdigest()

    async def send(
        self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str | None] | None = None
    ) -> Answer:
        """Signs a body. A header given here replaces the right one; None leaves it out."""
        right: CIMultiDict[str | None] = CIMultiDict({"X-token": self.sandbox.token})
        if body:
            right.update({"Content-Type": "application/json", "signature": self.signature(body)})
        right.update(headers or {})
        sent = {name: value for name, value in right.items() if value is not None}
        left_out = [name for name, value in right.items() if value is None]
        async with self.session.request(
            method,
            URL(self.sandbox.base_url + path, encoded=True),
            data=body or None,
            headers=sent,
            skip_auto_headers=left_out,
        ) as response:
            return Answer(response.status, response.headers.copy(), json.loads(await response.read()))

    async def update(self, **fields: object) -> Answer:
        return await self.send("PATCH", UPDATE, body=compact({"customer_id": CUSTOMER, **fields}))

    async def create(self, **fields: object) -> Answer:
        return await self.send("POST", CREATE, body=compact(fields))

    async def retrieve(self, customer_id: str = CUSTOMER) -> Any:
        answer = await self.send("GET", f"/api/v1/customer/customer/{customer_id}")
        assert answer.status == 200
        return answer.body["data"]


def compact(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
