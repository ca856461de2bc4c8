"""What the weather tests share: where they say what they counted, and the time they have."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.soak import LIMIT_S, SOAK

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long form of a test takes as long as it takes, within a limit of its own."""
    for item in items:
        if SOAK and HERE in item.path.parents:
            item.add_marker(pytest.mark.timeout(LIMIT_S))


@pytest.fixture(name="report")
def _report(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """Keeps figures with the test's result; `-s` or a failure shows them."""

    def report(**figures: object) -> None:
        for name, figure in figures.items():
            record_property(name, figure)
        print(f"\n{request.node.name}:", figures)  # noqa: T201  # for whoever reads the run

    return report
