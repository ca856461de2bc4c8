"""Webhooks as evidence: an event with the reference of a recorded call proves that the call was carried out.

An intent is the record of a call in an intents store, which is written before the call is sent.
"""

from typing import Final, NamedTuple

from paycombat_async._json.decoding import UndecodableData
from paycombat_async._protocol.decode import decode
from paycombat_async._protocol.echo import fits_expected
from paycombat_async.endpoints import CREATE_PAYIN, CREATE_PAYOUT
from paycombat_async.errors import InvalidRequest
from paycombat_async.intents.intent import FREE, UNRESOLVED, Intent, Intents, IntentState, Settlement, check_reference
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
from paycombat_async.schemas.payouts import Payout

_TRIES: Final = 5  # attempts to settle: each fails if the call itself changes the record at the same time
# By type of event: the call that made the payin or payout, and the event's field with the merchant's reference.
_CALLS: Final = {
    "PAYIN": (CREATE_PAYIN.name, "order_reference"),
    "PAYOUT": (CREATE_PAYOUT.name, "order_id"),
}


class NamedCall(NamedTuple):
    """The call that an event names: its endpoint, such as "payouts.create", and the merchant's reference."""

    endpoint: str
    reference: str


def call_of(event: WebhookEvent) -> NamedCall | None:
    """Returns the call that made the event's payin or payout; None if the event has no valid reference of a call."""
    if event.type not in _CALLS:
        return None
    endpoint, field = _CALLS[event.type]
    reference = _field(event, field)
    if not isinstance(reference, str | int) or isinstance(reference, bool):
        return None
    try:
        check_reference(event.id or "none")  # a store could not keep another id as the id of the object
        return NamedCall(endpoint, check_reference(str(reference)))
    except InvalidRequest:  # a call with an invalid reference is refused, so it was not recorded
        return None


async def settle(intents: Intents | None, event: WebhookEvent) -> bool:
    """Records the call that the event names as APPLIED, and returns whether the event contradicts the record.

    The event contradicts a record that has another object id, and changes nothing in it. The event also contradicts a
    record that the call was refused or not sent; such a record becomes APPLIED nevertheless, so that the call is not
    sent again. A payout with another amount or currency contradicts an unresolved record, which stays unresolved.
    Returns False without a store, and if the event names no recorded call. Safe to repeat, with the same result. Raises
    `StoreFailed`.
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
        if intent.state is IntentState.APPLIED or (is_contradicted and intent.state in UNRESOLVED):
            return is_contradicted
        settlement = Settlement(
            endpoint=call.endpoint,
            reference=call.reference,
            attempt=intent.attempt,
            state=IntentState.APPLIED,
            evidence=_correction(event) if is_contradicted else "webhook",
            object_id=event.id,
        )
        if await intents.settle(settlement):
            return is_contradicted
    return is_contradicted


def contradicts(event: WebhookEvent, intent: Intent) -> bool:
    """Returns whether the event contradicts the record of the call that it names; see `settle`."""
    if intent.state is IntentState.APPLIED:
        is_another = None not in {intent.object_id, event.id} and intent.object_id != event.id
        return is_another or intent.evidence == _correction(event)
    return intent.state in FREE or not _fits(event, intent)


def _correction(event: WebhookEvent) -> str:
    """Returns the evidence for a record that said REJECTED or NOT_SENT until this event.

    The evidence names the event, so that the next delivery of the event contradicts the record, too: the first delivery
    may not have been stored.
    """
    return f"webhook {event.key}, after a refusal"


def _fits(event: WebhookEvent, intent: Intent) -> bool:
    """Returns whether the event can be about the call.

    A payout must have the amount and currency of the call. A payin may be paid in any amount.
    """
    if event.type != "PAYOUT":
        return True
    try:
        payout = decode(Payout, event.payload)[0]
    except UndecodableData:
        return True
    sent = intent.expected
    amounts = {name: sent.get("wire_amount", ()) for name in ("wire_amount", "original_amount")}
    known = [name for name in amounts if getattr(payout, name) is not None and amounts[name]]
    is_same_amount = not known or any(fits_expected(payout, {name: amounts[name]}) for name in known)
    return is_same_amount and fits_expected(payout, {"currency": sent["currency"]} if "currency" in sent else {})


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
