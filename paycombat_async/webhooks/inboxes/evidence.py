"""Webhooks as evidence: an event that names a recorded call proves that the call was carried out."""

from typing import Final, NamedTuple

from paycombat_async.endpoints import CREATE_PAYIN, CREATE_PAYOUT
from paycombat_async.errors import InvalidRequest
from paycombat_async.intents.intent import FREE, Intent, Intents, IntentState, Settlement, check_reference
from paycombat_async.schemas.events import (
    PayinExpired,
    PayinFailed,
    PayinSucceeded,
    PayoutFailed,
    PayoutReturned,
    PayoutSucceeded,
    UnknownEvent,
    WebhookEvent,
)

_TRIES: Final = 5  # attempts, as the call itself may change the record at the same time
# By type of event: the call that made the payin or payout, and the event's field with the merchant's reference of it.
_CALLS: Final = {
    "PAYIN": (CREATE_PAYIN.name, "order_reference"),
    "PAYOUT": (CREATE_PAYOUT.name, "order_id"),
}


class NamedCall(NamedTuple):
    """A call that an event names: its endpoint, as in "payouts.create", and the merchant's reference."""

    endpoint: str
    reference: str


def call_of(event: WebhookEvent) -> NamedCall | None:
    """Returns the call that made the event's payin or payout; None if the event has no reference of a call."""
    if event.type not in _CALLS:
        return None
    endpoint, field = _CALLS[event.type]
    reference = _field(event, field)
    if not isinstance(reference, str | int) or isinstance(reference, bool):
        return None
    try:
        return NamedCall(endpoint, check_reference(str(reference)))
    except InvalidRequest:  # calls with an invalid reference are refused, so none was recorded
        return None


async def settle(intents: Intents | None, event: WebhookEvent) -> bool:
    """Records the call that the event names as APPLIED, and returns whether the event contradicts the record.

    The event contradicts a record with another object id, and one that says that the call was refused or not sent; the
    latter is corrected, so that the call is not sent again. Safe to repeat. Raises `StoreFailed`.
    """
    call = call_of(event)
    if intents is None or call is None:
        return False
    is_contradicted = False
    for _ in range(_TRIES):
        intent = await _find(intents, call)
        if intent is None:
            return False
        is_contradicted = contradicts(event, intent)
        if intent.state is IntentState.APPLIED:
            return is_contradicted
        settlement = Settlement(
            endpoint=call.endpoint,
            reference=call.reference,
            attempt=intent.attempt,
            state=IntentState.APPLIED,
            evidence="webhook",
            object_id=event.id,
        )
        if await intents.settle(settlement):
            return is_contradicted
    return is_contradicted


def contradicts(event: WebhookEvent, intent: Intent) -> bool:
    """Whether the event contradicts the record of the call that it names."""
    if intent.state is IntentState.APPLIED:
        return None not in {intent.object_id, event.id} and intent.object_id != event.id
    return intent.state in FREE


async def _find(intents: Intents, call: NamedCall) -> Intent | None:
    found = await intents.find(call.reference)
    return next((intent for intent in found if intent.endpoint == call.endpoint), None)


def _field(event: WebhookEvent, name: str) -> object:
    match event:
        case PayinSucceeded(payin=data) | PayinFailed(payin=data) | PayinExpired(payin=data):
            return getattr(data, name)
        case PayoutSucceeded(payout=data) | PayoutFailed(payout=data) | PayoutReturned(payout=data):
            return getattr(data, name)
        case UnknownEvent(data=fields):
            return fields.get(name)
        case _:
            return None
