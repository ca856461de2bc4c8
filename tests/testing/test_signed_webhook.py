"""Signed webhooks for a merchant's own tests: what they hold, what is refused, and that a handler takes them."""

from decimal import Decimal

import msgspec
import pytest

from paycombat_async import webhooks
from paycombat_async.errors import ConfigurationError, SignatureMismatch
from paycombat_async.sandbox import SANDBOX_SIGNATURE_KEY
from paycombat_async.testing import signed_webhook
from paycombat_async.testing.webhooks import _SAMPLES, _SANDBOX_KEY
from paycombat_async.webhooks import PayinSucceeded, PayoutFailed, PayoutSucceeded, VirtualAccountRegistered


@pytest.mark.parametrize("event", _SAMPLES)
def test_each_class_of_event_can_be_made(event):
    """Signed with the sandbox's key, it is read as this class; all classes are offered."""
    body, headers = signed_webhook(event)

    found = webhooks.unwrap(body, headers, [SANDBOX_SIGNATURE_KEY])

    assert event is type(found)
    assert found.id
    assert set(webhooks.WebhookEvent.__args__) == set(_SAMPLES)


def test_fields_replace_those_of_the_sample():
    """Amounts are exact, and the original amount follows them in the form that each page shows."""
    payin = signed_webhook(PayinSucceeded, order_reference="o1", amount=Decimal("49.90"))
    payout = signed_webhook(PayoutSucceeded, order_id="o2", wire_amount=Decimal("7.50"))
    partial = signed_webhook(PayinSucceeded, amount=Decimal(5), original_amount=Decimal(9))

    paid, sent = webhooks.read(payin.body), webhooks.read(payout.body)
    assert (paid.payin.order_reference, paid.payin.amount) == ("o1", Decimal("49.9"))
    assert b'"amount":49.9,"original_amount":49.9' in payin.body
    assert (sent.payout.order_id, sent.payout.wire_amount) == ("o2", Decimal("7.5"))
    assert msgspec.json.decode(payout.body)["original_amount"] == "7.50"
    assert webhooks.read(partial.body).payin.original_amount == Decimal(9)


def test_each_is_a_new_event_unless_it_has_an_id():
    """Two webhooks of one test must not count as one event."""
    first, second, named = (signed_webhook(PayinSucceeded, **more) for more in ({}, {}, {"id": "payin-1"}))

    keys = [webhooks.read(each.body).key for each in (first, second, named)]
    assert len(set(keys)) == 3
    assert keys[2] == "PAYIN:payin-1:SUCCESS"


def test_another_key_signs():
    """As for a test of the change of keys."""
    body, headers = signed_webhook(PayinSucceeded, signature_key="snd_new")

    assert webhooks.unwrap(body, headers, ["snd_new"])
    with pytest.raises(SignatureMismatch):
        webhooks.unwrap(body, headers, [SANDBOX_SIGNATURE_KEY])


@pytest.mark.parametrize(
    ("event", "fields", "message"),
    [
        (PayinSucceeded, {"order_refernce": "o1"}, "PayinSucceeded has no field 'order_refernce'; it has: id, "),
        (PayinSucceeded, {"status": "FAILED"}, "with these fields it is PayinFailed, not PayinSucceeded"),
        (PayoutSucceeded, {"approval": "FAILED"}, "it is UnknownEvent, not PayoutSucceeded"),
        (PayoutFailed, {"amount": 5}, "PayoutFailed has no field 'amount'"),
        (str, {}, "expected one of PayinSucceeded, "),
    ],
)
def test_what_no_handler_would_get_is_refused(event, fields, message):
    """A misspelt field would make a test pass that tests nothing."""
    with pytest.raises(ConfigurationError, match=message):
        signed_webhook(event, **fields)


def test_undocumented_events_take_any_field():
    """Nobody knows their fields."""
    account = signed_webhook(VirtualAccountRegistered, status="FAILED", bank="KDB")

    event = webhooks.read(account.body)

    assert isinstance(event, VirtualAccountRegistered)
    assert (event.is_approved, event.data["bank"]) == (False, "KDB")


def test_its_key_is_that_of_the_sandbox():
    """It is repeated, since importing the sandbox takes time."""
    assert SANDBOX_SIGNATURE_KEY == _SANDBOX_KEY
