"""Fixtures for the tests of intents stores."""

from tests.intents.postgres_server import postgres_server

__all__ = ["postgres_server"]
