"""Test doubles and a detector of leaked secrets, for tests of code that uses the client."""

from paycombat_async.testing.canary import SecretCanary
from paycombat_async.testing.doubles import FakeClock, FakeTransport

__all__ = ["FakeClock", "FakeTransport", "SecretCanary"]
