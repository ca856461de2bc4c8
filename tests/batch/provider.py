"""A provider in memory that answers by customer, for runs without a socket."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable

from paycombat_async import RawReply, TransportError
from paycombat_async._protocol.messages import Draft

Answer = RawReply | TransportError


def updated(customer_id: str = "customer_1") -> RawReply:
    """The answer to a successful update."""
    body = {"data": {"customer_id": customer_id}, "status_code": 200, "status_text": "OK", "success": True}
    return RawReply(200, {}, json.dumps(body).encode())


def refused(status: int, message: str = "no", **headers: str) -> RawReply:
    """An error answer of the provider; keywords are response headers."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return RawReply(status, names, json.dumps({"status": False, "message": message}).encode())


class Provider:
    """A transport: `answer(customer_id, n)` is the answer to, or the error of, the n-th send for a customer, from 1."""

    def __init__(self, answer: Callable[[str, int], Answer] = lambda customer_id, _: updated(customer_id)) -> None:
        self._answer = answer
        self.sent: Counter[str] = Counter()
        self.bodies: dict[str, bytes] = {}
        self.under_way = 0
        self.most_under_way = 0

    async def send(self, draft: Draft, timeout: float) -> RawReply:
        customer_id = json.loads(draft.body or b"{}")["customer_id"]
        self.sent[customer_id] += 1
        self.bodies[customer_id] = draft.body or b""
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        answer = self._answer(customer_id, self.sent[customer_id])
        if isinstance(answer, TransportError):
            raise answer
        return answer
