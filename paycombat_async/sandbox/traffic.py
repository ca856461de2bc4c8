"""The latest requests with their responses, for the control interface (`/_sandbox/`) and the console."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from typing import Final

from paycombat_async.sandbox.arrivals import Arrival

KEPT: Final = 10_000
KEPT_BYTES: Final = (
    # bytes of all kept bodies and responses; a body has up to 100,000 bytes, so 10,000 requests could need 1 GB
    32_000_000
)
LONGEST_ANSWER: Final = 64_000  # bytes of one response that are kept; the fault `gzip_bomb` sends far more


class SignatureCheck(StrEnum):
    """The result of checking a request's signature."""

    GOOD = "good"
    WRONG = "wrong"


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request and its response.

    `number` counts all requests from 1, and `at` is the sandbox's time. `signature` is None if the signature was not
    checked, because the call has no body or was refused before. `code` and `message` say why the request was refused.
    `is_executed` says whether the request was executed; an injected fault may hide this from the client. `answer` has
    the first 64,000 bytes of the response, and `answer_length` is the number of all bytes. If a fault has written to
    the connection directly, `answer` includes the status line and headers. `seconds` is None until there is a response.
    """

    number: int
    at: str
    arrival: Arrival
    signature: SignatureCheck | None = None
    code: str | None = None
    message: str | None = None
    fault: str | None = None
    is_executed: bool = False
    answer: bytes = field(default=b"", repr=False)
    answer_length: int = 0
    seconds: float | None = None

    @property
    def size(self) -> int:
        """The number of bytes of body and response that are kept in memory, or 0 until there is a response."""
        return 0 if self.seconds is None else len(self.arrival.body) + len(self.answer)

    def finish(self, answer: bytes, seconds: float) -> None:
        """Sets the bytes of the response, and the time in seconds from the request to the response."""
        self.answer, self.answer_length, self.seconds = answer[:LONGEST_ANSWER], len(answer), seconds

    def has(self, words: str) -> bool:
        """Returns whether the request or its response contains the text `words`, which must be case-folded."""
        arrival = self.arrival
        head = (arrival.method, arrival.path, arrival.operation, arrival.status, self.code, self.message, self.fault)
        return (
            words in " ".join(map(str, head)).casefold()
            or words in arrival.body.decode("utf-8", "replace").casefold()
            or words in self.answer.decode("utf-8", "replace").casefold()
        )


class Traffic:
    """The latest 10,000 requests, oldest first, or fewer if their bodies and responses exceed 32 MB.

    `watch` is called with each new request, and again when its response is known. Use this object only in the sandbox's
    event loop.
    """

    def __init__(self, watch: Callable[[Exchange], None], *, kept: int = KEPT, kept_bytes: int = KEPT_BYTES) -> None:
        self._watch = watch
        self._kept = kept
        self._kept_bytes = kept_bytes
        self._bytes = 0
        self._numbers = count(1)
        self._latest: deque[Exchange] = deque()

    def begin(self, arrival: Arrival, *, at: str) -> Exchange:
        """Adds and returns a request that has no response yet."""
        exchange = Exchange(number=next(self._numbers), at=at, arrival=arrival)
        self._latest.append(exchange)
        self._trim()
        self._watch(exchange)
        return exchange

    def finish(self, exchange: Exchange, answer: bytes, *, seconds: float) -> None:
        """Adds the response to a request. `seconds` is the time from the request to the response."""
        exchange.finish(answer, seconds)
        if self._latest and exchange.number >= self._latest[0].number:  # this request is still stored
            self._bytes += exchange.size
            self._trim()
        self._watch(exchange)

    def find(self, number: int) -> Exchange | None:
        """Returns the request with this number, or None if it is no longer stored."""
        place = number - self._latest[0].number if self._latest else -1
        return self._latest[place] if 0 <= place < len(self._latest) else None

    def clear(self) -> None:
        """Deletes all stored requests. Numbers go on: no later request gets a number that was used before."""
        self._latest.clear()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._latest)

    def __iter__(self) -> Iterator[Exchange]:
        return iter(tuple(self._latest))

    def __reversed__(self) -> Iterator[Exchange]:
        return reversed(self._latest)

    def _trim(self) -> None:
        while len(self._latest) > self._kept or (self._bytes > self._kept_bytes and len(self._latest) > 1):
            self._bytes -= self._latest.popleft().size
