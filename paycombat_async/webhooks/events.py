"""Decodes the verified HTTP body of a webhook into an event.

The body's `type` and `status` decide the event's class.
"""

from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from paycombat_async._json.decoding import UndecodableData, decode_builtins
from paycombat_async._protocol.decode import DECODERS, decode
from paycombat_async.errors import ConfigurationError, InvalidPayload
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
from paycombat_async.schemas.payins import Payin, VirtualAccount
from paycombat_async.schemas.payouts import Payout

S = TypeVar("S", bound=Struct)

_PAYINS: Final[dict[str | None, type[PayinSucceeded | PayinFailed | PayinExpired]]] = {
    "SUCCESS": PayinSucceeded,
    "FAILED": PayinFailed,
    "EXPIRED": PayinExpired,
}
_PAYOUTS: Final[dict[str | None, type[PayoutSucceeded | PayoutFailed | PayoutReturned]]] = {
    "SUCCESS": PayoutSucceeded,
    "FAILED": PayoutFailed,
    "RETURNED": PayoutReturned,
}
_VIRTUAL_ACCOUNT_STATUSES: Final = frozenset({"APPROVED", "FAILED"})
_NOTHING: Final[tuple[object, ...]] = (None, "", {})  # the provider writes one of these three if a field has no value

# To guess whether a body is about a payin or a payout, only its last 64 bytes are searched for "PAYOUT". In the
# documented bodies, `type` is the last field. A wrong guess is corrected. Guessing and correcting costs less time than
# searching every whole body.
_TAIL: Final = -64


def read_event(payload: bytes) -> WebhookEvent:
    """Returns the event in the HTTP body of a webhook. The caller must have verified the signature of the body before.

    The event is an `UnknownEvent` if type and status belong to no other class. Raises `InvalidPayload` if `payload` is
    not a JSON object, and `ConfigurationError` if it is not bytes.
    """
    if not isinstance(payload, bytes):  # pyright: ignore[reportUnnecessaryIsInstance]  # some databases return a str
        raise ConfigurationError(f"payload is {type(payload).__name__}, not bytes; keep and pass the body as bytes")
    if payload.find(b'"PAYOUT"', _TAIL) < 0:
        return _payin_event(payload) or _payout_event(payload) or _other_event(payload)
    return _payout_event(payload) or _payin_event(payload) or _other_event(payload)


def _payin_event(payload: bytes) -> WebhookEvent | None:
    payin = _read(Payin, payload)
    if payin is None or payin.type != "PAYIN":
        return None
    event = _PAYINS.get(payin.status)
    return None if event is None else event(payload=payload, payin=payin)


def _payout_event(payload: bytes) -> WebhookEvent | None:
    payout = _read(Payout, payload)
    if payout is None or payout.type != "PAYOUT" or payout.status not in _PAYOUTS or _contradicts_itself(payout):
        return None
    return _PAYOUTS[payout.status](payload=payload, payout=payout)


def _read(kind: type[S], payload: bytes) -> S | None:
    """Returns the payload decoded as the class `kind`, or None if it cannot be decoded as this class."""
    found: S | None = DECODERS[kind](payload)
    if found is not None:
        return found
    try:
        return decode(kind, payload)[0]
    except UndecodableData:
        return None


def _contradicts_itself(payout: Payout) -> bool:
    """Returns whether the fields `approval` and `status` contradict each other.

    They do for a success without approval, and for a failure with approval.
    """
    if payout.status == "SUCCESS":
        return payout.approval not in {"APPROVED", "", None}
    return payout.status == "FAILED" and payout.approval == "APPROVED"


def _other_event(payload: bytes) -> WebhookEvent:
    data = _object(payload)
    if data.get("type") in _NOTHING:
        account = decode(VirtualAccount, payload)[0]
        if account.status in _VIRTUAL_ACCOUNT_STATUSES:
            return VirtualAccountRegistered(payload=payload, virtual_account=account, data=data)
    return UnknownEvent(payload=payload, data=data)


def _object(payload: bytes) -> dict[str, object]:
    try:
        return msgspec.convert(decode_builtins(payload), dict[str, object])
    except (UndecodableData, msgspec.ValidationError):
        pass
    raise InvalidPayload("the signature holds, but the body is no JSON object; ask the provider what it sends")
