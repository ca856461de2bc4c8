"""How long each property runs: by default a short slice that is always the same, much longer with `PAYCOMBAT_SOAK=1`.

A long run is drawn from `PAYCOMBAT_SOAK_SEED` (1 unless given), so that whatever it finds can be found again.
"""

import os
from collections.abc import Callable
from typing import Final, NamedTuple, TypeVar

from hypothesis import HealthCheck, Phase, seed, settings

SOAK: Final = os.environ.get("PAYCOMBAT_SOAK") == "1"
LIMIT_S: Final = 7200  # for each test of a long run
SEED: Final = int(os.environ.get("PAYCOMBAT_SOAK_SEED", "1"))

Test = TypeVar("Test", bound=Callable[..., object])


class Examples(NamedTuple):
    """How many examples, by default and in a long run."""

    brief: int
    long: int


EXAMPLES: Final = {
    "answers": Examples(200, 8_000),
    "odd fields": Examples(160, 8_000),
    "webhooks": Examples(70, 4_000),
    "canonical": Examples(150, 10_000),
    "drafts": Examples(120, 6_000),
    "drafts seen": Examples(40, 40),
    "rows": Examples(70, 3_000),
    "urls": Examples(150, 10_000),
    "templates": Examples(150, 10_000),
    "machine": Examples(14, 250),
}
STEPS: Final = 60 if SOAK else 40  # of each example of the machine


def chosen(name: str) -> settings:
    """The settings of a property: nothing is kept between runs, and a failure says how to see it again."""
    return settings(
        max_examples=EXAMPLES[name].long if SOAK else EXAMPLES[name].brief,
        derandomize=not SOAK,
        database=None,
        stateful_step_count=STEPS,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        print_blob=True,
        phases=[Phase.generate, *([Phase.shrink] if SOAK or name != "machine" else [])],
    )


def examples(name: str) -> Callable[[Test], Test]:
    """Marks a property to run as long as the table says."""

    def mark(test: Test) -> Test:
        marked: Test = chosen(name)(test)
        return seed(SEED)(marked) if SOAK else marked

    return mark
