"""What the errors of the SDK promise, as bounds: how often something was carried out at least, and at most."""

from collections import defaultdict
from dataclasses import dataclass, field

from paycombat_async import Outcome, PayCombatError


@dataclass(slots=True)
class Bounds:
    """Of one thing that can be carried out; `asked` counts how often the user wanted it."""

    asked: int = 0
    least: int = 0
    most: int = 0

    def succeeded(self, arrivals: int = 1) -> None:
        """A call came back well; so many requests of it arrived."""
        self.least += 1
        self.most += max(1, arrivals)

    def failed(self, error: PayCombatError, arrivals: int = 1) -> None:
        """A call ended in an error: its outcome is taken at its word."""
        if error.outcome is Outcome.APPLIED:
            self.succeeded(arrivals)
        elif error.outcome is Outcome.UNKNOWN:
            self.most += arrivals

    def seen(self, times: int) -> None:
        """It was found so many times: it was carried out at least as often."""
        self.least = max(self.least, times)

    def hold(self, times: int) -> bool:
        """Whether it may have been carried out so many times."""
        return self.least <= times <= self.most


@dataclass(slots=True)
class Promises:
    """By the merchant's own names: orders that were paid, customers that were updated."""

    orders: dict[str, Bounds] = field(default_factory=lambda: defaultdict(Bounds))
    customers: dict[str, Bounds] = field(default_factory=lambda: defaultdict(Bounds))
