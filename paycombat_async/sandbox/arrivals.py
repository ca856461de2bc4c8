"""What came over the wire: the latest requests whole, and a count of all of them."""

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

KEPT = 1000
UNKNOWN = "unknown"


@dataclass(slots=True, kw_only=True)
class Arrival:
    """One request as it was received. `status` is None until it is answered.

    `operation` is the endpoint's name, or "unknown" where no endpoint has that verb and path. `path` is raw, with its
    query and percent-encoding as sent. Header names are lower-case; a header that was not sent is absent.
    """

    operation: str
    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    status: int | None = None


class Arrivals:
    """The latest requests, oldest first. `counts` has every request since the start, by operation."""

    def __init__(self, kept: int = KEPT) -> None:
        self._latest: deque[Arrival] = deque(maxlen=kept)
        self.counts: Counter[str] = Counter()

    def add(self, arrival: Arrival) -> None:
        self._latest.append(arrival)
        self.counts[arrival.operation] += 1

    def clear(self) -> None:
        """Forget all of them, counts too."""
        self._latest.clear()
        self.counts.clear()

    @property
    def last(self) -> Arrival:
        """The latest one. Raises `IndexError` if there is none."""
        return self._latest[-1]

    def of(self, operation: str) -> list[Arrival]:
        """The kept ones of one operation, by the endpoint's name."""
        return [arrival for arrival in self if arrival.operation == operation]

    def __len__(self) -> int:
        return len(self._latest)

    def __getitem__(self, index: int) -> Arrival:
        return self._latest[index]

    def __iter__(self) -> Iterator[Arrival]:
        return iter(tuple(self._latest))  # a snapshot: the server's thread may add while another one reads
