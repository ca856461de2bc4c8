"""Marked secrets and personal data through the reporters that programs really have: 0 sightings."""

import json
import sys

import pytest

from paycombat_async.testing.canary import find_leaks
from tests.chaos.fault_triggers import CANARY, PERSON
from tests.processes import PATIENCE_S, run


@pytest.mark.promise("P7")
@pytest.mark.promise("P17")
@pytest.mark.timeout(300)
def test_no_reporter_shows_a_secret_or_a_person() -> None:
    """Whatever the provider answers, echoes of credentials and person included; neither on the terminal."""
    for name in ("sentry_sdk", "structlog", "loguru", "opentelemetry.instrumentation.aiohttp_client"):
        pytest.importorskip(name, reason=f"{name} is not installed")

    ended = run(sys.executable, "-m", "tests.telemetry.reporters", check=True, limit=PATIENCE_S * 4)

    result = json.loads(ended.stdout)
    assert [] == result["seen"]
    assert [] == find_leaks(CANARY.marks | PERSON, ended.stdout, ended.stderr)
    assert [] == result["blind"]
    assert result["failures"] > 20
    assert set() == {name for name, number in result["texts"].items() if number < 20}
