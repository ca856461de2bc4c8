"""Fixtures for the tests of intents stores."""

from tests.chaos.conftest import _report
from tests.intents.stores import place

__all__ = ["_report", "place"]
