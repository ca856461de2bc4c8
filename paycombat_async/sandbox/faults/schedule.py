"""Chooses the fault for each request: the next queued fault, or else a random one according to the rates.

With the same seed, the same sequence of requests gets the same faults.
"""

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
    """A fault that was applied to a request, or to a webhook if `arrival` is None.

    `number` is the position of the request among all requests (or of the webhook among all webhooks), counted from 1.
    Requests without a fault are counted, too. `seconds` is the time of the fault.
    """

    number: int
    operation: str
    fault: Fault
    seconds: float
    arrival: Arrival | None


class Faults:
    """The faults of a sandbox: `Faults(seed=7, rates={"500_after_commit": 0.02, "latency=50ms": 0.1})`.

    `rates` says how often a fault is drawn at random. Faults that were queued with `script` or `next` come first. Safe
    to use from several threads. Use each object for only one sandbox.
    """

    def __init__(
        self, *, seed: int = 0, rates: Mapping[str, float] | None = None, redirect_to: str = ELSEWHERE
    ) -> None:
        """`rates` are fractions of all requests, together at most 1. `redirect_to` is the target of redirects.

        The rates of webhook faults are fractions of all webhooks; their sum, too, is at most 1. Raises
        `ConfigurationError` for an unknown fault (the message lists all names), an invalid time, a rate that is not
        from 0 to 1, a fault that is given twice, and a sum of more than 1.
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
        self._is_fault_free = True
        self.set_rates(rates or {})
        self._initial: tuple[Odds, Odds] = self._odds

    @classmethod
    def of(cls, given: "Faults | str | None", *, seed: int = 0) -> "Faults":
        """Returns the `Faults` that a str such as `500_after_commit:0.02,latency=50ms:0.1` describes.

        If `given` is None, the result has no faults. If `given` is a `Faults`, it is returned unchanged.
        """
        if isinstance(given, Faults):
            return given
        faults = cls(seed=seed)
        faults._set(rates_of(given or ""))
        faults._initial = faults._odds
        return faults

    @property
    def applied(self) -> list[Applied]:
        """The latest 1000 faults that were applied, oldest first.

        The attribute `counts` says how often each fault was applied in total, by the fault's name.
        """
        with self._lock:
            return list(self._applied)

    @property
    def left(self) -> int:
        """The number of queued faults that no request or webhook has used yet. Queued values of None count, too."""
        with self._lock:
            return len(self._next) + sum(map(len, self._scripts.values()))

    @property
    def rates(self) -> dict[str, float]:
        """The current rate of each fault, for requests and webhooks, in the form that `set_rates` accepts."""
        of_requests, of_webhooks = self._odds
        return {str(mishap): rate for mishap, rate in (*of_requests, *of_webhooks)}

    def script(self, operation: str, steps: Iterable[Step]) -> None:
        """Queues one fault for each of the next requests of one operation, in order.

        None in `steps` stands for a request without a fault. `operation` is an endpoint's name, "unknown" for requests
        to no endpoint, or "webhooks". Raises `ConfigurationError` for any other name, for a request fault on webhooks,
        and for a webhook fault on requests.
        """
        if operation not in OPERATIONS:
            raise ConfigurationError(f"there is no operation {operation!r}; there are: {', '.join(OPERATIONS)}")
        mishaps = _mishaps(steps, are_webhooks=operation == WEBHOOKS)
        with self._lock:
            self._scripts.setdefault(operation, deque()).extend(mishaps)
            self._update_is_fault_free()

    def next(self, *steps: Step) -> None:
        """Queues one fault for each of the next requests of any operation, in order.

        Faults that `script` has queued for the operation of a request come first. None in `steps` stands for a request
        without a fault. Raises `ConfigurationError` for an unknown fault, and for a fault of webhooks.
        """
        mishaps = _mishaps(steps, are_webhooks=False)
        with self._lock:
            self._next.extend(mishaps)
            self._update_is_fault_free()

    def set_rates(self, rates: Mapping[str, float]) -> None:
        """Replaces all rates, from the next request or webhook on. Queued faults stay queued.

        Raises `ConfigurationError`, and changes nothing, for rates that `Faults(rates=…)` would refuse.
        """
        self._set((mishap_of(text), rate) for text, rate in rates.items())

    def calm(self) -> None:
        """Removes all rates and all queued faults. The next requests and webhooks get no fault."""
        with self._lock:
            self._odds = ((), ())
            self._scripts.clear()
            self._next.clear()
            self._update_is_fault_free()

    def reset(self) -> None:
        """Restores the initial rates, and removes all queued faults and all records of applied faults.

        Requests and webhooks are counted from 1 again, so that the same sequence gets the same faults again.
        """
        with self._lock:
            self._odds = self._initial
            self._requests, self._webhooks = count(1), count(1)
            self._applied.clear()
            self.counts.clear()
            self._scripts.clear()
            self._next.clear()
            self._update_is_fault_free()

    def decide(self, arrival: Arrival) -> Mishap | None:
        """Returns the fault for this request, or None if the request gets no fault.

        Call it exactly once for each request, in the order of the requests: it counts the request and removes a queued
        fault.
        """
        number = next(self._requests)
        if self._is_fault_free:  # is read without the lock to save time, because most sandboxes have no faults
            return None
        with self._lock:
            steps = self._scripts.get(arrival.operation) or self._next
            mishap = steps.popleft() if steps else draw(self._odds[0], f"{self._seed}/requests/{number}")
            self._update_is_fault_free()
            return self._record_applied(mishap, number, arrival.operation, arrival)

    def for_webhook(self) -> Fault | None:
        """Returns the fault for the next webhook, or None. Removes this fault from the queue if it was queued."""
        with self._lock:
            number = next(self._webhooks)
            steps = self._scripts.get(WEBHOOKS)
            mishap = steps.popleft() if steps else draw(self._odds[1], f"{self._seed}/webhooks/{number}")
            self._record_applied(mishap, number, WEBHOOKS, None)
        return mishap and mishap.fault

    def _set(self, rates: Iterable[tuple[Mishap, float]]) -> None:
        # sorted, so that the order in which the user wrote the rates does not change the drawn faults
        odds = sorted(rates)
        of_webhooks = tuple(one for one in odds if one[0].fault in WEBHOOK_FAULTS)
        of_requests = tuple(one for one in odds if one[0].fault not in WEBHOOK_FAULTS)
        _check(of_webhooks)
        _check(of_requests)
        with self._lock:
            self._odds = (of_requests, of_webhooks)
            self._update_is_fault_free()

    def _update_is_fault_free(self) -> None:
        scripts = any(steps for operation, steps in self._scripts.items() if operation != WEBHOOKS)
        self._is_fault_free = not (self._odds[0] or self._next or scripts)

    def _record_applied(
        self, mishap: Mishap | None, number: int, operation: str, arrival: Arrival | None
    ) -> Mishap | None:
        if mishap is not None:
            fault, seconds = mishap
            self._applied.append(
                Applied(number=number, operation=operation, fault=fault, seconds=seconds, arrival=arrival)
            )
            self.counts[fault.value] += 1
        return mishap


def draw(odds: Odds, draw_id: str) -> Mishap | None:
    """Returns a fault that is drawn at random with the probabilities in `odds`, or None.

    The same `odds` and `draw_id` always give the same result.
    """
    if not odds:
        return None
    point = int(content_digest(draw_id.encode())[:13], 16) / 16**13
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
        raise ConfigurationError("the same fault is given twice")
    if sum(rate for _, rate in odds) > 1 + 1e-9:
        raise ConfigurationError("the rates of all faults together must be 1 at most")


def _mishaps(steps: Iterable[Step], *, are_webhooks: bool) -> list[Mishap | None]:
    mishaps = [mishap_of(step) if isinstance(step, str) else step for step in steps]
    for mishap in filter(None, mishaps):
        if (mishap.fault in WEBHOOK_FAULTS) != are_webhooks:
            raise ConfigurationError(f"{mishap.fault} is for {'requests' if are_webhooks else 'webhooks'}")
    return mishaps


OPERATIONS: Final = (*(endpoint.name for endpoint in ENDPOINTS), UNKNOWN, WEBHOOKS)
