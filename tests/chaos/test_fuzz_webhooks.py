"""Webhooks of any bytes, signed or not: an event that is kept once, or one of the errors."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paycombat_async import WebhookError
from paycombat_async.testing import FakeClock
from paycombat_async.webhooks import MemoryInbox, Receipt, Webhooks, diagnose
from tests.chaos.hostile import pieces, texts
from tests.chaos.soak import examples
from tests.webhooks.bodies import KEY, PAYIN, PAYOUT, VIRTUAL_ACCOUNT, signed

pytestmark = pytest.mark.promise("P11")

RECEIVER = Webhooks([KEY])

bodies = st.binary(max_size=80) | texts.map(lambda text: text.encode("utf-8", "surrogatepass"))


@st.composite
def events(draw: Callable[..., Any]) -> bytes:
    """A documented webhook with hostile values in some of its fields, or in fields that it does not have."""
    event: dict[str, Any] = draw(st.sampled_from([PAYIN, PAYOUT, VIRTUAL_ACCOUNT]))
    members = {name: json.dumps(value, ensure_ascii=False) for name, value in event.items()}
    for name in draw(st.lists(st.sampled_from([*event, "zzz"]), max_size=3)):
        members[name] = draw(pieces)
    text = "{" + ",".join(f'"{name}":{value}' for name, value in members.items()) + "}"
    return text.encode("utf-8", "surrogatepass")


@examples("webhooks")
@given(events() | bodies, st.booleans())
def test_any_signed_body_is_an_event_that_an_inbox_keeps_once_or_a_webhook_error(body: bytes, is_genuine: bool) -> None:
    """A key of the provider's does not make its bodies sound; nor may the doctor break over one."""
    given_headers = signed(body, KEY if is_genuine else "another key")
    inbox = MemoryInbox(clock=FakeClock())

    try:
        event = RECEIVER.unwrap(body, given_headers)
    except WebhookError:
        assert diagnose(body, given_headers, [KEY]).cause
        return

    assert is_genuine
    assert event.key == RECEIVER.unwrap(body, given_headers).key
    assert [Receipt.NEW, Receipt.DUPLICATE] == [asyncio.run(inbox.receive(event)) for _ in range(2)]
    assert f"{event!r} {event.key}".encode()
