"""Webhooks as evidence: an event with the reference of a recorded call proves that the call was carried out.

The record, called an intent, is written to an intents store before a call that moves money is sent.
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

# How often `settle` tries to update the record of a call. A try fails if other code changes the record at the same
# time.
_TRIES: Final = 5
# For each type of event: the endpoint of the call that created the payin or payout, and the field with the merchant's
# reference.
_CALLS: Final = {
    "PAYIN": (CREATE_PAYIN.name, "order_reference"),
    "PAYOUT": (CREATE_PAYOUT.name, "order_id"),
}


class NamedCall(NamedTuple):
    """The call that created a payin or payout: its endpoint, such as "payouts.create", and the merchant's reference."""

    endpoint: str
    reference: str


def call_of(event: WebhookEvent) -> NamedCall | None:
    """Identifies the call that created the payin or payout of an event.

    Returns None if the event is about neither, if it has no reference, or if its reference or id is invalid.
    """
    if event.type not in _CALLS:
        return None
    endpoint, field = _CALLS[event.type]
    reference = _field(event, field)
    if not isinstance(reference, str | int) or isinstance(reference, bool):
        return None
    try:
        # The event's id must be valid, too: the intents store records it as the id of the payin or payout.
        check_reference(event.id or "none")
        return NamedCall(endpoint, check_reference(str(reference)))
    except InvalidRequest:  # no call has an invalid reference: it is refused before it is recorded
        return None


async def settle(intents: Intents | None, event: WebhookEvent) -> bool:
    """Marks the recorded call that created the event's payin or payout as APPLIED: carried out by the provider.

    Returns whether the event contradicts the record. An event contradicts the record in three cases:

    - The record is already APPLIED, but names a different payin or payout than the event. The record stays unchanged.
    - The record says that the call was refused or not sent. The record becomes APPLIED nevertheless, so that the call
      is not sent again.
    - The record names no payout yet, but the event's payout has another amount or currency than the call. The record
      stays unchanged.

    Returns False if `intents` is None, if no call can be identified, or if the store has no record of the call. If
    other code changes the record at the same time in each of 5 tries, `settle` leaves the record as it is. Safe to
    repeat, with the same result. Raises `StoreFailed` if the store cannot be read or written.
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
    """Returns whether an event contradicts the record of the call that created its payin or payout.

    The docstring of `settle` lists the contradictions.
    """
    if intent.state is IntentState.APPLIED:
        is_another = None not in {intent.object_id, event.id} and intent.object_id != event.id
        # The record may have no id, for example if a person has decided it. Then only amount and currency show whether
        # the event's payout is that of the call.
        is_unfit = intent.object_id is None and not _fits(event, intent)
        return is_another or is_unfit or intent.evidence == _correction(event)
    return intent.state in FREE or not _fits(event, intent)


def _correction(event: WebhookEvent) -> str:
    """Returns the note for the record of a REJECTED or NOT_SENT call that becomes APPLIED because of this event.

    Such an event contradicts the record: it proves that the provider has carried out a call which the record calls
    refused or not sent. The note contains the event's key. If the provider sends the event again, `contradicts` finds
    the note and reports the contradiction a second time, because the inbox may have failed to store the event the first
    time.
    """
    return f"webhook {event.key}, after a refusal"


def _fits(event: WebhookEvent, intent: Intent) -> bool:
    """Returns whether the event can be about the payin or payout of this recorded call.

    A payout must have the amount and currency of the call. A payin always fits, because it may be paid in any amount.
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
