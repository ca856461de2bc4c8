"""The requests that the sandbox has received: the latest 1000 in full, and the number of all requests by operation."""

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

KEPT = 1000
UNKNOWN = "unknown"


@dataclass(slots=True, kw_only=True)
class Arrival:
    """One received request.

    `status` is the HTTP status of the response, or None as long as no response is sent. It stays None if the client got
    no complete headers. `operation` is the endpoint's name, or "unknown" if no endpoint has this method and path.
    `path` is exactly as sent, with its query and percent-encoding. Lookups in `headers` ignore the case of the name.
    """

    operation: str
    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    status: int | None = None


class Arrivals:
    """The latest requests, oldest first. `counts` maps the name of an operation to the number of all its requests."""

    def __init__(self, kept: int = KEPT) -> None:
        self._latest: deque[Arrival] = deque(maxlen=kept)
        self.counts: Counter[str] = Counter()

    def add(self, arrival: Arrival) -> None:
        """Adds a request that the server has just received."""
        self._latest.append(arrival)
        self.counts[arrival.operation] += 1

    def clear(self) -> None:
        """Deletes all recorded requests and resets the counts."""
        self._latest.clear()
        self.counts.clear()

    @property
    def last(self) -> Arrival:
        """The latest request. Raises `IndexError` if no request has been received."""
        return self._latest[-1]

    def of(self, operation: str) -> list[Arrival]:
        """Returns the recorded requests of one operation, such as "customers.update", oldest first."""
        return [arrival for arrival in self if arrival.operation == operation]

    def __len__(self) -> int:
        return len(self._latest)

    def __getitem__(self, index: int) -> Arrival:
        return self._latest[index]

    def __iter__(self) -> Iterator[Arrival]:
        return iter(tuple(self._latest))  # a copy, because the server's thread may add requests during the iteration
