"""Signed webhooks for tests of a merchant's webhook handler: body and headers as the provider would send them."""

from collections.abc import Mapping
from itertools import count
from typing import Final, NamedTuple

from paycombat_async._clock import SYSTEM_CLOCK
from paycombat_async._signing import Signer, content_digest
from paycombat_async.errors import ConfigurationError
from paycombat_async.schemas.events import (
    PayinExpired,
    PayinFailed,
    PayinSucceeded,
    PayoutFailed,
    PayoutReturned,
    PayoutSucceeded,
    UnknownEvent,
    VirtualAccountRegistered,
    WebhookEvent,
)
from paycombat_async.webhooks import read

# A copy of SANDBOX_SIGNATURE_KEY, because importing the sandbox takes time.
_SANDBOX_KEY: Final = "snd_signature_key_of_the_local_sandbox"
_SAMPLES: Final[Mapping[type[WebhookEvent], str]] = {
    PayinSucceeded: "payin_succeeded",
    PayinFailed: "payin_failed",
    PayinExpired: "payin_expired",
    PayoutSucceeded: "payout_succeeded",
    PayoutFailed: "payout_failed",
    PayoutReturned: "payout_returned",
    VirtualAccountRegistered: "virtual_account_approved",
    UnknownEvent: "payin_succeeded",
}
# The event classes whose fields are not documented. A test may send any fields for them.
_OPEN: Final = frozenset({VirtualAccountRegistered, UnknownEvent})
_numbers: Final = count(1)


class SignedWebhook(NamedTuple):
    """A webhook to give to the code under test. `headers` are `Content-Type` and `X-Signature`."""

    body: bytes
    headers: dict[str, str]


def signed_webhook(
    event: type[WebhookEvent], /, *, signature_key: str = _SANDBOX_KEY, **fields: object
) -> SignedWebhook:
    """Returns the body and headers of a webhook that `webhooks.unwrap` reads as this class of event.

    The body has the documented fields with made-up values, and a new id each time. `fields` replace them, as in
    `signed_webhook(PayinSucceeded, order_reference="o1", amount=Decimal("49.90"))`. To send the same event twice, pass
    the same result twice. If you pass `amount` or `wire_amount`, `original_amount` gets the same value, unless you pass
    it, too. A `Decimal` is written as a JSON number. `UnknownEvent` gives a payin with the status "UNDOCUMENTED".

    The default `signature_key` is the sandbox's. Raises `ConfigurationError` if `event` is not one of the classes of
    events, if a field is not documented for this event, or if the fields would make the webhook another event.
    """
    name = _SAMPLES.get(event)
    if name is None:
        raise ConfigurationError(f"signed_webhook: expected one of {', '.join(each.__name__ for each in _SAMPLES)}")
    # The import is not at the top, because the imported module needs aiohttp, which the other names of this package do
    # not need.
    from paycombat_async.sandbox.deliveries.samples import encoded, sample  # noqa: PLC0415

    now = SYSTEM_CLOCK.now()
    payload = sample(name, now)
    _check_names(event, fields, payload)
    if event is UnknownEvent:
        payload["status"] = "UNDOCUMENTED"
    body = encoded(payload | _new_id(now) | _with_original(fields))
    found = type(read(body))
    if found is not event:
        raise ConfigurationError(f"signed_webhook: with these fields it is {found.__name__}, not {event.__name__}")
    headers = {"Content-Type": "application/json", "X-Signature": Signer(signature_key).sign(body)}
    return SignedWebhook(body, headers)


def _check_names(event: type[WebhookEvent], fields: Mapping[str, object], known: Mapping[str, object]) -> None:
    unknown = [name for name in fields if name not in known]
    if unknown and event not in _OPEN:
        raise ConfigurationError(
            f"signed_webhook: {event.__name__} has no field {unknown[0]!r}; it has: {', '.join(known)}"
        )


def _new_id(now: float) -> dict[str, str]:
    digest = content_digest(f"{now!r}/{next(_numbers)}".encode())
    return {"id": f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"}


def _with_original(fields: Mapping[str, object]) -> dict[str, object]:
    # The provider writes the original amount of a payin as a number, and the original amount of a payout as a str.
    original = {"original_amount": fields["amount"]} if "amount" in fields else {}
    if "wire_amount" in fields:
        original = {"original_amount": str(fields["wire_amount"])}
    return original | dict(fields)
