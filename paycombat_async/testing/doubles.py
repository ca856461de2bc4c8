"""A fake transport and a fake clock, for tests without sockets or waiting.

transport = FakeTransport()
transport.answer(200, b'{"status": true, "data": {"customer_id": "customer_1"}}')
client = AsyncPayCombat(token="snd_t", signature_key="snd_k", transport=transport, clock=FakeClock())
"""

from collections import deque
from collections.abc import Mapping

from paycombat_async._protocol.messages import Draft, RawReply
from paycombat_async.errors import TransportError


class FakeTransport:
    """A transport that returns the queued answers in order, and records all requests.

    `drafts` lists the requests, with the exact URL, headers and body. `timeouts` lists their time-outs in seconds.
    """

    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self.timeouts: list[float] = []
        self._answers: deque[RawReply | TransportError] = deque()

    def answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Queues a response. The names in `headers` must be in lower case."""
        self._answers.append(RawReply(status, headers or {}, body))

    def fail(self, error: TransportError) -> None:
        """Queues an exception, such as `TimedOut("…")`, which `send` then raises."""
        self._answers.append(error)

    async def send(self, draft: Draft, timeout: float) -> RawReply:  # noqa: ASYNC109  # the protocol's signature
        """Records the request. Returns the next queued answer, or raises the next queued exception.

        Raises `AssertionError` if nothing is queued, because the code under test has made one request too many.
        """
        self.drafts.append(draft)
        self.timeouts.append(timeout)
        assert self._answers, f"FakeTransport has no answer left for {draft}"  # noqa: S101  # it is for tests
        answer = self._answers.popleft()
        if isinstance(answer, TransportError):
            raise answer
        return answer


class FakeClock:
    """A clock whose time advances only by `sleep`, which returns immediately.

    `start` is the time at the beginning, in seconds. `slept` lists the seconds of each sleep. `random` always returns
    `chance`.
    """

    def __init__(self, *, start: float = 1_700_000_000.0, chance: float = 0.5) -> None:
        self.time = start
        self.chance = chance
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def random(self) -> float:
        return self.chance

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
