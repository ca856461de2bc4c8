"""Doubles for tests of code that uses the client: no socket, no waiting.

transport = FakeTransport()
transport.answer(200, b'{"status": true, "data": {"customer_id": "customer_1"}}')
client = AsyncPayCombat(token="snd_t", signature_key="snd_k", transport=transport, clock=FakeClock())
"""

from collections import deque
from collections.abc import Mapping

from paycombat_async._protocol.messages import Draft, RawReply
from paycombat_async.errors import TransportError


class FakeTransport:
    """Gives the answers it was told to, in order, and keeps the drafts it was given.

    `drafts` hold the exact URL, headers and body that would have gone out; `timeouts` what each attempt was allowed.
    """

    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self.timeouts: list[float] = []
        self._answers: deque[RawReply | TransportError] = deque()

    def answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Adds an answer. Header names in lower case."""
        self._answers.append(RawReply(status, headers or {}, body))

    def fail(self, error: TransportError) -> None:
        """Adds a failure of the road, such as `TimedOut("…")`."""
        self._answers.append(error)

    async def send(self, draft: Draft, timeout: float) -> RawReply:  # noqa: ASYNC109  # the protocol's signature
        """The next answer. Raises AssertionError when there is none left: a call too many."""
        self.drafts.append(draft)
        self.timeouts.append(timeout)
        assert self._answers, f"FakeTransport has no answer left for {draft}"  # noqa: S101  # it is for tests
        answer = self._answers.popleft()
        if isinstance(answer, TransportError):
            raise answer
        return answer


class FakeClock:
    """Time that passes only when somebody sleeps. `slept` lists for how long; `chance` is what `random` gives."""

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
