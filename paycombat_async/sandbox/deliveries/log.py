"""The log of webhook deliveries: the latest 1000, in full."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Final

KEPT: Final = 1000


@dataclass(slots=True, kw_only=True)
class Delivery:
    """One webhook to one URL, with the result of each attempt.

    `event` is for example "PAYOUT SUCCESS" or "VA APPROVED". `id` is the id of the payin, payout or virtual account.
    `statuses` has one item for each attempt so far: the HTTP status, or None if there was no response. `times` has the
    sandbox's time of each attempt. `number` counts the deliveries of the sandbox from 1; it is 0 before the first
    attempt.
    """

    event: str
    id: str
    url: str
    payload: Mapping[str, object] = field(repr=False)
    body: bytes = field(repr=False)
    signature: str = field(repr=False)
    statuses: list[int | None] = field(default_factory=list[int | None])
    times: list[str] = field(default_factory=list[str])
    number: int = 0

    @property
    def attempts(self) -> int:
        """The number of finished attempts to deliver this webhook."""
        return len(self.statuses)

    @property
    def is_delivered(self) -> bool:
        """True if an attempt to deliver this webhook got a 2xx response."""
        return any(status is not None and 200 <= status < 300 for status in self.statuses)


class Deliveries:
    """The latest webhook deliveries, in the order of their first attempts.

    The user may set `on_failed`, a function that is called after each attempt without a 2xx response. Its arguments are
    the delivery and the seconds until the next attempt, or None after the last attempt. `on_failed` is called in the
    sandbox's event loop and must not raise.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._latest: deque[Delivery] = deque(maxlen=kept)
        self._numbers = count(1)
        self.on_failed: Callable[[Delivery, float | None], None] | None = None

    def add(self, delivery: Delivery) -> None:
        """Adds a delivery that is about to be sent, and sets its number."""
        delivery.number = next(self._numbers)
        self._latest.append(delivery)

    def clear(self) -> None:
        """Deletes all recorded deliveries."""
        self._latest.clear()

    @property
    def last(self) -> Delivery:
        """The latest webhook delivery. Raises `IndexError` if no webhook has been sent."""
        return self._latest[-1]

    def of(self, event: str) -> list[Delivery]:
        """Returns the recorded deliveries of one event, such as "PAYOUT FAILED", oldest first."""
        return [delivery for delivery in self if delivery.event == event]

    def __len__(self) -> int:
        return len(self._latest)

    def __getitem__(self, index: int) -> Delivery:
        return self._latest[index]

    def __iter__(self) -> Iterator[Delivery]:
        return iter(tuple(self._latest))  # a copy, because the server's thread may add deliveries during the iteration
