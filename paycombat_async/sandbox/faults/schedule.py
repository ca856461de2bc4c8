"""Which fault comes when: by script, else by rates and seed. The same requests in the same order fare the same."""

import threading
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Final, TypeAlias

from paycombat_async._signing import content_digest
from paycombat_async.endpoints import ENDPOINTS
from paycombat_async.errors import ConfigurationError
from paycombat_async.sandbox.arrivals import UNKNOWN, Arrival
from paycombat_async.sandbox.faults.names import WEBHOOK_FAULTS, Fault, Mishap
from paycombat_async.sandbox.faults.texts import mishap_of, rates_of

KEPT: Final = 1000
WEBHOOKS: Final = "webhooks"
ELSEWHERE: Final = "https://elsewhere.invalid/"

Step: TypeAlias = str | Mishap | None
Odds: TypeAlias = tuple[tuple[Mishap, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A fault that was applied: to which request, or, where `arrival` is None, to which webhook.

    `number` counts the requests, or the webhooks, from 1 on, those that went well too.
    """

    number: int
    operation: str
    fault: Fault
    seconds: float
    arrival: Arrival | None


class Faults:
    """What goes wrong in a sandbox: `Faults(seed=7, rates={"500_after_commit": 0.02, "latency=50ms": 0.1})`.

    A script beats the rates. Safe to use from several threads; one object belongs to one sandbox.
    """

    def __init__(
        self, *, seed: int = 0, rates: Mapping[str, float] | None = None, redirect_to: str = ELSEWHERE
    ) -> None:
        """Rates are shares of all requests, together 1 at most; `redirect_to` is where redirects point.

        Raises `ConfigurationError` for a name that is none, listing all names, and for a rate that is none.
        """
        self.redirect_to = redirect_to
        self.counts: Counter[str] = Counter()
        self._seed = seed
        self._lock = threading.Lock()
        self._requests = count(1)
        self._webhooks = count(1)
        self._applied: deque[Applied] = deque(maxlen=KEPT)
        self._scripts: dict[str, deque[Mishap | None]] = {}
        self._next: deque[Mishap | None] = deque()
        self._odds: tuple[Odds, Odds] = ((), ())
        self._is_calm = True
        self.set_rates(rates or {})

    @classmethod
    def of(cls, given: "Faults | str | None", *, seed: int = 0) -> "Faults":
        """Faults from a text like `500_after_commit:0.02,latency=50ms:0.1`; None is fair weather."""
        if isinstance(given, Faults):
            return given
        faults = cls(seed=seed)
        faults._set(rates_of(given or ""))
        return faults

    @property
    def applied(self) -> list[Applied]:
        """The latest faults that were applied, oldest first. `counts` has all of them, by name."""
        with self._lock:
            return list(self._applied)

    @property
    def left(self) -> int:
        """How many scripted steps have not come yet."""
        with self._lock:
            return len(self._next) + sum(map(len, self._scripts.values()))

    def script(self, operation: str, steps: Iterable[Step]) -> None:
        """What the next requests of one operation meet, in order; None is a request that goes well.

        `operation` is the endpoint's name, "unknown" for paths that are no endpoint's, or "webhooks". Raises
        `ConfigurationError` for a name that is none of these.
        """
        if operation not in _OPERATIONS:
            raise ConfigurationError(f"there is no operation {operation!r}; there are: {', '.join(_OPERATIONS)}")
        mishaps = _mishaps(steps, are_webhooks=operation == WEBHOOKS)
        with self._lock:
            self._scripts.setdefault(operation, deque()).extend(mishaps)
            self._look_up()

    def next(self, *steps: Step) -> None:
        """What the next requests meet, of whatever operation, save those that have a script of their own."""
        mishaps = _mishaps(steps, are_webhooks=False)
        with self._lock:
            self._next.extend(mishaps)
            self._look_up()

    def set_rates(self, rates: Mapping[str, float]) -> None:
        """Other rates from the next request on. Scripts stay."""
        self._set((mishap_of(text), rate) for text, rate in rates.items())

    def calm(self) -> None:
        """No faults from the next request on: rates and scripts are dropped."""
        with self._lock:
            self._odds = ((), ())
            self._scripts.clear()
            self._next.clear()
            self._look_up()

    def decide(self, arrival: Arrival) -> Mishap | None:
        """What this request meets, None if it goes well. To be asked once for each request, in order."""
        number = next(self._requests)
        if self._is_calm:  # read without the lock: nothing to decide is the common case
            return None
        with self._lock:
            steps = self._scripts.get(arrival.operation) or self._next
            mishap = steps.popleft() if steps else drawn(self._odds[0], f"{self._seed}/requests/{number}")
            self._look_up()
            return self._noted(mishap, number, arrival.operation, arrival)

    def for_webhook(self) -> Fault | None:
        """What the next webhook meets: `DUPLICATE_WEBHOOK`, `OUT_OF_ORDER_WEBHOOK` or None."""
        with self._lock:
            number = next(self._webhooks)
            steps = self._scripts.get(WEBHOOKS)
            mishap = steps.popleft() if steps else drawn(self._odds[1], f"{self._seed}/webhooks/{number}")
            self._noted(mishap, number, WEBHOOKS, None)
        return mishap and mishap.fault

    def _set(self, rates: Iterable[tuple[Mishap, float]]) -> None:
        odds = sorted(rates)  # the order in which they were given makes no difference
        of_webhooks = tuple(one for one in odds if one[0].fault in WEBHOOK_FAULTS)
        of_requests = tuple(one for one in odds if one[0].fault not in WEBHOOK_FAULTS)
        _check(of_webhooks)
        _check(of_requests)
        with self._lock:
            self._odds = (of_requests, of_webhooks)
            self._look_up()

    def _look_up(self) -> None:
        scripts = any(steps for operation, steps in self._scripts.items() if operation != WEBHOOKS)
        self._is_calm = not (self._odds[0] or self._next or scripts)

    def _noted(self, mishap: Mishap | None, number: int, operation: str, arrival: Arrival | None) -> Mishap | None:
        if mishap is not None:
            fault, seconds = mishap
            self._applied.append(
                Applied(number=number, operation=operation, fault=fault, seconds=seconds, arrival=arrival)
            )
            self.counts[fault.value] += 1
        return mishap


def drawn(odds: Odds, ticket: str) -> Mishap | None:
    """The fault that falls to this ticket; the same one for the same odds and ticket."""
    if not odds:
        return None
    point = int(content_digest(ticket.encode())[:13], 16) / 16**13
    for mishap, rate in odds:
        point -= rate
        if point < 0:
            return mishap
    return None


def _check(odds: Odds) -> None:
    for mishap, rate in odds:
        if not 0 <= rate <= 1:
            raise ConfigurationError(f"{mishap}: the rate must be a number from 0 to 1")
    if len(odds) > len({mishap for mishap, _ in odds}):
        raise ConfigurationError("the same fault is there twice")
    if sum(rate for _, rate in odds) > 1 + 1e-9:
        raise ConfigurationError("the rates of all faults together must be 1 at most")


def _mishaps(steps: Iterable[Step], *, are_webhooks: bool) -> list[Mishap | None]:
    mishaps = [mishap_of(step) if isinstance(step, str) else step for step in steps]
    for mishap in filter(None, mishaps):
        if (mishap.fault in WEBHOOK_FAULTS) != are_webhooks:
            raise ConfigurationError(f"{mishap.fault} is for {'requests' if are_webhooks else 'webhooks'}")
    return mishaps


_OPERATIONS: Final = (*(endpoint.name for endpoint in ENDPOINTS), UNKNOWN, WEBHOOKS)
