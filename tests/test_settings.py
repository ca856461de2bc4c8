"""Arguments of a client that are not what they should be: one sentence when the client is made, before any call."""

from pathlib import Path
from typing import Any

import pytest

from paycombat_async import AsyncPayCombat, ConfigurationError, RetryPolicy
from paycombat_async.testing import FakeClock, FakeTransport
from paycombat_sync import PayCombat

pytestmark = pytest.mark.promise("P11")

GIVEN: dict[str, Any] = {"token": "snd_t", "signature_key": "snd_k", "base_url": "http://127.0.0.1:1"}
WRONG: list[tuple[str, Any, str]] = [
    ("base_url", 5, "base_url must be a str"),
    ("base_url", b"https://provider.test", "base_url must be a str"),
    ("base_url", Path("/provider"), "base_url must be a str"),
    ("base_url", ["https://provider.test"], "base_url must be a str"),
    ("paths", {"payouts.list": 5}, "paths.* must be a path such as"),
    ("paths", {"payouts.list": b"/x"}, "paths.* must be a path such as"),
    ("transport", 5, "transport= takes an object with send, and not int"),
    ("transport", FakeTransport, "transport= takes an object with send, and not the class FakeTransport"),
    ("clock", 5, "clock= takes an object with now, monotonic, random, sleep, and not int"),
    ("clock", FakeClock, "and not the class FakeClock"),
    ("retry", 5, "retry= takes a RetryPolicy, and not int"),
    ("retry", RetryPolicy, "retry= takes a RetryPolicy, and not type"),
    ("on_drift", 5, "on_drift= takes a function, and not int"),
    ("on_attempt", "print", "on_attempt= takes a function, and not str"),
    ("on_call", [print], "on_call= takes a function, and not list"),
]


@pytest.mark.parametrize("make", [AsyncPayCombat, PayCombat])
@pytest.mark.parametrize(("name", "value", "words"), WRONG)
def test_what_an_argument_takes_is_said_at_once(make: Any, name: str, value: Any, words: str) -> None:
    """A transport or a hook of another kind would fail in the middle of a call."""
    with pytest.raises(ConfigurationError, match=words):
        make(**{**GIVEN, name: value})


@pytest.mark.parametrize("make", [AsyncPayCombat, PayCombat])
def test_a_variant_takes_functions_only(make: Any) -> None:
    """As the client itself."""
    with pytest.raises(ConfigurationError, match="on_attempt= takes a function, and not int"):
        make(**GIVEN).with_options(on_attempt=5)
