"""Arguments of a client that are not what they should be: one sentence when the client is made, before any call."""

from pathlib import Path
from typing import Any

import pytest

from paycombat_async import AsyncPayCombat, ConfigurationError, RetryPolicy, sync_customers, webhooks
from paycombat_async.testing import FakeClock, FakeTransport
from paycombat_sync import PayCombat
from paycombat_sync import sync_customers as blocking_sync_customers

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


@pytest.mark.parametrize("name", ["on_drift", "on_attempt", "on_call"])
def test_an_async_hook_is_refused(name: str) -> None:
    """It would make a coroutine that nobody awaits, and report nothing."""

    async def hook(_: object) -> None: ...

    with pytest.raises(ConfigurationError, match=f"{name}= takes a plain function, because it is called and not"):
        AsyncPayCombat(**GIVEN, **{name: hook})


WRONG_OF_A_BATCH: list[tuple[dict[str, Any], str]] = [
    ({"rows": 5}, "rows takes the path of a file or an iterable, and not int"),
    ({"rows": None}, "rows takes the path of a file or an iterable, and not NoneType"),
    ({"rows": b"rows.csv"}, "rows takes the path of a file or an iterable, and not bytes"),
    ({"concurrency": "x"}, "concurrency must be 1 or more"),
    ({"rate": "x"}, "rate must be from"),
    ({"stop": 5}, "stop= takes an event, and not int"),
    ({"on_progress": 5}, "on_progress= takes a function, and not int"),
]


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize(("wrong", "words"), WRONG_OF_A_BATCH)
async def test_a_batch_says_at_once_what_an_argument_takes(wrong: dict[str, Any], words: str, dry_run: bool) -> None:
    """Before a row is sent."""
    transport = FakeTransport()
    options: dict[str, Any] = {"rows": [{"customer_id": "c1", "description": "VIP"}], **wrong}

    with pytest.raises(ConfigurationError, match=words):
        await sync_customers(AsyncPayCombat(**GIVEN, transport=transport), dry_run=dry_run, **options)

    assert [] == transport.drafts


@pytest.mark.parametrize("payload", ["{}", None, {}, bytearray(b"{}")])
def test_a_payload_that_is_not_bytes_is_named(payload: Any) -> None:
    """Such as one that a text column has returned."""
    with pytest.raises(ConfigurationError, match=f"payload is {type(payload).__name__}, not bytes"):
        webhooks.read(payload)


@pytest.mark.parametrize("rows", [5, None, b"rows.csv"])
def test_a_blocking_batch_says_so_too(rows: Any) -> None:
    """Its rows are read in the caller's thread."""
    with pytest.raises(ConfigurationError, match="rows takes the path of a file or an iterable, and not"):
        blocking_sync_customers(PayCombat(**GIVEN), rows)
