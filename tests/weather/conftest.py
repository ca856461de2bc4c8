"""What the weather tests share: where they say what they counted."""

from collections.abc import Callable

import pytest


@pytest.fixture(name="report")
def _report(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """Keeps figures with the test's result; `-s` or a failure shows them."""

    def report(**figures: object) -> None:
        for name, figure in figures.items():
            record_property(name, figure)
        print(f"\n{request.node.name}:", figures)  # noqa: T201  # for whoever reads the run

    return report
